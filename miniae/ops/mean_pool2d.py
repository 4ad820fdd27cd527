"""Mean-pooling: the mean of every window, each channel by itself.

Shapes: N batch, H W height and width of the image, C channels; OH OW how many windows; KH KW a window.
"""

from typing import Any, NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, check_cotangent, check_floats, output
from miniae.ops.windows import Padding, Windows, check_images, pooling_windows


class MeanPool2dCache(NamedTuple):
    """What the backward needs."""

    x_shape: tuple[int, ...]
    dtype: Any
    windows: Windows


def mean_pool2d_forward(
    x: Float[Array, "N H W C"],
    *,
    kernel_size: int | tuple[int, int] = 2,
    stride: int | tuple[int, int] | None = None,
    padding: Padding = "valid",
    out: Float[Array, "N OH OW C"] | None = None,
) -> tuple[Float[Array, "N OH OW C"], MeanPool2dCache]:
    r"""The mean of each window.

    .. math::
        y_{nijc} = \frac{1}{m_{ij}} \sum_{k,l} x_{n,\; iS+k-P,\; jS+l-P,\; c}                            \tag{1}

    over the pixels of the window that lie inside the image, :math:`m_{ij}` of them: padding is not counted.

    Args:
        x: images, channels last, (N, H, W, C).
        kernel_size: of a window; one number, or one for each axis.
        stride: S, from one window to the next; the kernel size when None.
        padding: ``"valid"``, ``"same"``, or a number of pixels less than the kernel size.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, (N, OH, OW, C), and the cache for :func:`mean_pool2d_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if the shapes do not fit together; the message shows the arithmetic.

    >>> import numpy as np
    >>> mean_pool2d_forward(np.arange(8.0).reshape(1, 2, 4, 1))[0].ravel()
    array([2.5, 4.5])

    Source: UFLDL tutorial, "Pooling".
    """
    check_floats("mean_pool2d", x=x)
    check_images("mean_pool2d", x)
    at = pooling_windows("mean_pool2d", x.shape[1:3], kernel_size, stride, padding)
    y = output("mean_pool2d", out, (x.shape[0], *at.out, x.shape[3]), x)
    padded = at.pad(x)
    y[...] = 0
    for k, l in at.positions():
        y += padded[at.pixels(k, l)]
    y /= at.counts(x)  # (1)
    return y, MeanPool2dCache(x.shape, x.dtype, at)


def mean_pool2d_backward(
    dy: Float[Array, "N OH OW C"], cache: MeanPool2dCache, *, out: Float[Array, "N H W C"] | None = None
) -> Float[Array, "N H W C"]:
    r"""Gradient of the cost with respect to ``x``.

    Every pixel of a window has the weight :math:`1/m_{ij}` in its mean, and gets that share of dy; where windows
    overlap the shares add up:

    .. math::
        dx_{nrqc} = \sum_{i,k:\, iS+k-P=r} \;\; \sum_{j,l:\, jS+l-P=q} \frac{dy_{nijc}}{m_{ij}}           \tag{2}

    Args:
        dy: gradient with respect to ``y``, (N, OH, OW, C).
        cache: from :func:`mean_pool2d_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.
    """
    x_shape, dtype, at = cache
    check_cotangent("mean_pool2d", dy, (x_shape[0], *at.out, x_shape[3]), dtype)
    dx = output("mean_pool2d", out, x_shape, dy)
    share = dy / at.counts(dy)
    at.add_up((share for _ in at.positions()), dx)  # (2)
    return dx
