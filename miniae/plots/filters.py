"""Filters: the weights into every hidden unit, drawn as the image the unit looks for.

Shapes: D features, M units, H W height width of one tile.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.plots.canvas import figure_of, show_image
from miniae.plots.checks import finite
from miniae.plots.mosaic import mosaic
from miniae.plots.tiles import tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def filters(
    w: Float[Array, "D M"],
    shape: Sequence[int] | None = None,
    *,
    columns: int | None = None,
    ax: "Axes | None" = None,
) -> "Figure":
    r"""Draw the weights into each unit as one tile of a mosaic, each tile on its own gray scale.

    The mean of *all* weights is subtracted, and each unit's weights are divided by the largest of their absolute
    values, as UFLDL's ``display_network`` does when its ``opt_normalize`` is set:

    .. math::
        \bar w  &= \frac{1}{DM} \sum_d \sum_j w_{dj}                                   \tag{1} \\
        t_{dj} &= \frac{w_{dj} - \bar w}{\max_d |w_{dj} - \bar w|} \in [-1, 1]         \tag{2}

    -1 is drawn black, 0 middle gray, 1 white, so every tile uses the whole scale on at least one side and tiles can
    be compared in form but not in strength. A unit all of whose weights equal the mean is drawn middle gray.

    Why the weights are the image to look for: among all inputs of norm 1, the unit's activation is largest for
    :math:`x_d = w_{dj} / \sqrt{\sum_d w_{dj}^2}`, its weights up to a factor.

    Colour tiles are scaled alike, with one divisor for a unit's three channels, which keeps its hues. (UFLDL's
    ``displayColorNetwork`` divides each channel by its own, and keeps features channel by channel; here the three
    channels of a pixel are neighbours, as everywhere in this package.)

    Args:
        w: weights, (D, M), a column per unit. Weights of a convolution, (KH, KW, C, O), are drawn by
            ``filters(w.reshape(-1, O), (KH, KW, C))`` where C is 1 or 3.
        shape: (H, W) or (H, W, 3) of a tile; the square when None.
        columns: tiles per row; when None the grid is as square as it can be.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if ``w`` are not real numbers.
        ValueError: if ``w`` is not (D, M), is empty or not finite, or D features do not fill a tile.

    >>> figure = filters(np.random.default_rng(0).normal(size=(64, 25)))
    >>> figure.axes[0].get_title()
    'Filters, each on its own scale'

    Source: UFLDL tutorial, "Visualizing a Trained Autoencoder".
    """
    w = finite("filters", "w", w)
    if w.ndim != 2:
        raise ValueError(f"filters: w must have shape (features, units), got {w.shape}")
    w = w - w.mean()  # (1)
    largest = np.abs(w).max(axis=0)
    t = w / np.where(largest > 0, largest, 1)  # (2)
    image = (1 + mosaic(tiles("filters", "w", t.T, shape), columns, separator=-1.0)) / 2
    ax = show_image(image, ax, top=0.3)
    ax.title.set_text("Filters, each on its own scale")
    return figure_of(ax)
