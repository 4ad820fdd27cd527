"""Run a kernel in Python and compiled, and demand the same of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from miniae_kernels.cuda.launch import Grid, Kernel

from .runner import Arguments, start

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
HELD: set[tuple[str, np.dtype]] = set()  # the kernels, and for which dtype, that did the same both ways


class Unlike(AssertionError):
    """A compiled kernel does something else than its Python."""


def beside(launch: Callable[..., None]) -> Callable[..., None]:
    """``launch``, which runs a kernel in Python, and after it the compiled kernel on the same arguments.

    Raises :class:`Unlike` where they leave an array with other bits, but that NaN is NaN. What the caller has then are
    the compiled kernel's results. A kernel that has been run for one dtype only is run for the other as well. Of what
    is no :class:`~miniae_kernels.cuda.launch.Kernel` there are only Python's results.
    """

    @wraps(launch)
    def both(kernel: Any, blocks: Grid, threads: Grid, args: Sequence[Any], *more: Any, **named: Any) -> None:
        if not isinstance(kernel, Kernel):
            launch(kernel, blocks, threads, args, *more, **named)
            return
        args = kernel.converted(tuple(args))
        arguments = Arguments(kernel, args)  # which copies the arrays as they are before the launch
        other = next((real for real in dtypes(kernel) if real != arguments.real), None)
        args_of_other = cast(kernel, args, other) if other and (kernel.label, other) not in HELD else None
        launch(kernel, blocks, threads, args, *more, **named)
        python = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
        start(kernel, blocks, threads, arguments)
        arguments.copies.hand_back()
        for name, before, now in zip(kernel.arguments, python, args, strict=True):
            if isinstance(now, np.ndarray):
                demand_same(f"{kernel.label} for {arguments.real}: {name}", before, now)
        HELD.add((kernel.label, arguments.real))
        if args_of_other:
            both(kernel, blocks, threads, args_of_other, *more, **named)

    return both


def dtypes(kernel: Kernel) -> list[np.dtype]:
    """What ``real`` may be in a kernel: one of the two, though neither matters, where no argument is."""
    return [FLOAT32, FLOAT64] if kernel.signature(FLOAT32) != kernel.signature(FLOAT64) else [FLOAT32]


def cast(kernel: Kernel, args: Sequence[Any], real: np.dtype) -> list[Any]:
    """The arguments, copied, with arrays of this dtype where the kernel says ``real``."""
    result = []
    for one, other, arg in zip(kernel.signature(FLOAT32), kernel.signature(FLOAT64), args, strict=True):
        result.append(arg.astype(arg.dtype if one == other else real) if isinstance(arg, np.ndarray) else arg)
    return result


def demand_same(name: str, python: np.ndarray, compiled: np.ndarray) -> None:
    """Demand the same bits, or NaN, in every element.

    Raises:
        Unlike: naming the first that differs.
    """
    unequal = bits(python) != bits(compiled)
    if python.dtype.kind == "f":
        unequal &= ~(np.isnan(python) & np.isnan(compiled))
    if unequal.any():
        first = tuple(map(int, np.argwhere(unequal)[0]))
        index = ", ".join(map(str, first))
        message = f"{name}[{index}] is {compiled[first]!r} compiled, and {python[first]!r} in Python"
        raise Unlike(f"{message}; {unequal.sum()} of {unequal.size} elements differ")


def bits(array: np.ndarray) -> np.ndarray:
    """The bits of each element, as an unsigned integer."""
    return array.view(f"u{array.itemsize}")
