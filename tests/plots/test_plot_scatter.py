"""The scatter: every dot in its place and in the colour of its class."""

import matplotlib as mpl
import numpy as np
import pytest

from miniae.plots import scatter

POINTS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


def test_dots_stand_where_the_points_are_in_the_colours_of_tab10():
    figure = scatter(POINTS, np.array([0, 2, 1]))
    (dots,) = figure.axes[0].collections
    np.testing.assert_array_equal(dots.get_offsets(), POINTS)
    figure.draw_without_rendering()
    tab10 = mpl.colormaps["tab10"]
    np.testing.assert_allclose(dots.get_facecolors()[:, :3], [tab10(k)[:3] for k in (0, 2, 1)])


def test_the_bar_names_every_class():
    figure = scatter(POINTS, np.array([0, 3, 1]))
    bar = figure.axes[1]
    figure.draw_without_rendering()
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "1", "2", "3"]
    assert bar.get_ylabel() == "class"


def test_a_class_has_one_colour_whatever_other_classes_there_are():
    few, many = (scatter(POINTS, np.array(labels)) for labels in ([1, 1, 1], [1, 9, 1]))
    for figure in (few, many):
        figure.draw_without_rendering()
    colours = [figure.axes[0].collections[0].get_facecolors()[0] for figure in (few, many)]
    np.testing.assert_allclose(*colours)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("points", "labels", "error", "message"),
    [
        (np.zeros((3, 3)), np.zeros(3, int), ValueError, r"points must have shape \(N, 2\), got \(3, 3\)"),
        (POINTS, np.zeros(2, int), ValueError, "labels must be 3 integers from 0 to 9"),
        (POINTS, np.array([0, 1, 10]), ValueError, "from 0 to 10"),
        (POINTS, np.array([0, -1, 1]), ValueError, "from -1 to 1"),
        (POINTS, np.zeros(3), TypeError, "labels must be integers, got float64"),
        (np.full((3, 2), np.nan), np.zeros(3, int), ValueError, "points must be finite"),
    ],
)
def test_refuses(points, labels, error, message):
    with pytest.raises(error, match=message):
        scatter(points, labels)
