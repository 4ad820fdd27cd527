"""Softmax, worked out by hand and at its extremes."""

import numpy as np
import pytest

from miniae.ops import softmax_backward, softmax_forward
from miniae.ops.softmax import SoftmaxCache


def test_forward_by_hand():
    # e^x = 1, 2, 5: shares of 8; adding 7 to all changes nothing
    x = np.log([[1.0, 2.0, 5.0]])
    y, _ = softmax_forward(np.concatenate([x, x + 7]))
    np.testing.assert_allclose(y, [[0.125, 0.25, 0.625]] * 2, rtol=1e-15)


def test_backward_by_hand():
    # sum of dy y = 8/8 + 0 + 0 = 1; y (dy - 1) = 1/8 * 7, 1/4 * -1, 5/8 * -1
    dx = softmax_backward(np.array([[8.0, 0.0, 0.0]]), SoftmaxCache(np.array([[0.125, 0.25, 0.625]])))
    np.testing.assert_array_equal(dx, [[0.875, -0.25, -0.625]])


def test_the_gradient_of_a_constant_cotangent_is_zero():
    # the outputs sum to 1 whatever x is; so an all-ones cotangent would test nothing
    _, cache = softmax_forward(np.array([[0.3, -1.0, 2.0]]))
    np.testing.assert_allclose(softmax_backward(np.ones((1, 3)), cache), np.zeros((1, 3)), atol=1e-16)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (1, 1)])
def test_every_distribution_along_the_last_axis_sums_to_one(shape):
    y, _ = softmax_forward(np.random.default_rng(0).standard_normal(shape))
    np.testing.assert_allclose(y.sum(axis=-1), np.ones(shape[:-1]), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    x = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4], [1e4, 1e4, 0]], dtype)
    y, cache = softmax_forward(x)
    third, eps = 1 / 3, np.finfo(dtype).eps
    np.testing.assert_allclose(y, [[1, 0, 0], [third, third, third], [0.5, 0.5, 0]], rtol=eps)
    # dy = (1, 0, 0): y_1 (1 - y_1), -y_2 y_1, -y_3 y_1
    dx = softmax_backward(np.array([[1, 0, 0]] * 3, dtype), cache)
    np.testing.assert_allclose(dx, [[0, 0, 0], [2 / 9, -1 / 9, -1 / 9], [0.25, -0.25, 0]], rtol=4 * eps)


def test_one_class_is_certain():
    y, cache = softmax_forward(np.array([[3.0], [-1e4]]))
    np.testing.assert_array_equal(y, [[1], [1]])
    np.testing.assert_array_equal(softmax_backward(np.array([[2.0], [5.0]]), cache), [[0], [0]])


@pytest.mark.bad_input
@pytest.mark.parametrize("x", [np.zeros((2, 0)), np.array(1.0)])
def test_no_class_is_refused(x):
    with pytest.raises(ValueError, match=r"softmax: x must have at least one class along its last axis, got shape"):
        softmax_forward(x)
