"""Identity: the same numbers, in memory of their own."""

import numpy as np

from miniae.ops import identity_backward, identity_forward
from miniae.ops.identity import IdentityCache


def test_forward_hands_on_a_copy():
    x = np.array([[-1.0, 0.0], [2.5, np.inf]])
    y, _ = identity_forward(x)
    np.testing.assert_array_equal(y, [[-1, 0], [2.5, np.inf]])
    y[0, 0] = 99
    assert x[0, 0] == -1


def test_backward_hands_on_a_copy():
    dy = np.array([3.0, -4.0])
    dx = identity_backward(dy, IdentityCache((2,), np.dtype(np.float64)))
    np.testing.assert_array_equal(dx, [3, -4])
    dx += 1
    np.testing.assert_array_equal(dy, [3, -4])
