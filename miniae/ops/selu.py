"""SELU: an ELU scaled so that activations keep mean 0 and variance 1 from layer to layer.

Shapes: ``...`` any shape, the same for every array here.
"""

from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output

# The one pair of constants for which x ~ N(0, 1) gives selu(x) mean 0 and variance 1, derived in
# the paper's appendix.
ALPHA = 1.6732632423543772
SCALE = 1.0507009873554805


class SeluCache(NamedTuple):
    """What the backward needs."""

    y: Float[Array, "..."]


def selu_forward(
    x: Float[Array, "..."], *, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], SeluCache]:
    r"""Stretch the positive elements of ``x`` a little and bend the negative ones towards -1.758.

    .. math::
        y = \lambda \cdot \begin{cases} x & x > 0 \\ \alpha\,(e^x - 1) & x \le 0 \end{cases}
        \;= \lambda\alpha\,(e^{\min(x, 0)} - 1) + \lambda\max(x, 0)      \tag{1}

    with :math:`\lambda \approx 1.0507` and :math:`\alpha \approx 1.6733`. They solve two equations: for a standard
    normal x the mean of y is 0 and its variance is 1.

    Args:
        x: pre-activations, any shape, float32 or float64.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`selu_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.

    >>> import numpy as np
    >>> y, _ = selu_forward(np.array([-1000.0, 0.0, 1.0]))
    >>> y.round(4)
    array([-1.7581,  0.    ,  1.0507])

    Source: Klambauer, Unterthiner, Mayr and Hochreiter (2017), "Self-normalizing neural networks".
    """
    check_floats("selu", x=x)
    xp = array_module(x)
    y = xp.minimum(x, 0, out=output("selu", out, x.shape, x))
    xp.expm1(y, out=y)
    y *= ALPHA
    y += xp.maximum(x, 0)
    y *= SCALE  # (1)
    return y, SeluCache(y)


def selu_backward(
    dy: Float[Array, "..."], cache: SeluCache, *, out: Float[Array, "..."] | None = None
) -> Float[Array, "..."]:
    r"""Gradient of the cost with respect to ``x``.

    .. math::
        \frac{\partial y}{\partial x}
        = \begin{cases} \lambda & x > 0 \\ \lambda\alpha e^x = y + \lambda\alpha & x \le 0 \end{cases}
        \quad\Rightarrow\quad
        dx = dy \cdot \begin{cases} \lambda & y > 0 \\ y + \lambda\alpha & y \le 0 \end{cases}     \tag{2}

    ``y`` is positive exactly where x is. At the kink, x = 0, the slope is :math:`\lambda\alpha`, that of the left
    side, as in PyTorch.

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`selu_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> selu_backward(np.array([1.0, 1.0]), SeluCache(np.array([0.0, 2.0]))).round(4)
    array([1.7581, 1.0507])
    """
    y = cache.y
    check_cotangent("selu", dy, y.shape, y.dtype)
    xp = array_module(dy)
    dx = xp.add(y, SCALE * ALPHA, out=output("selu", out, y.shape, y))
    xp.copyto(dx, SCALE, where=y > 0)
    dx *= dy  # (2)
    return dx
