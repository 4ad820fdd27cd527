"""Kernels that want more than a GPU has."""

from numba import cuda, float32, int64

from miniae_kernels.threads import BadLaunch

from .bounds import picture, transposed
from .case import Broken, vectors


def tile_too_large(x, y, n):
    """128 x 128 float32 are 64 KiB; a block has 48."""
    s = cuda.shared.array((128, 128), float32)  # here
    t = cuda.threadIdx.x
    s[t, t] = x[t]
    y[t] = s[t, t]


def tile_that_fits(x, y, n):
    s = cuda.shared.array((64, 64), float32)
    t = cuda.threadIdx.x
    s[t, t] = x[t]
    y[t] = s[t, t]


def one_thread_for_each_pixel(x, y, rows, columns):
    """A block of 64 x 64 threads; at most 1024 are allowed."""
    j, i = cuda.grid(2)
    if i < rows and j < columns:
        y[j, i] = x[i, j]


CASES = [
    Broken(
        tile_too_large,
        tile_that_fits,
        BadLaunch,
        r"shared arrays of 65536 bytes, a block has 49152",
        blocks=1,
        threads=64,
        arguments=vectors(64),
        expected=lambda x, y, n: x,
    ),
    Broken(
        one_thread_for_each_pixel,
        transposed,
        BadLaunch,
        r"a block has at most 1024 threads, got \(64, 64, 1\)",
        blocks=1,
        threads=(64, 64),
        mended_launch=(1, (8, 8)),
        arguments=picture,
        expected=lambda x, y, rows, columns: x.T,
        types=(float32[:, ::1], float32[:, ::1], int64, int64),
    ),
]
