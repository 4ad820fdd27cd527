"""Dense: every output is a weighted sum of every input, plus a bias.

Shapes: N batch, D features in, O features out.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class DenseCache(NamedTuple):
    """What the backward needs."""

    x: Float[Array, "N D"]
    w: Float[Array, "D O"]
    has_bias: bool


def dense_forward(
    x: Float[Array, "N D"],
    w: Float[Array, "D O"],
    b: Float[Array, " O"] | None = None,
    *,
    out: Float[Array, "N O"] | None = None,
) -> tuple[Float[Array, "N O"], DenseCache]:
    r"""Weighted sums of the features, one row per example.

    .. math::
        y_{no} = \sum_d x_{nd} w_{do} + b_o                     \tag{1}

    UFLDL keeps examples in columns and writes :math:`z = W x + b`: its :math:`W` is ``w`` transposed.

    Args:
        x: inputs, (N, D).
        w: weights, (D, O).
        b: biases, (O,), or None for none.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, (N, O), and the cache for :func:`dense_backward`.

    Raises:
        TypeError: if the arrays are not float32 or float64, all alike.
        ValueError: if the shapes do not fit together.

    >>> import numpy as np
    >>> y, _ = dense_forward(np.array([[1.0, 2.0]]), np.array([[3.0, 0.0], [4.0, 1.0]]), np.array([0.5, -2.0]))
    >>> y
    array([[11.5,  0. ]])

    Source: UFLDL tutorial, "Multi-Layer Neural Network".
    """
    check_dense(x, w, b)
    y = array_module(x).matmul(x, w, out=output("dense", out, (x.shape[0], w.shape[1]), x))
    if b is not None:
        y += b  # (1)
    return y, DenseCache(x, w, b is not None)


def dense_backward(
    dy: Float[Array, "N O"],
    cache: DenseCache,
    *,
    needs: Collection[str] = ("x", "w", "b"),
    out: Mapping[str, Array] | None = None,
) -> tuple[Float[Array, "N D"] | None, Float[Array, "D O"] | None, Float[Array, " O"] | None]:
    r"""Gradients of the cost with respect to ``x``, ``w`` and ``b``.

    With :math:`dy_{no} = \partial J / \partial y_{no}`, the chain rule through (1) sums over every output that an
    argument reaches. :math:`x_{nd}` reaches the outputs o of its own row, :math:`w_{do}` reaches output o of every
    example, and so does :math:`b_o`:

    .. math::
        dx_{nd} &= \sum_o dy_{no} w_{do} \quad\Rightarrow\quad dx = dy\, w^T     \tag{2} \\
        dw_{do} &= \sum_n x_{nd}\, dy_{no} \quad\Rightarrow\quad dw = x^T dy     \tag{3} \\
        db_o    &= \sum_n dy_{no}                                                \tag{4}

    No 1/N appears: the mean over examples belongs to the loss, and ``dy`` already bears it.

    Args:
        dy: gradient with respect to ``y``, (N, O).
        cache: from :func:`dense_forward`.
        needs: the arguments whose gradients are wanted; the others come back as None.
        out: where to write them, by the argument's name (``{"w": array}``); fresh arrays for those not named.

    Returns:
        ``dx``, ``dw``, ``db``, shaped like ``x``, ``w``, ``b``; ``db`` is None where there was no bias.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> _, cache = dense_forward(np.array([[1.0, 2.0]]), np.array([[3.0, 0.0], [4.0, 1.0]]), np.zeros(2))
    >>> dx, dw, db = dense_backward(np.array([[1.0, 10.0]]), cache)
    >>> dx, dw, db
    (array([[ 3., 14.]]), array([[ 1., 10.], [ 2., 20.]]), array([ 1., 10.]))
    """
    x, w, has_bias = cache
    check_cotangent("dense", dy, (x.shape[0], w.shape[1]), x.dtype)
    xp, out = array_module(dy), out or {}
    dx = dw = db = None
    if "x" in needs:
        dx = xp.matmul(dy, w.T, out=output("dense", out.get("x"), x.shape, x))  # (2)
    if "w" in needs:
        dw = xp.matmul(x.T, dy, out=output("dense", out.get("w"), w.shape, x))  # (3)
    if "b" in needs and has_bias:
        db = xp.sum(dy, axis=0, out=output("dense", out.get("b"), w.shape[1:], x))  # (4)
    return dx, dw, db


def check_dense(x: Array, w: Array, b: Array | None) -> None:
    """Refuse arguments of :func:`dense_forward` that do not fit together, as it says there."""
    check_floats("dense", x=x, w=w, b=b)
    if x.ndim != 2 or w.ndim != 2 or x.shape[1] != w.shape[0]:
        raise ValueError(f"dense: x (N, D) and w (D, O) must share D, got x {x.shape} and w {w.shape}")
    if b is not None and b.shape != w.shape[1:]:
        raise ValueError(f"dense: b must have shape (O,) = {w.shape[1:]} to fit w {w.shape}, got {b.shape}")
