"""What Numba's compiler makes of kernels, run on the CPU: it shows what Python hides, and every op is right.

That every launch of all GPU tests does the same compiled as in Python, to the bit, is shown by
``MINIAE_COMPILED=1 pytest tests/gpu``; see conftest.py.
"""

import math
import os

import compiled
import numpy as np
import op_cases
import pytest
import test_compile
import test_cuda_backend
from compiled import Unlike
from compiled.wrong import WRONG
from numba import cuda, float32, int32

from miniae_kernels import threads
from miniae_kernels.cuda.compile import every_kernel
from miniae_kernels.cuda.launch import Kernel, device
from miniae_kernels.threads import DivergentBarrier

# in Python alone, whatever conftest.py has made of threads.run
from miniae_kernels.threads.runner import run, run_all_orders

pytestmark = test_compile.pytestmark  # Numba asks NVIDIA's compiler for the layout of data
both = compiled.beside(run)


def kernel(body, types):
    return Kernel(body, types, "", 64)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.kernel.__name__)
def test_what_python_hides_is_seen(case):
    """The runner finds nothing amiss in any order of threads."""
    wrong, mended = kernel(case.kernel, case.types), kernel(case.mended, case.types)
    for each in (wrong, mended):
        args = case.arguments()
        run_all_orders(each, 1, case.threads, args)
        np.testing.assert_array_equal(args[-1], case.meant(*args))
    with pytest.raises(Unlike, match=rf"{case.kernel.__name__} for \w+: \w+\[\d+\] is .* compiled, and .* in Python"):
        both(wrong, 1, case.threads, case.arguments())
    args = case.arguments()
    both(mended, 1, case.threads, args)
    np.testing.assert_array_equal(args[-1], case.meant(*args))


