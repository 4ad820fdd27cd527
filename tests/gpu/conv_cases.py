"""What the tests of the convolution kernels share: a choice of geometries, and launches of a kernel on NumPy arrays."""

import numpy as np
from geometries import Geometry

CHOICE = {
    "overlapping": Geometry((5, 4), (3, 3), (1, 1), "same"),
    "a pixel and its padding": Geometry((1, 1), (3, 3), (1, 1), "same"),
    "side by side, rows left over": Geometry((7, 8), (2, 3), (2, 3), "valid"),
    "gaps between windows": Geometry((5, 4), (2, 1), (3, 2), "valid"),
    "long steps and padding": Geometry((6, 5), (4, 2), (3, 1), (3, 1)),
    "windows of nothing but padding": Geometry((2, 2), (1, 1), (1, 1), (2, 2)),
    "a pixel, one by one": Geometry((3, 2), (1, 1), (1, 1), "valid"),
    "the whole image": Geometry((2, 3), (2, 3), (1, 1), "valid"),
}


def numbers(*shape, seed=0, dtype="float64"):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def empty(*shape, dtype="float64"):
    return np.full(shape, np.nan, dtype)


def whole(*values):
    """Numbers as a launch hands them to a kernel."""
    return tuple(np.int64(value) for value in values)
