r"""Clipping a gradient whose length the device knows.

Overrides: :func:`miniae.clipping.clip_by_norm`, where nothing may be read back. The norm, which the reference works out
first, is in an array on the device, where :func:`miniae_kernels.cuda.step.record` has written it.

.. math::
    g \leftarrow g\, c / \|g\| \quad \text{if } c < \|g\| < \infty

Idea: the two movements an element are made only where the gradient is too long; otherwise every thread sees that and
ends.

Bytes, for n elements of s bytes: 2 n s where the gradient is shortened. Operations: 1 each.

Shapes: ``...`` any shape, n elements; norm is an array of one element.
"""

import math
from typing import Any

import numpy as np
from numba import cuda

from miniae.arrays import check_floats
from miniae.schedules import check_number
from miniae_kernels.cuda.launch import THREADS, blocks_for, check_array, kernel


@kernel("real[::1], real[::1], real")
def shrink(g, norm, longest):
    """A thread for each element; an infinite or undefined norm leaves it."""
    i = cuda.grid(1)
    if i < g.size and norm[0] > longest and math.isfinite(norm[0]):
        g[i] *= longest / norm[0]


def shorten(gradient: Any, norm: Any, max_norm: float) -> None:
    """Shorten a gradient, in place, to length ``max_norm`` where it is longer; a norm that is not finite leaves it.

    Args:
        gradient: changed in place, any shape.
        norm: (1,), its length.
        max_norm: finite and above 0.

    Raises:
        TypeError, ValueError: if an array has a wrong dtype or shape, or is not C-contiguous, or ``max_norm`` is not a
            number or out of its range.
    """
    check_floats("shorten", gradient=gradient, norm=norm)
    check_array("shorten", "gradient", gradient, gradient.dtype, gradient.ndim)
    check_array("shorten", "norm", norm, gradient.dtype, 1)
    check_number("shorten", "max_norm", max_norm, positive=True)
    shrink[blocks_for(gradient.size), THREADS](gradient.reshape(-1), norm, max_norm)


def main() -> None:
    """Hold clipping against NumPy and against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n = 2**26
    g = cupy.random.default_rng(0).standard_normal(n, dtype=cupy.float32)
    length = np.linalg.norm(g.get().astype(np.float64))
    norm, shortened = cupy.asarray(np.array([length], np.float32)), cupy.empty_like(g)

    def clip() -> None:
        cupy.copyto(shortened, g)
        shorten(shortened, norm, 1.0)

    compare(
        f"copy and clip {n} elements, float32",
        Case("blocks", clip, moved=4 * g.nbytes),
        got=lambda: shortened,
        expected=g.get().astype(np.float64) / length,
    )


if __name__ == "__main__":
    main()