def test_every_thread_knows_its_place():
    def places(found):
        i, j, k = cuda.grid(3)
        _, b, c = cuda.gridsize(3)
        at = (i * b + j) * c + k
        found[at, 0], found[at, 1], found[at, 2] = cuda.threadIdx.x, cuda.threadIdx.y, cuda.threadIdx.z
        found[at, 3], found[at, 4], found[at, 5] = cuda.blockIdx.x, cuda.blockIdx.y, cuda.blockIdx.z
        found[at, 6] = cuda.laneid

    blocks, block = (2, 1, 3), (3, 4, 5)
    found = np.full((6 * 60, 7), -1, np.int32)
    compiled.run(kernel(places, "int32[:, ::1]"), blocks, block, (found,))
    whole = np.stack(np.unravel_index(np.arange(360), (6, 4, 15)), axis=1)
    np.testing.assert_array_equal(found[:, :3], whole % block)
    np.testing.assert_array_equal(found[:, 3:6], whole // block)
    np.testing.assert_array_equal(found[:, 6], found[:, :3] @ [1, 3, 12] % 32)


def test_lanes_exchange_and_vote():
    def exchange(x, found, votes):
        t = cuda.threadIdx.x
        found[0, t] = cuda.shfl_sync(0xFFFFFFFF, x[t], 37)
        found[1, t] = cuda.shfl_up_sync(0xFFFFFFFF, x[t], 3)
        found[2, t] = cuda.shfl_down_sync(0xFFFFFFFF, x[t], 3)
        found[3, t] = cuda.shfl_xor_sync(0xFFFFFFFF, x[t], 9)
        votes[0, t] = cuda.all_sync(0xFFFFFFFF, x[t] > x[0])
        votes[1, t] = cuda.any_sync(0xFFFFFFFF, x[t] < x[0])
        votes[2, t] = cuda.ballot_sync(0xFFFFFFFF, t % 3 == 0)

    for dtype in ("float32", "float64"):
        x, lanes = np.arange(64).astype(dtype) / 7, np.arange(64)
        found, votes = np.full((4, 64), np.nan, dtype), np.full((3, 64), -1, np.int32)
        compiled.run(kernel(exchange, "real[::1], real[:, ::1], int32[:, ::1]"), 1, 64, (x, found, votes))
        lane, warp = lanes % 32, lanes - lanes % 32
        sources = [warp + 5, np.where(lane < 3, lanes, lanes - 3), np.where(lane > 28, lanes, lanes + 3), lanes ^ 9]
        np.testing.assert_array_equal(found, x[np.stack(sources)])
        np.testing.assert_array_equal(votes[0], lanes >= 32)  # in the first warp x[0] is not above itself
        assert not votes[1].any()
        ballots = [sum(1 << i for i in range(32) if (first + i) % 3 == 0) for first in (0, 32)]
        np.testing.assert_array_equal(votes[2].view(np.uint32), np.repeat(ballots, 32))


def test_a_block_meets_at_barriers_and_forgets_what_the_block_before_it_shared():
    def shift(x, y, left):
        s = cuda.shared.array(8, float32)
        t = cuda.threadIdx.x
        if t == 0:
            left[cuda.blockIdx.x] = s[0]
        cuda.syncthreads()
        s[t] = x[t]
        cuda.syncthreads()
        y[cuda.blockIdx.x, t] = s[(t + 1) % 8]

    x, y, left = np.arange(8, dtype=np.float32), np.zeros((2, 8), np.float32), np.zeros(2, np.float32)
    compiled.run(kernel(shift, "float32[::1], float32[:, ::1], float32[::1]"), 2, 8, (x, y, left))
    np.testing.assert_array_equal(y, [np.roll(x, -1)] * 2)
    np.testing.assert_array_equal(left.view(np.uint32), 0xA5A5A5A5)


def test_a_barrier_that_some_threads_skip_ends_the_launch():
    def skip(y):
        y[cuda.threadIdx.x] = 1
        if cuda.threadIdx.x < 2:
            cuda.syncthreads()
            y[cuda.threadIdx.x] = 2

    def vote_instead(y):
        if cuda.threadIdx.x < 2:
            cuda.syncthreads()
        else:
            y[cuda.threadIdx.x] = cuda.all_sync(0xFFFFFFFF, True)

    y = np.zeros(32, np.int32)
    for body, other in ((skip, "thread 2 has ended"), (vote_instead, "thread 0 waits at syncthreads")):
        with pytest.raises(DivergentBarrier, match=f"waits at .*, but block 0, {other}"):
            compiled.run(kernel(body, "int32[::1]"), 1, 32, (y,))
    np.testing.assert_array_equal(y, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mathematics_is_numpys(dtype):
    def functions(x, y):
        t = cuda.grid(1)
        y[0, t], y[1, t], y[2, t] = math.exp(x[t]), math.expm1(x[t]), math.log(x[t])
        y[3, t], y[4, t], y[5, t] = math.log1p(x[t]), math.tanh(x[t]), math.sqrt(x[t])
        y[6, t], y[7, t], y[8, t] = math.fabs(x[t]), math.isnan(x[t]), math.isfinite(x[t])
        y[9, t], y[10, t] = max(x[t], x[0]), min(x[t], x[0])

    x = np.array([0.7, -2.5, 0.0, 1e-30, 90.0, 800.0, math.inf, -math.inf, math.nan], dtype)
    y = np.zeros((11, x.size), dtype)
    compiled.run(kernel(functions, "real[::1], real[:, ::1]"), 1, x.size, (x, y))
    with np.errstate(all="ignore"):
        rounded = [f(x) for f in (np.exp, np.expm1, np.log, np.log1p, np.tanh, np.sqrt)]
        expected = [*rounded, abs(x), np.isnan(x), np.isfinite(x), np.fmax(x, x[0]), np.fmin(x, x[0])]
    np.testing.assert_array_equal(y, np.array(expected, dtype))


def test_a_function_without_a_body_is_named():
    def lost(y):
        y[0] = math.lgamma(y[0])

    with pytest.raises(TypeError, match="lost: no body for __nv_lgammaf"):
        compiled.run(kernel(lost, "float32[::1]"), 1, 1, (np.zeros(1, np.float32),))


FACTOR = 2


@device
def scaled(x):
    return x * int32(FACTOR)


def test_constants_are_those_of_now(monkeypatch):
    def scale(y):
        y[0] = scaled(y[0])

    y, same = np.int32([5]), kernel(scale, "int32[::1]")
    both(same, 1, 1, (y,))
    monkeypatch.setattr(f"{__name__}.FACTOR", 3)
    both(same, 1, 1, (y,))
    assert y[0] == 30


def test_what_a_kernel_writes_beside_an_array_is_seen():
    def beyond(y):
        y[y.size] = 1

    with pytest.raises(threads.GuardBandDamaged, match="the byte 1 after y was changed"):
        compiled.run(kernel(beyond, "int32[::1]"), 1, 1, (np.zeros(3, np.int32),))


@pytest.mark.parametrize("gpu", ["stand-in"], indirect=True)
@pytest.mark.parametrize("case", op_cases.CASES.values(), ids=op_cases.CASES)
def test_every_op_by_its_compiled_kernels(gpu, case, monkeypatch):
    monkeypatch.setattr(threads, "run", compiled.run)
    test_cuda_backend.test_every_op(gpu, case, "float32")


def test_arguments_are_cast_for_the_other_dtype():
    def scale(x, factor, n):
        x[0] *= factor
        n[0] += 1

    seen = []
    same = kernel(scale, "real[::1], real, int64[::1]")
    launch = compiled.beside(lambda *args: (seen.append(args[3]), run(*args)))
    for _ in range(2):
        x, n = np.ones(1, np.float32), np.zeros(1, np.int64)
        launch(same, 1, 1, (x, 0.5, n))
        assert (x[0], n[0]) == (0.5, 1)
    assert [args[0].dtype for args in seen] == ["float32", "float64", "float32"]
    assert all(args[2].dtype == "int64" for args in seen)
    assert {(same.label, real) for real in compiled.dtypes(same)} <= compiled.HELD


@pytest.mark.skipif("MINIAE_COMPILED" not in os.environ, reason="needs MINIAE_COMPILED=1 and all tests of this folder")
def test_every_kernel_has_done_the_same_compiled_for_both_dtypes():
    """The last of all tests; see conftest.py."""
    declared = {(kernel.label, real) for kernel in every_kernel() for real in compiled.dtypes(kernel)}
    assert declared - compiled.HELD == set()
