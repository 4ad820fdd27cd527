"""Sigmoid, worked out by hand and at its extremes."""

import numpy as np
import pytest

from miniae.ops import sigmoid_backward, sigmoid_forward
from miniae.ops.sigmoid import SigmoidCache


def test_forward_by_hand():
    # e^-log 3 = 1/3, and 1 / (1 + 1/3) = 3/4; the sigmoid of -x is one minus that of x
    y, _ = sigmoid_forward(np.array([0.0, np.log(3), -np.log(3)]))
    np.testing.assert_allclose(y, [0.5, 0.75, 0.25], rtol=1e-15)


def test_backward_by_hand():
    # y (1 - y): 1/2 * 1/2, 3/4 * 1/4
    dx = sigmoid_backward(np.array([8.0, 16.0]), SigmoidCache(np.array([0.5, 0.75])))
    np.testing.assert_array_equal(dx, [2, 3])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    x = np.array([-np.inf, -1000, -50, 50, 1000, np.inf], dtype)
    y, cache = sigmoid_forward(x)
    tail = np.exp(-50.0)  # 1.9e-22: at -50 the sigmoid is e^-50 to 21 digits, and so is its slope
    np.testing.assert_allclose(y, [0, 0, tail, 1, 1, 1], rtol=4 * np.finfo(dtype).eps, atol=1e-30)
    dx = sigmoid_backward(np.ones_like(x), cache)
    np.testing.assert_allclose(dx[:3], [0, 0, tail], rtol=4 * np.finfo(dtype).eps, atol=1e-30)
    np.testing.assert_allclose(dx[3:], [tail, 0, 0], atol=np.finfo(dtype).eps)  # 1 - y is a multiple of eps / 2
