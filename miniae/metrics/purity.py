"""Purity: how well clusters, found without labels, agree with the classes.

Shapes: N examples.
"""

import numpy as np
from jaxtyping import Integer

from miniae.arrays import Array


def purity(clusters: Integer[Array, " N"], labels: Integer[Array, " N"]) -> float:
    r"""The fraction of examples that belong to the commonest class of their cluster.

    .. math::
        purity = \frac1N \sum_k \max_c |\{n : k_n = k,\; t_n = c\}|                             \tag{1}

    It grows with the number of clusters (one for each example is pure), so compare it at equal numbers only.

    Args:
        clusters: the cluster of each example, (N,), integers of at least 0.
        labels: its class, (N,), integers of at least 0.

    Returns:
        A number from the share of the commonest class up to 1.

    Raises:
        TypeError: if either are not integers.
        ValueError: if one is negative, there is none, or they differ in number.

    >>> purity(np.array([0, 0, 0, 1, 1]), np.array([7, 7, 3, 3, 3]))
    0.8

    Source: Manning, Raghavan, Schütze (2008), "Introduction to Information Retrieval", section 16.3.
    """
    for name, values in (("clusters", clusters), ("labels", labels)):
        dtype = getattr(values, "dtype", None)
        if dtype is None or dtype.kind not in "iu":
            raise TypeError(f"purity: {name} must be an array of integers, got {dtype or type(values).__name__}")
        if values.ndim != 1 or values.size == 0 or values.min() < 0:
            raise ValueError(f"purity: {name} must be a row of integers of at least 0, got shape {values.shape}")
    if len(clusters) != len(labels):
        raise ValueError(f"purity: {len(clusters)} clusters but {len(labels)} labels; one of each for every example")
    counts = np.zeros((int(clusters.max()) + 1, int(labels.max()) + 1))
    np.add.at(counts, (clusters.tolist(), labels.tolist()), 1)  # lists, wherever the arrays lie
    return float(counts.max(axis=1).sum() / len(labels))  # (1)
