"""Backends: a name, an array module, and tables from the name of an op, loss or penalty to the functions that run it.

The NumPy backend is the tables of the reference functions. Any other is those tables overlaid with its kernels: where
a kernel is missing the reference runs, so a backend is complete before its first kernel is written.

A *fused* op does the work of several layers in a row at once. It is an op like any other, its reference composed
from the plain pairs; a backend's ``fused`` table says which sequence of ops it stands for, and
:class:`~miniae.network.Sequential` applies that table. A model that is no chain may look such an op up by its name.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from miniae import noise
from miniae.arrays import Array
from miniae.losses import LOSSES
from miniae.ops import OPS, Pair
from miniae.penalties import PENALTIES
from miniae_kernels import KERNELS, Kernels

DRAWS = {"uniform": noise.uniform, "normal": noise.normal}


@dataclass(frozen=True)
class Backend:
    """Where and with which functions a network runs.

    Attributes:
        name: as given to :func:`backend`.
        xp: the array module, NumPy or CuPy.
        pairs: op name to its forward and backward.
        costs: name of a loss or penalty to its function.
        fused: sequence of op names to the name of the op that does their work at once.
        draws: ``"uniform"`` or ``"normal"`` to the function that draws such numbers.
        updates: class of an optimiser to what takes the place of its ``update``.
        steps: what takes the place of :class:`~miniae.steps.Steps` in training; None for nothing.
    """

    name: str
    xp: Any
    pairs: Mapping[str, Pair] = field(repr=False)
    costs: Mapping[str, Callable[..., Any]] = field(repr=False)
    fused: Mapping[tuple[str, ...], str] = field(repr=False)
    draws: Mapping[str, Callable[..., Array]] = field(default_factory=lambda: DRAWS, repr=False)
    updates: Mapping[type, Callable[..., None]] = field(default_factory=dict, repr=False)
    steps: Callable[..., Any] | None = field(default=None, repr=False)


def backend(name: str | Backend = "numpy") -> Backend:
    """Look a backend up by its name; a :class:`Backend` is passed through.

    Raises:
        ValueError: if the name is unknown; the message lists the known ones.

    >>> backend("numpy")
    Backend(name='numpy', xp=<module 'numpy' ...>)
    """
    if isinstance(name, Backend):
        return name
    known = {"numpy": Kernels, **KERNELS}
    if name not in known:
        raise ValueError(f"backend: {name!r} is unknown; known: {', '.join(known)}")
    kernels = known[name]()
    return Backend(
        name=name,
        xp=importlib.import_module(kernels.array_module),
        pairs={**OPS, **kernels.pairs},
        costs={**{name: loss.function for name, loss in LOSSES.items()}, **PENALTIES, **kernels.costs},
        fused=kernels.fused,
        draws={**DRAWS, **kernels.draws},
        updates=kernels.updates,
        steps=kernels.steps,
    )
