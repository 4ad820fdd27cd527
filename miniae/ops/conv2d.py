"""Convolution of images: every output is a weighted sum over a small window of the image, the same weights everywhere.

Shapes: N batch, H W height and width of the image, C channels in; KH KW kernel; OH OW height and width of the result,
O channels out. S stride, P padding before the image (top; left alike).
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output
from miniae.ops.convolution import correlate, kernel_gradient, spread
from miniae.ops.windows import Padding, Windows, check_images, check_kernel, windows


class Conv2dCache(NamedTuple):
    """What the backward needs."""

    x: Float[Array, "N H W C"]
    w: Float[Array, "KH KW C O"]
    has_bias: bool
    windows: Windows


def conv2d_forward(
    x: Float[Array, "N H W C"],
    w: Float[Array, "KH KW C O"],
    b: Float[Array, " O"] | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: Padding = "valid",
    out: Float[Array, "N OH OW O"] | None = None,
) -> tuple[Float[Array, "N OH OW O"], Conv2dCache]:
    r"""Move a kernel over each image and take a weighted sum at every place.

    .. math::
        y_{nijo} = b_o + \sum_{k,l,c} x_{n,\; iS+k-P,\; jS+l-P,\; c}\; w_{klco}                         \tag{1}

    with x taken as 0 outside the image. Along each axis there are :math:`\lfloor (H + P + Q - K)/S \rfloor + 1` places,
    Q the padding at the end. (1) does not turn the kernel round: strictly it is a correlation, and is called a
    convolution all the same. A convolution of mathematics (MATLAB's ``conv2``, which UFLDL uses) is (1) with the
    kernel flipped in both directions.

    Args:
        x: images, channels last, (N, H, W, C).
        w: kernels, (KH, KW, C, O).
        b: biases, (O,), or None for none.
        stride: S, in pixels; one number, or one for each axis.
        padding: ``"valid"`` (none), ``"same"`` (the result has ceil(H / S) rows; the odd pixel goes to the end), or a
            number of pixels on every side, or one for each axis.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, (N, OH, OW, O), and the cache for :func:`conv2d_backward`.

    Raises:
        TypeError: if the arrays are not float32 or float64, all alike.
        ValueError: if the shapes do not fit together; the message shows the arithmetic.

    Beside the result it needs at most 32 MiB, half of it for windows, the rest for what goes into or comes out of
    them (or what one example takes).

    >>> import numpy as np
    >>> image = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> right_minus_left = np.array([[-1.0, 1.0]]).reshape(1, 2, 1, 1)
    >>> conv2d_forward(image, right_minus_left)[0][0, :, :, 0]
    array([[1., 1.],
           [1., 1.],
           [1., 1.]])

    Source: LeCun et al. (1998), "Gradient-based learning applied to document recognition".
    """
    check_floats("conv2d", x=x, w=w, b=b)
    check_kernel("conv2d", w, b)
    check_images("conv2d", x, w.shape[2])
    at = windows("conv2d", x.shape[1:3], w.shape[:2], stride, padding)
    xp = array_module(x)
    y = output("conv2d", out, (x.shape[0], *at.out, w.shape[3]), x)
    correlate(x, w, at, y)
    if b is not None:
        xp.add(y, b, out=y)  # (1)
    return y, Conv2dCache(x, w, b is not None, at)


def conv2d_backward(
    dy: Float[Array, "N OH OW O"],
    cache: Conv2dCache,
    *,
    needs: Collection[str] = ("x", "w", "b"),
    out: Mapping[str, Array] | None = None,
) -> tuple[Float[Array, "N H W C"] | None, Float[Array, "KH KW C O"] | None, Float[Array, " O"] | None]:
    r"""Gradients of the cost with respect to ``x``, ``w`` and ``b``.

    By the chain rule through (1) every argument collects dy from all outputs that it reaches. A weight and a bias reach
    every place (i, j) of every image:

    .. math::
        dw_{klco} &= \sum_{n,i,j} x_{n,\; iS+k-P,\; jS+l-P,\; c}\; dy_{nijo}                              \tag{2} \\
        db_o &= \sum_{n,i,j} dy_{nijo}                                                                    \tag{3}

    A pixel (r, q) reaches place i at kernel row k where :math:`iS + k - P = r`, and likewise along the width:

    .. math::
        dx_{nrqc} = \sum_{i,k:\, iS+k-P=r} \;\; \sum_{j,l:\, jS+l-P=q} \;\; \sum_o dy_{nijo}\, w_{klco}  \tag{4}

    With S = 1 that is i = r + P - k: as k grows, i falls. (4) is then a convolution of dy with the kernel *flipped* in
    both directions, its channels in and out exchanged, padded by K - 1 - P. With S > 1 the dy stand S pixels apart with
    zeros between. In any case it is the transpose of (1) as a linear map: what
    :func:`~miniae.ops.conv_transpose2d.conv_transpose2d_forward` computes. For a kernel of 3 in one dimension::

        y0 = w0 x0 + w1 x1 + w2 x2                    dx0 = w0 dy0
        y1 =         w0 x1 + w1 x2 + w2 x3            dx1 = w1 dy0 + w0 dy1
                                                      dx2 = w2 dy0 + w1 dy1
                                                      dx3 =          w2 dy1

    Args:
        dy: gradient with respect to ``y``, (N, OH, OW, O).
        cache: from :func:`conv2d_forward`.
        needs: the arguments whose gradients are wanted; the others come back as None.
        out: where to write them, by the argument's name; fresh arrays for those not named.

    Returns:
        ``dx``, ``dw``, ``db``, shaped like ``x``, ``w``, ``b``; ``db`` is None where there was no bias.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.
    """
    x, w, has_bias, at = cache
    check_cotangent("conv2d", dy, (x.shape[0], *at.out, w.shape[3]), x.dtype)
    xp, out = array_module(dy), out or {}
    dx = dw = db = None
    if "x" in needs:
        dx = output("conv2d", out.get("x"), x.shape, x)
        spread(dy, w, at, dx)  # (4)
    if "w" in needs:
        dw = output("conv2d", out.get("w"), w.shape, x)
        kernel_gradient(x, dy, at, dw)  # (2)
    if "b" in needs and has_bias:
        db = xp.sum(dy, axis=(0, 1, 2), out=output("conv2d", out.get("b"), w.shape[3:], x))  # (3)
    return dx, dw, db
