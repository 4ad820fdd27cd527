"""Top-k on the GPU backend, kernels thread by thread, held to sorting and to the reference."""

import numpy as np
import pytest
from small_top_k import make_small

from miniae.ops import OPS
from miniae_kernels.cuda import top_k
from miniae_kernels.cuda.top_k import KERNELS, PAIRS, as_integers, naive, top_k_places

INTEGERS = {"float32": np.int32, "float64": np.int64}
dtypes = pytest.mark.parametrize("dtype", INTEGERS)


@pytest.fixture
def _small(request, monkeypatch):
    make_small(request, monkeypatch)


small = pytest.mark.usefixtures("_small")


def by_sorting(x, k):
    """What is kept of rows without NaN: of equal entries the first."""
    kept = np.zeros(x.shape, bool)
    np.put_along_axis(kept, np.argsort(-x, axis=1, kind="stable")[:, :k], True, axis=1)
    return kept


def rows(dtype):
    """Rows of 100 entries, of all kinds, and how many to keep."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((9, 100)).astype(dtype)
    x[1] = rng.integers(-2, 3, 100)  # ties
    x[2] = np.maximum(x[2], 0)
    x[2, 5:] *= rng.random(95) < 0.02  # fewer than k are positive: zeros, of both signs, are kept
    x[2, ::3] *= -1
    x[3] = -1.5
    x[4, :] = np.finfo(dtype).tiny * rng.integers(-9, 9, 100)
    x[5, :4] = np.inf, -np.inf, np.finfo(dtype).max, np.finfo(dtype).min
    x[6] = np.nextafter(dtype(1), dtype(2)) - np.finfo(dtype).eps * (rng.random(100) < 0.5)  # two neighbours
    x[7] = -np.inf
    x[8] = np.finfo(dtype).smallest_subnormal * rng.integers(-9, 9, 100)
    return x


def run(launch, kernel, x, k):
    """y and what was kept, of a kernel for whole rows."""
    y, kept = np.full_like(x, np.nan), np.zeros(x.shape, bool)
    integers = INTEGERS[x.dtype.name]
    launch(kernel, len(x), top_k.THREADS, (x.view(integers), y.view(integers), kept, np.int64(k)))
    return y, kept


@small
@dtypes
def test_the_choice_is_that_of_a_stable_sort(launch_once, dtype):
    x, k = rows(np.dtype(dtype).type), 7
    y, kept = run(launch_once, KERNELS[dtype].top_k, x, k)
    np.testing.assert_array_equal(kept, by_sorting(x, k))
    np.testing.assert_array_equal(y, np.where(kept, x, 0))


@small
@dtypes
@pytest.mark.parametrize("d", [1, 33, 64])
def test_rows_of_any_length_in_every_order(launch, dtype, d):
    x = np.random.default_rng(d).integers(-3, 3, (2, d)).astype(dtype)
    k = (d + 1) // 2
    y, kept = run(launch, KERNELS[dtype].top_k, x, k)
    np.testing.assert_array_equal(kept, by_sorting(x, k))
    np.testing.assert_array_equal(y, np.where(kept, x, 0))
    positions = np.full((2, k), -1, np.int32)
    launch(KERNELS[dtype].places, 2, top_k.THREADS, (x.view(INTEGERS[dtype]), positions))
    np.testing.assert_array_equal(positions, np.nonzero(by_sorting(x, k))[1].reshape(2, k))


@small
@dtypes
def test_places_are_those_of_what_is_kept_from_left_to_right(launch_once, dtype):
    x = rows(np.dtype(dtype).type)
    positions = np.full((len(x), 7), -1, np.int32)
    launch_once(KERNELS[dtype].places, len(x), top_k.THREADS, (x.view(INTEGERS[dtype]), positions))
    np.testing.assert_array_equal(positions, np.nonzero(by_sorting(x, 7))[1].reshape(len(x), 7))


@dtypes
def test_at_full_size(launch_once, dtype):
    """11 bits at a time, 256 threads."""
    x = np.random.default_rng(0).standard_normal((1, 300)).astype(dtype)
    x[0, 150:] = x[0, :150]  # ties, and as many entries in each half
    _, kept = run(launch_once, KERNELS[dtype].top_k, x, 41)
    np.testing.assert_array_equal(kept, by_sorting(x, 41))


@dtypes
def test_the_naive_kernel(launch, dtype):
    x = rows(np.dtype(dtype).type)[:, :20].copy()
    for k in (1, 7, 20):
        y, kept = np.full_like(x, np.nan), np.zeros(x.shape, bool)
        launch(naive, (3, len(x)), 8, (x, y, kept, np.int64(k)))
        np.testing.assert_array_equal(kept, by_sorting(x, k))
        np.testing.assert_array_equal(y, np.where(kept, x, 0))


@small
@dtypes
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_nan_is_the_largest_as_in_the_reference(launch_once, dtype, k):
    """Up to k - 1 of them; from k on nothing is dropped, so that none is lost."""
    x = np.array(
        [[1, np.nan, -2, np.inf, -np.nan, 5], [np.nan, 0, 0, 1, 2, 0], [np.nan, 1, np.nan, np.nan, 2, 3]], dtype
    )
    x[0, 4] = np.copysign(np.nan, -1)
    expected, cache = OPS["top_k"].forward(x, k)
    y, kept = run(launch_once, KERNELS[dtype].top_k, x, k)
    np.testing.assert_array_equal(kept, cache.kept)
    np.testing.assert_array_equal(y, expected)
    y, kept = np.full_like(x, 7), np.zeros(x.shape, bool)
    launch_once(naive, (1, 3), 8, (x, y, kept, np.int64(k)))
    np.testing.assert_array_equal(kept, cache.kept)
    positions = np.full((3, k), -1, np.int32)
    launch_once(KERNELS[dtype].places, 3, top_k.THREADS, (x.view(INTEGERS[dtype]), positions))
    first_nan = [np.flatnonzero(np.isnan(row))[:k] for row in x]
    for got, wanted in zip(positions, first_nan, strict=True):
        assert set(wanted) <= set(got)


@small
@dtypes
@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 3, 5), (0, 5)])
def test_the_pair_agrees_with_the_reference(gpu, dtype, shape):
    rng = np.random.default_rng(0)
    x, dy = rng.integers(-2, 3, shape).astype(dtype), rng.standard_normal(shape).astype(dtype)
    expected, cache = OPS["top_k"].forward(x, 2)
    out, dx_out = gpu.empty(shape, dtype), gpu.empty(shape, dtype)
    y, got = PAIRS["top_k"].forward(gpu.asarray(x), 2, out=out)
    assert y is out
    np.testing.assert_array_equal(y.get(), expected)
    np.testing.assert_array_equal(got.kept.get(), cache.kept)
    assert (got.dtype, got.kept.dtype) == (dtype, np.bool_)
    dx = PAIRS["top_k"].backward(gpu.asarray(dy), got, out=dx_out)
    assert dx is dx_out
    np.testing.assert_array_equal(dx.get(), OPS["top_k"].backward(dy, cache))


@small
def test_places_of_an_array_on_the_device(gpu):
    np.testing.assert_array_equal(top_k_places(gpu.asarray([[1.0, 3, 2], [4, 0, 4]]), 2).get(), [[1, 2], [0, 2]])
    assert as_integers(gpu.asarray([[0.0, -0.0]])).get().tolist() == [[0, -(2**63)]]


@pytest.mark.bad_input
def test_a_k_that_does_not_fit(gpu):
    with pytest.raises(
        ValueError, match=r"top_k: k must be a whole number from 1 to the 3 features of x \(2, 3\), got 4"
    ):
        PAIRS["top_k"].forward(gpu.asarray(np.ones((2, 3))), 4)
