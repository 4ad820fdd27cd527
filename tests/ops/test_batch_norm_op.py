"""Batch normalisation, worked out by hand, at its extremes, and split over workers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from geometries import random

from miniae.arrays import complex_allowed
from miniae.ops import batch_norm_backward, batch_norm_forward

ONE, ZERO = np.ones(1), np.zeros(1)


def test_forward_by_hand():
    # mean 4, deviations -3 -1 1 3, variance (9 + 1 + 1 + 9) / 4 = 5; with eps 4 divided by 3
    x = np.array([[1.0], [3], [5], [7]])
    y, cache = batch_norm_forward(x, np.array([6.0]), np.array([10.0]), eps=4.0)
    np.testing.assert_allclose(y, [[4], [8], [12], [16]], rtol=1e-15)
    np.testing.assert_array_equal(np.concatenate(cache.statistics), [4, 5])


def test_backward_by_hand():
    # deviations -1 1 and variance 1: with eps 0 x is its own normal form
    _, cache = batch_norm_forward(np.array([[-1.0], [1], [-1], [1]]), np.array([2.0]), ZERO, eps=0.0)
    dx, dgamma, dbeta = batch_norm_backward(np.array([[1.0], [2], [4], [9]]), cache)
    np.testing.assert_array_equal(dgamma, [6])  # -1 + 2 - 4 + 9
    np.testing.assert_array_equal(dbeta, [16])
    # 2 (dy - 16 / 4 - x 6 / 4): 2 (1 - 4 + 1.5), 2 (2 - 4 - 1.5), 2 (4 - 4 + 1.5), 2 (9 - 4 - 1.5)
    np.testing.assert_array_equal(dx, [[-3], [-7], [3], [7]])


def test_given_statistics_by_hand():
    # (x - 1) / sqrt(4) * 10 + 5
    given = (np.array([1.0]), np.array([4.0]))
    y, cache = batch_norm_forward(np.array([[1.0], [3]]), np.array([10.0]), np.array([5.0]), statistics=given, eps=0.0)
    np.testing.assert_array_equal(y, [[5], [15]])
    dx, dgamma, dbeta = batch_norm_backward(np.array([[1.0], [2]]), cache)
    np.testing.assert_array_equal(dx, [[5], [10]])  # dy * 10 / 2, each by itself
    np.testing.assert_array_equal(dgamma, [2])  # 1 * 0 + 2 * 1
    np.testing.assert_array_equal(dbeta, [3])


@pytest.mark.bad_input  # the annotations know no complex numbers
def test_given_statistics_stay_real_in_the_complex_step():
    given = (np.array([1.0]), np.array([4.0]))
    with complex_allowed():
        y, _ = batch_norm_forward(np.array([[3.0 + 1e-20j]]), ONE + 0j, ZERO + 0j, statistics=given, eps=0.0)
    assert y.item() == 1 + 0.5e-20j  # the slope is 1 / sqrt(4)


@pytest.mark.parametrize("shape", [(8, 3), (2, 3, 5, 3), (4, 2, 3)])
def test_every_feature_has_mean_beta_and_variance_gamma_squared(shape):
    x, gamma, beta = 5 + 3 * random(*shape), np.array([1.0, -2, 0.5]), np.array([0.0, 3, -1])
    y, _ = batch_norm_forward(x, gamma, beta, eps=0.0)
    features = y.reshape(-1, 3)
    np.testing.assert_allclose(features.mean(axis=0), beta, rtol=0, atol=1e-14)
    np.testing.assert_allclose(features.var(axis=0), gamma**2, rtol=1e-13)


def test_the_gradient_neither_shifts_nor_stretches_the_batch():
    """Shifting or stretching all of x changes no output: the gradient is at right angles to both."""
    x = random(8, 3)
    _, cache = batch_norm_forward(x, np.ones(3), np.zeros(3), eps=0.0)
    dx, _, _ = batch_norm_backward(random(8, 3, seed=1), cache)
    np.testing.assert_allclose(dx.sum(axis=0), np.zeros(3), rtol=0, atol=1e-14)
    np.testing.assert_allclose((dx * (x - x.mean(axis=0))).sum(axis=0), np.zeros(3), rtol=0, atol=1e-14)


def test_one_example_comes_out_as_beta():
    y, cache = batch_norm_forward(np.array([[7.0, -2]]), np.array([3.0, 4]), np.array([0.5, 1]))
    np.testing.assert_array_equal(y, [[0.5, 1]])
    dx, dgamma, dbeta = batch_norm_backward(np.array([[1.0, 2]]), cache)
    np.testing.assert_array_equal(dx, [[0, 0]])
    np.testing.assert_array_equal(dgamma, [0, 0])
    np.testing.assert_array_equal(dbeta, [1, 2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_feature_comes_out_as_beta(dtype):
    x = np.array([[7, 1], [7, 2], [7, 3]], dtype)
    y, cache = batch_norm_forward(x, np.array([3, 1], dtype), np.array([0.5, 0], dtype))
    np.testing.assert_array_equal(y[:, 0], [0.5] * 3)
    dx, _, _ = batch_norm_backward(np.array([[1, 0], [2, 0], [6, 0]], dtype), cache)
    # 3 / sqrt(1e-5) (dy - 3), and nothing from its variance, which is flat there
    np.testing.assert_allclose(dx[:, 0], 3 / np.sqrt(1e-5) * np.array([-2, -1, 3]), rtol=4 * np.finfo(dtype).eps)


def test_large_numbers_close_together_keep_their_digits():
    """The mean of squares less the square of the mean would leave nothing of a variance of 1 beside 1e16."""
    x = 1e8 + np.array([[-1.0], [1], [-1], [1]])
    np.testing.assert_array_equal(batch_norm_forward(x, ONE, ZERO, eps=0.0)[0], [[-1], [1], [-1], [1]])


def test_nan_stays_in_its_feature():
    x = random(4, 2)
    x[1, 0] = np.nan
    y, _ = batch_norm_forward(x, np.ones(2), np.zeros(2))
    assert np.isnan(y[:, 0]).all()
    assert np.isfinite(y[:, 1]).all()


class Workers:
    """A reduce hook for two threads: each leaves its part, waits for the other, and takes the sum."""

    def __init__(self):
        self.parts, self.barrier = [None, None], threading.Barrier(2, timeout=20)

    def of(self, worker):
        def reduce(total, count):
            self.parts[worker] = total.copy(), count
            self.barrier.wait()
            (one, m), (two, n) = self.parts
            self.barrier.wait()  # nobody overwrites a part before both have read it
            return one + two, m + n

        return reduce


def test_two_workers_come_to_what_one_comes_to():
    x, dy, gamma, beta = random(8, 3), random(8, 3, seed=1), random(3, seed=2), random(3, seed=3)
    y, cache = batch_norm_forward(x, gamma, beta)
    dx, dgamma, dbeta = batch_norm_backward(dy, cache)
    parts, workers = [slice(0, 3), slice(3, 8)], Workers()  # unequal: a mean of means would differ

    def work(rank):
        reduce, mine = workers.of(rank), parts[rank]
        y, cache = batch_norm_forward(x[mine], gamma, beta, reduce=reduce)
        return y, *batch_norm_backward(dy[mine], cache, reduce=reduce)

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(work, range(2)))
    for (y2, dx2, *_), part in zip(results, parts, strict=True):
        np.testing.assert_allclose(y2, y[part], rtol=0, atol=1e-13)
        np.testing.assert_allclose(dx2, dx[part], rtol=0, atol=1e-13)
    # The gradients of the parameters are each worker's own: whoever trains adds them up, as those of all weights.
    np.testing.assert_allclose(results[0][2] + results[1][2], dgamma, rtol=0, atol=1e-13)
    np.testing.assert_allclose(results[0][3] + results[1][3], dbeta, rtol=0, atol=1e-13)


def test_every_sum_comes_with_its_count():
    """A hook may be told nothing else about the batch: each of the four sums is over 30 entries of each feature."""
    counts = []

    def reduce(total, count):
        counts.append(count)
        return total, count

    x = random(2, 3, 5, 4)
    _, cache = batch_norm_forward(x, np.ones(4), np.zeros(4), reduce=reduce)
    batch_norm_backward(x, cache, reduce=reduce)
    assert counts == [30] * 4
    assert {type(count) for count in counts} == {int}


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": np.ones(3)}, r"gamma must have one entry for each feature, the last axis of x \(4, 2\), got \(3,\)"),
        ({"beta": np.ones((1, 2))}, r"beta must have one entry for each feature, .* got \(1, 2\)"),
        ({"statistics": (np.ones(1), np.ones(2))}, r"mean must have one entry for each feature, .* got \(1,\)"),
        ({"statistics": (np.ones(2), np.ones(()))}, r"variance must have one entry for each feature, .* got \(\)"),
        (
            {"x": np.array(1.0), "gamma": np.array(1.0), "beta": np.array(1.0)},
            r"gamma must .* the last axis of x \(\), ",
        ),
        ({"x": np.ones((0, 2))}, r"needs at least one example with one feature, got an array of shape \(0, 2\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(arguments, message):
    right = {"x": np.ones((4, 2)), "gamma": np.ones(2), "beta": np.ones(2)}
    with pytest.raises(ValueError, match=f"^batch_norm: {message}"):
        batch_norm_forward(**{**right, **arguments})


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("wrong", "dtypes"), [("mean", (np.float64, np.float32)), ("variance", (np.float32, np.float64))]
)
def test_statistics_of_another_dtype_are_refused(wrong, dtypes):
    x = np.ones((4, 1), np.float32)
    given = tuple(np.ones(1, dtype) for dtype in dtypes)
    with pytest.raises(
        TypeError, match=f"batch_norm: x is float32 but {wrong} is float64; all arrays of one call share"
    ):
        batch_norm_forward(x, x[0], x[0], statistics=given)
