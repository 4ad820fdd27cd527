"""A launch, and its threads: who is running, and what a message calls it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from miniae_kernels.threads.errors import BadLaunch, NeverEnding
from miniae_kernels.threads.frames import device_frame, show_line

WARP = 32
MAX_THREADS, MAX_BLOCK, MAX_GRID = 1024, (1024, 1024, 64), (2**31 - 1, 65535, 65535)
ACCESSES = 100_000  # of one thread. Kernels are tried on small arrays: one that uses more memory is in a loop


class Dim3(NamedTuple):
    """A position in the grid or in a block, or how large these are."""

    x: int
    y: int
    z: int

    @classmethod
    def of(cls, size: int | tuple[int, ...]) -> Dim3:
        """A size given as one number, or as two or three."""
        return cls(*(*(size if isinstance(size, tuple) else (size,)), 1, 1)[:3])

    def positions(self) -> list[Dim3]:
        """Every position in a grid or block of this size, x fastest: a thread's place in it decides its warp."""
        return [Dim3(x, y, z) for z in range(self.z) for y in range(self.y) for x in range(self.x)]

    def show(self) -> str:
        """``5``, or ``(5, 1, 0)`` where there is more than x."""
        return str(self.x) if self.y == self.z == 0 else str(tuple(self))


@dataclass(eq=False)
class Warp:
    """32 threads that may exchange values."""

    epoch: int = 0  # how many times they have met at syncwarp
    threads: list[Thread] = field(default_factory=list)


@dataclass(eq=False)
class Thread:
    """One CUDA thread: a greenlet where its kernel waits for other threads."""

    block: Dim3
    index: Dim3
    warp: Warp
    greenlet: Any = None
    waits: Any = None  # the meeting at which it waits
    answer: Any = None  # of the meeting it waited at
    accesses: int = 0

    @property
    def name(self) -> str:
        """What a message calls it."""
        return f"block {self.block.show()}, thread {self.index.show()}"


class Launch:
    """One launch of a kernel: its sizes, and which thread is running.

    Raises:
        BadLaunch: if a size is none that a GPU allows.
        TypeError: if it is no integer, such as the 2.0 that ``8 / 4`` makes (``8 // 4`` makes 2).
    """

    thread: Thread

    def __init__(self, kernel: str, blocks: int | tuple[int, ...], threads: int | tuple[int, ...]) -> None:
        for what, given in (("blocks", blocks), ("threads", threads)):
            sizes = given if isinstance(given, tuple) else (given,)
            if not (1 <= len(sizes) <= 3 and all(isinstance(size, (int, np.integer)) for size in sizes)):
                allowed = "an integer (/ makes none, // does) or a tuple of up to three"
                raise TypeError(f"{kernel}: {what} must be {allowed}, got {given!r}")
        self.kernel, self.grid, self.block = kernel, Dim3.of(blocks), Dim3.of(threads)
        for what, size, limits in (("blocks", self.grid, MAX_GRID), ("threads", self.block, MAX_BLOCK)):
            if not all(1 <= length <= limit for length, limit in zip(size, limits, strict=True)):
                raise BadLaunch(f"{kernel}: {what} must be from 1 to {limits} in x, y, z, got {tuple(size)}")
        if self.block.x * self.block.y * self.block.z > MAX_THREADS:
            raise BadLaunch(f"{kernel}: a block has at most {MAX_THREADS} threads, got {tuple(self.block)}")

    def where(self) -> str:
        """The kernel, the thread that is running, and its line."""
        frame = device_frame()
        return f"{self.kernel}, {self.thread.name}, at {show_line((frame.f_code.co_filename, frame.f_lineno))}"

    def count_access(self) -> None:
        """The running thread uses memory once more.

        Raises:
            NeverEnding: if it has done so more often than any kernel on small arrays would.
        """
        self.thread.accesses += 1
        if self.thread.accesses > ACCESSES:
            raise NeverEnding(f"{self.where()}: has used memory more than {ACCESSES} times; does its loop end?")
