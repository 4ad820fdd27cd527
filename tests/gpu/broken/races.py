"""Kernels in which two threads use one element, and nothing says which comes first."""

import numpy as np
from numba import cuda, float32, int32, int64

from miniae_kernels.threads import Race

from .case import Broken, numbers, vectors

N = 100


def no_barrier_in_the_tree(x, y, n):
    """The next level of the sum begins before the last one has ended."""
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    cuda.syncthreads()
    half = 32
    while half > 0:
        if t < half:
            s[t] += s[t + half]  # here
        half //= 2
    if t == 0:
        y[0] = s[0]


def barrier_in_the_tree(x, y, n):
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    cuda.syncthreads()
    half = 32
    while half > 0:
        if t < half:
            s[t] += s[t + half]
        cuda.syncthreads()
        half //= 2
    if t == 0:
        y[0] = s[0]


def no_barrier_after_a_tile(x, y, n):
    """A fast thread loads the next tile while a slow one still reads the last."""
    s = cuda.shared.array(32, float32)
    t = cuda.threadIdx.x
    total = float32(0)
    for start in range(0, n, 32):
        s[t] = x[start + t]  # here
        cuda.syncthreads()
        for k in range(t + 1):
            total += s[k]  # here
    y[t] = total


def barrier_after_a_tile(x, y, n):
    s = cuda.shared.array(32, float32)
    t = cuda.threadIdx.x
    total = float32(0)
    for start in range(0, n, 32):
        s[t] = x[start + t]
        cuda.syncthreads()
        for k in range(t + 1):
            total += s[k]
        cuda.syncthreads()
    y[t] = total


def histogram_without_atomics(x, y, n):
    """Two threads read the same count, and one of their additions is lost."""
    i = cuda.grid(1)
    if i < n:
        y[x[i]] += 1  # here


def histogram_with_atomics(x, y, n):
    i = cuda.grid(1)
    if i < n:
        cuda.atomic.add(y, x[i], 1)


def blocks_add_without_atomics(x, y, n):
    """Each block adds its sum to the total: as a barrier is no help between blocks, sums are lost."""
    if cuda.threadIdx.x == 0:
        total = float32(0)
        for i in range(cuda.blockIdx.x, n, cuda.gridDim.x):
            total += x[i]
        y[0] += total  # here


def blocks_add_with_atomics(x, y, n):
    if cuda.threadIdx.x == 0:
        total = float32(0)
        for i in range(cuda.blockIdx.x, n, cuda.gridDim.x):
            total += x[i]
        cuda.atomic.add(y, 0, total)


def smoothed_in_place(x, y, n):
    """A neighbour may have been replaced by its own result already."""
    i = cuda.grid(1)
    if 0 < i < n - 1:
        y[i] = y[i - 1] + y[i] + y[i + 1]  # here


def smoothed_into_another_array(x, y, n):
    i = cuda.grid(1)
    if 0 < i < n - 1:
        y[i] = x[i - 1] + x[i] + x[i + 1]


def wrong_stride(x, y, n):
    """Blocks begin 63 elements apart, and have 64 threads: one element in 63 is written twice."""
    i = cuda.blockIdx.x * (cuda.blockDim.x - 1) + cuda.threadIdx.x
    if i < n:
        y[i] = x[i] + x[i]  # here


def right_stride(x, y, n):
    i = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    if i < n:
        y[i] = x[i] + x[i]


def all_say_the_same(x, y, n):
    """Every thread that finds a 9 writes the same 1: harmless on today's GPUs, promised by nobody."""
    i = cuda.grid(1)
    if i < n and x[i] == 9:
        y[0] = 1  # here


def the_largest_says_it(x, y, n):
    i = cuda.grid(1)
    if i < n and x[i] == 9:
        cuda.atomic.max(y, 0, 1)


