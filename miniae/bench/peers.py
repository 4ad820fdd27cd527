"""The peers: other libraries that train the same models. One file beside this one and one entry here for each."""

import importlib
import importlib.util
from collections.abc import Sequence
from typing import NamedTuple

from miniae.arrays import Array
from miniae.bench.contender import Contender
from miniae.models.network_model import NetworkModel
from miniae.optimizers import Optimizer


class Peer(NamedTuple):
    """A peer that may be installed here.

    Attributes:
        package: what must be installed for it.
        title: what a table calls it.
        module: where the function that makes the contender stands; imported when it is asked for.
        function: its name; it takes a model on the NumPy backend, a batch, an optimiser, and "cpu" or "cuda".
        images_only: whether it differs from the others on images alone.
        gpu_only: whether it is for a GPU alone.
    """

    package: str
    title: str
    module: str
    function: str
    images_only: bool = False
    gpu_only: bool = False

    def contender(self, model: NetworkModel, x: Array, optimizer: Optimizer, device: str) -> Contender:
        """The peer at the start of its training."""
        contender: Contender = getattr(importlib.import_module(self.module), self.function)(model, x, optimizer, device)
        return contender


PEERS = {
    "torch-eager": Peer("torch", "torch eager", "miniae.bench.torch_peer", "eager"),
    "torch-channels-last": Peer("torch", "torch channels-last", "miniae.bench.torch_peer", "channels_last", True),
    "torch-compile": Peer("torch", "torch.compile", "miniae.bench.torch_peer", "compiled"),
    "jax": Peer("jax", "jax.jit", "miniae.bench.jax_peer", "jit"),
    "torch-max-autotune": Peer(  # last: it compiles for minutes
        "torch", "torch.compile max-autotune", "miniae.bench.torch_peer", "autotuned", gpu_only=True
    ),
}


def select(names: str | None) -> dict[str, Peer]:
    """The peers to run.

    Args:
        names: keys of :data:`PEERS` or packages, with commas between them: a package stands for all its peers;
            ``"none"``; or None for all that are installed.

    Raises:
        ValueError: if a name is unknown; the message lists the known ones.
        ImportError: if a peer asked for is not installed, with the command that installs it.

    >>> select("none")
    {}
    """
    if names is None:
        return {name: peer for name, peer in PEERS.items() if installed(peer.package)}
    wanted: Sequence[str] = [] if names == "none" else names.split(",")
    known = dict.fromkeys(word for name, peer in PEERS.items() for word in (peer.package, name))
    for word in wanted:
        if word not in known:
            raise ValueError(f"peers: {word!r} is unknown; known: {', '.join(known)}, none")
    chosen = {name: peer for name, peer in PEERS.items() if name in wanted or peer.package in wanted}
    for peer in chosen.values():
        if not installed(peer.package):
            raise ImportError(f"peers: {peer.package} is not installed: pip install {peer.package}")
    return chosen


def installed(package: str) -> bool:
    """Whether a package could be imported, found out without importing it."""
    return importlib.util.find_spec(package) is not None
