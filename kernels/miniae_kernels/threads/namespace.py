"""What stands for ``numba.cuda``, ``math`` and ``numpy`` inside a kernel."""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from miniae_kernels.threads.errors import BadLaunch
from miniae_kernels.threads.frames import device_frame, path
from miniae_kernels.threads.meetings import FULL_MASK, ballot, meet, nothing, taken_from, votes
from miniae_kernels.threads.memory import Memory, WatchedArray
from miniae_kernels.threads.scalars import SCALAR_TYPES, scalar_type, wrapped
from miniae_kernels.threads.threads import WARP, Dim3, Launch

SHARED_BYTES = 48 * 1024  # static shared memory of a block, on every GPU


class Part:
    """What stands for a module, with a part of what that has."""

    called: str

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"the runner has nothing for {self.called}.{name}")


class Cuda(Part):
    """``numba.cuda``, for the thread that is running."""

    called = "cuda"
    warpsize = WARP

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self.shared = SharedArrays(launch)
        self.local = LocalArrays(launch)
        self.atomic = Atomic()
        self.gridDim, self.blockDim = launch.grid, launch.block

    @property
    def threadIdx(self) -> Dim3:
        """The thread's place in its block."""
        return self._launch.thread.index

    @property
    def blockIdx(self) -> Dim3:
        """The block's place in the grid."""
        return self._launch.thread.block

    @property
    def laneid(self) -> int:
        """The thread's place in its warp."""
        thread = self._launch.thread
        return thread.warp.threads.index(thread)

    def grid(self, ndim: int) -> Any:
        """The thread's place in the whole grid: a number for 1, a tuple for 2 and 3."""
        places = zip(self.blockIdx, self.blockDim, self.threadIdx, strict=True)
        absolute = tuple(block * length + thread for block, length, thread in places)
        return absolute[0] if ndim == 1 else absolute[:ndim]

    def gridsize(self, ndim: int) -> Any:
        """How many threads the whole grid has: a number for 1, a tuple for 2 and 3."""
        sizes = tuple(blocks * threads for blocks, threads in zip(self.gridDim, self.blockDim, strict=True))
        return sizes[0] if ndim == 1 else sizes[:ndim]

    def syncthreads(self) -> None:
        """Wait for all threads of the block."""
        meet(self._launch, "syncthreads", None, nothing)

    def syncwarp(self, mask: int = FULL_MASK) -> None:
        """Wait for all lanes of the warp."""
        self._exchange("syncwarp", mask, None, nothing)

    def shfl_sync(self, mask: int, value: Any, lane: int) -> Any:
        """The value of a lane."""
        return self._exchange("shfl_sync", mask, (value, lane), taken_from(lambda own, lane: lane % WARP))

    def shfl_up_sync(self, mask: int, value: Any, delta: int) -> Any:
        """The value of the lane ``delta`` below."""
        return self._exchange("shfl_up_sync", mask, (value, delta), taken_from(lambda own, delta: own - delta))

    def shfl_down_sync(self, mask: int, value: Any, delta: int) -> Any:
        """The value of the lane ``delta`` above."""
        return self._exchange("shfl_down_sync", mask, (value, delta), taken_from(lambda own, delta: own + delta))

    def shfl_xor_sync(self, mask: int, value: Any, lane_mask: int) -> Any:
        """The value of the lane whose number differs in the bits of ``lane_mask``."""
        return self._exchange("shfl_xor_sync", mask, (value, lane_mask), taken_from(lambda own, bits: own ^ bits))

    def all_sync(self, mask: int, predicate: Any) -> Any:
        """Whether it holds for all lanes."""
        return self._exchange("all_sync", mask, predicate, votes(all))

    def any_sync(self, mask: int, predicate: Any) -> Any:
        """Whether it holds for a lane."""
        return self._exchange("any_sync", mask, predicate, votes(any))

    def ballot_sync(self, mask: int, predicate: Any) -> Any:
        """One bit for each lane for which it holds."""
        return self._exchange("ballot_sync", mask, predicate, votes(ballot))

    def popc(self, value: int) -> int:
        """How many bits of a 32-bit integer are set."""
        return wrapped(int(value), 32, signed=False).bit_count()

    def _exchange(self, call: str, mask: int, brought: Any, resolve: Callable[[list[Any]], list[Any]]) -> Any:
        if wrapped(int(mask), 32, signed=False) != FULL_MASK:
            raise ValueError(f"{self._launch.where()}: {call} is run with the full mask 0xffffffff only, got {mask:#x}")
        return meet(self._launch, call, brought, resolve)


