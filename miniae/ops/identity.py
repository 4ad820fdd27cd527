"""Identity: every element as it is, the activation of a linear layer.

Shapes: ``...`` any shape, the same for every array here.
"""

from typing import Any, NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class IdentityCache(NamedTuple):
    """What the backward needs: what ``dy`` must look like, no array."""

    shape: tuple[int, ...]
    dtype: Any


def identity_forward(
    x: Float[Array, "..."], *, out: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], IdentityCache]:
    r"""Hand every element of ``x`` on.

    .. math::
        y = x                                                   \tag{1}

    ``y`` is a copy: whoever writes to it later does not change ``x``.

    Args:
        x: any shape, float32 or float64.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`identity_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.

    >>> import numpy as np
    >>> y, _ = identity_forward(np.array([-1.0, 2.0]))
    >>> y
    array([-1.,  2.])

    Source: UFLDL tutorial, "Linear Decoders".
    """
    check_floats("identity", x=x)
    y = output("identity", out, x.shape, x)
    array_module(x).copyto(y, x)  # (1)
    return y, IdentityCache(x.shape, x.dtype)


def identity_backward(
    dy: Float[Array, "..."], cache: IdentityCache, *, out: Float[Array, "..."] | None = None
) -> Float[Array, "..."]:
    r"""Gradient of the cost with respect to ``x``.

    .. math::
        \frac{\partial y}{\partial x} = 1 \quad\Rightarrow\quad dx = dy         \tag{2}

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`identity_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``: a copy, so that adding to it leaves ``dy`` alone.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> _, cache = identity_forward(np.array([-1.0, 2.0]))
    >>> identity_backward(np.array([3.0, 4.0]), cache)
    array([3., 4.])
    """
    check_cotangent("identity", dy, cache.shape, cache.dtype)
    dx = output("identity", out, dy.shape, dy)
    array_module(dy).copyto(dx, dy)  # (2)
    return dx
