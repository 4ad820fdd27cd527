"""Weight decay, worked out by hand."""

import numpy as np

from miniae.penalties import l2


def test_by_hand():
    # squares 1 + 4 + 9 + 16 = 30; 0.5 / 2 * 30
    cost, dw = l2(np.array([[1.0, -2.0], [3.0, 4.0]]), strength=0.5)
    assert cost == 7.5
    np.testing.assert_array_equal(dw, [[0.5, -1], [1.5, 2]])


def test_of_several_arrays_is_the_sum():
    one, two = np.array([[1.0, 2.0]]), np.array([3.0, 4.0])
    both, dw = l2(np.concatenate([one.ravel(), two]), strength=0.1)
    assert both == l2(one, strength=0.1)[0] + l2(two, strength=0.1)[0]
    np.testing.assert_array_equal(dw, np.concatenate([l2(one, 0.1)[1].ravel(), l2(two, 0.1)[1]]))


def test_of_nothing_is_nothing():
    cost, dw = l2(np.zeros(0), strength=0.5)
    assert cost == 0
    assert dw.shape == (0,)


def test_without_strength_is_nothing():
    cost, dw = l2(np.array([[3.0, -1.0]]), strength=0.0)
    assert cost == 0
    np.testing.assert_array_equal(dw, [[0, 0]])
