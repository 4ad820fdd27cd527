"""Custom kernels: each an override of one of miniae's ops, losses or penalties, under the same name and signature.

``KERNELS`` maps a backend's name to a function that loads its kernels, so that nothing is compiled or imported for a
backend nobody asks for. Where a backend has no kernel for an op, the reference runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # miniae imports this module: nothing of miniae may be needed to load it
    from miniae.ops import Pair


class Kernels(NamedTuple):
    """What a backend lays over the reference tables.

    Attributes:
        array_module: import name of the module whose arrays the kernels take.
        pairs: op name to its forward and backward.
        costs: name of a loss or penalty to its function.
        fused: sequence of op names to the name of the op, also in ``pairs``, that does their work at once.
        draws: ``"uniform"`` or ``"normal"`` to the function that draws such numbers (:mod:`miniae.noise`).
        updates: class of an optimiser to what takes the place of its ``update``.
        steps: what takes the place of :class:`~miniae.steps.Steps` in training; None for nothing.
    """

    array_module: str = "numpy"
    pairs: Mapping[str, Pair] = {}
    costs: Mapping[str, Callable[..., Any]] = {}
    fused: Mapping[tuple[str, ...], str] = {}
    draws: Mapping[str, Callable[..., Any]] = {}
    updates: Mapping[type, Callable[..., None]] = {}
    steps: Callable[..., Any] | None = None


def _cuda() -> Kernels:
    """The kernels for NVIDIA GPUs.

    Raises:
        RuntimeError: if there is no GPU to run on, or a package is missing; one sentence says which, and what to do.
    """
    from miniae_kernels.cuda.available import why_not

    reason = why_not()
    if reason:
        raise RuntimeError(f"backend 'cuda': {reason}")
    kernels: Kernels = import_module("miniae_kernels.cuda.table").load()
    return kernels


KERNELS: dict[str, Callable[[], Kernels]] = {"cuda": _cuda}
