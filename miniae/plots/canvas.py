"""Where pictures are drawn: the caller's axes, or a new figure of a size fit for a lecture hall's projector."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from miniae.optional import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

DPI = 150
IMAGE_PIXELS = 1050  # about 7 inches
MIN_WIDTH = 700  # room for a title over a narrow image
SMALL, LARGE = 14, 16  # points

# Told apart by readers of every kind of colour vision; from Okabe and Ito (2008), "Color Universal Design".
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
BLUE, VERMILLION = COLOURS[:2]


def new_figure(width: int, height: int) -> "Figure":
    """An empty figure of ``width`` x ``height`` pixels that belongs to nobody but its caller."""
    require("matplotlib", "course")
    from miniae.plots.notebook_figure import NotebookFigure

    figure = NotebookFigure(figsize=(width / DPI, height / DPI), dpi=DPI)
    figure.set_layout_engine("none")  # whatever the reader's own settings are: sizes here are meant
    return figure


def graph_axes(ax: "Axes | None") -> "Axes":
    """Axes for a graph: ``ax``, or new ones with large letters and a faint grid.

    >>> graph_axes(None).get_xlabel()
    ''
    """
    if ax is not None:
        return ax
    figure = new_figure(1200, 750)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    ax = figure.add_subplot()
    ax.tick_params(which="both", labelsize=SMALL)
    ax.xaxis.label.set_fontsize(LARGE)
    ax.yaxis.label.set_fontsize(LARGE)
    ax.title.set_fontsize(LARGE)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3)
    ax.set_axisbelow(True)
    return ax


def figure_of(ax: "Axes") -> "Figure":
    """The figure that ``ax`` belongs to: the whole one where ``ax`` lies in a part (``SubFigure``) of it."""
    return ax.figure.figure


def whole_numbers(axis: "Axis") -> None:
    """Tick ``axis``, which counts something, at whole numbers only."""
    locator = require("matplotlib.ticker", "course").MaxNLocator
    axis.set_major_locator(locator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))


def text_width(text: str) -> float:
    """How wide ``text`` is in the small letters of a new figure, in inches.

    >>> text_width("mm") > 2 * text_width("ll") > 0
    True
    """
    outline = require("matplotlib.textpath", "course").TextPath
    lines = [line for line in text.splitlines() if line.strip()]  # blanks have no outline
    return max((float(outline((0, 0), line, size=SMALL).get_extents().width) / 72 for line in lines), default=0.0)


def show_image(image: NDArray[np.float64], ax: "Axes | None", *, left: float = 0.0, top: float = 0.0) -> "Axes":
    """Draw an image with values in [0, 1], gray (H, W) or colour (H, W, 3), in ``ax`` or in new axes.

    In new axes every image pixel is drawn as k x k pixels of the figure, k a whole number: all pixels are equally
    large and no separator line is lost.

    Args:
        image: the image.
        ax: axes to draw in, or None.
        left, top: room to leave beside and above new axes for text, in inches.

    Returns:
        The axes, without ticks and frame.

    >>> ax = show_image(np.eye(10), None)
    >>> ax.figure.get_size_inches() * ax.figure.dpi  # k = 105, and a margin of 15 all round
    array([1080., 1080.])
    """
    if ax is None:
        ax = _image_axes(image.shape[0], image.shape[1], left, top)
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest", origin="upper")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def _image_axes(height: int, width: int, left: float, top: float) -> "Axes":
    k = max(1, round(IMAGE_PIXELS / max(height, width)))
    height, width, margin = k * height, k * width, DPI // 10
    above, beside = margin + round(top * DPI), margin + round(left * DPI)
    total_height = above + height + margin
    total_width = max(beside + width + margin, MIN_WIDTH)
    x0 = beside + (total_width - beside - width - margin) // 2
    figure = new_figure(total_width, total_height)
    ax = figure.add_axes((x0 / total_width, margin / total_height, width / total_width, height / total_height))
    ax.tick_params(labelsize=SMALL)
    ax.title.set_fontsize(LARGE)
    return ax
