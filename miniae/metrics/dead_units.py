"""Dead units: units that no example activates.

Shapes: N examples, H units.
"""

from jaxtyping import Bool, Float

from miniae.arrays import Array, check_examples, check_floats


def dead_units(codes: Float[Array, "N H"]) -> Bool[Array, " H"]:
    """Which units are zero for every example; ``dead_units(codes).mean()`` is the fraction of them.

    A unit that is merely rare is found dead on too few examples: take many.

    Args:
        codes: activations, (N, H).

    Returns:
        True where a unit is dead, (H,).

    Raises:
        TypeError: if ``codes`` is neither float32 nor float64.
        ValueError: if there is no example.

    >>> import numpy as np
    >>> dead_units(np.array([[0.5, 0.0, -2.0], [0.0, 0.0, 1.0]]))
    array([False,  True, False])
    """
    check_floats("dead_units", codes=codes)
    check_examples("dead_units", codes)
    return ~(codes != 0).any(axis=0)
