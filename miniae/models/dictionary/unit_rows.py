"""Rows brought to length 1, so that what is learned of them is their direction.

Shapes: H rows, D features.
"""

from jaxtyping import Float

from miniae.arrays import Array, array_module


def unit_rows(w: Float[Array, "H D"]) -> tuple[Float[Array, "H D"], Float[Array, "H 1"]]:
    r"""Divide each row by its length.

    .. math::
        d_h = \frac{w_h}{\|w_h\|}                                                               \tag{1}

    Args:
        w: rows of any length but 0, (H, D).

    Returns:
        ``d``, shaped like ``w``, and the lengths, (H, 1).

    >>> import numpy as np
    >>> unit_rows(np.array([[3.0, 4.0]]))
    (array([[0.6, 0.8]]), array([[5.]]))
    """
    lengths = array_module(w).sqrt((w * w).sum(axis=1, keepdims=True))
    return w / lengths, lengths  # (1)


def unit_rows_backward(
    dd: Float[Array, "H D"], d: Float[Array, "H D"], lengths: Float[Array, "H 1"]
) -> Float[Array, "H D"]:
    r"""Gradient of the cost with respect to ``w``.

    The derivative of the length is the direction, :math:`\partial \|w\| / \partial w_j = w_j / \|w\| = d_j`, so that

    .. math::
        \frac{\partial d_i}{\partial w_j} &= \frac{\delta_{ij}}{\|w\|} - \frac{w_i}{\|w\|^2}\, d_j
            = \frac{\delta_{ij} - d_i d_j}{\|w\|}                                               \tag{2} \\
        dw_h &= \frac{dd_h - \langle dd_h, d_h \rangle\, d_h}{\|w_h\|}                          \tag{3}

    This is the gradient with its part along the row taken off: the projection that is otherwise done by hand after each
    step, together with bringing the rows back to length 1. Here neither is needed, and the gradient is the true one of
    a cost. A step along (3) is at right angles to the row, so plain gradient descent never shortens a row (Adam may: it
    scales each coordinate).

    Args:
        dd: gradient with respect to ``d``.
        d, lengths: from :func:`unit_rows`.

    Returns:
        ``dw``, shaped like ``w``.

    >>> import numpy as np
    >>> d, lengths = unit_rows(np.array([[3.0, 4.0]]))
    >>> unit_rows_backward(np.array([[5.0, 0.0]]), d, lengths)  # 5 - 3 * .6 and -3 * .8, divided by 5
    array([[ 0.64, -0.48]])
    """
    along = (dd * d).sum(axis=1, keepdims=True)
    return (dd - along * d) / lengths  # (3)
