"""Tanh: squashes every element into (-1, 1).

Shapes: ``...`` any shape, the same for every array here.
"""

from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class TanhCache(NamedTuple):
    """What the backward needs."""

    y: Float[Array, "..."]


def tanh_forward(
    x: Float[Array, "..."], *, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], TanhCache]:
    r"""Squash every element of ``x`` into (-1, 1), zero to zero.

    .. math::
        y = \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}         \tag{1}

    A sigmoid, stretched and moved: :math:`\tanh x = 2\,\sigma(2x) - 1`.

    Args:
        x: pre-activations, any shape, float32 or float64.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`tanh_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.

    >>> import numpy as np
    >>> y, _ = tanh_forward(np.array([-1000.0, 0.0, np.log(2.0)]))
    >>> y.round(12)  # tanh(log 2) = (2 - 1/2) / (2 + 1/2)
    array([-1. ,  0. ,  0.6])

    Source: LeCun et al. (1998), "Efficient BackProp".
    """
    check_floats("tanh", x=x)
    y = array_module(x).tanh(x, out=output("tanh", out, x.shape, x))  # (1)
    return y, TanhCache(y)


def tanh_backward(
    dy: Float[Array, "..."], cache: TanhCache, *, out: Float[Array, "..."] | None = None
) -> Float[Array, "..."]:
    r"""Gradient of the cost with respect to ``x``.

    .. math::
        \frac{\partial y}{\partial x} = 1 - \tanh^2 x = 1 - y^2
        \quad\Rightarrow\quad dx = dy\,(1 - y^2)                \tag{2}

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`tanh_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> tanh_backward(np.array([2.0, 2.0]), TanhCache(np.array([0.0, 0.5])))
    array([2. , 1.5])
    """
    y = cache.y
    check_cotangent("tanh", dy, y.shape, y.dtype)
    xp = array_module(dy)
    dx = xp.multiply(y, y, out=output("tanh", out, y.shape, y))
    xp.subtract(1, dx, out=dx)
    dx *= dy  # (2)
    return dx
