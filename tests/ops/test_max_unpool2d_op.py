"""Unpooling, worked out by hand, and the way back from a pooling."""

import numpy as np
import pytest
from geometries import fewer, geometries, image, random
from hypothesis import given

from miniae import loops
from miniae.ops import max_pool2d_forward, max_unpool2d_backward, max_unpool2d_forward

X = image([[1, 5, 2, 0], [3, 4, 7, 6]])
_, POOL = max_pool2d_forward(X)  # chooses the 5 and the 7


def test_forward_by_hand():
    y, _ = max_unpool2d_forward(image([[10, 20]]), POOL)
    np.testing.assert_array_equal(y, image([[0, 10, 0, 0], [0, 0, 20, 0]]))


def test_backward_by_hand():
    _, cache = max_unpool2d_forward(image([[10, 20]]), POOL)
    np.testing.assert_array_equal(max_unpool2d_backward(X, cache), image([[5, 7]]))


def test_where_two_windows_chose_the_same_pixel_it_holds_their_sum():
    _, pool = max_pool2d_forward(image([[0, 9, 1]]), kernel_size=(1, 2), stride=1)
    y, cache = max_unpool2d_forward(image([[10, 20]]), pool)
    np.testing.assert_array_equal(y, image([[0, 30, 0]]))
    np.testing.assert_array_equal(max_unpool2d_backward(image([[1, 2, 3]]), cache), image([[2, 2]]))


@pytest.mark.parametrize("kernel", [1, 2, 3, (2, 1)])
def test_what_was_pooled_goes_back_in_its_place(kernel):
    x = np.abs(random(2, 6, 6, 3)) + 1
    pooled, pool = max_pool2d_forward(x, kernel_size=kernel)
    y, _ = max_unpool2d_forward(pooled, pool)
    np.testing.assert_array_equal(y[y != 0], x[y != 0])
    assert np.count_nonzero(y) == pooled.size
    np.testing.assert_array_equal(max_pool2d_forward(y, kernel_size=kernel)[0], pooled)


@fewer
@given(geometries())
def test_agrees_with_the_loops_and_is_the_transpose_of_its_backward(geometry):
    pooled, pool = max_pool2d_forward(random(2, *geometry.size, 2), **geometry.pooling())
    x, dy = random(*pooled.shape, seed=1), random(2, *geometry.size, 2, seed=2)
    y, cache = max_unpool2d_forward(x, pool)
    np.testing.assert_allclose(y, loops.max_pool2d_gradient(x, pool.switches, geometry.windows), rtol=0, atol=1e-12)
    assert (y * dy).sum() == pytest.approx((x * max_unpool2d_backward(dy, cache)).sum(), rel=0, abs=1e-12)


def test_nan_goes_where_its_value_would():
    y, cache = max_unpool2d_forward(image([[np.nan, 20]]), POOL)
    np.testing.assert_array_equal(y, image([[0, np.nan, 0, 0], [0, 0, 20, 0]]))
    np.testing.assert_array_equal(max_unpool2d_backward(y, cache), image([[np.nan, 20]]))


@pytest.mark.bad_input
def test_another_shape_than_the_pooling_returned_is_refused():
    with pytest.raises(
        ValueError, match=r"max_unpool2d: x has shape \(1, 2, 4, 1\), the pooling returned \(1, 1, 2, 1\)"
    ):
        max_unpool2d_forward(X, POOL)
