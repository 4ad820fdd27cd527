"""The image operations as loops, one for each index of their formulas: what the fast ones are held to.

Nothing is padded or laid out: a pixel outside the image is simply not there. Each backward runs through the very loops
of its forward and, wherever the forward says ``y[...] += x[...] * w[...]``, hands ``dy[...]`` times the one to the
gradient of the other: the chain rule, one product at a time. Read these first; they are far too slow for anything else.

Shapes: as in :mod:`~miniae.ops.conv2d`. ``at`` is a :class:`~miniae.ops.windows.Windows`.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from miniae.arrays import Array
from miniae.ops.windows import Windows


def pixels_of(at: Windows) -> Iterator[tuple[int, int, int, int, int, int]]:
    """For each window (i, j) and each place (k, l) in it that lies inside the image: i, j, k, l and the pixel (r, q).

    >>> from miniae.ops.windows import windows
    >>> list(pixels_of(windows("conv2d", (1, 3), (1, 2), 2, (0, 1))))
    [(0, 0, 0, 1, 0, 0), (0, 1, 0, 0, 0, 1), (0, 1, 0, 1, 0, 2)]
    """
    for i, j in product(range(at.out[0]), range(at.out[1])):
        for k, l in product(range(at.kernel[0]), range(at.kernel[1])):
            r = i * at.stride[0] + k - at.before[0]
            q = j * at.stride[1] + l - at.before[1]
            if 0 <= r < at.size[0] and 0 <= q < at.size[1]:
                yield i, j, k, l, r, q


def conv2d(x: Array, w: Array, at: Windows) -> Array:
    """Equation (1) of :mod:`~miniae.ops.conv2d`, without the bias."""
    y = np.zeros((len(x), *at.out, w.shape[3]))
    for n, c, o in product(range(len(x)), range(w.shape[2]), range(w.shape[3])):
        for i, j, k, l, r, q in pixels_of(at):
            y[n, i, j, o] += x[n, r, q, c] * w[k, l, c, o]
    return y


def conv2d_gradients(dy: Array, x: Array, w: Array, at: Windows) -> tuple[Array, Array]:
    """dx and dw: what each product of :func:`conv2d` hands back to its two factors."""
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for n, c, o in product(range(len(x)), range(w.shape[2]), range(w.shape[3])):
        for i, j, k, l, r, q in pixels_of(at):
            dx[n, r, q, c] += dy[n, i, j, o] * w[k, l, c, o]
            dw[k, l, c, o] += dy[n, i, j, o] * x[n, r, q, c]
    return dx, dw


def conv_transpose2d(x: Array, w: Array, at: Windows) -> Array:
    """Equation (1) of :mod:`~miniae.ops.conv_transpose2d`, without the bias; ``at`` are the windows over the result."""
    y = np.zeros((len(x), *at.size, w.shape[2]))
    for n, c, o in product(range(len(x)), range(w.shape[2]), range(w.shape[3])):
        for i, j, k, l, r, q in pixels_of(at):
            y[n, r, q, c] += x[n, i, j, o] * w[k, l, c, o]
    return y


def conv_transpose2d_gradients(dy: Array, x: Array, w: Array, at: Windows) -> tuple[Array, Array]:
    """dx and dw: what each product of :func:`conv_transpose2d` hands back to its two factors."""
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for n, c, o in product(range(len(x)), range(w.shape[2]), range(w.shape[3])):
        for i, j, k, l, r, q in pixels_of(at):
            dx[n, i, j, o] += dy[n, r, q, c] * w[k, l, c, o]
            dw[k, l, c, o] += dy[n, r, q, c] * x[n, i, j, o]
    return dx, dw


def max_pool2d(x: Array, at: Windows) -> tuple[Array, Array]:
    """The largest value of each window, and the place k KW + l where it comes first."""
    y = np.full((len(x), *at.out, x.shape[3]), -np.inf)
    switches = np.zeros(y.shape, int)
    for n, c in product(range(len(x)), range(x.shape[3])):
        for i, j, k, l, r, q in pixels_of(at):
            if x[n, r, q, c] > y[n, i, j, c]:
                y[n, i, j, c] = x[n, r, q, c]
                switches[n, i, j, c] = k * at.kernel[1] + l
    return y, switches


def max_pool2d_gradient(dy: Array, switches: Array, at: Windows) -> Array:
    """dx: each window's dy goes to the pixel it chose."""
    dx = np.zeros((len(dy), *at.size, dy.shape[3]))
    for n, c in product(range(len(dy)), range(dy.shape[3])):
        for i, j, k, l, r, q in pixels_of(at):
            if switches[n, i, j, c] == k * at.kernel[1] + l:
                dx[n, r, q, c] += dy[n, i, j, c]
    return dx


def mean_pool2d(x: Array, at: Windows) -> Array:
    """The sum of each window's pixels, divided by how many there are."""
    y, count = np.zeros((len(x), *at.out, x.shape[3])), np.zeros(at.out)
    for i, j, _, _, r, q in pixels_of(at):
        y[:, i, j] += x[:, r, q]
        count[i, j] += 1
    return y / count[:, :, None]


def mean_pool2d_gradient(dy: Array, at: Windows) -> Array:
    """dx: every pixel of a window gets an equal share of its dy."""
    dx, count = np.zeros((len(dy), *at.size, dy.shape[3])), np.zeros(at.out)
    for i, j, *_ in pixels_of(at):
        count[i, j] += 1
    for i, j, _, _, r, q in pixels_of(at):
        dx[:, r, q] += dy[:, i, j] / count[i, j]
    return dx


def upsample2d(x: Array, factor: tuple[int, int], mode: str) -> Array:
    """Each new pixel from the old ones around its centre."""
    y = np.zeros((len(x), x.shape[1] * factor[0], x.shape[2] * factor[1], x.shape[3]))
    for i, j in product(range(y.shape[1]), range(y.shape[2])):
        for (r, a), (q, b) in product(_old(i, factor[0], x.shape[1], mode), _old(j, factor[1], x.shape[2], mode)):
            y[:, i, j] += a * b * x[:, r, q]
    return y


def upsample2d_gradient(dy: Array, factor: tuple[int, int], mode: str) -> Array:
    """dx: each old pixel sums the shares that new ones took of it."""
    height, width = dy.shape[1] // factor[0], dy.shape[2] // factor[1]
    dx = np.zeros((len(dy), height, width, dy.shape[3]))
    for i, j in product(range(dy.shape[1]), range(dy.shape[2])):
        for (r, a), (q, b) in product(_old(i, factor[0], height, mode), _old(j, factor[1], width, mode)):
            dx[:, r, q] += a * b * dy[:, i, j]
    return dx


def _old(new: int, factor: int, size: int, mode: str) -> list[tuple[int, float]]:
    """The old pixels from which a new one is made along one axis, each with its share."""
    if mode == "nearest":
        return [(new // factor, 1.0)]
    t = min(max((new + 0.5) / factor - 0.5, 0.0), size - 1.0)  # beyond the outermost centres: at them
    r = int(t)
    return [(r, 1 - (t - r))] + ([(r + 1, t - r)] if t > r else [])
