"""L0: how many units speak for an example.

Shapes: N examples, H units.
"""

from jaxtyping import Float

from miniae.arrays import Array
from miniae.metrics.checks import check_codes


def l0(codes: Float[Array, "N H"]) -> float:
    r"""The mean number of units that are not zero.

    .. math::
        L_0 = \frac1N \sum_n |\{h : a_{nh} \ne 0\}|                                             \tag{1}

    Args:
        codes: activations, (N, H).

    Returns:
        A number from 0 to H.

    Raises:
        TypeError: if ``codes`` is neither float32 nor float64.
        ValueError: if they are not (N, H), there is no example, or one number is not finite.

    >>> import numpy as np
    >>> l0(np.array([[0.5, 0.0, -2.0], [0.0, 0.0, 1.0]]))
    1.5
    """
    check_codes("l0", codes)
    return float((codes != 0).sum() / len(codes))  # (1)
