"""Tiles: rows of features, each turned back into the little image it was.

Shapes: N images, D features, H W height width; a tile is (H, W) in gray or (H, W, 3) in colour.
"""

from collections.abc import Sequence
from math import isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miniae.plots.checks import finite


def tiles(plot: str, name: str, x: Any, shape: Sequence[int] | None = None) -> NDArray[np.float64]:
    """``x`` as images: (N, H, W) in gray, (N, H, W, 3) in colour.

    Args:
        plot: name of the plot, the first word of the message.
        name: name of the argument.
        x: one row of features per image, (N, D), or images already, (N, H, W) or (N, H, W, C).
        shape: (H, W), (H, W, 1) or (H, W, 3) of one image; when None, that of ``x`` if it holds images, else the
            square.

    Returns:
        The tiles, in float64.

    Raises:
        TypeError: if ``x`` are not real numbers.
        ValueError: if ``x`` is empty or not finite, or its features do not fill a tile of that shape.

    >>> tiles("demo", "x", np.zeros((5, 64))).shape
    (5, 8, 8)
    >>> tiles("demo", "x", np.zeros((5, 192)), (8, 8, 3)).shape
    (5, 8, 8, 3)
    >>> tiles("demo", "x", np.zeros((5, 65)))
    Traceback (most recent call last):
    ...
    ValueError: demo: x has 65 features, which is no square; pass shape=(H, W) with H * W = 65
    """
    x = finite(plot, name, x)
    if x.ndim < 2:
        raise ValueError(f"{plot}: {name} must hold one image per row, (N, D) or (N, H, W[, C]), got shape {x.shape}")
    features = prod(x.shape[1:])
    if shape is None:
        shape = x.shape[1:] if x.ndim > 2 else _square(plot, name, features)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise ValueError(
            f"{plot}: {name} must hold images of shape (H, W), (H, W, 1) or (H, W, 3), got shape {tuple(shape)}"
        )
    if prod(shape) != features:
        raise ValueError(f"{plot}: {name} has {features} features but shape={tuple(shape)} takes {prod(shape)}")
    if len(shape) == 3 and shape[2] == 1:
        shape = shape[:2]
    return x.reshape(len(x), *shape)


def _square(plot: str, name: str, features: int) -> tuple[int, int]:
    side = isqrt(features)
    if side * side != features:
        raise ValueError(
            f"{plot}: {name} has {features} features, which is no square; pass shape=(H, W) with H * W = {features}"
            + _colour_hint(features)
        )
    return side, side


def _colour_hint(features: int) -> str:
    side = isqrt(features // 3)
    return f", or shape=({side}, {side}, 3) for colour" if 3 * side * side == features else ""
