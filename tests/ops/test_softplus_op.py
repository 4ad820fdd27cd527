"""Softplus, worked out by hand and at its extremes."""

import numpy as np
import pytest

from miniae.ops import softplus_backward, softplus_forward
from miniae.ops.softplus import SoftplusCache


def test_forward_by_hand():
    # log(1 + 1), log(1 + 3), log(1 + 1/3)
    y, _ = softplus_forward(np.array([0.0, np.log(3), -np.log(3)]))
    np.testing.assert_allclose(y, np.log([2, 4, 4 / 3]), rtol=1e-15)


def test_backward_by_hand():
    # 1 - e^-y with e^y = 2 and 4: 1/2 and 3/4, the sigmoids of 0 and log 3
    dx = softplus_backward(np.array([2.0, 4.0]), SoftplusCache(np.log([2.0, 4.0])))
    np.testing.assert_allclose(dx, [1, 3], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    x = np.array([-np.inf, -1000, -50, 50, 1000, np.inf], dtype)
    y, cache = softplus_forward(x)
    tail = np.exp(-50.0)  # 1.9e-22: at -50 both softplus and its slope are e^-50 to 21 digits
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(y, [0, 0, tail, 50, 1000, np.inf], rtol=4 * eps, atol=1e-30)
    np.testing.assert_allclose(
        softplus_backward(np.ones_like(x), cache), [0, 0, tail, 1, 1, 1], rtol=4 * eps, atol=1e-30
    )
