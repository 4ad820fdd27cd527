"""Reshape, worked out by hand."""

import numpy as np
import pytest
from geometries import random

from miniae.ops import reshape_backward, reshape_forward
from miniae.ops.reshape import ReshapeCache


def test_the_last_axis_runs_fastest():
    # two images of one row, two pixels and three channels: the channels of the first pixel come first
    x = np.array([[[[1.0, 2, 3], [4, 5, 6]]], [[[7, 8, 9], [10, 11, 12]]]])
    y, _ = reshape_forward(x)
    np.testing.assert_array_equal(y, [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]])


def test_backward_by_hand():
    dx = reshape_backward(np.array([[1.0, 2, 3, 4]]), ReshapeCache((1, 2, 2), (1, 4), np.dtype(float)))
    np.testing.assert_array_equal(dx, [[[1, 2], [3, 4]]])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((-1,), (5, 12)),
        ((2, 6), (5, 2, 6)),
        ((-1, 2, 2), (5, 3, 2, 2)),
        ((12, -1), (5, 12, 1)),
        ((3, 4, 1), (5, 3, 4, 1)),
    ],
)
def test_there_and_back(shape, expected):
    x = random(5, 4, 3)
    y, cache = reshape_forward(x, shape=shape)
    assert y.shape == expected
    np.testing.assert_array_equal(reshape_backward(y, cache), x)


def test_an_example_that_is_one_number_has_one_element():
    y, cache = reshape_forward(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(y, [[1], [2]])
    np.testing.assert_array_equal(reshape_backward(y, cache), [1, 2])


@pytest.mark.bad_input
@pytest.mark.parametrize("shape", [(5,), (3, 5), (-1, 5), (-1, -1), (0, -1), (-2, -6), (), (12, 2)])
def test_a_shape_that_does_not_fit_is_refused(shape):
    with pytest.raises(
        ValueError, match=r"reshape: an example of shape \(4, 3\) has 12 elements, which do not make \("
    ):
        reshape_forward(np.ones((5, 4, 3)), shape=shape)


@pytest.mark.bad_input
def test_a_single_number_is_no_batch():
    with pytest.raises(ValueError, match="^reshape: x must have a first axis, the examples, got a single number$"):
        reshape_forward(np.array(1.0))
