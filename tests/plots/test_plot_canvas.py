"""Every pixel of an image becomes a square of whole pixels of the figure."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from miniae.plots.canvas import figure_of, graph_axes, show_image, text_width


def saved(figure):
    """The figure as ``figure.savefig`` writes it by default, (H, W) of gray values in [0, 1]."""
    file = io.BytesIO()
    figure.savefig(file)
    file.seek(0)
    picture = imread(file)[..., :3]
    assert (picture == picture[..., :1]).all()
    return picture[..., 0]


@pytest.mark.parametrize("settings", [{}, {"figure.autolayout": True}, {"image.origin": "lower"}])
def test_image_pixels_are_drawn_as_equal_squares(settings):
    """10 x 10 pixels, 105 figure pixels each, in a margin of 15; whatever the reader's own settings are."""
    image = np.eye(10)
    image[0, 9] = 1  # not the same upside down
    with mpl.rc_context(settings):
        figure = show_image(image, None).figure
        picture = saved(figure)
    assert picture.shape == (1080, 1080)
    np.testing.assert_array_equal(picture[15:-15, 15:-15], np.kron(image, np.ones((105, 105))))


def test_a_large_image_loses_no_line():
    image = np.zeros((1, 1501))
    image[0, ::2] = 1
    picture = saved(show_image(image, None).figure)
    np.testing.assert_array_equal(picture[15, 15:-15], image[0])


def test_room_beside_and_above():
    picture = saved(show_image(np.zeros((10, 10)), None, left=1.0, top=0.5).figure)
    assert picture.shape == (1080 + 75, 1080 + 150)
    assert (picture == 1).sum() == picture.size - 1050**2
    assert (picture[90:-15, 165:-15] == 0).all()


def test_a_narrow_image_stands_in_the_middle():
    picture = saved(show_image(np.zeros((10, 1)), None).figure)
    (black,) = np.nonzero((picture == 0).any(axis=0))
    assert picture.shape[1] == 700
    assert black[0] + black[-1] == pytest.approx(699, abs=1)


def test_figure_of_axes_in_a_part_of_a_figure():
    figure = Figure()
    left, _ = figure.subfigures(1, 2)
    assert figure_of(left.subplots()) is figure


def test_given_axes_are_left_in_their_own_style():
    ax = Figure().subplots()
    size = ax.xaxis.label.get_fontsize()
    assert graph_axes(ax) is ax
    assert ax.xaxis.label.get_fontsize() == size < graph_axes(None).xaxis.label.get_fontsize()


@pytest.mark.parametrize("text", ["reconstruction", "WWWW", "two\nlines", r"$\rho$"])
def test_text_width_is_what_is_drawn(text):
    """Against the renderer's extent, which adds the space before the first and after the last letter and rounds up.

    Both together were seen to be 5.4 of 150 pixels an inch at most; the rows' labels have 7 to spare.
    """
    figure = Figure(dpi=150)
    drawn = figure.text(0, 0, text, fontsize=14).get_window_extent(FigureCanvasAgg(figure).get_renderer()).width / 150
    assert text_width(text) == pytest.approx(drawn, abs=7 / 150)


def test_blank_text_has_no_width():
    assert text_width("") == text_width(" ") == 0
