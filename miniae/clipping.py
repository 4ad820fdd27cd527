"""Gradient clipping: a step in the same direction, but never longer than allowed.

Shapes: ``...`` any shape; in practice one flat gradient for the whole network.
"""

from jaxtyping import Float, Float64

from miniae.arrays import Array, array_module, check_floats
from miniae.schedules import check_number


def clip_by_norm(gradient: Float[Array, "..."], max_norm: float) -> Float64[Array, ""]:
    r"""Shorten a gradient, in place, to length ``max_norm`` where it is longer.

    .. math::
        \|g\| = \sqrt{\textstyle\sum_i g_i^2}, \qquad g \leftarrow g \cdot \min\!\left(1, \frac{c}{\|g\|}\right)
        = g \cdot \frac{c}{\max(\|g\|, c)}                      \tag{1}

    with c the longest length allowed. The second form never divides by 0. A gradient within the limit keeps every
    bit. (PyTorch scales by :math:`c / (\|g\| + 10^{-6})`, which leaves gradients a trifle shorter than c and also
    shortens those a trifle below it.)

    A gradient whose norm is not finite is left as it is, and the norm returned shows it: scaling an infinite gradient
    would only turn it into NaN. The caller decides whether to stop or to skip the step. In float32 the squares
    overflow, and the norm is infinite, once elements exceed about 1e19.

    Args:
        gradient: changed in place, any shape.
        max_norm: c, finite and above 0.

    Returns:
        The norm before clipping (0-d, float64, still on the gradient's device).

    Raises:
        TypeError: if ``gradient`` is neither float32 nor float64, or ``max_norm`` is not a number.
        ValueError: if ``max_norm`` is not above 0 and finite.

    >>> import numpy as np
    >>> g = np.array([3.0, 4.0])
    >>> float(clip_by_norm(g, 1.0))
    5.0
    >>> g
    array([0.6, 0.8])

    Source: Pascanu, Mikolov, Bengio (2013), "On the difficulty of training recurrent neural networks".
    """
    check_floats("clip_by_norm", gradient=gradient)
    check_number("clip_by_norm", "max_norm", max_norm, positive=True)
    xp = array_module(gradient)
    norm = xp.sqrt(xp.vdot(gradient, gradient), dtype=xp.float64)
    # where() rather than if: nothing is read back from a GPU.
    scale = xp.where(xp.isfinite(norm), max_norm / xp.maximum(norm, max_norm), 1.0)  # (1)
    gradient *= scale.astype(gradient.dtype)
    return norm
