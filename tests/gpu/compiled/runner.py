"""Launch a compiled kernel on the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from on_device import as_it_stands

from miniae_kernels.cuda.launch import Grid, Kernel
from miniae_kernels.threads.block import run_alone, run_together, threads_of
from miniae_kernels.threads.guards import Copies
from miniae_kernels.threads.threads import Launch, Thread

from .native import Native, native


class NativeLaunch(Launch):
    """A launch that tells the machine code whose turn it is."""

    def __init__(self, code: Native, kernel: str, blocks: Grid, threads: Grid) -> None:
        super().__init__(kernel, blocks, threads)
        self._code = code

    @property
    def thread(self) -> Thread:
        """The thread that is running."""
        return self._thread

    @thread.setter
    def thread(self, thread: Thread) -> None:
        self._thread = thread
        lane = thread.warp.threads.index(thread)
        self._code.set_registers(*thread.index, *self.block, *thread.block, *self.grid, lane)


class Arguments:
    """A launch's arguments as machine code takes them: numbers of C, and guarded copies of arrays.

    Raises:
        TypeError: if an argument is not of the declared type.
        ValueError: if an array is not contiguous, or two overlap.
    """

    def __init__(self, kernel: Kernel, args: Sequence[Any]) -> None:
        converted = kernel.converted(tuple(args))
        self.real = kernel.real(tuple(converted))
        self.copies = Copies(kernel.label)
        self.passed: list[Any] = []
        for name, arg in zip(kernel.arguments, converted, strict=True):
            if isinstance(arg, np.ndarray):
                nobody, address = ctypes.c_void_p(), ctypes.c_void_p(self.copies.of(name, arg).flat.ctypes.data)
                size, itemsize, *axes = map(ctypes.c_int64, (arg.size, arg.itemsize, *arg.shape, *arg.strides))
                self.passed += [nobody, nobody, size, itemsize, address, *axes]  # two are owners
            else:
                self.passed.append(np.ctypeslib.as_ctypes_type(arg.dtype)(arg))


def start(kernel: Kernel, blocks: Grid, threads: Grid, arguments: Arguments) -> None:
    """Launch on the copies that the arguments hold; as :func:`run`, but the caller's arrays stay as they are."""
    code = native(as_it_stands(kernel), arguments.real)
    launch = NativeLaunch(code, kernel.label, blocks, threads)
    function = ctypes.PYFUNCTYPE(None, *map(type, arguments.passed))(code.address)

    def body() -> None:
        function(*arguments.passed)

    with np.errstate(all="ignore"):  # the device knows inf and NaN, but no warnings
        for block in launch.grid.positions():
            code.forget()
            its_threads = threads_of(launch, block)
            run_together(launch, its_threads, body, list) if code.waits else run_alone(launch, its_threads, body)


def run(kernel: Kernel, blocks: Grid, threads: Grid, args: Sequence[Any]) -> None:
    """Launch a compiled kernel on the CPU, thread by thread; arrays are changed when it has ended.

    Args:
        kernel: the kernel; it is compiled with the constants of now, which a test may have set.
        blocks: in the grid, a number or up to three.
        threads: in a block, a number or up to three.
        args: NumPy arrays and scalars.

    Raises:
        DivergentBarrier: if some threads wait where others do not come.
        GuardBandDamaged: if bytes beside an array were changed.
        TypeError: if an argument is not of the declared type; if the kernel uses what has no body here.
        ValueError: if an array is not contiguous, or two overlap.
    """
    arguments = Arguments(kernel, args)
    start(kernel, blocks, threads, arguments)
    arguments.copies.hand_back()
