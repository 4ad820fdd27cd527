"""UFLDL's packing of theta, so that a vector from its exercises can be used here and back."""

import numpy as np

from miniae.arrays import Array
from miniae.layout import Layout


def to_ufldl(layout: Layout, theta: Array) -> Array:
    r"""Pack parameters as UFLDL's exercises do: ``[W1(:); W2(:); ...; b1(:); b2(:); ...]``.

    UFLDL keeps examples in columns, so its W1 is ours transposed, and MATLAB's ``(:)`` reads column by column. The
    two cancel: ``W1(:)`` is our ``w1`` read row by row. Only the order of the blocks differs, all weights coming before
    all biases.

    Args:
        layout: of a chain of dense layers, such as ``SparseAutoencoder(64, 25).layout``.
        theta: our vector, (layout.size,).

    Returns:
        UFLDL's vector, of the same length.

    >>> layout = Layout.of({"w1": (2, 1), "b1": (1,), "w2": (1, 2), "b2": (2,)}, not_decaying=["b1", "b2"])
    >>> to_ufldl(layout, np.array([1, 2, 3, 4, 5, 6, 7]))
    array([1, 2, 4, 5, 3, 6, 7])

    Source: UFLDL tutorial, exercise "Sparse Autoencoder", ``sparseAutoencoderCost.m``.
    """
    return theta[_order(layout, theta)]


def from_ufldl(layout: Layout, theta: Array) -> Array:
    """The inverse of :func:`to_ufldl`: our vector from one packed as UFLDL's exercises do.

    >>> layout = Layout.of({"w1": (2, 1), "b1": (1,), "w2": (1, 2), "b2": (2,)}, not_decaying=["b1", "b2"])
    >>> from_ufldl(layout, np.array([1, 2, 4, 5, 3, 6, 7]))
    array([1, 2, 3, 4, 5, 6, 7])
    """
    ours = theta.copy()
    ours[_order(layout, theta)] = theta
    return ours


def _order(layout: Layout, theta: Array) -> np.ndarray:
    """For each element of UFLDL's vector, where it stands in ours: weights (what decays) first, then biases."""
    layout.check("theta", theta)
    slots = sorted(layout, key=lambda slot: not slot.decays)
    return np.concatenate([np.arange(layout.size)[slot.slice] for slot in slots])
