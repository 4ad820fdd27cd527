"""Sigmoid: squashes every element into (0, 1).

Shapes: ``...`` any shape, the same for every array here.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class SigmoidCache(NamedTuple):
    """What the backward needs."""

    y: Float[Array, "..."]


def sigmoid_forward(
    x: Float[Array, "..."], *, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], SigmoidCache]:
    r"""Squash every element of ``x`` into (0, 1).

    .. math::
        y = \frac{1}{1 + e^{-x}}                                \tag{1}

    Stable as it stands: for very negative ``x`` the exponential overflows to infinity, and 1 / (1 + inf) = 0 is
    the limit. (The equal form :math:`e^x / (1 + e^x)` would give inf / inf for large ``x``.)

    Args:
        x: pre-activations, any shape, float32 or float64.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`sigmoid_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.

    >>> y, _ = sigmoid_forward(np.array([-1000.0, 0.0, np.log(3.0), 1000.0]))
    >>> y
    array([0.  , 0.5 , 0.75, 1.  ])

    Source: UFLDL tutorial, "Multi-Layer Neural Network".
    """
    check_floats("sigmoid", x=x)
    xp = array_module(x)
    y = output("sigmoid", out, x.shape, x)
    with np.errstate(over="ignore"):
        xp.negative(x, out=y)
        xp.exp(y, out=y)
    y += 1
    xp.reciprocal(y, out=y)  # (1)
    return y, SigmoidCache(y)


def sigmoid_backward(
    dy: Float[Array, "..."], cache: SigmoidCache, *, out: Float[Array, "..."] | None = None
) -> Float[Array, "..."]:
    r"""Gradient of the cost with respect to ``x``.

    .. math::
        \frac{\partial y}{\partial x} = \frac{e^{-x}}{(1 + e^{-x})^2} = y\,(1 - y)
        \quad\Rightarrow\quad dx = dy\; y\,(1 - y)              \tag{2}

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`sigmoid_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> _, cache = sigmoid_forward(np.array([0.0, np.log(3.0)]))
    >>> sigmoid_backward(np.array([1.0, 16.0]), cache)
    array([0.25, 3.  ])
    """
    y = cache.y
    check_cotangent("sigmoid", dy, y.shape, y.dtype)
    dx = array_module(dy).subtract(1, y, out=output("sigmoid", out, y.shape, y))
    dx *= y
    dx *= dy  # (2)
    return dx
