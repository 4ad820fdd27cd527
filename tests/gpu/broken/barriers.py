"""Kernels whose threads do not meet where they should."""

from numba import cuda, float32

from miniae_kernels.threads import DivergentBarrier

from .case import Broken, vectors

N = 100
FULL = 0xFFFFFFFF


def barrier_in_a_branch(x, y, n):
    """Threads beyond the end skip the barrier: the others wait for them."""
    s = cuda.shared.array(64, float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    if i < n:
        s[t] = x[i]
        cuda.syncthreads()  # here
        y[i] = s[0]


def barrier_beside_the_branch(x, y, n):
    s = cuda.shared.array(64, float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    if i < n:
        s[t] = x[i]
    cuda.syncthreads()
    if i < n:
        y[i] = s[0]


def barrier_after_a_return(x, y, n):
    """Threads beyond the end have returned before the barrier."""
    s = cuda.shared.array(64, float32)
    i, t = cuda.grid(1), cuda.threadIdx.x
    if i >= n:
        return
    s[t] = x[i]
    cuda.syncthreads()  # here
    y[i] = s[0]


def two_barriers_for_one(x, y, n):
    """Even and odd threads wait at barriers of their own."""
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    if t % 2 == 0:
        s[t] = x[t]
        cuda.syncthreads()  # here
    else:
        s[t] = -x[t]
        cuda.syncthreads()  # here
    y[t] = s[63 - t]


def one_barrier_for_both(x, y, n):
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    s[t] = x[t] if t % 2 == 0 else -x[t]
    cuda.syncthreads()
    y[t] = s[63 - t]


def barrier_in_a_loop_of_its_own_length(x, y, n):
    """The loop over the elements ends one turn earlier for threads with fewer of them, and a barrier is in it."""
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    total = float32(0)
    for i in range(t, n, 64):
        s[t] = x[i]
        cuda.syncthreads()  # here
        total += s[0]
        cuda.syncthreads()  # here
    y[t] = total


def barrier_in_a_loop_of_one_length(x, y, n):
    s = cuda.shared.array(64, float32)
    t = cuda.threadIdx.x
    total = float32(0)
    for start in range(0, n, 64):
        if start + t < n:
            s[t] = x[start + t]
        cuda.syncthreads()
        if start + t < n:
            total += s[0]
        cuda.syncthreads()
    y[t] = total


def shuffle_in_a_branch(x, y, n):
    """Lanes 16 and up are asked for their value while they are elsewhere."""
    t = cuda.threadIdx.x
    value = x[t]
    if t < 16:
        value += cuda.shfl_down_sync(FULL, value, 16)  # here
    y[t] = value


def shuffle_by_all(x, y, n):
    t = cuda.threadIdx.x
    value = x[t]
    other = cuda.shfl_down_sync(FULL, value, 16)
    if t < 16:
        value += other
    y[t] = value


def shuffle_in_a_short_warp(x, y, n):
    """A block of 48 threads: the second warp has 16 lanes, and the full mask names 32."""
    i = cuda.grid(1)
    y[i] = x[i] + cuda.shfl_xor_sync(FULL, x[i], 1)  # here


CASES = [
    Broken(
        barrier_in_a_branch,
        barrier_beside_the_branch,
        DivergentBarrier,
        r"block 1, thread \d+: waits at .* of its block, but block 1, thread (3[6-9]|[4-6]\d) has ended",
        blocks=2,
        threads=64,
        arguments=vectors(N),
        expected=lambda x, y, n: [x[0]] * 64 + [x[64]] * 36,
    ),
    Broken(
        barrier_after_a_return,
        barrier_beside_the_branch,
        DivergentBarrier,
        r"block 1, thread \d+: waits at .* of its block, but block 1, thread (3[6-9]|[4-6]\d) has ended",
        blocks=2,
        threads=64,
        arguments=vectors(N),
        expected=lambda x, y, n: [x[0]] * 64 + [x[64]] * 36,
    ),
    Broken(
        two_barriers_for_one,
        one_barrier_for_both,
        DivergentBarrier,
        r"waits at syncthreads at .* but .* waits at syncthreads at ",
        blocks=1,
        threads=64,
        arguments=vectors(64),
        expected=lambda x, y, n: (x * ([1, -1] * 32))[::-1],
    ),
    Broken(
        barrier_in_a_loop_of_its_own_length,
        barrier_in_a_loop_of_one_length,
        DivergentBarrier,
        r"but block 0, thread (3[6-9]|[4-6]\d) has ended",
        blocks=1,
        threads=64,
        arguments=vectors(N, 64),
        expected=lambda x, y, n: [x[0] + x[64]] * 36 + [x[0]] * 28,
    ),
    Broken(
        shuffle_in_a_branch,
        shuffle_by_all,
        DivergentBarrier,
        r"waits at shfl_down_sync .* of its warp, but block 0, thread (1[6-9]|[23]\d) has ended",
        blocks=1,
        threads=32,
        arguments=vectors(32),
        expected=lambda x, y, n: [*(x[:16] + x[16:]), *x[16:]],
    ),
    Broken(
        shuffle_in_a_short_warp,
        shuffle_in_a_short_warp,
        DivergentBarrier,
        r"shfl_xor_sync .* for all 32 lanes of a warp, but here are only 16",
        blocks=2,
        threads=48,
        mended_launch=(3, 32),
        arguments=vectors(96),
        expected=lambda x, y, n: x + x.reshape(48, 2)[:, ::-1].ravel(),
    ),
]
