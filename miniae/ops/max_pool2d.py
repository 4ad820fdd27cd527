"""Max-pooling: the largest value of every window, each channel by itself.

Shapes: N batch, H W height and width of the image, C channels; OH OW how many windows; KH KW a window.
"""

from typing import Any, NamedTuple

from jaxtyping import Float, Int

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output
from miniae.ops.windows import Padding, Windows, check_images, pooling_windows


class MaxPool2dCache(NamedTuple):
    """What the backward needs: of every window, which of its KH KW places held the largest value; windows, dtype."""

    switches: Int[Array, "N OH OW C"]
    windows: Windows
    dtype: Any


def max_pool2d_forward(
    x: Float[Array, "N H W C"],
    *,
    kernel_size: int | tuple[int, int] = 2,
    stride: int | tuple[int, int] | None = None,
    padding: Padding = "valid",
    out: Float[Array, "N OH OW C"] | None = None,
) -> tuple[Float[Array, "N OH OW C"], MaxPool2dCache]:
    r"""The largest value of each window, and where it stood.

    .. math::
        y_{nijc} &= \max_{k,l}\; x_{n,\; iS+k-P,\; jS+l-P,\; c}                                      \tag{1} \\
        (k^*, l^*)_{nijc} &= \text{the first } (k, l) \text{, row by row, at which it is reached}    \tag{2}

    The padding is never the largest: it counts as minus infinity. Ties go to the first, so that exactly one pixel is
    chosen; the slope at a tie is a convention, and this is ours (and PyTorch's).

    Args:
        x: images, channels last, (N, H, W, C).
        kernel_size: of a window; one number, or one for each axis.
        stride: S, from one window to the next; the kernel size when None.
        padding: ``"valid"``, ``"same"``, or a number of pixels less than the kernel size.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, (N, OH, OW, C), and the cache for :func:`max_pool2d_backward`, in which ``switches`` is (2) as
        ``k KW + l``.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if the shapes do not fit together; the message shows the arithmetic.

    >>> import numpy as np
    >>> y, cache = max_pool2d_forward(np.array([[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 0.0]]).reshape(1, 2, 4, 1))
    >>> y.ravel(), cache.switches.ravel()
    (array([5., 2.]), array([1, 0], dtype=int32))

    Source: Jarrett et al. (2009), "What is the best multi-stage architecture for object recognition?"
    """
    check_floats("max_pool2d", x=x)
    check_images("max_pool2d", x)
    at = pooling_windows("max_pool2d", x.shape[1:3], kernel_size, stride, padding)
    xp = array_module(x)
    y = output("max_pool2d", out, (x.shape[0], *at.out, x.shape[3]), x)
    padded = at.pad(x, -xp.inf)
    y[...] = padded[at.pixels(0, 0)]
    switches = xp.zeros(y.shape, xp.int32)
    for place, (k, l) in enumerate(at.positions()):
        candidate = padded[at.pixels(k, l)]
        xp.copyto(switches, place, where=candidate > y)  # (2): not at a tie
        xp.maximum(y, candidate, out=y)  # (1); of a NaN and a number it takes the NaN
    return y, MaxPool2dCache(switches, at, x.dtype)


def max_pool2d_backward(
    dy: Float[Array, "N OH OW C"], cache: MaxPool2dCache, *, out: Float[Array, "N H W C"] | None = None
) -> Float[Array, "N H W C"]:
    r"""Gradient of the cost with respect to ``x``.

    A small change of the largest pixel of a window changes y by as much, a change of any other pixel not at all. So dy
    goes to the pixel chosen; one that several windows have chosen collects it from all of them:

    .. math::
        dx_{nrqc} = \sum_{i,j:\; (iS+k^*-P,\; jS+l^*-P) = (r,\, q)} dy_{nijc}                            \tag{3}

    Args:
        dy: gradient with respect to ``y``, (N, OH, OW, C).
        cache: from :func:`max_pool2d_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` is no float array shaped like ``y``.
    """
    switches, at, dtype = cache
    check_cotangent("max_pool2d", dy, switches.shape, dtype)
    dx = output("max_pool2d", out, (dy.shape[0], *at.size, dy.shape[3]), dy)
    put(dy, switches, at, dx)  # (3)
    return dx


def put(values: Float[Array, "N OH OW C"], switches: Int[Array, "N OH OW C"], at: Windows, image: Array) -> None:
    """Write to ``image`` every window's value at the place its switch says, zero elsewhere, sums where two meet."""
    xp = array_module(values)
    at.add_up((xp.where(switches == place, values, 0) for place, _ in enumerate(at.positions())), image)


def take(image: Float[Array, "N H W C"], switches: Int[Array, "N OH OW C"], at: Windows, values: Array) -> None:
    """Write to ``values`` what each window holds at the place its switch says: the transpose of :func:`put`."""
    xp = array_module(image)
    padded = at.pad(image)
    values[...] = 0
    for place, (k, l) in enumerate(at.positions()):
        xp.copyto(values, padded[at.pixels(k, l)], where=switches == place)
