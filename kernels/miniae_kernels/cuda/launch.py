"""Kernels: how one is written down, and how it is launched.

A kernel is a function for Numba's CUDA compiler together with the types of its arguments::

    @kernel("real[::1], real, int64")
    def scale(x, factor, n):
        i = cuda.grid(1)
        if i < n:
            x[i] *= factor

    scale[blocks, threads](x, 0.5, x.size)

``real`` is float32 or float64, whichever the arrays are; ``[::1]`` is an array with its elements side by side,
``[:, ::1]`` one with two axes. Numbers are converted to the type that is written down: a Python float would arrive as
float64 and turn the arithmetic of a whole float32 kernel into float64, many times slower. Inside a kernel the same trap
is set by every literal, even ``1 - y``: write ``one = y.dtype.type(1)`` and ``one - y``.

A launch returns at once and runs on CuPy's current stream, behind what was put there before it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from numba import cuda, types
from numba.core.sigutils import normalize_signature

THREADS = 256  # a block: enough warps to hide the latency of memory, few enough for several to a multiprocessor

REGISTERS = 64  # a thread may have so many and its multiprocessor still hold 1,024 threads: at most 1,024 or 2,048 fit

Grid = int | tuple[int, ...]


class Kernel:
    """A kernel and the types of its arguments; ``kernel[blocks, threads](*arguments)`` launches it.

    Args:
        body: the function.
        types: of its arguments, as in the example above.
        variant: what tells it from kernels made by the same lines, such as the name of an activation.
        registers: the most that a thread of it may need; see :data:`REGISTERS`.
    """

    def __init__(self, body: Callable[..., None], types: str, variant: str, registers: int) -> None:
        self.body, self.types, self.variant, self.registers = body, types, variant, registers
        self.name = body.__name__
        self.arguments = body.__code__.co_varnames[: body.__code__.co_argcount]
        self._compiled: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"Kernel({self.label}: {self.types})"

    @property
    def label(self) -> str:
        """``file.function``, and the variant in brackets."""
        variant = f"[{self.variant}]" if self.variant else ""
        return f"{self.body.__module__.rpartition('.')[2]}.{self.name}{variant}"

    def signature(self, real: Any) -> tuple[Any, ...]:
        """Numba's types of the arguments, with ``real`` standing for this dtype."""
        return _signature(self.types, np.dtype(real))

    def compiled(self, real: Any) -> Any:
        """The kernel, compiled for the current device and one dtype. The first call compiles, .1 to .5 s."""
        if real not in self._compiled:
            self._compiled[real] = cuda.jit(types.void(*self.signature(real)))(self.body)
        return self._compiled[real]

    def __getitem__(self, grid: tuple[Grid, Grid]) -> Callable[..., None]:
        # Python's whole numbers: cuda-core refuses NumPy's, which a shape or a sum of sizes may have brought
        blocks, threads = (tuple(map(int, size)) if isinstance(size, tuple) else int(size) for size in grid)

        def launch(*arguments: Any) -> None:
            if np.prod(blocks) > 0:  # an empty array needs no thread, and CUDA refuses a grid of none
                run(self, blocks, threads, self.converted(arguments))

        return launch

    def converted(self, arguments: tuple[Any, ...]) -> list[Any]:
        """The arguments, numbers converted to their types, arrays held against theirs.

        Raises:
            TypeError: naming the argument, if an array is expected and none is there, or one of another dtype.
            ValueError: naming the argument, if an array has other axes, or gaps between its elements.
        """
        real = self.real(arguments)
        converted = []
        for name, kind, value in zip(self.arguments, self.signature(real), arguments, strict=True):
            if not isinstance(kind, types.Array):
                converted.append(np.dtype(kind.name).type(value))
                continue
            check_array(self.name, name, value, np.dtype(kind.dtype.name), kind.ndim)
            converted.append(value)
        return converted

    def real(self, arguments: tuple[Any, ...]) -> Any:
        """What ``real`` stands for: the dtype of the first array declared so."""
        for kind, value in zip(self.signature(np.float32), arguments, strict=True):
            if isinstance(kind, types.Array) and kind.dtype == types.float32:
                return np.dtype(value.dtype)
        return np.dtype(np.float32)


DECLARED: list[Kernel] = []  # every kernel there is, for those who check them all


def kernel(types: str, variant: str = "", registers: int = REGISTERS) -> Callable[[Callable[..., None]], Kernel]:
    """Declare a kernel: a decorator that is given the types of the arguments; see :class:`Kernel`."""

    def declare(body: Callable[..., None]) -> Kernel:
        DECLARED.append(Kernel(body, types, variant, registers))
        return DECLARED[-1]

    return declare


def device(function: Callable[..., Any]) -> Any:
    """Declare a function that kernels call: it becomes a part of each of them, as if written there."""
    return cuda.jit(device=True, inline="always")(function)


def check_array(function: str, name: str, value: Any, dtype: Any, ndim: int) -> None:
    """Refuse what is not a C-contiguous array with this dtype and number of axes.

    Raises:
        TypeError, ValueError: naming the function and its argument.
    """
    found = getattr(value, "dtype", None)
    if found is None or found != dtype:
        raise TypeError(f"{function}: {name} must be an array of {dtype}, got {found or type(value).__name__}")
    if value.ndim != ndim or not value.flags.c_contiguous:
        raise ValueError(
            f"{function}: {name} must be C-contiguous with {ndim} axes, got shape {value.shape} and strides "
            f"{value.strides}; pass cupy.ascontiguousarray({name})"
        )


def blocks_for(n: int, threads: int = THREADS) -> int:
    """How many blocks it takes to have a thread for each of ``n``.

    >>> blocks_for(1000, 256)
    4
    """
    return -(-n // threads)


def run(kernel: Kernel, blocks: Grid, threads: Grid, arguments: list[Any]) -> None:
    """Launch on CuPy's current stream; every launch of every kernel passes here."""
    import cupy

    real = kernel.real(tuple(arguments))
    ready = [_for_numba(a) if hasattr(a, "__cuda_array_interface__") else a for a in arguments]
    kernel.compiled(real)[blocks, threads, _stream(cupy.cuda.get_current_stream().ptr)](*ready)


def _for_numba(array: Any) -> Any:
    """A CuPy array as Numba takes it, on no stream in particular.

    Numba would wait for the stream that CuPy says the array belongs to. It is the stream we launch on, so that there is
    nothing to wait for; and in a stream that is being captured, waiting is an error.
    """
    return cuda.from_cuda_array_interface({**array.__cuda_array_interface__, "stream": None}, owner=array)


@cache
def _stream(pointer: int) -> Any:
    """Numba's handle of a CuPy stream."""
    return cuda.external_stream(pointer) if pointer else cuda.default_stream()


@cache
def _signature(declared: str, real: Any) -> tuple[Any, ...]:
    arguments, _ = normalize_signature(f"void({declared.replace('real', real.name)})")
    return tuple(arguments)


numba.config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # a small batch fills no GPU; that is known
