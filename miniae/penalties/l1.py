"""L1 sparsity: asks activations to be exactly zero; summed over units, mean over examples.

Shapes: N batch, ``...`` the units of one example.
"""

import math

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_examples, check_floats, output
from miniae.reduce import Reduce, local


def l1(
    a: Float[Array, "N ..."],
    strength: float,
    *,
    reduce: Reduce = local,
    out: Float[Array, "N ..."] | None = None,
) -> tuple[Float[Array, ""], Float[Array, "N ..."]]:
    r"""Absolute activations, summed over units, mean over examples.

    .. math::
        C  &= \frac{\lambda}{m} \sum_n \sum_d |a_{nd}|                          \tag{1} \\
        da &= \frac{\lambda}{m} \operatorname{sign} a                           \tag{2}

    The pull towards zero does not fade as an activation gets small, which is why it arrives there. At 0 itself any
    slope from -1 to 1 is a subgradient of \|a\|; it is 0 here, so what is zero stays.

    Args:
        a: hidden activations, (N, ...).
        strength: lambda, weight of the penalty, at least 0.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.
        out: where to write ``da``; a fresh array when None.

    Returns:
        The penalty (0-d) and its gradient ``da`` with respect to ``a``.

    Raises:
        TypeError: if ``a`` is neither float32 nor float64.
        ValueError: if ``strength`` is negative or not finite, or there is no example.

    >>> import numpy as np
    >>> cost, da = l1(np.array([[1.0, -2.0], [0.0, 3.0]]), strength=0.5)
    >>> float(cost)  # 0.5 * (1 + 2 + 0 + 3) / 2
    1.5
    >>> da
    array([[ 0.25, -0.25], [ 0.  ,  0.25]])

    Source: Olshausen and Field (1996), "Emergence of simple-cell receptive field properties by learning a sparse code
    for natural images".
    """
    check_l1(a, strength)
    strength = float(strength)  # a NumPy scalar would turn a float32 cost into float64
    xp = array_module(a)
    da = xp.absolute(a, out=output("l1", out, a.shape, a))  # da's memory first holds |a|
    total, m = reduce(da.sum(), len(a))
    xp.sign(a, out=da)
    da *= strength / m  # (2)
    return strength / m * total, da  # (1)


def check_l1(a: Array, strength: float) -> None:
    """Refuse arguments of :func:`l1`, as it says there."""
    check_floats("l1", a=a)
    check_examples("l1", a)
    if not 0 <= strength < math.inf:
        raise ValueError(f"l1: strength must be a finite number of at least 0, got {strength}")
