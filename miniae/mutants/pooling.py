"""Broken versions of pooling and unpooling."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward, broken_pair
from miniae.ops import OPS, Pair, max_pool2d_backward, max_unpool2d_forward
from miniae.ops.max_pool2d import MaxPool2dCache
from miniae.ops.max_unpool2d import MaxUnpool2dCache
from miniae.ops.mean_pool2d import MeanPool2dCache
from miniae.ops.windows import Windows


def everywhere(dy: Array, at: Windows) -> Array:
    """dy at every pixel of its window."""
    padded = np.zeros((len(dy), *at.padded, dy.shape[3]))
    for k, l in at.positions():
        padded[at.pixels(k, l)] += dy
    return padded[at.inside()]


@broken_backward("max_pool2d", "pool-to-all")
def to_all_pixels(dy: Array, cache: MaxPool2dCache) -> Array:
    """Repeats dy over the window, as for a sum."""
    return everywhere(dy, cache.windows)


@broken_backward("max_pool2d", "pool-to-all", kernel_size=3, stride=2, padding=1)
def shared_among_all_pixels(dy: Array, cache: MaxPool2dCache) -> Array:
    """Divides dy among the pixels of the window, as for a mean."""
    return everywhere(dy / 9, cache.windows)


@broken_backward("max_pool2d", "pool-wrong-element")
def to_the_first_pixel(dy: Array, cache: MaxPool2dCache) -> Array:
    """Puts dy at the top left of every window."""
    return max_pool2d_backward(dy, cache._replace(switches=np.zeros_like(cache.switches)))


@broken_pair("max_pool2d", "pool-wrong-element")
def to_the_smallest_pixel() -> Pair:
    """Takes argmin for argmax."""

    def forward(x: Array) -> Any:
        y, _ = OPS["max_pool2d"].forward(x)
        return y, OPS["max_pool2d"].forward(-x)[1]

    return Pair(forward, max_pool2d_backward)


@broken_backward("max_pool2d", "pool-wrong-element", kernel_size=3)
def row_and_column_exchanged(dy: Array, cache: MaxPool2dCache) -> Array:
    """Reads the position in the window column by column, where it was counted row by row."""
    return max_pool2d_backward(dy, cache._replace(switches=cache.switches % 3 * 3 + cache.switches // 3))


@broken_backward("max_pool2d", "pool-wrong-element", kernel_size=(3, 2))
def position_counted_from_one(dy: Array, cache: MaxPool2dCache) -> Array:
    """Counts the position in the window from 1, as MATLAB does, and reads it from 0."""
    return max_pool2d_backward(dy, cache._replace(switches=(cache.switches + 1) % 6))


@broken_backward("max_pool2d", "assigned-not-added", kernel_size=3, stride=1)
def pixel_chosen_twice_paid_once(dy: Array, cache: MaxPool2dCache) -> Array:
    """Writes dx[index] += dy with an index that repeats: NumPy adds only the last."""
    at = cache.windows
    padded = np.zeros((len(dy), *at.padded, dy.shape[3]))
    n, i, j, c = np.indices(dy.shape)
    k, l = divmod(cache.switches, at.kernel[1])
    padded[n, i * at.stride[0] + k, j * at.stride[1] + l, c] += dy
    return padded[at.inside()]


@broken_backward("max_pool2d", "padding-wrong", kernel_size=3, stride=2, padding=1)
def pooled_padding_not_cropped(dy: Array, cache: MaxPool2dCache) -> Array:
    """Does not crop the padding at the top and left: everything is shifted by a pixel."""
    return max_pool2d_backward(dy, cache._replace(windows=cache.windows._replace(before=(0, 0), after=(2, 2))))


@broken_backward("max_pool2d", "cotangent-ignored")
def mask_without_cotangent(dy: Array, cache: MaxPool2dCache) -> Array:
    """Returns the mask of the largest pixels, not multiplied by dy."""
    return max_pool2d_backward(np.ones_like(dy), cache)


@broken_backward("mean_pool2d", "pool-not-divided")
def mean_not_divided(dy: Array, cache: MeanPool2dCache) -> Array:
    """Hands dy to every pixel in full."""
    return everywhere(dy, cache.windows)


@broken_backward("mean_pool2d", "pool-padding-counted", kernel_size=3, stride=2, padding=1)
def padding_counted_going_back(dy: Array, cache: MeanPool2dCache) -> Array:
    """Divides by the size of the window, where the forward leaves out the padding."""
    return everywhere(dy / 9, cache.windows)


@broken_backward("mean_pool2d", "assigned-not-added", kernel_size=3, stride=1)
def mean_of_the_last_window(dy: Array, cache: MeanPool2dCache) -> Array:
    """Writes = for += where windows overlap."""
    at = cache.windows
    padded = np.zeros((len(dy), *at.padded, dy.shape[3]))
    for i, j in np.ndindex(at.out):
        padded[:, i : i + 3, j : j + 3] = dy[:, i : i + 1, j : j + 1] / 9
    return padded[at.inside()]


@broken_backward("mean_pool2d", "stride-wrong", kernel_size=2, stride=1)
def windows_taken_side_by_side(dy: Array, cache: MeanPool2dCache) -> Array:
    """Assumes a stride as large as the window."""
    padded = np.repeat(np.repeat(dy / 4, 2, axis=1), 2, axis=2)
    return padded[:, : cache.x_shape[1], : cache.x_shape[2]].copy()


@broken_backward("mean_pool2d", "pool-wrong-element")
def mean_to_one_pixel(dy: Array, cache: MeanPool2dCache) -> Array:
    """Puts dy at the bottom right of every window, and nothing at the other pixels."""
    dx = np.zeros(cache.x_shape)
    dx[:, 1::2, 1::2] = dy
    return dx


@broken_backward("max_unpool2d", "unpool-wrong-place")
def taken_from_the_first_place(dy: Array, cache: MaxUnpool2dCache) -> Array:
    """Takes dy from the top left of every window."""
    return dy[:, ::2, ::2].copy()


@broken_backward("max_unpool2d", "unpool-wrong-place")
def whole_window_summed(dy: Array, cache: MaxUnpool2dCache) -> Array:
    """Sums dy over the window, as for an upsampling."""
    return dy[:, ::2, ::2] + dy[:, 1::2, ::2] + dy[:, ::2, 1::2] + dy[:, 1::2, 1::2]


@broken_pair("max_unpool2d", "unpool-wrong-place")
def pooled_anew() -> Pair:
    """Max-pools dy, and so takes its largest number instead of the one at the switch."""
    return Pair(max_unpool2d_forward, lambda dy, cache: OPS["max_pool2d"].forward(dy)[0])


@broken_backward("max_unpool2d", "unpool-wrong-place")
def switches_read_by_columns(dy: Array, cache: MaxUnpool2dCache) -> Array:
    """Reads the position in the window column by column, where it was counted row by row."""
    pool = cache.pool
    exchanged = pool._replace(switches=pool.switches % 2 * 2 + pool.switches // 2)
    return OPS["max_unpool2d"].backward(dy, cache._replace(pool=exchanged))
