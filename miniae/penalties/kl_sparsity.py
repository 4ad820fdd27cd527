"""KL sparsity: asks every hidden unit to be active with mean rho; summed over units, not divided by m.

Shapes: N batch, D hidden units.
"""

import math

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_examples, check_floats
from miniae.reduce import Reduce, local


def kl_sparsity(
    a: Float[Array, "N D"], rho: float, beta: float, *, reduce: Reduce = local
) -> tuple[Float[Array, ""], Float[Array, " D"]]:
    r"""KL divergence between a target activation rho and each unit's mean activation, summed over units.

    .. math::
        \hat\rho_d &= \frac{1}{m} \sum_n a_{nd}                                          \tag{1} \\
        C &= \beta \sum_d f(\hat\rho_d), \qquad
        f(r) = \rho \log\frac{\rho}{r} + (1-\rho) \log\frac{1-\rho}{1-r}                 \tag{2} \\
        f'(r) &= -\frac{\rho}{r} + \frac{1-\rho}{1-r}                                    \tag{3} \\
        da_{nd} &= \beta f'(\hat\rho_d) \frac{\partial\hat\rho_d}{\partial a_{nd}}
        = \frac{\beta}{m} f'(\hat\rho_d)                                                 \tag{4}

    Every example moves :math:`\hat\rho_d` by the same amount, so every row of ``da`` is the same and one is
    returned. It is added at the hidden *activation*, before the derivative of the activation function is applied.

    (2) is infinite at 0 and 1. Within eps of them (the dtype's machine epsilon) it continues along its tangent,
    :math:`f(q) + f'(q)(\hat\rho - q)` with q the nearest point inside: finite, and never flat.

    Args:
        a: hidden activations, (N, D), in [0, 1] as a sigmoid gives them.
        rho: the mean activation asked for, in (0, 1).
        beta: weight of the penalty, at least 0.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.

    Returns:
        The penalty (0-d) and one row of its gradient, (D,), to be added to the gradient of every example.

    Raises:
        TypeError: if ``a`` is neither float32 nor float64.
        ValueError: if ``rho`` is outside (0, 1), ``beta`` is negative or not finite, or there is no example.

    >>> import numpy as np
    >>> cost, da = kl_sparsity(np.array([[0.1, 0.5], [0.3, 0.5]]), rho=0.2, beta=3.0)
    >>> print(f"{cost:.4f}")  # the first unit is on target: 3 (0.2 log 0.4 + 0.8 log 1.6)
    0.5782
    >>> da
    array([0. , 1.8])

    Source: UFLDL tutorial, "Autoencoders and Sparsity".
    """
    check_kl_sparsity(a, rho, beta)
    rho, beta = float(rho), float(beta)  # NumPy scalars would turn float32 results into float64
    xp = array_module(a)
    total, m = reduce(a.sum(axis=0), len(a))
    rho_hat = total / m  # (1)
    eps = xp.finfo(a.dtype).eps
    q = xp.clip(rho_hat, eps, 1 - eps)
    slope = -rho / q + (1 - rho) / (1 - q)  # (3)
    kl = rho * xp.log(rho / q) + (1 - rho) * xp.log((1 - rho) / (1 - q))  # (2)
    kl += slope * (rho_hat - q)  # the tangent; nothing where q is rho_hat itself
    return beta * kl.sum(), beta / m * slope  # (2), (4)


def check_kl_sparsity(a: Array, rho: float, beta: float) -> None:
    """Refuse arguments of :func:`kl_sparsity`, as it says there."""
    check_floats("kl_sparsity", a=a)
    check_examples("kl_sparsity", a)
    if not 0 < rho < 1:
        raise ValueError(f"kl_sparsity: rho must lie in (0, 1), got {rho}")
    if not 0 <= beta < math.inf:
        raise ValueError(f"kl_sparsity: beta must be a finite number of at least 0, got {beta}")