class SharedArrays:
    """``cuda.shared``: each line that makes an array makes one for the whole block."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._made: dict[Any, WatchedArray] = {}

    def array(self, shape: int | tuple[int, ...], dtype: Any) -> WatchedArray:
        """The block's array of this line.

        Raises:
            BadLaunch: if the block has no memory left for it.
        """
        here = path(device_frame())
        if here not in self._made:
            advice = "is a barrier missing, or the write itself?"
            self._made[here] = _array(self._launch, shape, dtype, "shared", advice)
            size = sum(array.memory.flat.nbytes for array in self._made.values())
            if size > SHARED_BYTES:
                raise BadLaunch(f"{self._launch.where()}: shared arrays of {size} bytes, a block has {SHARED_BYTES}")
        return self._made[here]

    @property
    def memories(self) -> list[Memory]:
        """Of the arrays made in this block."""
        return [array.memory for array in self._made.values()]

    def clear(self) -> None:
        """What comes is of another block."""
        self._made.clear()


class LocalArrays:
    """``cuda.local``: each thread has its own."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch

    def array(self, shape: int | tuple[int, ...], dtype: Any) -> WatchedArray:
        """A new array of the running thread."""
        return _array(self._launch, shape, dtype, "local", "it does not begin with zeros")


def _array(launch: Launch, shape: int | tuple[int, ...], dtype: Any, kind: str, advice: str) -> WatchedArray:
    """An array that nobody has written to, with the name it has in the kernel's source."""
    shape = shape if isinstance(shape, tuple) else (shape,)
    frame = device_frame()
    name = linecache.getline(frame.f_code.co_filename, frame.f_lineno).partition("=")[0].strip()
    name = f"{kind} {name if name.isidentifier() else 'array'}"
    if not all(isinstance(length, int) and length >= 1 for length in shape):
        raise ValueError(f"{launch.where()}: {name} must have a shape of positive integers, got {shape}")
    flat = np.empty(math.prod(shape), scalar_type(dtype).dtype)
    return WatchedArray(Memory(flat, shape, name, launch, advice), shape)


class Atomic(Part):
    """``cuda.atomic``: no other thread comes between the read and the write. All return the old value."""

    called = "cuda.atomic"

    def add(self, array: WatchedArray, index: Any, value: Any) -> Any:
        """Add to an element."""
        return array.memory.update(array.element(index, "updates"), lambda old, value: old + value, value)

    def max(self, array: WatchedArray, index: Any, value: Any) -> Any:
        """Raise an element to a value."""
        return array.memory.update(array.element(index, "updates"), max, value)

    def min(self, array: WatchedArray, index: Any, value: Any) -> Any:
        """Lower an element to a value."""
        return array.memory.update(array.element(index, "updates"), min, value)


class Math(Part):
    """``math``, with a float32 for a float32, and inf or NaN where Python's raises."""

    called = "math"
    pi, e, inf, nan, tau = (np.float64(value) for value in (math.pi, math.e, math.inf, math.nan, math.tau))

    acos, acosh, asin, asinh, atan, atanh = np.arccos, np.arccosh, np.arcsin, np.arcsinh, np.arctan, np.arctanh
    atan2, copysign, fmod, hypot, pow = np.arctan2, np.copysign, np.fmod, np.hypot, np.power
    cos, cosh, exp, expm1, fabs, sin, sinh, tan = np.cos, np.cosh, np.exp, np.expm1, np.fabs, np.sin, np.sinh, np.tan
    isfinite, isinf, isnan = np.isfinite, np.isinf, np.isnan
    log, log10, log1p, log2, sqrt, tanh = np.log, np.log10, np.log1p, np.log2, np.sqrt, np.tanh

    @staticmethod
    def floor(x: float) -> int:
        """The integer at or below ``x``."""
        return math.floor(x)

    @staticmethod
    def ceil(x: float) -> int:
        """The integer at or above ``x``."""
        return math.ceil(x)

    @staticmethod
    def erf(x: Any) -> Any:
        """The error function."""
        return _float(x).dtype.type(math.erf(x))

    @staticmethod
    def erfc(x: Any) -> Any:
        """One minus the error function."""
        return _float(x).dtype.type(math.erfc(x))


def _float(x: Any) -> Any:
    """``x``, or the float64 that the device makes of a literal or an integer."""
    return x if isinstance(x, np.floating) else np.float64(x)


class Numpy:
    """``numpy``, with the device's integers."""

    def __getattr__(self, name: str) -> Any:
        return SCALAR_TYPES[name] if name in SCALAR_TYPES else getattr(np, name)
