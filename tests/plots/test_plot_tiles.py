"""Rows of features turned back into images."""

import numpy as np
import pytest

from miniae.plots.tiles import tiles


def test_features_fill_a_tile_row_by_row():
    np.testing.assert_array_equal(tiles("plot", "x", np.arange(6.0)[None], (2, 3)), [[[0, 1, 2], [3, 4, 5]]])


def test_channels_of_a_pixel_are_neighbours():
    image = tiles("plot", "x", np.arange(6.0)[None], (1, 2, 3))
    np.testing.assert_array_equal(image, [[[[0, 1, 2], [3, 4, 5]]]])


@pytest.mark.parametrize(
    ("x_shape", "shape", "expected"),
    [
        ((5, 9), None, (5, 3, 3)),
        ((5, 2, 3), None, (5, 2, 3)),
        ((5, 2, 3, 1), None, (5, 2, 3)),
        ((5, 2, 3, 3), None, (5, 2, 3, 3)),
        ((5, 6), (2, 3, 1), (5, 2, 3)),
        ((5, 4, 3), (6, 2), (5, 6, 2)),
    ],
)
def test_shapes(x_shape, shape, expected):
    assert tiles("plot", "x", np.zeros(x_shape), shape).shape == expected


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x_shape", "shape", "message"),
    [
        ((5, 65), None, r"plot: x has 65 features, which is no square; pass shape=\(H, W\) with H \* W = 65$"),
        ((5, 192), None, r"with H \* W = 192, or shape=\(8, 8, 3\) for colour$"),
        ((5, 64), (8, 9), r"plot: x has 64 features but shape=\(8, 9\) takes 72"),
        ((5, 32), (4, 4, 2), r"\(H, W\), \(H, W, 1\) or \(H, W, 3\), got shape \(4, 4, 2\)"),
        ((5, 4, 4, 2), None, r"got shape \(4, 4, 2\)"),
        ((5, 64), (64,), r"got shape \(64,\)"),
        ((64,), None, r"one image per row, .* got shape \(64,\)"),
    ],
)
def test_refuses(x_shape, shape, message):
    with pytest.raises(ValueError, match=message):
        tiles("plot", "x", np.zeros(x_shape), shape)