def warp_without_syncwarp(x, y, n):
    """The lanes of a warp no longer run in step: they too need a barrier between write and read."""
    s = cuda.shared.array(32, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    cuda.syncwarp()
    half = 16
    while half > 0:
        if t < half:
            s[t] += s[t + half]  # here
        half //= 2
    if t == 0:
        y[0] = s[0]


def warp_with_syncwarp(x, y, n):
    s = cuda.shared.array(32, float32)
    t = cuda.threadIdx.x
    s[t] = x[t]
    cuda.syncwarp()
    half = 16
    while half > 0:
        if t < half:
            s[t] += s[t + half]
        cuda.syncwarp()
        half //= 2
    if t == 0:
        y[0] = s[0]


def set_to_zero_in_the_same_launch(x, y, n):
    """The thread that sets the sum to zero may come after others have added to it."""
    i = cuda.grid(1)
    if i == 0:
        y[0] = float32(0)  # here
    cuda.syncthreads()
    if i < n:
        cuda.atomic.add(y, 0, x[i])  # here


def set_to_zero_before(x, y, n):
    i = cuda.grid(1)
    if i < n:
        cuda.atomic.add(y, 0, x[i])


def in_place():
    x = numbers(N)
    return x, x.copy(), N


def digits():
    return numbers(N).astype(np.int32), np.zeros(10, np.int32), N


CASES = [
    Broken(
        no_barrier_in_the_tree,
        barrier_in_the_tree,
        Race,
        r"(reads|writes) shared s\[\d+\], which block 0, thread \d+ (read|wrote) at .* no barrier between",
        blocks=1,
        threads=64,
        arguments=vectors(64, 1),
        expected=lambda x, y, n: [x.sum()],
    ),
    Broken(
        no_barrier_after_a_tile,
        barrier_after_a_tile,
        Race,
        r"(reads|writes) shared s\[\d+\], which block 0, thread \d+ (read|wrote) at .* no barrier between",
        blocks=1,
        threads=32,
        arguments=vectors(96, 32),
        expected=lambda x, y, n: np.cumsum(x.reshape(3, 32).sum(0)),
    ),
    Broken(
        histogram_without_atomics,
        histogram_with_atomics,
        Race,
        r"reads y\[\d\], which block \d, thread \d+ wrote at .* no barrier between",
        blocks=2,
        threads=64,
        arguments=digits,
        expected=lambda x, y, n: np.bincount(x, minlength=10),
        types=(int32[::1], int32[::1], int64),
    ),
    Broken(
        blocks_add_without_atomics,
        blocks_add_with_atomics,
        Race,
        r"reads y\[0\], which block \d, thread 0 wrote at .* nothing orders two blocks",
        blocks=3,
        threads=4,
        arguments=vectors(N, 1),
        expected=lambda x, y, n: [x.sum()],
    ),
    Broken(
        smoothed_in_place,
        smoothed_into_another_array,
        Race,
        r"(reads|writes) y\[\d+\], which block \d, thread \d+ (read|wrote) at ",
        blocks=2,
        threads=64,
        arguments=in_place,
        expected=lambda x, y, n: [x[0], *np.convolve(x, [1, 1, 1], "valid"), x[-1]],
    ),
    Broken(
        wrong_stride,
        right_stride,
        Race,
        r"writes y\[63\], which block [01], thread (0|63) wrote at .* nothing orders two blocks",
        blocks=2,
        threads=64,
        arguments=vectors(N),
        expected=lambda x, y, n: 2 * x,
    ),
    Broken(
        all_say_the_same,
        the_largest_says_it,
        Race,
        r"writes y\[0\], which block \d, thread \d+ wrote at ",
        blocks=2,
        threads=64,
        arguments=digits,
        expected=lambda x, y, n: [1] + [0] * 9,
        types=(int32[::1], int32[::1], int64),
    ),
    Broken(
        warp_without_syncwarp,
        warp_with_syncwarp,
        Race,
        r"(reads|writes) shared s\[\d+\], which block 0, thread \d+ (read|wrote) at ",
        blocks=1,
        threads=32,
        arguments=vectors(32, 1),
        expected=lambda x, y, n: [x.sum()],
    ),
    Broken(
        set_to_zero_in_the_same_launch,
        set_to_zero_before,
        Race,
        r"(updates|writes) y\[0\], which block \d, thread \d+ (wrote|updated) at .* nothing orders two blocks",
        blocks=2,
        threads=64,
        arguments=vectors(N, 1),
        expected=lambda x, y, n: [x.sum()],
    ),
]
