"""Transposed convolution: every input spreads a weighted copy of the kernel over the image; what overlaps is added.

Shapes: N batch, H W height and width of the input, O its channels; KH KW kernel; OH OW height and width of the result,
C its channels. S stride, P padding. The letters C and O are those of the convolution whose transpose this is.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output
from miniae.ops.convolution import correlate, kernel_gradient, spread
from miniae.ops.windows import Padding, Windows, check_images, check_kernel, transposed_windows


class ConvTranspose2dCache(NamedTuple):
    """What the backward needs; ``windows`` are those of the convolution, over the *result*."""

    x: Float[Array, "N H W O"]
    w: Float[Array, "KH KW C O"]
    has_bias: bool
    windows: Windows


def conv_transpose2d_forward(
    x: Float[Array, "N H W O"],
    w: Float[Array, "KH KW C O"],
    b: Float[Array, " C"] | None = None,
    *,
    stride: int | tuple[int, int] = 1,
    padding: Padding = "valid",
    output_padding: int | tuple[int, int] | None = None,
    out: Float[Array, "N OH OW C"] | None = None,
) -> tuple[Float[Array, "N OH OW C"], ConvTranspose2dCache]:
    r"""The transpose of the convolution with the same ``w``, stride and padding: it takes the shape back.

    The convolution sums, at place i, the pixels r = iS + k - P with weights w. Its transpose sends the input at place i
    to the same pixels with the same weights:

    .. math::
        y_{nrqc} = b_c + \sum_{i,k:\, iS+k-P=r} \;\; \sum_{j,l:\, jS+l-P=q} \;\; \sum_o x_{nijo}\, w_{klco}    \tag{1}

    As linear maps one is the transpose of the other: :math:`\langle conv(u), x \rangle = \langle u, y - b \rangle` for
    all u. It is no inverse. With S > 1 several sizes of u lead to the same size of x; ``output_padding`` says which is
    meant: along each axis the result has

    .. math::
        (H - 1) S + K - P - Q + \mathrm{output\ padding}                                                       \tag{2}

    pixels. With "same" padding the P + Q that gives S times the input's size is taken.

    Args:
        x: images, channels last, (N, H, W, O).
        w: kernels of the convolution, (KH, KW, C, O): O channels go in here, C come out.
        b: biases, (C,), or None for none.
        stride: S; one number, or one for each axis.
        padding: of the convolution: ``"valid"``, ``"same"``, or a number of pixels.
        output_padding: rows and columns more than the least, 0 to S - 1; None for 0, with "same" for S times the size.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, (N, OH, OW, C), and the cache for :func:`conv_transpose2d_backward`.

    Raises:
        TypeError: if the arrays are not float32 or float64, all alike.
        ValueError: if the shapes do not fit together; the message shows the arithmetic.

    >>> import numpy as np
    >>> two = np.array([1.0, 10.0]).reshape(1, 1, 2, 1)
    >>> kernel = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)
    >>> conv_transpose2d_forward(two, kernel)[0].ravel()
    array([ 1., 12., 23., 30.])

    Source: Zeiler et al. (2010), "Deconvolutional networks".
    """
    check_floats("conv_transpose2d", x=x, w=w, b=b)
    check_kernel("conv_transpose2d", w, b, into="O")
    check_images("conv_transpose2d", x, w.shape[3])
    at = transposed_windows("conv_transpose2d", x.shape[1:3], w.shape[:2], stride, padding, output_padding)
    y = output("conv_transpose2d", out, (x.shape[0], *at.size, w.shape[2]), x)
    spread(x, w, at, y)
    if b is not None:
        array_module(x).add(y, b, out=y)  # (1)
    return y, ConvTranspose2dCache(x, w, b is not None, at)


def conv_transpose2d_backward(
    dy: Float[Array, "N OH OW C"],
    cache: ConvTranspose2dCache,
    *,
    needs: Collection[str] = ("x", "w", "b"),
    out: Mapping[str, Array] | None = None,
) -> tuple[Float[Array, "N H W O"] | None, Float[Array, "KH KW C O"] | None, Float[Array, " C"] | None]:
    r"""Gradients of the cost with respect to ``x``, ``w`` and ``b``.

    The transpose of a transpose is the map itself: dx is the *convolution* of dy. In dw the two images have exchanged
    their parts: x stands where dy stood, and dy where x was.

    .. math::
        dx_{nijo} &= \sum_{k,l,c} dy_{n,\; iS+k-P,\; jS+l-P,\; c}\; w_{klco}                                  \tag{3} \\
        dw_{klco} &= \sum_{n,i,j} dy_{n,\; iS+k-P,\; jS+l-P,\; c}\; x_{nijo}                                  \tag{4} \\
        db_c &= \sum_{n,r,q} dy_{nrqc}                                                                        \tag{5}

    Args:
        dy: gradient with respect to ``y``, (N, OH, OW, C).
        cache: from :func:`conv_transpose2d_forward`.
        needs: the arguments whose gradients are wanted; the others come back as None.
        out: where to write them, by the argument's name; fresh arrays for those not named.

    Returns:
        ``dx``, ``dw``, ``db``, shaped like ``x``, ``w``, ``b``; ``db`` is None where there was no bias.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.
    """
    x, w, has_bias, at = cache
    check_cotangent("conv_transpose2d", dy, (x.shape[0], *at.size, w.shape[2]), x.dtype)
    xp, out = array_module(dy), out or {}
    dx = dw = db = None
    if "x" in needs:
        dx = output("conv_transpose2d", out.get("x"), x.shape, x)
        correlate(dy, w, at, dx)  # (3)
    if "w" in needs:
        dw = output("conv_transpose2d", out.get("w"), w.shape, x)
        kernel_gradient(dy, x, at, dw)  # (4)
    if "b" in needs and has_bias:
        db = xp.sum(dy, axis=(0, 1, 2), out=output("conv_transpose2d", out.get("b"), w.shape[2:3], x))  # (5)
    return dx, dw, db
