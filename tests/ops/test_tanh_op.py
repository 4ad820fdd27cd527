"""Tanh, worked out by hand and at its extremes."""

import numpy as np
import pytest

from miniae.ops import tanh_backward, tanh_forward
from miniae.ops.tanh import TanhCache


def test_forward_by_hand():
    # with e^x = 2: (2 - 1/2) / (2 + 1/2) = 0.6; tanh is odd
    y, _ = tanh_forward(np.array([0.0, np.log(2), -np.log(2)]))
    np.testing.assert_allclose(y, [0, 0.6, -0.6], rtol=1e-15)


def test_backward_by_hand():
    # 1 - y^2: 1 - 0, 1 - 1/4, 1 - 9/16
    dx = tanh_backward(np.array([3.0, 4.0, 16.0]), TanhCache(np.array([0.0, 0.5, -0.75])))
    np.testing.assert_array_equal(dx, [3, 3, 7])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    y, cache = tanh_forward(np.array([-np.inf, -1000, 1000, np.inf], dtype))
    np.testing.assert_array_equal(y, [-1, -1, 1, 1])
    np.testing.assert_array_equal(tanh_backward(np.ones_like(y), cache), [0, 0, 0, 0])
