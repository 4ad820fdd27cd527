"""Matrix image: the entries, on a scale with 0 in its middle."""

import numpy as np
import pytest

from miniae.plots import matrix_image


def test_entries_and_scale():
    matrix = np.array([[1.0, -3.0], [0.0, 2.0]])
    figure = matrix_image(matrix, "of signs")
    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), matrix)
    assert image.get_clim() == (-3, 3)
    assert figure.axes[0].get_title() == "of signs"


def test_zeros_are_drawn_too():
    (image,) = matrix_image(np.zeros((2, 3))).axes[0].images
    assert image.get_clim() == (-1, 1)


@pytest.mark.bad_input
def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"matrix must have shape \(rows, columns\), got \(3,\)"):
        matrix_image(np.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        matrix_image(np.full((2, 2), np.inf))
