"""Upsampling: enlarge images by a whole factor, repeating pixels or interpolating between them.

Shapes: N batch, H W height and width, C channels; F the factor.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output
from miniae.ops.windows import check_images, pair_of

Mode = Literal["nearest", "bilinear"]


class Upsample2dCache(NamedTuple):
    """What the backward needs: the two matrices of (1), and the shape that went in."""

    rows: Float[Array, "FH H"]
    columns: Float[Array, "FW W"]
    x_shape: tuple[int, ...]


def upsample2d_forward(
    x: Float[Array, "N H W C"],
    *,
    factor: int | tuple[int, int] = 2,
    mode: Mode = "nearest",
    out: Float[Array, "N FH FW C"] | None = None,
) -> tuple[Float[Array, "N FH FW C"], Upsample2dCache]:
    r"""Enlarge each image F times, along the height and along the width alike.

    Either way every new pixel is a weighted mean of old ones, with weights that depend on its place alone; rows and
    columns do not mix. With a matrix A for each axis, (F H, H), whose rows sum to 1:

    .. math::
        y_{nijc} = \sum_{r,q} A_{ir}\, A'_{jq}\, x_{nrqc}                                                \tag{1}

    *nearest*: new pixel i lies inside old pixel i // F and copies it, :math:`A_{ir} = 1` for that r alone. *bilinear*:
    pixels are squares with their values at their centres. The centre of new pixel i lies at t = (i + 1/2) / F - 1/2
    in units of old pixels, and takes a share 1 - (t - r) of the old one r before it and t - r of the one behind; beyond
    the outermost centres it copies.

    Args:
        x: images, channels last, (N, H, W, C).
        factor: F, a whole number, or one for each axis.
        mode: ``"nearest"`` or ``"bilinear"``.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, (N, F H, F W, C), and the cache for :func:`upsample2d_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if the factor or mode is none of these, or ``x`` is no batch of images.

    >>> import numpy as np
    >>> two = np.array([1.0, 2.0]).reshape(1, 1, 2, 1)
    >>> upsample2d_forward(two, factor=(1, 2))[0].ravel()
    array([1., 1., 2., 2.])
    >>> upsample2d_forward(two, factor=(1, 2), mode="bilinear")[0].ravel()
    array([1.  , 1.25, 1.75, 2.  ])
    """
    both = check_upsample2d(x, factor, mode)
    rows, columns = (enlarging(n, f, mode, x) for n, f in zip(x.shape[1:3], both, strict=True))
    y = output("upsample2d", out, (x.shape[0], len(rows), len(columns), x.shape[3]), x)
    _apply(rows, columns, x, y)  # (1)
    return y, Upsample2dCache(rows, columns, x.shape)


def upsample2d_backward(
    dy: Float[Array, "N FH FW C"], cache: Upsample2dCache, *, out: Float[Array, "N H W C"] | None = None
) -> Float[Array, "N H W C"]:
    r"""Gradient of the cost with respect to ``x``.

    An old pixel *sums* what comes back from all new pixels that took a share of it. Picking one of them (subsampling)
    would be no gradient.

    .. math::
        dx_{nrqc} = \sum_{i,j} A_{ir}\, A'_{jq}\, dy_{nijc}                                              \tag{2}

    Args:
        dy: gradient with respect to ``y``, (N, F H, F W, C).
        cache: from :func:`upsample2d_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.
    """
    rows, columns, x_shape = cache
    check_cotangent("upsample2d", dy, (x_shape[0], len(rows), len(columns), x_shape[3]), rows.dtype)
    dx = output("upsample2d", out, x_shape, dy)
    _apply(rows.T, columns.T, dy, dx)  # (2)
    return dx


def enlarging(n: int, factor: int, mode: Mode, like: Array) -> Float[Array, "Fn n"]:
    """The matrix A of one axis, from ``n`` pixels to ``factor`` times as many.

    >>> enlarging(2, 2, "bilinear", np.zeros(0))
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]])
    """
    new = np.arange(n * factor)
    matrix: Any = np.zeros((n * factor, n), like.dtype)
    if mode == "nearest":
        matrix[new, new // factor] = 1
    else:
        t = np.clip((new + 0.5) / factor - 0.5, 0, n - 1)
        r = np.minimum(t.astype(int), max(n - 2, 0))
        matrix[new, r] = 1 - (t - r)
        matrix[new, np.minimum(r + 1, n - 1)] += t - r
    return array_module(like).asarray(matrix)


def _apply(rows: Array, columns: Array, x: Array, y: Array) -> None:
    """Write to ``y`` the sums of (1): first along the height, then along the width."""
    n, h, w, c = x.shape
    tall = (rows @ x.reshape(n, h, w * c)).reshape(n, len(rows), w, c)
    array_module(x).matmul(columns, tall, out=y)


def check_upsample2d(x: Array, factor: int | tuple[int, int], mode: Mode) -> tuple[int, int]:
    """Refuse arguments of :func:`upsample2d_forward`, as it says there; the factor of each axis."""
    check_floats("upsample2d", x=x)
    check_images("upsample2d", x)
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f"upsample2d: mode must be 'nearest' or 'bilinear', got {mode!r}")
    return pair_of("upsample2d", "factor", factor, 1)
