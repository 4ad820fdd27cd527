"""ELU: the identity where x is positive, an exponential that levels off at -alpha where it is not.

Shapes: ``...`` any shape, the same for every array here.
"""

import math
from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class EluCache(NamedTuple):
    """What the backward needs."""

    y: Float[Array, "..."]
    alpha: float


def elu_forward(
    x: Float[Array, "..."], *, alpha: float = 1.0, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], EluCache]:
    r"""Keep the positive elements of ``x`` and bend the negative ones towards -alpha.

    .. math::
        y = \begin{cases} x & x > 0 \\ \alpha\,(e^x - 1) & x \le 0 \end{cases}
        \;= \alpha\,(e^{\min(x, 0)} - 1) + \max(x, 0)           \tag{1}

    The minimum keeps the exponential from overflowing where it is not wanted. Near 0 the difference
    :math:`e^x - 1` would cancel; ``expm1`` computes it in one go, to full precision.

    Args:
        x: pre-activations, any shape, float32 or float64.
        alpha: minus the value that very negative elements approach; positive.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`elu_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if ``alpha`` is not positive and finite.

    >>> import numpy as np
    >>> y, _ = elu_forward(np.array([-1000.0, -np.log(2.0), 0.0, 3.0]))
    >>> y
    array([-1. , -0.5,  0. ,  3. ])

    Source: Clevert, Unterthiner and Hochreiter (2016), "Fast and accurate deep network learning by exponential
    linear units (ELUs)".
    """
    check_elu(x, alpha)
    xp = array_module(x)
    y = xp.minimum(x, 0, out=output("elu", out, x.shape, x))
    xp.expm1(y, out=y)
    y *= alpha
    y += xp.maximum(x, 0)  # (1)
    return y, EluCache(y, alpha)


def elu_backward(
    dy: Float[Array, "..."], cache: EluCache, *, out: Float[Array, "..."] | None = None
) -> Float[Array, "..."]:
    r"""Gradient of the cost with respect to ``x``.

    .. math::
        \frac{\partial y}{\partial x} = \begin{cases} 1 & x > 0 \\ \alpha e^x = y + \alpha & x \le 0 \end{cases}
        \quad\Rightarrow\quad dx = dy \cdot \begin{cases} 1 & y > 0 \\ y + \alpha & y \le 0 \end{cases}     \tag{2}

    ``y`` is positive exactly where x is. At x = 0 the slope is alpha, that of the left side, as in PyTorch: a kink
    unless alpha is 1, and even then the slope itself has a kink there.

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`elu_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> _, cache = elu_forward(np.array([-np.log(2.0), 0.0, 3.0]), alpha=2.0)
    >>> elu_backward(np.array([1.0, 1.0, 1.0]), cache)
    array([1., 2., 1.])
    """
    y, alpha = cache
    check_cotangent("elu", dy, y.shape, y.dtype)
    xp = array_module(dy)
    dx = xp.add(y, alpha, out=output("elu", out, y.shape, y))
    xp.copyto(dx, 1, where=y > 0)
    dx *= dy  # (2)
    return dx


def check_elu(x: Array, alpha: float) -> None:
    """Refuse arguments of :func:`elu_forward`, as it says there."""
    check_floats("elu", x=x)
    if not 0 < alpha < math.inf:
        raise ValueError(f"elu: alpha must be positive and finite, got {alpha}")
