"""Softmax: turns the last axis into a probability distribution.

Shapes: ``...`` any leading axes, K classes.
"""

from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class SoftmaxCache(NamedTuple):
    """What the backward needs."""

    y: Float[Array, "... K"]


def softmax_forward(
    x: Float[Array, "... K"], *, out: Float[Array, "... K"] | None = None
) -> tuple[Float[Array, "... K"], SoftmaxCache]:
    r"""Positive numbers that sum to 1 along the last axis, the larger the larger ``x`` is.

    .. math::
        y_k = \frac{e^{x_k}}{\sum_j e^{x_j}} = \frac{e^{x_k - c}}{\sum_j e^{x_j - c}},
        \qquad c = \max_j x_j                                   \tag{1}

    Adding a constant to every x changes nothing, so the largest is brought to 0: no exponential exceeds 1.

    Args:
        x: logits, (..., K), float32 or float64.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`softmax_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if ``x`` has no last axis, or one without elements.

    >>> import numpy as np
    >>> y, _ = softmax_forward(np.array([[0.0, np.log(3.0)], [1000.0, -1000.0]]))
    >>> y
    array([[0.25, 0.75], [1.  , 0.  ]])

    Source: UFLDL tutorial, "Softmax Regression".
    """
    check_softmax(x)
    xp = array_module(x)
    y = xp.subtract(x, x.max(axis=-1, keepdims=True), out=output("softmax", out, x.shape, x))
    xp.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)  # (1)
    return y, SoftmaxCache(y)


def softmax_backward(
    dy: Float[Array, "... K"], cache: SoftmaxCache, *, out: Float[Array, "... K"] | None = None
) -> Float[Array, "... K"]:
    r"""Gradient of the cost with respect to ``x``.

    Every output depends on every x of its row, on its own through the numerator as well:

    .. math::
        \frac{\partial y_k}{\partial x_j} &= y_k\,(\delta_{kj} - y_j)                                \tag{2} \\
        dx_j = \sum_k dy_k \frac{\partial y_k}{\partial x_j} &= y_j \Big(dy_j - \sum_k dy_k\, y_k\Big) \tag{3}

    Each row of ``dx`` sums to 0: the constant that changes nothing has no gradient.

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`softmax_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> softmax_backward(np.array([[4.0, 0.0]]), SoftmaxCache(np.array([[0.25, 0.75]])))
    array([[ 0.75, -0.75]])
    """
    y = cache.y
    check_cotangent("softmax", dy, y.shape, y.dtype)
    xp = array_module(dy)
    dx = xp.multiply(dy, y, out=output("softmax", out, y.shape, y))
    xp.subtract(dy, dx.sum(axis=-1, keepdims=True), out=dx)
    dx *= y  # (3)
    return dx


def check_softmax(x: Array) -> None:
    """Refuse arguments of :func:`softmax_forward`, as it says there."""
    check_floats("softmax", x=x)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"softmax: x must have at least one class along its last axis, got shape {x.shape}")
