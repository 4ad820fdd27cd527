"""Mean squared error as most libraries write it: mean over elements, without a half.

Shapes: N batch, ``...`` the features of one example.
"""

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats, check_target, output
from miniae.reduce import Reduce, local


def mean_squared_error(
    y: Float[Array, "N ..."],
    target: Float[Array, "N ..."],
    *,
    reduce: Reduce = local,
    out: Float[Array, "N ..."] | None = None,
) -> tuple[Float[Array, ""], Float[Array, "N ..."]]:
    r"""Squared error, mean over elements.

    .. math::
        L  &= \frac{1}{mD} \sum_n \sum_d (y_{nd} - t_{nd})^2    \tag{1} \\
        dy &= \frac{2}{mD} (y - t)                              \tag{2}

    m is the number of examples and D that of the features of one: as many elements as there are pixels in the batch.
    Beside :func:`~miniae.losses.squared_error.squared_error` this is smaller by D/2, value and gradient alike, so a
    learning rate or a penalty tuned for one is wrong for the other.

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
    >>> loss, dy = mean_squared_error(np.array([[1.0, 2.0, 0.0, 4.0]]), np.array([[0.0, 2.0, 0.0, 2.0]]))
    >>> float(loss)  # (1 + 0 + 0 + 4) / 4
    1.25
    >>> dy
    array([[0.5, 0. , 0. , 1. ]])

    Source: Goodfellow, Bengio and Courville (2016), "Deep Learning", section 5.1.4.
    """
    check_floats("mean_squared_error", y=y, target=target)
    check_target("mean_squared_error", y, target)
    xp = array_module(y)
    dy = xp.subtract(y, target, out=output("mean_squared_error", out, y.shape, y))
    total, m = reduce(xp.vdot(dy, dy), len(y))
    elements = m * (y.size // len(y))
    dy *= 2 / elements  # (2)
    return total / elements, dy  # (1)
