"""Top-k: the k largest features of each example stay, the others become 0.

Shapes: ``...`` any leading axes, D features.
"""

from typing import NamedTuple

from jaxtyping import Bool, Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class TopKCache(NamedTuple):
    """What the backward needs: the dtype of the output, and where a feature was kept."""

    dtype: object
    kept: Bool[Array, "... D"]


def top_k_forward(
    x: Float[Array, "... D"], k: int, *, out: Float[Array, "... D"] | None = None
) -> tuple[Float[Array, "... D"], TopKCache]:
    r"""Keep the k largest entries of each row.

    .. math::
        y_d = \begin{cases} x_d & d \in T \\ 0 & d \notin T \end{cases},
        \qquad T = \text{the } k \text{ indices with the largest } x_d  \tag{1}

    Largest, not largest in size: a negative entry stays where fewer than k are above it. Of equal entries the first
    ones stay, so that never more than k do. NaN counts as larger than any number: it is not lost.

    Args:
        x: any shape, features last, float32 or float64.
        k: how many to keep, 1 to D.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`top_k_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if ``k`` is not a whole number from 1 to D.

    >>> import numpy as np
    >>> y, _ = top_k_forward(np.array([[3.0, -1.0, 2.0, 2.0], [-4.0, -3.0, -2.0, -1.0]]), k=2)
    >>> y
    array([[ 3.,  0.,  2.,  0.], [ 0.,  0., -2., -1.]])

    Source: Makhzani and Frey (2013), "k-sparse autoencoders".
    """
    check_top_k(x, k)
    xp, features = array_module(x), x.shape[-1]
    y = output("top_k", out, x.shape, x)
    smallest = xp.partition(x, features - k, axis=-1)[..., features - k, None].copy()  # of those that stay
    above, level = ~(x <= smallest), x == smallest  # NaN is above
    y[...] = level  # y's memory first counts the equal ones, from the left
    kept = above | (level & (xp.cumsum(y, axis=-1, out=y) <= k - above.sum(axis=-1, keepdims=True)))
    y.fill(0)
    xp.copyto(y, x, where=kept)  # (1)
    return y, TopKCache(x.dtype, kept)


def top_k_backward(
    dy: Float[Array, "... D"], cache: TopKCache, *, out: Float[Array, "... D"] | None = None
) -> Float[Array, "... D"]:
    r"""Gradient of the cost with respect to ``x``.

    A small change of x moves what is kept and does not change which entries those are:

    .. math::
        dx_d = \begin{cases} dy_d & d \in T \\ 0 & d \notin T \end{cases}       \tag{2}

    Where the k-th and the next entry are equal, T jumps, and y with it unless they are 0: there is no derivative. The
    one given is that with the choice held.

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`top_k_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> _, cache = top_k_forward(np.array([[3.0, -1.0, 2.0, 2.0]]), k=2)
    >>> top_k_backward(np.array([[5.0, 6.0, 7.0, 8.0]]), cache)
    array([[5., 0., 7., 0.]])
    """
    check_cotangent("top_k", dy, cache.kept.shape, cache.dtype)
    return array_module(dy).multiply(dy, cache.kept, out=output("top_k", out, dy.shape, dy))  # (2)


def check_top_k(x: Array, k: int) -> None:
    """Refuse arguments of :func:`top_k_forward`, as it says there."""
    check_floats("top_k", x=x)
    features = x.shape[-1] if x.ndim else 0
    if not isinstance(k, int) or not 1 <= k <= features:
        raise ValueError(f"top_k: k must be a whole number from 1 to the {features} features of x {x.shape}, got {k!r}")
