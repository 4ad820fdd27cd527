"""Kernels that read memory before anything is written there."""

import numpy as np
from numba import cuda, float32, int32, int64

from miniae_kernels.threads import Uninitialised

from .case import Broken, numbers, vectors


def no_barrier_after_loading(x, y, n):
    """The thread that loads an element may come after the one that reads it."""
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    y[t] = s[63 - t]  # here


def barrier_after_loading(x, y, n):
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    cuda.syncthreads()
    y[t] = s[63 - t]


def half_filled_tile(x, y, n):
    """The last tile is loaded as far as there are elements, and summed as a whole."""
    s = cuda.shared.array(64, float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    if i < n:
        s[t] = x[i]
    cuda.syncthreads()
    if t == 0:
        total = float32(0)
        for k in range(64):
            total += s[k]  # here
        y[cuda.blockIdx.x] = total


def tile_filled_with_zeros(x, y, n):
    s = cuda.shared.array(64, float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    s[t] = x[i] if i < n else float32(0)
    cuda.syncthreads()
    if t == 0:
        total = float32(0)
        for k in range(64):
            total += s[k]
        y[cuda.blockIdx.x] = total


def accumulator_never_set(x, y, n):
    """Local memory is not zero to begin with."""
    i = cuda.grid(1)
    sums = cuda.local.array(2, float32)
    for k in range(n):
        sums[k % 2] += x[i * n + k]  # here
    y[i] = sums[0] - sums[1]


def accumulator_set_to_zero(x, y, n):
    i = cuda.grid(1)
    sums = cuda.local.array(2, float32)
    for k in range(2):
        sums[k] = float32(0)
    for k in range(n):
        sums[k % 2] += x[i * n + k]
    y[i] = sums[0] - sums[1]


def counts_never_set(x, y, n):
    """Nobody sets the block's counters to zero before they are counted up."""
    counts = cuda.shared.array(10, int32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    cuda.syncthreads()
    if i < n:
        cuda.atomic.add(counts, x[i], 1)  # here
    cuda.syncthreads()
    if t < 10:
        cuda.atomic.add(y, t, counts[t])


def counts_set_to_zero(x, y, n):
    counts = cuda.shared.array(10, int32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    if t < 10:
        counts[t] = 0
    cuda.syncthreads()
    if i < n:
        cuda.atomic.add(counts, x[i], 1)
    cuda.syncthreads()
    if t < 10:
        cuda.atomic.add(y, t, counts[t])


def digits():
    return numbers(100).astype(np.int32), np.zeros(10, np.int32), 100


CASES = [
    Broken(
        no_barrier_after_loading,
        barrier_after_loading,
        Uninitialised,
        r"reads shared s\[\d+\] before anything is written there; is a barrier missing",
        blocks=1,
        threads=64,
        arguments=vectors(64),
        expected=lambda x, y, n: x[::-1],
    ),
    Broken(
        half_filled_tile,
        tile_filled_with_zeros,
        Uninitialised,
        r"block 1, thread 0, at .*: reads shared s\[36\]",
        blocks=2,
        threads=64,
        arguments=vectors(100, 2),
        expected=lambda x, y, n: [x[:64].sum(), x[64:].sum()],
    ),
    Broken(
        accumulator_never_set,
        accumulator_set_to_zero,
        Uninitialised,
        r"reads local sums\[0\]",
        blocks=2,
        threads=4,
        arguments=lambda: (numbers(48), np.zeros(8, np.float32), 6),
        expected=lambda x, y, n: x.reshape(8, 6) @ [1, -1, 1, -1, 1, -1],
    ),
    Broken(
        counts_never_set,
        counts_set_to_zero,
        Uninitialised,
        r"updates shared counts\[\d\]",
        blocks=2,
        threads=64,
        arguments=digits,
        expected=lambda x, y, n: np.bincount(x, minlength=10),
        types=(int32[::1], int32[::1], int64),
    ),
]
