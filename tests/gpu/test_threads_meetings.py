"""The runner of kernels: what orders two threads, and nothing that is right is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
import test_compile
from numba import cuda, float32, types

from miniae_kernels import threads
from miniae_kernels.threads import DivergentBarrier, Race

FULL = 0xFFFFFFFF


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


# --- atomics, and exchanges within a warp


def test_atomics_return_the_old_value():
    def kernel(x, y, old):
        i = cuda.grid(1)
        old[0, i] = cuda.atomic.add(y, 0, x[i])
        old[1, i] = cuda.atomic.max(y, 1, x[i])
        old[2, i] = cuda.atomic.min(y, (2,), x[i])

    x, y, old = np.float32([3, 1, 4, 1]), zeros(3), zeros(3, 4)
    threads.run(kernel, 2, 2, (x, y, old))
    assert y.tolist() == [9, 4, 0]
    assert old.tolist() == [[0, 3, 4, 8], [0, 3, 3, 4], [0, 0, 0, 0]]


def test_exchanges_within_a_warp():
    def kernel(x, y, votes):
        i = cuda.grid(1)
        y[0, i] = cuda.shfl_sync(FULL, x[i], 7)
        y[1, i] = cuda.shfl_up_sync(FULL, x[i], 3)
        y[2, i] = cuda.shfl_down_sync(FULL, x[i], 3)
        y[3, i] = cuda.shfl_xor_sync(FULL, x[i], 5)
        votes[0, i] = cuda.all_sync(FULL, x[i] < 32)
        votes[1, i] = cuda.any_sync(FULL, x[i] == 40)
        votes[2, i] = cuda.ballot_sync(FULL, x[i] % 2 == 1)

    x, y, votes = np.arange(64, dtype=np.float32), zeros(4, 64), zeros(3, 64, dtype=np.int64)
    threads.run_all_orders(kernel, 1, 64, (x, y, votes))
    lane, warp = np.arange(64) % 32, np.arange(64) // 32 * 32
    np.testing.assert_array_equal(y[0], warp + 7)
    np.testing.assert_array_equal(y[1], warp + np.where(lane < 3, lane, lane - 3))
    np.testing.assert_array_equal(y[2], warp + np.where(lane > 28, lane, lane + 3))
    np.testing.assert_array_equal(y[3], warp + (lane ^ 5))
    np.testing.assert_array_equal(votes[0], warp == 0)
    np.testing.assert_array_equal(votes[1], warp == 32)
    np.testing.assert_array_equal(votes[2], 0xAAAAAAAA - 2**32)


@test_compile.pytestmark
def test_a_ballot_is_signed_as_numba_has_it():
    _, returned = cuda.compile_ptx(lambda x: cuda.ballot_sync(FULL, x > 0), (types.int64,), device=True, cc=(9, 0))
    assert returned == types.int32


def test_only_the_full_mask_is_run():
    def kernel(x):
        cuda.syncwarp(0xFFFF)

    with pytest.raises(ValueError, match="syncwarp is run with the full mask 0xffffffff only, got 0xffff"):
        threads.run(kernel, 1, 32, (zeros(1),))


# --- what orders two uses of an element, and what does not


def handed_over(barrier):
    """Thread 0 writes, ``barrier``, and thread ``t`` reads."""

    @cuda.jit(device=True)
    def wait():
        barrier()

    def kernel(y, t):
        s = cuda.shared.array(1, float32)
        if cuda.threadIdx.x == 0:
            s[0] = float32(5)
        wait()
        if cuda.threadIdx.x == t:
            y[0] = s[0]

    return kernel


def block_barrier():
    cuda.syncthreads()


def warp_barrier():
    cuda.syncwarp()


def shuffle():
    cuda.shfl_sync(FULL, 0, 0)


def waiting(function):
    return SimpleNamespace(py_func=function)


@pytest.mark.parametrize(
    ("barrier", "reader", "ordered"),
    [
        (block_barrier, 1, True),
        (block_barrier, 32, True),
        (warp_barrier, 1, True),
        (warp_barrier, 32, False),  # of another warp
        (shuffle, 1, False),  # no memory barrier
    ],
)
def test_barriers_order_what_they_promise_to_order(barrier, reader, ordered):
    kernel, y = handed_over(waiting(barrier)), zeros(1)
    if ordered:
        threads.run_all_orders(kernel, 1, 64, (y, reader))
        assert y[0] == 5
    else:
        with pytest.raises(Race, match=r"reads shared s\[0\], which block 0, thread 0 wrote"):
            threads.run(kernel, 1, 64, (y, reader))


def test_atomics_meet_atomics_and_readers_meet_readers():
    def kernel(x, y):
        cuda.atomic.add(y, 0, x[0])
        cuda.syncthreads()
        cuda.atomic.add(y, 0, x[0])

    y = zeros(1)
    threads.run_all_orders(kernel, 3, 40, (np.ones(1, np.float32), y))
    assert y[0] == 240


@pytest.mark.parametrize("order", threads.ORDERS)
@pytest.mark.parametrize("block", [0, 1])
def test_an_atomic_and_a_plain_read_are_a_race(block, order):
    def kernel(x, y):
        if cuda.grid(1) == 0:
            cuda.atomic.add(y, 0, 1)
        elif cuda.blockIdx.x == block and cuda.threadIdx.x == 1:
            x[0] = y[0]

    reader = f"block {block}, thread 1"
    found = rf"{reader}, at .*: reads y\[0\], which block 0, thread 0 updated|updates y\[0\], which {reader} read"
    with pytest.raises(Race, match=found):
        threads.run(kernel, 2, 2, (zeros(1), zeros(1)), order)


def test_what_one_thread_does_alone_is_no_race():
    def kernel(y):
        i = cuda.grid(1)
        for _ in range(3):
            y[i] += 1
            cuda.atomic.add(y, i, 1)

    y = zeros(6)
    threads.run_all_orders(kernel, 2, 3, (y,))
    assert y.tolist() == [6] * 6


# --- where threads do not meet


def test_one_barrier_of_a_function_called_in_two_places_is_two():
    @cuda.jit(device=True, inline="always")
    def wait():
        cuda.syncthreads()

    def kernel(y):
        if cuda.threadIdx.x == 0:
            wait()
        else:
            wait()

    with pytest.raises(DivergentBarrier, match="thread 0: waits at syncthreads .* but block 0, thread 1 waits at"):
        threads.run(kernel, 1, 2, (zeros(1),))


def test_a_warp_at_a_barrier_and_at_a_shuffle():
    def kernel(y):
        if cuda.threadIdx.x < 5:
            cuda.syncthreads()
        else:
            cuda.shfl_sync(FULL, y[0], 0)

    with pytest.raises(DivergentBarrier, match="thread 5: waits at shfl_sync .* but block 0, thread 0 waits at sync"):
        threads.run(kernel, 1, 32, (zeros(1),))


def test_warps_may_exchange_at_their_own_pace():
    def kernel(x, y):
        t = cuda.threadIdx.x
        value = x[t]
        for _ in range(t // 32):
            value = cuda.shfl_xor_sync(FULL, value, 1)
        cuda.syncthreads()
        y[t] = value

    x, y = np.arange(96, dtype=np.float32), zeros(96)
    threads.run_all_orders(kernel, 1, 96, (x, y))
    swapped = x.reshape(-1, 2)[:, ::-1].ravel()
    np.testing.assert_array_equal(y, np.where(np.arange(96) // 32 == 1, swapped, x))
