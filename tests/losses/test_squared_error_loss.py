"""Squared error, worked out by hand."""

import numpy as np

from miniae.losses import squared_error


def test_by_hand():
    y, target = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, -2.0]]), np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    # differences (0, 2, 3) and (-1, 0, -2): squares 0 + 4 + 9 and 1 + 0 + 4 make 18; half of it, over 2 examples
    loss, dy = squared_error(y, target)
    assert loss == 4.5
    np.testing.assert_array_equal(dy, [[0, 1, 1.5], [-0.5, 0, -1]])  # differences over 2 examples


def test_of_a_perfect_reconstruction_is_zero():
    y = np.array([[0.3, 0.7]])
    loss, dy = squared_error(y, y.copy())
    assert loss == 0
    np.testing.assert_array_equal(dy, [[0, 0]])
