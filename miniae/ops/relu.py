"""ReLU: lets what is positive pass and stops the rest.

Shapes: ``...`` any shape, the same for every array here.
"""

from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class ReluCache(NamedTuple):
    """What the backward needs."""

    y: Float[Array, "..."]


def relu_forward(
    x: Float[Array, "..."], *, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], ReluCache]:
    r"""Rectify every element of ``x``: the positive ones stay, the others become 0.

    .. math::
        y = \max(x, 0)                                          \tag{1}

    Args:
        x: pre-activations, any shape, float32 or float64.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`relu_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.

    >>> import numpy as np
    >>> y, _ = relu_forward(np.array([-3.0, 0.0, 2.0]))
    >>> y
    array([0., 0., 2.])

    Source: Nair and Hinton (2010), "Rectified linear units improve restricted Boltzmann machines".
    """
    check_floats("relu", x=x)
    y = array_module(x).maximum(x, 0, out=output("relu", out, x.shape, x))  # (1)
    return y, ReluCache(y)


def relu_backward(
    dy: Float[Array, "..."], cache: ReluCache, *, out: Float[Array, "..."] | None = None
) -> Float[Array, "..."]:
    r"""Gradient of the cost with respect to ``x``.

    .. math::
        \frac{\partial y}{\partial x} = \begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}
        \;= \operatorname{sign} y
        \quad\Rightarrow\quad dx = dy\,\operatorname{sign} y    \tag{2}

    ``y`` is never negative, so its sign is 1 exactly where x is positive and 0 elsewhere. At the kink, x = 0, any
    slope from 0 to 1 is a subgradient; it is 0 here, as in PyTorch.

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`relu_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> _, cache = relu_forward(np.array([-3.0, 0.0, 2.0]))
    >>> relu_backward(np.array([5.0, 6.0, 7.0]), cache)
    array([0., 0., 7.])
    """
    y = cache.y
    check_cotangent("relu", dy, y.shape, y.dtype)
    dx = array_module(dy).sign(y, out=output("relu", out, y.shape, y))
    dx *= dy  # (2)
    return dx
