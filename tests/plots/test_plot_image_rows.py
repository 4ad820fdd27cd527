"""Rows of images on one gray scale, against pictures written out by hand."""

import numpy as np
import pytest

from miniae.plots import image_rows


def drawn(figure):
    (image,) = figure.axes[0].images
    return np.asarray(image.get_array())


def test_pairs_stand_above_each_other_on_one_scale():
    """1 x 2 pixels, values from 0 to 4 over both rows: gray = value / 4, separators white."""
    x = np.array([[0.0, 4.0], [2.0, 4.0], [9.0, 9.0]])  # the third is not drawn
    y = np.array([[1.0, 3.0], [2.0, 2.0], [9.0, 9.0]])
    expected = [
        [1, 1, 1, 1, 1, 1, 1],
        [1, 0, 1, 1, 0.5, 1, 1],
        [1, 1, 1, 1, 1, 1, 1],
        [1, 0.25, 0.75, 1, 0.5, 0.5, 1],
        [1, 1, 1, 1, 1, 1, 1],
    ]
    figure = image_rows({"original": x, "reconstruction": y}, (1, 2), count=2)
    np.testing.assert_array_equal(drawn(figure), expected)


def test_labels_stand_at_the_middle_of_their_rows():
    """Rows of 2 pixels begin at mosaic rows 1, 4, 7; pixel k reaches from k - 1/2 to k + 1/2."""
    x = np.zeros((3, 4))
    ax = image_rows({"original": x, "noisy": x, "denoised": x}).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["original", "noisy", "denoised"]
    np.testing.assert_array_equal(ax.get_yticks(), [1.5, 4.5, 7.5])


def test_fewer_images_than_asked_for():
    assert drawn(image_rows({"x": np.zeros((3, 4))}, count=10)).shape == (4, 10)


def test_images_in_their_own_shape():
    rng = np.random.default_rng(0)
    colour = rng.uniform(size=(2, 5, 4, 3))
    np.testing.assert_array_equal(
        drawn(image_rows({"x": colour})), drawn(image_rows({"x": colour.reshape(2, -1)}, (5, 4, 3)))
    )
    assert drawn(image_rows({"x": rng.integers(0, 256, (2, 5, 4, 1), np.uint8)})).shape == (7, 11)


def test_images_without_any_difference_are_black():
    assert (drawn(image_rows({"x": np.ones((1, 4))}))[1:3, 1:3] == 0).all()


def test_the_longest_label_fits():
    figure = image_rows({"original": np.zeros((10, 4)), "W" * 20: np.zeros((10, 4))})
    figure.draw_without_rendering()
    assert all(label.get_window_extent().x0 >= 0 for label in figure.axes[0].get_yticklabels())


def test_the_images_are_not_changed():
    x = np.random.default_rng(0).normal(size=(4, 9))
    before = x.copy()
    image_rows({"x": x})
    np.testing.assert_array_equal(x, before)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("rows", "count", "message"),
    [
        ({}, 10, "at least one row of images"),
        ({"x": np.zeros((2, 4))}, 0, "count must be at least 1, got 0"),
        (
            {"x": np.zeros((3, 4)), "y": np.zeros((2, 4))},
            10,
            r"as many images of one shape, got x \(3, 2, 2\) and y \(2, 2, 2\)",
        ),
        ({"x": np.zeros((3, 4)), "y": np.zeros((3, 9))}, 10, r"got x \(3, 2, 2\) and y \(3, 3, 3\)"),
        ({"x": np.zeros((3, 65))}, 10, "image_rows: x has 65 features, which is no square"),
        ({"x": np.zeros((0, 4))}, 10, r"image_rows: x is empty, its shape is \(0, 4\)"),
        ({"x": np.zeros((1, 4)), "y": np.full((1, 4), np.nan)}, 10, "image_rows: y must be finite"),
    ],
)
def test_refuses(rows, count, message):
    with pytest.raises(ValueError, match=message):
        image_rows(rows, count=count)
