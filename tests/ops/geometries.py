"""Kernels and the images they fit on, drawn by Hypothesis: one-pixel images, odd and even sizes, unequal strides."""

from typing import NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from miniae.ops.windows import Padding, Windows, windows

fewer = settings(max_examples=settings().max_examples // 4)  # for tests that run through loops
few = st.integers(1, 3)


class Geometry(NamedTuple):
    """A kernel, how it moves, and the size of an image with room for it."""

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding

    @property
    def windows(self) -> Windows:
        return windows("test", *self)

    @property
    def smallest(self) -> tuple[int, int]:
        """The smallest size with as many windows; with padding it may be none at all."""
        at = self.windows
        least = (1, 1) if self.padding == "same" else (k - 2 * p for k, p in zip(at.kernel, at.before, strict=True))
        return tuple((o - 1) * s + m for o, s, m in zip(at.out, at.stride, least, strict=True))

    @property
    def output_padding(self) -> tuple[int, int]:
        """Rows and columns more than that."""
        return tuple(n - m for n, m in zip(self.size, self.smallest, strict=True))

    def options(self) -> dict:
        """How it moves, as a convolution takes it."""
        return {"stride": self.stride, "padding": self.padding}

    def pooling(self) -> dict:
        """The same as a pooling takes it."""
        return {"kernel_size": self.kernel, **self.options()}


@st.composite
def geometries(draw):
    """Any kernel on any image; padding is less than the kernel, as pooling wants it."""
    kernel = draw(st.tuples(st.integers(1, 4), few))
    stride = draw(st.tuples(few, few))
    padding = draw(st.sampled_from(["valid", "same", "pixels"]))
    if padding == "pixels":
        padding = tuple(draw(st.integers(0, k - 1)) for k in kernel)
    given = (0, 0) if padding == "valid" else padding
    least = (1, 1) if padding == "same" else (max(1, k - 2 * p) for k, p in zip(kernel, given, strict=True))
    size = tuple(n + draw(st.integers(0, 4)) for n in least)
    return Geometry(size, kernel, stride, padding)


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def image(rows) -> np.ndarray:
    """One image with one channel."""
    return np.array(rows, float)[None, :, :, None]
