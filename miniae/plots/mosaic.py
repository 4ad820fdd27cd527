"""Mosaic: many small images laid out as one.

Shapes: N images, H W height width of each, R C rows and columns of the mosaic.
"""

from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miniae.plots.checks import finite


def mosaic(tiles: Any, columns: int | None = None, *, separator: float = 0.0) -> NDArray[np.float64]:
    """Lay images out row by row in a grid, one pixel apart and framed by one pixel.

    Image k has its top left corner at row ``1 + (k // C) (H + 1)``, column ``1 + (k % C) (W + 1)``.

    Args:
        tiles: the images, (N, H, W) in gray or (N, H, W, 3) in colour. Their values stay as they are.
        columns: C, the images per row; when None the grid is as square as it can be, ``C = ceil(sqrt(N))``.
        separator: value of the pixels between the images, and where the last row has none left.

    Returns:
        The mosaic, (1 + R (H + 1), 1 + C (W + 1)), with R = ceil(N / C); with a last axis of 3 in colour.

    Raises:
        TypeError: if ``tiles`` are not real numbers.
        ValueError: if ``tiles`` has another shape, is empty or not finite, or there is not at least one column.

    >>> mosaic(np.array([[[1, 2]], [[3, 4]], [[5, 6]]]), columns=2)  # three images of 1 x 2 pixels
    array([[0., 0., 0., 0., 0., 0., 0.],
           [0., 1., 2., 0., 3., 4., 0.],
           [0., 0., 0., 0., 0., 0., 0.],
           [0., 5., 6., 0., 0., 0., 0.],
           [0., 0., 0., 0., 0., 0., 0.]])
    """
    tiles = finite("mosaic", "tiles", tiles)
    if tiles.ndim != 3 and (tiles.ndim != 4 or tiles.shape[3] != 3):
        raise ValueError(f"mosaic: tiles must have shape (N, H, W) or (N, H, W, 3), got {tiles.shape}")
    if columns is not None and columns < 1:
        raise ValueError(f"mosaic: columns must be at least 1, got {columns}")
    n, h, w, *colour = tiles.shape
    columns = columns or ceil(sqrt(n))
    rows = ceil(n / columns)
    result = np.full((1 + rows * (h + 1), 1 + columns * (w + 1), *colour), separator, np.float64)
    for k, tile in enumerate(tiles):
        top, left = 1 + k // columns * (h + 1), 1 + k % columns * (w + 1)
        result[top : top + h, left : left + w] = tile
    return result
