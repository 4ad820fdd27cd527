"""The CUDA backend's table: which kernels stand in for which ops, losses and penalties."""

from collections.abc import Callable
from typing import Any

from miniae.ops import Pair
from miniae_kernels import Kernels
from miniae_kernels.cuda.activations import ACTIVATIONS
from miniae_kernels.cuda.checks import checked
from miniae_kernels.cuda.dense import activation, dense

PAIRS: dict[str, Pair] = {
    **{name: activation(name) for name in ACTIVATIONS if name != "identity"},
    **{f"dense_{name}": dense(name) for name in ACTIVATIONS if name != "identity"},
    "dense": dense(),
}
COSTS: dict[str, Callable[..., Any]] = {}
FUSED: dict[tuple[str, ...], str] = {("dense", name): f"dense_{name}" for name in ACTIVATIONS if name != "identity"}


def load() -> Kernels:
    """The table, every function of it refusing arrays that its kernels cannot take.

    Raises:
        RuntimeError: if there is no GPU to run on; one sentence says why, and what to do.
    """
    from miniae_kernels.cuda.available import why_not

    reason = why_not()
    if reason:
        raise RuntimeError(reason)
    return Kernels(
        array_module="cupy",
        pairs={
            name: pair._replace(forward=checked(name, pair.forward), backward=checked(name, pair.backward))
            for name, pair in PAIRS.items()
        },
        costs={name: checked(name, cost) for name, cost in COSTS.items()},
        fused=FUSED,
    )
