"""Softplus: a smooth ReLU, positive everywhere.

Shapes: ``...`` any shape, the same for every array here.
"""

from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class SoftplusCache(NamedTuple):
    """What the backward needs."""

    y: Float[Array, "..."]


def softplus_forward(
    x: Float[Array, "..."], *, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], SoftplusCache]:
    r"""Round off the corner of the ReLU.

    .. math::
        y = \log(1 + e^x) = \log(1 + e^{-|x|}) + \max(x, 0)     \tag{1}

    The first form overflows for large x. The second takes :math:`e^x` out of the logarithm where x is positive, and
    its exponential is never above 1. ``log1p`` keeps what a sum 1 + tiny would round away.

    Args:
        x: any shape, float32 or float64.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`softplus_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.

    >>> import numpy as np
    >>> y, _ = softplus_forward(np.array([-1000.0, 0.0, 50.0]))
    >>> y.round(4)
    array([ 0.    ,  0.6931, 50.    ])

    Source: Dugas et al. (2001), "Incorporating second-order functional knowledge for better option pricing".
    """
    check_floats("softplus", x=x)
    xp = array_module(x)
    y = xp.absolute(x, out=output("softplus", out, x.shape, x))
    xp.negative(y, out=y)
    xp.exp(y, out=y)
    xp.log1p(y, out=y)
    y += xp.maximum(x, 0)  # (1)
    return y, SoftplusCache(y)


def softplus_backward(
    dy: Float[Array, "..."], cache: SoftplusCache, *, out: Float[Array, "..."] | None = None
) -> Float[Array, "..."]:
    r"""Gradient of the cost with respect to ``x``.

    The slope is the sigmoid. Since :math:`e^y = 1 + e^x`, it can be had from ``y``:

    .. math::
        \frac{\partial y}{\partial x} = \frac{e^x}{1 + e^x} = 1 - e^{-y}
        \quad\Rightarrow\quad dx = dy\,(1 - e^{-y})             \tag{2}

    ``expm1``, :math:`e^{-y} - 1` in one go, keeps (2) exact where y is tiny; nothing can overflow.

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`softplus_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> softplus_backward(np.array([1.0, 1.0]), SoftplusCache(np.array([np.log(2.0), 1000.0])))
    array([0.5, 1. ])
    """
    y = cache.y
    check_cotangent("softplus", dy, y.shape, y.dtype)
    xp = array_module(dy)
    dx = xp.negative(y, out=output("softplus", out, y.shape, y))
    xp.expm1(dx, out=dx)
    xp.negative(dx, out=dx)
    dx *= dy  # (2)
    return dx
