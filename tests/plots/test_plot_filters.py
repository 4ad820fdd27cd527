"""The tiles' gray values against weights scaled by hand."""

import numpy as np
import pytest

from miniae.plots import filters


def drawn(figure):
    (image,) = figure.axes[0].images
    return np.asarray(image.get_array())


def test_scaling_by_hand():
    """Mean of all weights 1; deviations 0 1 2 3, largest 3, and -1 -1 -1 -3, largest 3; gray = (1 + t) / 2."""
    w = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, -2.0]])
    expected = np.array(
        [
            [0, 0, 0, 0, 0, 0, 0],
            [0, 1 / 2, 2 / 3, 0, 1 / 3, 1 / 3, 0],
            [0, 5 / 6, 1, 0, 1 / 3, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
        ]
    )
    np.testing.assert_allclose(drawn(filters(w)), expected, rtol=0, atol=1e-15)  # values up to 1, a few roundings


def test_each_unit_has_its_own_scale():
    """Columns of mean 0, so the mean of all weights is 0 and stays so when one of them grows."""
    w = np.array([[1.0, 3.0], [-1.0, -1.0], [0.5, -1.0], [-0.5, -1.0]])
    np.testing.assert_allclose(drawn(filters(w * [1.0, 1000.0])), drawn(filters(w)), rtol=0, atol=1e-15)


def test_a_colour_unit_has_one_scale_for_its_channels():
    """One pixel of weights 4, -2, -2 (mean 0): red at the top of the scale, the others at -1/2."""
    image = drawn(filters(np.array([[4.0], [-2.0], [-2.0]]), (1, 1, 3)))
    assert image.shape == (3, 3, 3)
    np.testing.assert_allclose(image[1, 1], [1, 0.25, 0.25], rtol=0, atol=1e-15)
    assert (image[0] == 0).all()


def test_weights_without_any_difference_are_middle_gray():
    assert (drawn(filters(np.ones((4, 1))))[1:3, 1:3] == 0.5).all()


def test_columns_and_orientation():
    """Unit k stands at row k // columns, column k % columns; feature 1 is right of feature 0, not below it."""
    w = np.zeros((4, 3))
    w[1] = [1, 2, 3]
    image = drawn(filters(w, columns=1))
    assert image.shape == (1 + 3 * 3, 1 + 3)
    assert [tuple(map(int, i)) for i in np.argwhere(image == 1)] == [(1, 2), (4, 2), (7, 2)]


def test_convolution_weights_as_the_docstring_says():
    w = np.random.default_rng(0).normal(size=(5, 5, 3, 4))
    assert drawn(filters(w.reshape(-1, 4), (5, 5, 3))).shape == (13, 13, 3)


def test_the_weights_are_not_changed():
    w = np.random.default_rng(0).normal(size=(4, 3))
    before = w.copy()
    filters(w)
    np.testing.assert_array_equal(w, before)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("w", "message"),
    [
        (np.zeros((65, 25)), r"filters: w has 65 features, which is no square; pass shape=\(H, W\)"),
        (np.zeros(64), r"filters: w must have shape \(features, units\), got \(64,\)"),
        (np.zeros((5, 5, 1, 8)), r"got \(5, 5, 1, 8\)"),
        (np.full((4, 1), np.nan), "filters: w must be finite; 4 of its 4 values are not"),
        (np.zeros((64, 0)), r"filters: w is empty, its shape is \(64, 0\)"),
    ],
)
def test_refuses(w, message):
    with pytest.raises(ValueError, match=message):
        filters(w)
