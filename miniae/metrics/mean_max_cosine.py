"""Mean max cosine: whether every true feature has been found.

Shapes: F true features, H learned ones, D their dimensions.
"""

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats


def max_cosines(features: Float[Array, "F D"], learned: Float[Array, "H D"]) -> Float[Array, " F"]:
    r"""For each true feature, the cosine of the angle to the learned one that is nearest in direction.

    .. math::
        c_f = \max_h \frac{\langle f_f, g_h \rangle}{\|f_f\|\,\|g_h\|}                          \tag{1}

    The other way round, from each learned feature to the nearest true one, a model that learned a single feature many
    times would do well.

    Args:
        features: the true directions, (F, D), of any length but 0.
        learned: the learned ones, (H, D), of any length; one of length 0 points nowhere and has cosine 0.

    Returns:
        The cosines, (F,), from -1 to 1.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if their directions have not the same number of dimensions, there are none, or a true one is 0.

    >>> import numpy as np
    >>> max_cosines(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 3.0], [2.0, 0.0]])).round(4)
    array([1.    , 0.7071])

    Source: Sharkey, Braun, Millidge (2022), "Taking features out of superposition with sparse autoencoders".
    """
    check_floats("max_cosines", features=features, learned=learned)
    if features.ndim != 2 or learned.ndim != 2 or features.shape[1] != learned.shape[1]:
        raise ValueError(
            f"max_cosines: features (F, D) and learned (H, D) must share D, got {features.shape} and {learned.shape}"
        )
    if features.size == 0 or learned.size == 0:
        raise ValueError(f"max_cosines: needs a direction in each, got {features.shape} and {learned.shape}")
    xp = array_module(features)
    lengths, learned_lengths = (xp.sqrt((rows * rows).sum(axis=1)) for rows in (features, learned))
    if not lengths.all():
        raise ValueError(f"max_cosines: true feature {int(lengths.argmin())} has length 0")
    products = features @ learned.T / lengths[:, None]
    return (products / xp.where(learned_lengths == 0, 1, learned_lengths).astype(products.dtype)).max(axis=1)  # (1)


def mean_max_cosine(features: Float[Array, "F D"], learned: Float[Array, "H D"]) -> float:
    """The mean of :func:`max_cosines`: 1 where every true feature has been found, with no rotation between them.

    >>> import numpy as np
    >>> mean_max_cosine(np.eye(3), -np.eye(3)), mean_max_cosine(np.eye(3), 5 * np.eye(3))
    (0.0, 1.0)
    """
    return float(max_cosines(features, learned).mean())
