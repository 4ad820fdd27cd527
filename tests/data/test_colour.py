"""Colour patches: cut from the photographs, training and test apart."""

import numpy as np
import pytest

from miniae.data import colour_patches, colour_photographs


def test_patches_are_pieces_of_the_photographs_from_their_own_side():
    pictures = colour_photographs()
    for patches, inside in zip(
        colour_patches(24, 12, 12, seed=3), (lambda w: (0, 7 * w // 10), lambda w: (7 * w // 10, w)), strict=True
    ):
        for patch in patches:
            found = False
            for picture in pictures:
                rows, columns = np.nonzero((picture == patch[0, 0]).all(axis=-1))
                for r, c in zip(rows, columns, strict=True):
                    first, end = inside(picture.shape[1])
                    if first <= c and c + 24 <= end and np.array_equal(picture[r : r + 24, c : c + 24], patch):
                        found = True
            assert found


def test_the_seed_decides():
    np.testing.assert_array_equal(colour_patches(8, 5, 2, seed=1)[0], colour_patches(8, 5, 2, seed=1)[0])
    assert not np.array_equal(colour_patches(8, 5, 2, seed=1)[0], colour_patches(8, 5, 2, seed=2)[0])


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match="size must be at most 136, got 137"):
        colour_patches(137, 1, 1)
    with pytest.raises(ValueError, match="train must be at least 1, got 0"):
        colour_patches(8, 0, 1)
