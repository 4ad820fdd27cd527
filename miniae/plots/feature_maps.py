"""Feature maps: what the channels of a convolution see in one image."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.plots.canvas import figure_of, show_image
from miniae.plots.checks import finite
from miniae.plots.mosaic import mosaic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def feature_maps(maps: Float[Array, "H W C"], *, columns: int | None = None, ax: "Axes | None" = None) -> "Figure":
    """Draw every channel of one image as a tile of a mosaic, each on its own gray scale.

    Black is the smallest and white the largest value of the channel, so that tiles can be compared in form but not in
    strength. A channel that is constant is drawn black.

    Args:
        maps: the output of a layer for one image, (H, W, C).
        columns: tiles per row; when None the grid is as square as it can be.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if ``maps`` are not real numbers.
        ValueError: if ``maps`` is not (H, W, C), is empty or not finite.

    >>> figure = feature_maps(np.random.default_rng(0).normal(size=(14, 14, 16)))
    >>> figure.axes[0].get_title()
    'Feature maps, each on its own scale'
    """
    maps = finite("feature_maps", "maps", maps)
    if maps.ndim != 3:
        raise ValueError(f"feature_maps: maps must have shape (H, W, C), one image's, got {maps.shape}")
    low, high = maps.min(axis=(0, 1)), maps.max(axis=(0, 1))
    scaled = (maps - low) / np.where(high > low, high - low, 1)
    ax = show_image(mosaic(scaled.transpose(2, 0, 1), columns, separator=1.0), ax, top=0.3)
    ax.title.set_text("Feature maps, each on its own scale")
    return figure_of(ax)
