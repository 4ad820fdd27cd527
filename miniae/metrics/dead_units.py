"""Dead units: units that no example activates.

Shapes: N examples, H units.
"""

from jaxtyping import Bool, Float

from miniae.arrays import Array
from miniae.metrics.checks import check_codes


def dead_units(codes: Float[Array, "N H"]) -> Bool[Array, " H"]:
    """Which units are zero for every example; ``dead_units(codes).mean()`` is the fraction of them.

    A unit that is merely rare is found dead on too few examples: take many.

    Args:
        codes: activations, (N, H).

    Returns:
        True where a unit is dead, (H,).

    Raises:
        TypeError: if ``codes`` is neither float32 nor float64.
        ValueError: if they are not (N, H), there is no example, or one number is not finite.

    >>> import numpy as np
    >>> dead_units(np.array([[0.5, 0.0, -2.0], [0.0, 0.0, 1.0]]))
    array([False,  True, False])
    """
    check_codes("dead_units", codes)
    return ~(codes != 0).any(axis=0)
