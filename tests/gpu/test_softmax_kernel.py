"""The kernels of the softmax, thread by thread, with rows that take one lane, some, or a whole warp."""

import math

import numpy as np
import pytest

from miniae.ops import softmax_backward, softmax_forward
from miniae_kernels.cuda import rows, softmax

RNG = np.random.default_rng(0)
SHAPES = [(1, 1), (5, 3), (3, 10), (2, 40), (3, 130)]  # 1, 1, 4, 16 and 32 lanes a row
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def numbers(*shape, dtype="float64"):
    return RNG.standard_normal(shape).astype(dtype)


@pytest.mark.parametrize(("k", "lanes"), [(1, 1), (4, 1), (5, 2), (10, 4), (64, 16), (65, 32), (10**6, 32)])
@pytest.mark.parametrize("n", [1, 1000])
def test_a_row_has_a_power_of_two_of_lanes_and_every_row_some(n, k, lanes):
    blocks, threads_of_a_block = rows.grid_for(n, k)
    assert threads_of_a_block == (lanes, rows.THREADS // lanes)
    assert (blocks - 1) * threads_of_a_block[1] < n <= blocks * threads_of_a_block[1]


@pytest.mark.parametrize("shape", SHAPES)
def test_naive(launch, shape):
    x, dy = numbers(*shape), numbers(*shape)
    y, dx = np.full_like(x, np.nan), np.full_like(x, np.nan)
    expected, cache = softmax_forward(x)
    launch(softmax.naive_forward, 3, 2, (x, y))
    np.testing.assert_allclose(y, expected, rtol=1e-13)
    launch(softmax.naive_backward, 3, 2, (dy, y, dx))
    np.testing.assert_allclose(dx, softmax_backward(dy, cache), rtol=0, atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
def test_some_lanes_for_each_row(launch, shape, monkeypatch):
    monkeypatch.setattr(rows, "THREADS", 64)
    x, dy = numbers(*shape), numbers(*shape)
    y, dx = np.full_like(x, np.nan), np.full_like(x, np.nan)
    expected, cache = softmax_forward(x)
    grid = rows.grid_for(*shape)
    launch(softmax.forward, *grid, (x, y))
    np.testing.assert_allclose(y, expected, rtol=1e-13)
    launch(softmax.backward, *grid, (dy, y, dx))
    np.testing.assert_allclose(dx, softmax_backward(dy, cache), rtol=0, atol=1e-14)


@dtypes
@pytest.mark.parametrize("shape", [(7,), (3, 2, 5), (0, 3)])
def test_agrees_with_the_reference(gpu, shape, dtype):
    x, dy = numbers(*shape, dtype=dtype), numbers(*shape, dtype=dtype)
    expected, cache = softmax_forward(x.astype(float))
    out = gpu.full(shape, math.nan, dtype)
    y, kept = softmax.softmax_forward(gpu.asarray(x), out=out)
    assert y is out
    dx = softmax.softmax_backward(gpu.asarray(dy), kept)
    assert y.dtype == dx.dtype == dtype
    tolerance = {"float32": 1e-6, "float64": 1e-14}[dtype]  # a few roundings of numbers of size 1
    np.testing.assert_allclose(y.get(), expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(dx.get(), softmax_backward(dy.astype(float), cache), rtol=0, atol=4 * tolerance)
    assert softmax.softmax_backward(gpu.asarray(dy), kept, out=out) is out


@dtypes
def test_extremes(gpu, dtype):
    inf, nan = math.inf, math.nan
    x = np.array([[1e4, 0, -1e4, 0], [-1e4] * 4, [-inf, 0, -inf, 0], [-inf] * 4, [inf, 0, 0, 0], [0, nan, 0, 0]], dtype)
    y, _ = softmax.softmax_forward(gpu.asarray(x))
    none = [nan] * 4
    np.testing.assert_array_equal(y.get(), [[1, 0, 0, 0], [0.25] * 4, [0, 0.5, 0, 0.5], none, none, none])


@pytest.mark.bad_input
def test_what_is_refused_is_refused_in_the_words_of_the_reference():
    for x in (np.zeros(3, int), np.zeros((2, 0)), np.array(1.0)):
        with pytest.raises((TypeError, ValueError)) as theirs:
            softmax_forward(x)
        with pytest.raises(theirs.type) as ours:
            softmax.softmax_forward(x)
        assert str(ours.value) == str(theirs.value)
    _, cache = softmax_forward(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"^softmax: dy has shape \(2,\) but the output has shape \(2, 3\)"):
        softmax.softmax_backward(np.zeros(2), cache)
