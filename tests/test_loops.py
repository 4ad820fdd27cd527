"""The loops, worked out by hand: what the fast operations are held to has to be right by itself."""

import numpy as np
import pytest
from geometries import image

from miniae import loops
from miniae.ops.windows import windows

TWO_BY_TWO = windows("max_pool2d", (2, 4), 2, 2, "valid")


def test_max_pool2d_by_hand():
    y, switches = loops.max_pool2d(image([[1, 5, 2, 0], [3, 4, 7, 6]]), TWO_BY_TWO)
    np.testing.assert_array_equal(y, image([[5, 7]]))
    np.testing.assert_array_equal(switches, image([[1, 2]]))  # top right is place 1, bottom left place 2
    assert switches.dtype == int
    dx = loops.max_pool2d_gradient(image([[10, 20]]), switches, TWO_BY_TWO)
    np.testing.assert_array_equal(dx, image([[0, 10, 0, 0], [0, 0, 20, 0]]))


def test_max_pool2d_adds_where_windows_overlap():
    # windows 0 9 and 9 1 both choose the 9: the second place of the first, the first of the second
    dx = loops.max_pool2d_gradient(
        image([[10, 20]]), image([[1, 0]]).astype(int), windows("max_pool2d", (1, 3), (1, 2), 1, "valid")
    )
    np.testing.assert_array_equal(dx, image([[0, 30, 0]]))


def test_mean_pool2d_by_hand():
    # windows of three over _ 2 4 6 _: (2 + 4) / 2, (2 + 4 + 6) / 3, (4 + 6) / 2
    at = windows("mean_pool2d", (1, 3), (1, 3), 1, "same")
    np.testing.assert_array_equal(loops.mean_pool2d(image([[2, 4, 6]]), at), image([[3, 4, 5]]))
    # back: 6 / 2 to two pixels, 12 / 3 to all three, 20 / 2 to two
    np.testing.assert_array_equal(loops.mean_pool2d_gradient(image([[6, 12, 20]]), at), image([[7, 17, 14]]))


def test_upsample2d_nearest_by_hand():
    y = loops.upsample2d(image([[1, 2], [3, 4]]), (2, 3), "nearest")
    np.testing.assert_array_equal(y, image([[1, 1, 1, 2, 2, 2]] * 2 + [[3, 3, 3, 4, 4, 4]] * 2))
    # Each pixel sums its block of two rows and three columns: 1 + 2 + 3 + 7 + 8 + 9, 4 + 5 + 6 + 10 + 11 + 12, ...
    dx = loops.upsample2d_gradient(np.arange(1.0, 25).reshape(1, 4, 6, 1), (2, 3), "nearest")
    np.testing.assert_array_equal(dx, image([[30, 48], [102, 120]]))


def test_upsample2d_bilinear_by_hand():
    # Shares 1 | 3/4 1/4 | 1/4 3/4 | 1 along both axes: first row 0 4 12 16, last 32 40 56 64, shares of both between
    y = loops.upsample2d(image([[0, 16], [32, 64]]), (2, 2), "bilinear")
    np.testing.assert_array_equal(y, image([[0, 4, 12, 16], [8, 13, 23, 28], [24, 31, 45, 52], [32, 40, 56, 64]]))


def test_upsample2d_bilinear_between_the_second_pixel_and_the_third():
    # at 5/4: 3/4 of 8 and 1/4 of 24; at 7/4: 1/4 of 8 and 3/4 of 24
    y = loops.upsample2d(image([[0, 8, 24]]), (1, 2), "bilinear")
    np.testing.assert_array_equal(y, image([[0, 2, 6, 12, 20, 24]]))


@pytest.mark.parametrize("place", range(16))
def test_upsample2d_bilinear_hands_back_the_shares_it_took(place):
    dy = np.zeros((1, 4, 4, 1))
    dy.flat[place] = 16
    shares = np.array([[4, 0], [3, 1], [1, 3], [0, 4]])
    dx = loops.upsample2d_gradient(dy, (2, 2), "bilinear")
    np.testing.assert_array_equal(dx[0, :, :, 0], np.outer(shares[place // 4], shares[place % 4]))
