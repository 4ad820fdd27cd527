"""What is known about a broken kernel: how to launch it, how it has to be caught, and what its mended twin gives."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import float32, int64

from miniae_kernels.threads import KernelError

FLOATS = (float32[::1], float32[::1], int64)  # most kernels here: x, y, n


def numbers(n: int) -> np.ndarray:
    """Small whole numbers as float32, 1 to 9: their sums are exact in any order."""
    return np.random.default_rng(n).integers(1, 10, n).astype(np.float32)


def vectors(n: int, size: int | None = None) -> Callable[[], tuple[Any, ...]]:
    """Arguments ``x, y, n``: ``n`` numbers, and zeros, as many or ``size``."""
    return lambda: (numbers(n), np.zeros(n if size is None else size, np.float32), n)


@dataclass(frozen=True)
class Broken:
    """A kernel with one thing wrong, which its docstring says.

    The lines where the wrong shows are marked ``# here``; a message must name one of them (or none, where the launch
    as a whole is wrong: then no line is marked).
    """

    kernel: Callable[..., None]
    mended: Callable[..., None]
    caught: type[KernelError]
    naming: str  # a regular expression: the array and index, the thread
    blocks: int | tuple[int, ...]
    threads: int | tuple[int, ...]
    arguments: Callable[[], tuple[Any, ...]]  # the second of them is the result
    expected: Callable[..., Any]  # of the arguments
    types: tuple[Any, ...] = FLOATS
    atol: float = 0.0
    mended_launch: tuple[Any, Any] | None = None  # blocks and threads, where the mended twin needs others

    @property
    def marked(self) -> list[str]:
        """``file.py:12`` of each marked line."""
        lines, first = inspect.getsourcelines(self.kernel)
        name = Path(inspect.getfile(self.kernel)).name
        return [f"{name}:{first + i}" for i, line in enumerate(lines) if line.rstrip().endswith("# here")]
