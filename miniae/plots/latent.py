"""The latent plane: what a decoder makes of codes of two numbers.

Shapes: D features, H W height width of one image.
"""

from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from miniae.arrays import Array
from miniae.plots.canvas import LARGE, figure_of, show_image
from miniae.plots.mosaic import mosaic
from miniae.plots.tiles import tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def quantiles(side: int) -> Float64[Array, " {side}"]:
    """Numbers between which the standard normal distribution has equal shares: those of the middles of ``side`` parts.

    >>> quantiles(3).round(2)  # of 1/6, 1/2, 5/6
    array([-0.97,  0.  ,  0.97])
    """
    return np.array([NormalDist().inv_cdf((k + 0.5) / side) for k in range(side)])


def latent_grid(
    decode: Callable[[Array], Array],
    side: int = 20,
    shape: Sequence[int] | None = None,
    *,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw what is decoded from a grid of codes that covers the plane as the standard normal distribution does.

    The first number of the code grows to the right, the second upwards, both through the quantiles of the normal
    distribution: every tile stands for an equal share of the codes that are drawn from it.

    Args:
        decode: takes codes, (side * side, 2), float64, and returns what they stand for, (side * side, D) or images.
        side: codes in each direction.
        shape: (H, W) or (H, W, 3) of a tile; the square when None.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if what is decoded are not real numbers.
        ValueError: if ``side`` is less than 1, or what is decoded is not one image for each code, all finite.

    >>> figure = latent_grid(lambda z: np.repeat(z, 2, axis=1), side=5)
    >>> figure.axes[0].get_xlabel()
    'first number of the code'

    Source: Kingma and Welling (2014), "Auto-encoding variational Bayes", appendix A.
    """
    if not isinstance(side, int) or side < 1:
        raise ValueError(f"latent_grid: side must be a whole number of at least 1, got {side!r}")
    steps = quantiles(side)
    z = np.stack(np.meshgrid(steps, steps[::-1]), axis=-1).reshape(side * side, 2)  # images are drawn downwards
    images = tiles("latent_grid", "decode(z)", decode(z), shape)
    if len(images) != len(z):
        raise ValueError(f"latent_grid: decode was given {len(z)} codes and returned {len(images)} images")
    images = images - images.min()
    images /= images.max() or 1
    ax = show_image(mosaic(images, side), ax, left=0.9, top=0.7)
    height, width = images.shape[1] + 1, images.shape[2] + 1
    shown = sorted({0, (side - 1) // 2, side - 1})
    ax.set_xticks([(k + 0.5) * width for k in shown], [f"{steps[k]:.2f}" for k in shown])
    ax.set_yticks([(side - k - 0.5) * height for k in shown], [f"{steps[k]:.2f}" for k in shown])
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0)
    ax.set_xlabel("first number of the code", fontsize=LARGE)
    ax.set_ylabel("second number of the code", fontsize=LARGE)
    return figure_of(ax)
