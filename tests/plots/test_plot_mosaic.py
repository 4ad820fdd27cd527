"""The mosaic against grids written out by hand, and cut up again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniae.plots import mosaic


def test_three_images_in_two_columns():
    images = np.array([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], [[9.0, 10.0], [11.0, 12.0]]])
    expected = [
        [-1, -1, -1, -1, -1, -1, -1],
        [-1, 1, 2, -1, 5, 6, -1],
        [-1, 3, 4, -1, 7, 8, -1],
        [-1, -1, -1, -1, -1, -1, -1],
        [-1, 9, 10, -1, -1, -1, -1],
        [-1, 11, 12, -1, -1, -1, -1],
        [-1, -1, -1, -1, -1, -1, -1],
    ]
    np.testing.assert_array_equal(mosaic(images, separator=-1.0), expected)


def test_one_column():
    np.testing.assert_array_equal(
        mosaic(np.array([[[1.0]], [[2.0]]]), columns=1), [[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 2, 0], [0, 0, 0]]
    )


def test_colour_channels_stay_together():
    grid = mosaic(np.array([[[[0.1, 0.2, 0.3]]]]), separator=1.0)
    assert grid.shape == (3, 3, 3)
    np.testing.assert_array_equal(grid[1, 1], [0.1, 0.2, 0.3])
    assert (np.delete(grid.reshape(9, 3), 4, axis=0) == 1).all()


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (196, 14)])
def test_as_square_as_can_be(n, columns):
    rows = -(-n // columns)
    assert mosaic(np.zeros((n, 1, 1))).shape == (1 + 2 * rows, 1 + 2 * columns)


@given(
    n=st.integers(1, 12),
    h=st.integers(1, 4),
    w=st.integers(1, 4),
    columns=st.none() | st.integers(1, 15),
    colour=st.booleans(),
)
def test_every_image_is_found_again(n, h, w, columns, colour):
    shape = (n, h, w, 3) if colour else (n, h, w)
    images = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    grid = mosaic(images, columns)
    inside = grid[1:, 1:]
    per_row = inside.shape[1] // (w + 1)
    cut = [
        inside[i : i + h, j : j + w]
        for i in range(0, inside.shape[0], h + 1)
        for j in range(0, per_row * (w + 1), w + 1)
    ]
    np.testing.assert_array_equal(cut[:n], images)
    assert grid.sum() == images.sum()  # exact in integers: everything else is separator, 0


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("tiles", "columns", "message"),
    [
        (np.zeros((4, 64)), None, r"must have shape \(N, H, W\) or \(N, H, W, 3\), got \(4, 64\)"),
        (np.zeros((4, 8, 8, 2)), None, r"got \(4, 8, 8, 2\)"),
        (np.zeros((0, 8, 8)), None, r"tiles is empty, its shape is \(0, 8, 8\)"),
        (np.zeros((4, 8, 8)), 0, "columns must be at least 1, got 0"),
        (np.full((1, 1, 2), np.nan), None, r"2 of its 2 values are not, the first nan at index \(0, 0, 0\)"),
    ],
)
def test_refuses(tiles, columns, message):
    with pytest.raises(ValueError, match=message):
        mosaic(tiles, columns)
