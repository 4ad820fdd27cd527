"""Leaky ReLU: lets what is positive pass and a small part of the rest.

Shapes: ``...`` any shape, the same for every array here.
"""

from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class LeakyReluCache(NamedTuple):
    """What the backward needs."""

    y: Float[Array, "..."]
    slope: float


def leaky_relu_forward(
    x: Float[Array, "..."], *, slope: float = 0.01, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], LeakyReluCache]:
    r"""Keep the positive elements of ``x`` and scale the negative ones down.

    .. math::
        y = \begin{cases} x & x > 0 \\ s\,x & x \le 0 \end{cases}
        \;= \max(x, s\,x)                                       \tag{1}

    The maximum is the same thing because :math:`0 \le s < 1`: s x lies below a positive x and above a negative one.
    A unit that is never positive still gets a gradient through the leak, where a ReLU would be dead.

    Args:
        x: pre-activations, any shape, float32 or float64.
        slope: s, the slope where x is negative, in [0, 1).
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`leaky_relu_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if ``slope`` is outside [0, 1).

    >>> import numpy as np
    >>> y, _ = leaky_relu_forward(np.array([-3.0, 0.0, 2.0]), slope=0.1)
    >>> y
    array([-0.3,  0. ,  2. ])

    Source: Maas, Hannun and Ng (2013), "Rectifier nonlinearities improve neural network acoustic models".
    """
    check_leaky_relu(x, slope)
    xp = array_module(x)
    y = xp.multiply(x, slope, out=output("leaky_relu", out, x.shape, x))
    xp.maximum(x, y, out=y)  # (1)
    return y, LeakyReluCache(y, slope)


def leaky_relu_backward(
    dy: Float[Array, "..."], cache: LeakyReluCache, *, out: Float[Array, "..."] | None = None
) -> Float[Array, "..."]:
    r"""Gradient of the cost with respect to ``x``.

    .. math::
        \frac{\partial y}{\partial x} = \begin{cases} 1 & x > 0 \\ s & x \le 0 \end{cases}
        \;= \max(\operatorname{sign} y, s)
        \quad\Rightarrow\quad dx = dy\,\max(\operatorname{sign} y, s)    \tag{2}

    ``y`` is positive exactly where x is; the sign elsewhere, 0 or -1, is never above s. At the kink, x = 0, any
    slope from s to 1 is a subgradient; it is s here, as in PyTorch.

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`leaky_relu_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> _, cache = leaky_relu_forward(np.array([-3.0, 0.0, 2.0]), slope=0.1)
    >>> leaky_relu_backward(np.array([5.0, 6.0, 7.0]), cache)
    array([0.5, 0.6, 7. ])
    """
    y, slope = cache
    check_cotangent("leaky_relu", dy, y.shape, y.dtype)
    xp = array_module(dy)
    dx = xp.sign(y, out=output("leaky_relu", out, y.shape, y))
    xp.maximum(dx, slope, out=dx)
    dx *= dy  # (2)
    return dx


def check_leaky_relu(x: Array, slope: float) -> None:
    """Refuse arguments of :func:`leaky_relu_forward`, as it says there."""
    check_floats("leaky_relu", x=x)
    if not 0 <= slope < 1:
        raise ValueError(f"leaky_relu: slope must lie in [0, 1), got {slope}")
