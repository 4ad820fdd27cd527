"""Photographs in colour, and patches of them for learning to colour.

Shapes: H W height and width of a photograph, another for every one; S side of a patch.
"""

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

from miniae.arrays import Array
from miniae.data.photographs import PHOTOGRAPHS
from miniae.optional import require


def colour_photographs() -> list[Float[Array, "_ _ 3"]]:
    """Those of :func:`miniae.data.photographs` that are in colour: red, green and blue.

    Returns:
        Arrays (H, W, 3), float64 in [0, 1]. The sizes differ.

    Raises:
        ImportError: if scikit-image is not installed, with the command that installs it.

    >>> [picture.shape for picture in colour_photographs()]
    [(512, 512, 3), (400, 600, 3), (300, 451, 3), (427, 640, 3)]
    """
    embedded = require("skimage.data", extra="course")
    pictures = [getattr(embedded, name)() / 255 for name in PHOTOGRAPHS]
    return [picture for picture in pictures if picture.ndim == 3]


def colour_patches(
    size: int, train: int, test: int, seed: int = 0
) -> tuple[Float[Array, "train S S 3"], Float[Array, "test S S 3"]]:
    """Square patches in colour: some to learn from and, from other parts of the same photographs, some to test on.

    Every photograph is cut in two: patches to learn from lie in its left 70 %, those to test on in the rest, so that
    no pixel is in both. Each comes from a random photograph, at a random place.

    Args:
        size: S, in pixels.
        train, test: how many of each.
        seed: the same seed cuts the same patches.

    Returns:
        Both, float64 in [0, 1].

    Raises:
        ImportError: if scikit-image is not installed.
        ValueError: if a number is below 1, or a patch does not fit into the narrower part of a photograph.

    >>> [patches.shape for patches in colour_patches(16, 100, 20)]
    [(100, 16, 16, 3), (20, 16, 16, 3)]
    """
    for name, value in {"size": size, "train": train, "test": test}.items():
        if value < 1:
            raise ValueError(f"colour_patches: {name} must be at least 1, got {value}")
    pictures = colour_photographs()
    cuts = [7 * picture.shape[1] // 10 for picture in pictures]
    largest = min(min(picture.shape[0], picture.shape[1] - cut) for picture, cut in zip(pictures, cuts, strict=True))
    if size > largest:
        raise ValueError(f"colour_patches: size must be at most {largest}, got {size}")
    rng = np.random.default_rng(seed)
    left = [picture[:, :cut] for picture, cut in zip(pictures, cuts, strict=True)]
    right = [picture[:, cut:] for picture, cut in zip(pictures, cuts, strict=True)]
    return _cut(left, train, size, rng), _cut(right, test, size, rng)


def _cut(pictures: list[Array], count: int, size: int, rng: np.random.Generator) -> Array:
    which = rng.integers(len(pictures), size=count)
    patches = np.empty((count, size, size, 3))
    for k, picture in enumerate(pictures):
        mine = which == k
        places = sliding_window_view(picture, (size, size), axis=(0, 1))  # (H - S + 1, W - S + 1, 3, S, S), no copy
        rows, columns = (rng.integers(n, size=mine.sum()) for n in places.shape[:2])
        patches[mine] = places[rows, columns].transpose(0, 2, 3, 1)
    return patches
