"""Weight decay (L2): asks weights to be small; half the sum of squares, nothing to do with the batch.

Shapes: ``...`` any shape, the same for every array here.
"""

import math

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats, output


def l2(
    w: Float[Array, "..."], strength: float, *, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, ""], Float[Array, "..."]]:
    r"""Half the squared weights, summed over all of them.

    .. math::
        C  &= \frac{\lambda}{2} \sum_i w_i^2                    \tag{1} \\
        dw &= \lambda w                                         \tag{2}

    The half cancels the 2 of the derivative. No mean is taken: neither over the weights nor over examples, and in
    data-parallel training every worker adds the whole penalty to a gradient that is already the whole batch's.

    Biases are not decayed: they shift a unit's threshold and cannot make it react more strongly to its inputs. This
    function penalises whatever it is given; it is the network's layout that marks which parameters decay, and the
    model passes only those.

    Args:
        w: weights, any shape.
        strength: lambda, weight of the penalty, at least 0.
        out: where to write ``dw``; a fresh array when None.

    Returns:
        The penalty (0-d) and its gradient ``dw`` with respect to ``w``.

    Raises:
        TypeError: if ``w`` is neither float32 nor float64.
        ValueError: if ``strength`` is negative or not finite.

    >>> import numpy as np
    >>> cost, dw = l2(np.array([[1.0, -2.0], [0.0, 3.0]]), strength=0.5)
    >>> float(cost)  # 0.5 / 2 * (1 + 4 + 0 + 9)
    3.5
    >>> dw
    array([[ 0.5, -1. ], [ 0. ,  1.5]])

    Source: UFLDL tutorial, "Backpropagation Algorithm".
    """
    check_l2(w, strength)
    strength = float(strength)  # a NumPy scalar would turn a float32 cost into float64
    xp = array_module(w)
    dw = xp.multiply(w, strength, out=output("l2", out, w.shape, w))  # (2)
    return strength / 2 * xp.vdot(w, w), dw  # (1)


def check_l2(w: Array, strength: float) -> None:
    """Refuse arguments of :func:`l2`, as it says there."""
    check_floats("l2", w=w)
    if not 0 <= strength < math.inf:
        raise ValueError(f"l2: strength must be a finite number of at least 0, got {strength}")
