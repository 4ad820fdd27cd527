"""Explained variance: how much of what varies in the data comes back.

Shapes: N examples, D features.
"""

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats, check_target


def explained_variance(y: Float[Array, "N D"], target: Float[Array, "N D"]) -> float:
    r"""One minus the fraction of variance unexplained.

    .. math::
        1 - FVU = 1 - \frac{\sum_n \|y_n - t_n\|^2}{\sum_n \|t_n - \bar t\|^2},
        \qquad \bar t = \frac1N \sum_n t_n                                                      \tag{1}

    0 for whoever answers with the mean of the targets, 1 for whoever is right, and below 0 for whoever would have
    done better with the mean. Both sums run over all examples and features before they are divided: the mean of such
    ratios over features, or over small batches, each with a mean of its own, is another number. Errors count in full:
    a constant offset is an error.

    Args:
        y: reconstructions, (N, D).
        target: what they should be, the shape of ``y``; at least two different rows.

    Returns:
        A number of at most 1.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if the shapes differ, or all targets are equal: there is nothing to explain.

    >>> target = np.array([[0.0, 1.0], [2.0, 1.0]])
    >>> explained_variance(target, target), explained_variance(np.ones((2, 2)), target)
    (1.0, 0.0)
    >>> explained_variance(target + 0.5, target)  # 1 - (4 * .25) / 2
    0.5
    """
    return 1 - fvu(y, target)


def fvu(y: Float[Array, "N D"], target: Float[Array, "N D"]) -> float:
    """The fraction of variance unexplained, of (1) in :func:`explained_variance`; arguments and errors are the same."""
    check_floats("fvu", y=y, target=target)
    check_target("fvu", y, target)
    xp = array_module(y)
    target = target.astype(np.float64)
    error = float(xp.square(y - target).sum())
    variance = float(xp.square(target - target.mean(axis=0)).sum())
    if (target == target[0]).all():
        raise ValueError(f"fvu: all {len(target)} targets are equal, so there is no variance to explain")
    return error / variance
