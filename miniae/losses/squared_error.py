"""Squared error as UFLDL writes it: half, summed over features, mean over examples.

Shapes: N batch, ``...`` the features of one example.
"""

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats, check_target, output
from miniae.reduce import Reduce, local


def squared_error(
    y: Float[Array, "N ..."],
    target: Float[Array, "N ..."],
    *,
    reduce: Reduce = local,
    out: Float[Array, "N ..."] | None = None,
) -> tuple[Float[Array, ""], Float[Array, "N ..."]]:
    r"""Half the squared error, summed over features, mean over examples.

    .. math::
        L  &= \frac{1}{2m} \sum_n \sum_d (y_{nd} - t_{nd})^2    \tag{1} \\
        dy &= \frac{1}{m} (y - t)                               \tag{2}

    m is the number of examples. The half cancels the 2 of the derivative.

    Args:
        y: outputs, (N, ...).
        target: what they should be, the shape of ``y``.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.
        out: where to write ``dy``; a fresh array when None.

    Returns:
        The loss (0-d) and its gradient ``dy`` with respect to ``y``.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if the shapes differ or there is no example.

    >>> import numpy as np
    >>> loss, dy = squared_error(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [3.0, 2.0]]))
    >>> float(loss)  # (1 + 0 + 0 + 4) / (2 * 2)
    1.25
    >>> dy
    array([[0.5, 0. ], [0. , 1. ]])

    Source: UFLDL tutorial, "Autoencoders and Sparsity".
    """
    check_floats("squared_error", y=y, target=target)
    check_target("squared_error", y, target)
    xp = array_module(y)
    dy = xp.subtract(y, target, out=output("squared_error", out, y.shape, y))
    total, m = reduce(xp.vdot(dy, dy), len(y))
    dy /= m  # (2)
    return total / (2 * m), dy  # (1)
