"""Broken versions of upsampling and reshape."""

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward
from miniae.ops import upsample2d_backward
from miniae.ops.reshape import ReshapeCache
from miniae.ops.upsample2d import Upsample2dCache, enlarging


@broken_backward("upsample2d", "upsample-subsampled")
def subsampled(dy: Array, cache: Upsample2dCache) -> Array:
    """Takes every second pixel of dy, as an engine of the classroom does: the other three of each window are lost."""
    return dy[:, ::2, ::2].copy()


@broken_backward("upsample2d", "upsample-subsampled", factor=3)
def last_copy_wins(dy: Array, cache: Upsample2dCache) -> Array:
    """Writes = for += in the loop over the new pixels."""
    dx = np.zeros(cache.x_shape)
    for i, j in np.ndindex(dy.shape[1:3]):
        dx[:, i // 3, j // 3] = dy[:, i, j]
    return dx


@broken_backward("upsample2d", "upsample-averaged")
def averaged(dy: Array, cache: Upsample2dCache) -> Array:
    """Mean-pools dy, where it must be summed."""
    return upsample2d_backward(dy, cache) / 4


@broken_backward("upsample2d", "upsample-other-mode", mode="bilinear")
def nearest_going_back(dy: Array, cache: Upsample2dCache) -> Array:
    """Interpolates going forward, and goes back as if each pixel had been copied."""
    _, h, w, _ = cache.x_shape
    rows, columns = enlarging(h, 2, "nearest", dy), enlarging(w, 2, "nearest", dy)
    return upsample2d_backward(dy, cache._replace(rows=rows, columns=columns))


@broken_backward("upsample2d", "upsample-averaged", mode="bilinear")
def weights_made_to_sum_to_one(dy: Array, cache: Upsample2dCache) -> Array:
    """Divides by the number of new pixels for each old one, so that constant images keep their value."""
    return upsample2d_backward(dy, cache) / 4


@broken_backward("upsample2d", "border-wrong", mode="bilinear")
def outermost_pixels_dropped(dy: Array, cache: Upsample2dCache) -> Array:
    """Drops the share of the outermost pixels that would come from outside the image; the forward copies there."""
    rows, columns = cache.rows.copy(), cache.columns.copy()
    for matrix in (rows, columns):
        matrix[[0, -1]] *= 0.75
    return upsample2d_backward(dy, cache._replace(rows=rows, columns=columns))


@broken_backward("upsample2d", "h-w-swapped", square=True)
def image_transposed(dy: Array, cache: Upsample2dCache) -> Array:
    """Indexes dx by column and row."""
    return upsample2d_backward(dy, cache).swapaxes(1, 2).copy()


@broken_backward("reshape", "reading-order")
def laid_out_by_columns(dy: Array, cache: ReshapeCache) -> Array:
    """Reshapes dy in Fortran's order, as MATLAB does."""
    return dy.reshape(cache.x_shape, order="F")


@broken_backward("reshape", "reading-order")
def channels_first(dy: Array, cache: ReshapeCache) -> Array:
    """Takes a row of dy for an image with its channels first."""
    n, h, w, c = cache.x_shape
    return np.moveaxis(dy.reshape(n, c, h, w), 1, -1).copy()


@broken_backward("reshape", "wrong-shape")
def left_flat(dy: Array, cache: ReshapeCache) -> Array:
    """Hands dy back as it came, one row for each example."""
    return dy.copy()
