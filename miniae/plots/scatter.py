"""Scatter: examples as points in the plane, coloured by class.

Shapes: N examples, K classes.
"""

from typing import TYPE_CHECKING

from jaxtyping import Float, Integer

from miniae.arrays import Array
from miniae.optional import require
from miniae.plots.canvas import figure_of, graph_axes
from miniae.plots.checks import finite, on_host

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASSES = 10  # colours in tab10


def scatter(points: Float[Array, "N 2"], labels: Integer[Array, " N"], *, ax: "Axes | None" = None) -> "Figure":
    """Draw 2-D codes as dots in the colours of their classes, with a bar that says which colour is which.

    The colours are Matplotlib's ``tab10``: ten that are told apart, in no order, as classes have none. The dots are
    drawn in the order of the examples, so that no class hides the others; shuffle examples that are sorted by class.

    Args:
        points: the codes, (N, 2), such as the first two principal components of hidden activations.
        labels: classes from 0 to 9, (N,).
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if ``points`` are not real numbers or ``labels`` no integers.
        ValueError: if ``points`` is not (N, 2), is empty or not finite, or a label is missing or not from 0 to 9.

    >>> import numpy as np
    >>> figure = scatter(np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 3)
    >>> len(figure.axes)  # the plane and the colour bar
    2
    """
    xy = finite("scatter", "points", points)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ValueError(f"scatter: points must have shape (N, 2), got {xy.shape}")
    classes = finite("scatter", "labels", labels).astype(int)
    if on_host(labels).dtype.kind not in "iu":
        raise TypeError(f"scatter: labels must be integers, got {on_host(labels).dtype}")
    if classes.shape != xy.shape[:1] or classes.min() < 0 or classes.max() >= CLASSES:
        raise ValueError(
            f"scatter: labels must be {len(xy)} integers from 0 to {CLASSES - 1}, got shape {classes.shape}, "
            f"from {classes.min()} to {classes.max()}"
        )
    ax = graph_axes(ax)
    count = int(classes.max()) + 1
    colours = require("matplotlib.colors", "course").ListedColormap(
        [require("matplotlib", "course").colormaps["tab10"](k) for k in range(count)]
    )
    # One colour for each class: the limits are half a class beyond the first and the last, so ticks are in the middle.
    dots = ax.scatter(xy[:, 0], xy[:, 1], c=classes, cmap=colours, vmin=-0.5, vmax=count - 0.5, s=8, linewidths=0)
    bar = figure_of(ax).colorbar(dots, ax=ax, ticks=range(count))
    bar.ax.tick_params(length=0, labelsize=ax.xaxis.label.get_fontsize())
    bar.set_label("class", fontsize=ax.xaxis.label.get_fontsize())
    ax.set_xlabel("first coordinate")
    ax.set_ylabel("second coordinate")
    return figure_of(ax)
