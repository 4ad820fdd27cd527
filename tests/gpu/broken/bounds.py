"""Kernels that reach beside their arrays."""

import numpy as np
from numba import cuda, float32, int64

from miniae_kernels.threads import OutOfBounds

from .case import Broken, numbers, vectors

N = 100  # two blocks of 64 threads are 28 too many


def forgotten_guard(x, y, n):
    """The last block has more threads than there are elements left."""
    i = cuda.grid(1)
    y[i] = x[i] + x[i]  # here


def guarded(x, y, n):
    i = cuda.grid(1)
    if i < n:
        y[i] = x[i] + x[i]


def one_too_far(x, y, n):
    """The last element has no right neighbour."""
    i = cuda.grid(1)
    if i < n:
        y[i] = x[i + 1] - x[i]  # here


def up_to_the_last_but_one(x, y, n):
    i = cuda.grid(1)
    if i < n - 1:
        y[i] = x[i + 1] - x[i]


def one_too_many(x, y, n):
    """``<=`` for ``<``: one element more than there is."""
    i = cuda.grid(1)
    if i <= n:
        y[i] = float32(7)  # here


def as_many_as_there_are(x, y, n):
    i = cuda.grid(1)
    if i < n:
        y[i] = float32(7)


def left_of_the_first(x, y, n):
    """``i - 1`` is -1 for the first element: in NumPy it is the last one, on a GPU it is not in the array."""
    i = cuda.grid(1)
    if i < n:
        y[i] = x[i] - x[i - 1]  # here


def from_the_second(x, y, n):
    i = cuda.grid(1)
    if i < n:
        y[i] = x[i] - x[i - 1] if i > 0 else x[i]


def swapped_axes(x, y, rows, columns):
    """Row and column are swapped where the transpose is read."""
    j, i = cuda.grid(2)
    if i < rows and j < columns:
        y[j, i] = x[j, i]  # here


def transposed(x, y, rows, columns):
    j, i = cuda.grid(2)
    if i < rows and j < columns:
        y[j, i] = x[i, j]


def shared_array_without_halo(x, y, n):
    """The block's tile has 64 elements, and its last thread wants its right neighbour."""
    s = cuda.shared.array(64, float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    s[t] = x[i]
    cuda.syncthreads()
    y[i] = s[t] + s[t + 1]  # here


def shared_array_with_halo(x, y, n):
    s = cuda.shared.array(65, float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    s[t] = x[i]
    if t == 63:
        s[64] = x[i + 1] if i + 1 < n else float32(0)
    cuda.syncthreads()
    y[i] = s[t] + s[t + 1]


def picture():
    return numbers(15).reshape(3, 5), np.zeros((5, 3), np.float32), 3, 5


CASES = [
    Broken(
        forgotten_guard,
        guarded,
        OutOfBounds,
        r"reads x\[1[0-2]\d\], but its shape is \(100,\)",
        blocks=2,
        threads=64,
        arguments=vectors(N),
        expected=lambda x, y, n: 2 * x,
    ),
    Broken(
        one_too_far,
        up_to_the_last_but_one,
        OutOfBounds,
        r"block 1, thread 35, at .*: reads x\[100\]",
        blocks=2,
        threads=64,
        arguments=vectors(N),
        expected=lambda x, y, n: np.append(np.diff(x), 0),
    ),
    Broken(
        one_too_many,
        as_many_as_there_are,
        OutOfBounds,
        r"block 1, thread 36, at .*: writes y\[100\]",
        blocks=2,
        threads=64,
        arguments=vectors(N),
        expected=lambda x, y, n: np.full(n, 7),
    ),
    Broken(
        left_of_the_first,
        from_the_second,
        OutOfBounds,
        r"block 0, thread 0, at .*: reads x\[-1\]",
        blocks=2,
        threads=64,
        arguments=vectors(N),
        expected=lambda x, y, n: np.diff(x, prepend=0),
    ),
    Broken(
        swapped_axes,
        transposed,
        OutOfBounds,
        r"reads x\[[34], [0-2]\], but its shape is \(3, 5\)",
        blocks=(2, 1),
        threads=(4, 4),
        arguments=picture,
        expected=lambda x, y, rows, columns: x.T,
        types=(float32[:, ::1], float32[:, ::1], int64, int64),
    ),
    Broken(
        shared_array_without_halo,
        shared_array_with_halo,
        OutOfBounds,
        r"thread 63, at .*: reads shared s\[64\], but its shape is \(64,\)",
        blocks=2,
        threads=64,
        arguments=vectors(128),
        expected=lambda x, y, n: x + np.append(x[1:], 0),
    ),
]
