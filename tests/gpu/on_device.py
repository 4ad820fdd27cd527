"""Launch a kernel on a GPU as the tests launch it thread by thread: on NumPy arrays, with guard bands around each."""

import inspect
from functools import cache
from typing import Any

import numpy as np

from miniae_kernels.cuda.launch import Grid, Kernel
from miniae_kernels.threads.guards import BAND, Copies


def launch(kernel: Kernel, blocks: Grid, threads: Grid, args: tuple[Any, ...]) -> None:
    """Launch a kernel on copies of NumPy arrays, wait for it, and put what it has written into the arrays.

    Raises:
        GuardBandDamaged: if bytes beside an array were changed.
        TypeError: if an argument is not of the type that the kernel declares.
        ValueError: likewise; if an array is not contiguous, or two overlap.
    """
    import cupy

    copies, moved, given = Copies(kernel.name), {}, []
    for name, arg in zip(kernel.arguments, args, strict=True):
        if isinstance(arg, np.ndarray):
            copy = copies.of(name, arg)
            if copy not in moved:
                moved[copy] = cupy.asarray(copy.raw)
            arg = cupy.ndarray(arg.shape, arg.dtype, moved[copy].data + BAND)
        given.append(arg)
    as_it_stands(kernel)[blocks, threads](*given)
    for copy, raw in moved.items():
        copy.raw[:] = raw.get()
    copies.hand_back()


def as_it_stands(kernel: Kernel) -> Kernel:
    """The kernel, to be compiled with the constants of now: a test may have set others than when it last was."""
    return _with(kernel, constants(kernel.body))


@cache
def _with(kernel: Kernel, _: frozenset[tuple[str, str, float]]) -> Kernel:
    return Kernel(kernel.body, kernel.types, kernel.variant, kernel.registers)


def constants(body: Any) -> frozenset[tuple[str, str, float]]:
    """The numbers that a kernel, or a device function it calls, takes from around it: module, name, value."""
    functions, found = [body], set()
    for function in functions:  # which grow in number
        around = inspect.getclosurevars(function)
        for name, value in (around.globals | around.nonlocals).items():
            if isinstance(value, int | float):
                found.add((function.__module__, name, value))
            elif hasattr(value, "py_func") and value.py_func not in functions:
                functions.append(value.py_func)
    return frozenset(found)
