"""Kernels that never end."""

from numba import cuda, float32

from miniae_kernels.threads import NeverEnding

from .case import Broken, vectors


def step_forgotten(x, y, n):
    """The loop over the grid's share of the elements never goes on to the next."""
    i = cuda.grid(1)
    while i < n:
        y[i] = x[i] + x[i]  # here


def step_taken(x, y, n):
    i = cuda.grid(1)
    while i < n:
        y[i] = x[i] + x[i]
        i += cuda.gridsize(1)


def half_never_zero(x, y, n):
    """Rounded up, half of 1 is 1."""
    s = cuda.shared.array(8, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    half = 4
    cuda.syncthreads()
    while half > 0:
        if t < half:
            s[t] += s[t + half]
        cuda.syncthreads()
        half = (half + 1) // 2
    if t == 0:
        y[0] = s[0]


def half_of_1_is_0(x, y, n):
    s = cuda.shared.array(8, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    half = 4
    cuda.syncthreads()
    while half > 0:
        if t < half:
            s[t] += s[t + half]
        cuda.syncthreads()
        half //= 2
    if t == 0:
        y[0] = s[0]


CASES = [
    Broken(
        step_forgotten,
        step_taken,
        NeverEnding,
        r"block \d, thread \d, at .*: has used memory more than \d+ times",
        blocks=2,
        threads=8,
        arguments=vectors(50),
        expected=lambda x, y, n: 2 * x,
    ),
    Broken(
        half_never_zero,
        half_of_1_is_0,
        NeverEnding,
        r"block 0, thread \d+: has met the others \d+ times",
        blocks=1,
        threads=8,
        arguments=vectors(8, 1),
        expected=lambda x, y, n: [x.sum()],
    ),
]
