"""Precision at n: how many of the n most suspicious examples are anomalies.

Shapes: N examples.
"""

import numpy as np
from jaxtyping import Bool, Float

from miniae.arrays import Array, check_floats, moved
from miniae.data.checks import check_finite_floats


def precision_at_n(anomalous: Bool[Array, " N"], scores: Float[Array, " N"], n: int | None = None) -> float:
    r"""The fraction of anomalies among the n examples of the highest scores.

    .. math::
        P_n = \frac1n |\{i : i \text{ is anomalous and among the } n \text{ highest scores}\}|      \tag{1}

    What someone who can look at n examples will find. Its value for scores that say nothing is the fraction of
    anomalies in the data, not one half.

    Args:
        anomalous: which examples are anomalies, (N,).
        scores: of the examples, (N,), higher where more suspicious. Among equal ones the earlier example comes first.
        n: how many to look at; as many as there are anomalies when None.

    Returns:
        A number from 0 to 1.

    Raises:
        TypeError: if ``anomalous`` are not booleans or ``scores`` no floats.
        ValueError: if the shapes differ, a score is not finite, or ``n`` (or the number of anomalies) is not in 1 to N.

    >>> precision_at_n(np.array([False, True, True, False]), np.array([0.1, 0.9, 0.2, 0.4]))
    0.5

    Source: Craswell (2009), "Precision at n", in "Encyclopedia of Database Systems".
    """
    check_floats("precision_at_n", scores=scores)
    check_finite_floats("precision_at_n: scores", scores)
    dtype = getattr(anomalous, "dtype", None)
    if getattr(dtype, "kind", "") != "b":
        raise TypeError(
            f"precision_at_n: anomalous must be an array of booleans, got {dtype or type(anomalous).__name__}"
        )
    if anomalous.shape != scores.shape or scores.ndim != 1:
        raise ValueError(f"precision_at_n: anomalous and scores must be (N,), got {anomalous.shape} and {scores.shape}")
    n = int(anomalous.sum()) if n is None else n
    if not 1 <= n <= len(scores):
        raise ValueError(f"precision_at_n: n must lie in 1 to {len(scores)}, the number of examples, got {n}")
    highest = np.argsort(-moved(scores, np), kind="stable")[:n]
    return float(moved(anomalous, np)[highest].mean())  # (1)
