r"""The length of a gradient and whether all of it is finite in one pass; and the clipping that follows from it.

Overrides: :func:`miniae.clipping.clip_by_norm`, where nothing may be read back: what it returns is written to arrays on
the device, for others to act upon.

.. math::
    \|g\| = \sqrt{\textstyle\sum_i g_i^2}, \qquad
    g \leftarrow g\, c / \|g\| \quad \text{if } c < \|g\| < \infty

Idea: both questions want every element once, so one reading answers both: a thread squares and counts, the threads of a
block meet in two trees, and one more block adds up what the blocks have left (:mod:`miniae_kernels.cuda.totals`). The
sum alone would not do as an answer to the second: large finite elements make it infinite too. Clipping costs two more
movements an element, but only where the gradient is too long; otherwise every thread sees that and ends.

Bytes, for n elements of s bytes: n s, and 2 n s where the gradient is shortened. Operations: 4 each, and 1.

Shapes: ``...`` any shape, n elements; norm and bad are one-element arrays.
"""

import math
from typing import Any

import numpy as np
from numba import cuda, int32

from miniae.arrays import check_floats
from miniae.schedules import check_number
from miniae_kernels.cuda.launch import THREADS, blocks_for, check_array, kernel
from miniae_kernels.cuda.totals import block_total, blocks_of


@kernel("real[::1], real[::1], int32[::1]")
def naive(g, norm, bad):
    """One thread goes through all elements."""
    total, count = g.dtype.type(0), int32(0)
    for i in range(g.size):
        total += g[i] * g[i]
        count += int32(0) if math.isfinite(g[i]) else int32(1)
    norm[0] = math.sqrt(total)
    bad[0] = count


@kernel("real[::1], real[::1], int32[::1]")
def square_and_count(g, sums, counts):
    """A block leaves the sum of its squares, and the number of its elements that are not finite."""
    sum_tree = cuda.shared.array(THREADS, g.dtype)
    count_tree = cuda.shared.array(THREADS, int32)
    t = cuda.threadIdx.x
    total, count = g.dtype.type(0), int32(0)
    for i in range(cuda.grid(1), g.size, cuda.gridsize(1)):
        total += g[i] * g[i]
        count += int32(0) if math.isfinite(g[i]) else int32(1)
    total, count = block_total(sum_tree, t, total), block_total(count_tree, t, count)
    if t == 0:
        sums[cuda.blockIdx.x] = total
        counts[cuda.blockIdx.x] = count


@kernel("real[::1], int32[::1], real[::1], int32[::1]")
def finish(sums, counts, norm, bad):
    """One block adds up what the others have left, and draws the root."""
    sum_tree = cuda.shared.array(THREADS, sums.dtype)
    count_tree = cuda.shared.array(THREADS, int32)
    t = cuda.threadIdx.x
    total, count = sums.dtype.type(0), int32(0)
    for i in range(t, sums.size, THREADS):
        total += sums[i]
        count += counts[i]
    total, count = block_total(sum_tree, t, total), block_total(count_tree, t, count)
    if t == 0:
        norm[0] = math.sqrt(total)
        bad[0] = count


@kernel("real[::1], real[::1], real")
def shrink(g, norm, longest):
    """A thread for each element; an infinite or undefined norm leaves it."""
    i = cuda.grid(1)
    if i < g.size and norm[0] > longest and math.isfinite(norm[0]):
        g[i] *= longest / norm[0]


def norm_and_finite(gradient: Any, norm: Any, bad: Any) -> None:
    """Write the length of a gradient and how many of its elements are not finite.

    Args:
        gradient: any shape; only read.
        norm: (1,), of the gradient's dtype.
        bad: (1,), int32.

    Raises:
        TypeError, ValueError: if an array has a wrong dtype or shape, or is not C-contiguous.
    """
    import cupy

    _check("norm_and_finite", gradient, norm)
    check_array("norm_and_finite", "bad", bad, np.dtype(np.int32), 1)
    blocks = blocks_of(gradient.size)
    sums, counts = cupy.empty(blocks, gradient.dtype), cupy.empty(blocks, cupy.int32)
    square_and_count[blocks, THREADS](gradient.reshape(-1), sums, counts)
    finish[1, THREADS](sums, counts, norm, bad)


def shorten(gradient: Any, norm: Any, max_norm: float) -> None:
    """Shorten a gradient, in place, to length ``max_norm`` where it is longer; a norm that is not finite leaves it.

    Args:
        gradient: changed in place, any shape.
        norm: (1,), from :func:`norm_and_finite`.
        max_norm: finite and above 0.

    Raises:
        TypeError, ValueError: if an array has a wrong dtype or shape, or is not C-contiguous, or ``max_norm`` is not a
            number or out of its range.
    """
    _check("shorten", gradient, norm)
    check_number("shorten", "max_norm", max_norm, positive=True)
    shrink[blocks_for(gradient.size), THREADS](gradient.reshape(-1), norm, max_norm)


def _check(function: str, gradient: Any, norm: Any) -> None:
    check_floats(function, gradient=gradient, norm=norm)
    check_array(function, "gradient", gradient, gradient.dtype, gradient.ndim)
    check_array(function, "norm", norm, gradient.dtype, 1)


def main() -> None:
    """Hold the norm against NumPy's and the kernels against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n = 2**26
    g = cupy.random.default_rng(0).standard_normal(n, dtype=cupy.float32)
    norm, bad = cupy.empty(1, cupy.float32), cupy.empty(1, cupy.int32)
    length = np.linalg.norm(g.get().astype(np.float64))
    compare(
        f"norm of {n} elements, float32",
        Case("blocks", lambda: norm_and_finite(g, norm, bad), moved=g.nbytes),
        got=lambda: norm,
        expected=np.array([length]),
    )
    few = g[: 2**20]
    compare(
        f"norm of {few.size} elements, float32",
        Case("naive", lambda: naive[1, 1](few, norm, bad), moved=few.nbytes),
        Case("blocks", lambda: norm_and_finite(few, norm, bad), moved=few.nbytes),
        got=lambda: norm,
        expected=np.array([np.linalg.norm(few.get().astype(np.float64))]),
    )
    shortened = cupy.empty_like(g)

    def clip() -> None:
        cupy.copyto(shortened, g)
        norm_and_finite(shortened, norm, bad)
        shorten(shortened, norm, 1.0)

    compare(
        f"copy and clip {n} elements, float32",
        Case("blocks", clip, moved=5 * g.nbytes),
        got=lambda: shortened,
        expected=g.get().astype(np.float64) / length,
    )


if __name__ == "__main__":
    main()
