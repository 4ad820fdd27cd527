"""Rows of images, one above the other: originals over their reconstructions, noisy over denoised.

Shapes: N images, D features, H W height width of one image, C channels.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from miniae.arrays import Array
from miniae.plots.canvas import figure_of, show_image, text_width
from miniae.plots.mosaic import mosaic
from miniae.plots.tiles import tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def image_rows(
    rows: Mapping[str, Array],
    shape: Sequence[int] | None = None,
    *,
    count: int = 10,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw the first ``count`` images of each array as a labelled row, all on one gray scale.

    Image n of every row stands in column n, so what happened to it is read downwards. Black is the smallest and
    white the largest value drawn in *any* row: a reconstruction that is fainter than its original looks fainter.

    Args:
        rows: the images by the labels of their rows, from top to bottom, such as
            ``{"original": x, "reconstruction": y}`` or ``{"original": x, "noisy": z, "denoised": y}``;
            (N, D), a row of features per image, or (N, H, W) or (N, H, W, C) as they are. C is 1 or 3.
        shape: (H, W) or (H, W, 3) of one image; when None that of the images, or the square for (N, D).
        count: images per row; fewer where there are not so many.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if the images are not real numbers.
        ValueError: if there is no row, ``count`` is not positive, the images to be drawn differ in number or shape
            from row to row, or those of a row are none, not finite, or not of that shape.

    >>> x = np.random.default_rng(0).uniform(size=(20, 64))
    >>> figure = image_rows({"original": x, "halved": x / 2})
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['original', 'halved']
    """
    if not rows:
        raise ValueError("image_rows: needs at least one row of images, got none")
    if count < 1:
        raise ValueError(f"image_rows: count must be at least 1, got {count}")
    images = {label: tiles("image_rows", label, x[:count], shape) for label, x in rows.items()}
    first, *others = images
    for label in others:
        if images[label].shape != images[first].shape:
            raise ValueError(
                "image_rows: all rows must hold as many images of one shape, "
                f"got {first} {images[first].shape} and {label} {images[label].shape}"
            )
    drawn = np.concatenate(list(images.values()))
    drawn -= drawn.min()
    drawn /= drawn.max() or 1
    columns, height = len(drawn) // len(images), drawn.shape[1]
    ax = show_image(mosaic(drawn, columns, separator=1.0), ax, left=0.1 + max(map(text_width, images)))
    ax.set_yticks([(k + 0.5) * (height + 1) for k in range(len(images))], images)
    ax.tick_params(length=0)
    return figure_of(ax)
