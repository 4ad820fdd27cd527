"""Unpooling: put every value back where a max-pooling found its largest, zero elsewhere.

Shapes: as in :mod:`miniae.ops.max_pool2d`: (N, OH, OW, C) goes in, (N, H, W, C) comes out.
"""

from typing import Any, NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, check_cotangent, check_floats, output
from miniae.ops.max_pool2d import MaxPool2dCache, put, take


class MaxUnpool2dCache(NamedTuple):
    """What the backward needs."""

    pool: MaxPool2dCache
    dtype: Any


def max_unpool2d_forward(
    x: Float[Array, "N OH OW C"], pool: MaxPool2dCache, *, out: Float[Array, "N H W C"] | None = None
) -> tuple[Float[Array, "N H W C"], MaxUnpool2dCache]:
    r"""An image of zeros with every value where the pooling's *switches* point: what pooling kept goes back in place.

    .. math::
        y_{nrqc} = \sum_{i,j:\; (iS+k^*-P,\; jS+l^*-P) = (r,\, q)} x_{nijc}                              \tag{1}

    Linear in x; the switches are constants.

    Args:
        x: one value for each window, (N, OH, OW, C).
        pool: the cache of :func:`~miniae.ops.max_pool2d.max_pool2d_forward`.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, shaped like the image that was pooled, and the cache for :func:`max_unpool2d_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if ``x`` has another shape than what the pooling returned.

    Source: Zeiler and Fergus (2014), "Visualizing and understanding convolutional networks".
    """
    check_max_unpool2d(x, pool)
    switches, at, _ = pool
    y = output("max_unpool2d", out, (len(x), *at.size, x.shape[3]), x)
    put(x, switches, at, y)  # (1)
    return y, MaxUnpool2dCache(pool, x.dtype)


def max_unpool2d_backward(
    dy: Float[Array, "N H W C"], cache: MaxUnpool2dCache, *, out: Float[Array, "N OH OW C"] | None = None
) -> Float[Array, "N OH OW C"]:
    r"""Gradient of the cost with respect to ``x``: each value reached one pixel, and has that pixel's gradient.

    .. math::
        dx_{nijc} = dy_{n,\; iS+k^*-P,\; jS+l^*-P,\; c}                                                  \tag{2}

    Args:
        dy: gradient with respect to ``y``, (N, H, W, C).
        cache: from :func:`max_unpool2d_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, (N, OH, OW, C).

    Raises:
        TypeError, ValueError: if ``dy`` is no float array shaped like ``y``.
    """
    (switches, at, _), dtype = cache
    check_cotangent("max_unpool2d", dy, (switches.shape[0], *at.size, switches.shape[3]), dtype)
    dx = output("max_unpool2d", out, switches.shape, dy)
    take(dy, switches, at, dx)  # (2)
    return dx


def check_max_unpool2d(x: Array, pool: MaxPool2dCache) -> None:
    """Refuse arguments of :func:`max_unpool2d_forward`, as it says there."""
    check_floats("max_unpool2d", x=x)
    if x.shape != pool.switches.shape:
        raise ValueError(f"max_unpool2d: x has shape {x.shape}, the pooling returned {pool.switches.shape}")
