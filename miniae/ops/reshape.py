"""Reshape: the same numbers of each example in another shape.

Shapes: N batch, ``...`` any shape of an example.
"""

import math
from typing import Any, NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, check_cotangent, check_floats, output


class ReshapeCache(NamedTuple):
    """What the backward needs."""

    x_shape: tuple[int, ...]
    y_shape: tuple[int, ...]
    dtype: Any


def reshape_forward(
    x: Float[Array, "N ..."], *, shape: tuple[int, ...] = (-1,), out: Array | None = None
) -> tuple[Float[Array, "N ..."], ReshapeCache]:
    """Lay the numbers of each example out anew, in the same order (the last axis runs fastest).

    Args:
        x: any shape, the first axis the examples.
        shape: of an example coming out; one -1 stands for whatever is left. By default a row: ``(-1,)``.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, (N, *shape), and the cache for :func:`reshape_backward`.

    Raises:
        TypeError: if ``x`` is neither float32 nor float64.
        ValueError: if an example has another number of elements than ``shape``, or there is none.

    >>> import numpy as np
    >>> reshape_forward(np.zeros((5, 4, 4, 3)))[0].shape
    (5, 48)
    """
    check_floats("reshape", x=x)
    if x.ndim == 0:
        raise ValueError("reshape: x must have a first axis, the examples, got a single number")
    y_shape = (x.shape[0], *example_shape(x.shape[1:], shape))
    y = output("reshape", out, y_shape, x)
    y[...] = x.reshape(y_shape)
    return y, ReshapeCache(x.shape, y_shape, x.dtype)


def reshape_backward(dy: Float[Array, "N ..."], cache: ReshapeCache, *, out: Array | None = None) -> Array:
    """Gradient of the cost with respect to ``x``: every number has only moved, and its gradient moves back.

    Args:
        dy: gradient with respect to ``y``.
        cache: from :func:`reshape_forward`.
        out: where to write ``dx``; a fresh array when None.

    Returns:
        ``dx``, shaped like ``x``.

    Raises:
        TypeError, ValueError: if ``dy`` is no float array shaped like ``y``.
    """
    check_cotangent("reshape", dy, cache.y_shape, cache.dtype)
    dx = output("reshape", out, cache.x_shape, dy)
    dx[...] = dy.reshape(cache.x_shape)
    return dx


def example_shape(given: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of an example, with a number in the place of -1.

    Raises:
        ValueError: if the numbers of elements differ.

    >>> example_shape((4, 4, 3), (-1, 3))
    (16, 3)
    """
    size = math.prod(given)
    known = math.prod(n for n in wanted if n != -1)
    open_ = wanted.count(-1)
    if open_ > 1 or any(n < 1 and n != -1 for n in wanted) or (size % known if open_ else size != known):
        raise ValueError(f"reshape: an example of shape {given} has {size} elements, which do not make {wanted}")
    return tuple(size // known if n == -1 else n for n in wanted)
