"""The three sums behind every convolution, on the GPU.

Overrides: ``correlate``, ``spread`` and ``kernel_gradient`` of :mod:`miniae.ops.convolution`, for
:mod:`miniae_kernels.cuda.conv2d` and :mod:`miniae_kernels.cuda.conv_transpose2d`.

Idea: two ways, and :func:`few_channels` chooses. Either the windows are laid out as a matrix
(:mod:`miniae_kernels.cuda.im2col`) and cuBLAS does the work, some examples at a time so that the matrix is never larger
than :data:`WORKSPACE`; or, where that matrix would be much more memory to move than the images themselves, the sums are
taken straight from the images (:mod:`miniae_kernels.cuda.conv_direct`,
:mod:`miniae_kernels.cuda.conv_direct_backward`).

How many examples is a compromise. Few, and their windows stay in the level-2 cache, 50 MB of an H100, from the kernel
that writes them to the one that reads them, so that up to two passes over the matrix cost no time of memory. Many, and
the product has rows for every core. WORKSPACE is reckoned for 3 x 3 windows over images of 64 x 64 with 64 channels:
4 examples are 38 MB and 128 times 128 rows, for 132 cores. It was not measured; :func:`main` tries others, too.

A kernel of one pixel that moves by one needs no matrix: the images are one already, a row for each pixel. Nor does a
kernel as large as the image, with a row for each image.

Operations: 2 N OH OW KH KW C O for each of the sums. Bytes: of the images that go in and come out, once; with the
matrix, those of 2 N OH OW KH KW C numbers more.

Shapes: N batch, H W height and width of the image, C its channels; OH OW how many windows, O channels per window;
KH KW kernel.
"""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from miniae.ops import convolution as reference
from miniae.ops.windows import Windows, windows
from miniae_kernels.cuda import conv_direct, conv_direct_backward
from miniae_kernels.cuda.conv_direct import FEW, WEIGHTS
from miniae_kernels.cuda.gemm import matmul
from miniae_kernels.cuda.im2col import add_up, lay_out
from miniae_kernels.cuda.launch import blocks_for

WORKSPACE = 44 * 2**20  # bytes of windows laid out at a time: what the level-2 cache of an H100, 50 MB, has room for
SEVERAL = 16  # channels: see few_channels


def few_channels(kh: int, kw: int, c: int, o: int) -> bool:
    """Whether to take the sums straight from the images: few channels come out, or few go in and not many come out.

    For each window the matrix is KH KW C numbers written and read again. Without it, each of KH KW C O multiply-adds
    takes 5 instructions, its factors fetched from a cache, and in all about as long as moving 1/8 of a number; cuBLAS
    does one in 1/36. Direct is then less work for O below 2 (8 * 36) / (36 - 8) = 20, whatever C. But with many C the
    kernel does not fit into shared memory, and cuBLAS has better ways to use the caches; what has many C is left to it
    unless O is so small that most of its blocks of columns would stand empty. All of this is reckoned from an H100's
    data sheet and the compiled code; none of it was measured.

    Args:
        kh, kw: height and width of the kernel.
        c: channels of the images, C.
        o: channels per window, O.

    >>> few_channels(3, 3, 1, 16), few_channels(3, 3, 16, 1), few_channels(3, 3, 64, 64)
    (True, True, False)
    """
    fits = kh * kw * c * o <= WEIGHTS
    return fits and (o <= FEW or (c <= FEW and o <= SEVERAL))


def correlate(x: Any, w: Any, at: Windows, y: Any) -> None:
    """Write to ``y`` (N, OH, OW, O) the sum of each window of ``x`` (N, H, W, C), weighted by ``w`` (KH, KW, C, O)."""
    if _is_matrix(at):
        matmul(x.reshape(-1, _window(w)), _matrix(w), y.reshape(-1, w.shape[3]))
    elif few_channels(*w.shape):
        conv_direct.correlate(x, w, at, y)
    else:
        for some, matrix in _parts(x.shape[0], w, at):
            lay_out(x[some], at, matrix)
            matmul(matrix, _matrix(w), y[some].reshape(-1, w.shape[3]))


def spread(dy: Any, w: Any, at: Windows, dx: Any) -> None:
    """Write to ``dx`` (N, H, W, C) each window's ``dy`` (N, OH, OW, O) spread over its pixels by ``w``, added up."""
    if _is_matrix(at):
        matmul(dy.reshape(-1, w.shape[3]), _matrix(w), dx.reshape(-1, _window(w)), transpose_b=True)
    elif w.shape[3] <= FEW and few_channels(*w.shape):  # with more, neighbours would read far apart
        conv_direct_backward.spread(dy, w, at, dx)
    else:
        for some, matrix in _parts(dx.shape[0], w, at):
            matmul(dy[some].reshape(-1, w.shape[3]), _matrix(w), matrix, transpose_b=True)
            add_up(matrix, at, dx[some])


def kernel_gradient(x: Any, dy: Any, at: Windows, dw: Any) -> None:
    """Write to ``dw`` (KH, KW, C, O) the sum of each pixel times the values that it contributes to."""
    if _is_matrix(at):
        matmul(x.reshape(-1, _window(dw)), dy.reshape(-1, dw.shape[3]), _matrix(dw), transpose_a=True)
    elif few_channels(*dw.shape):
        conv_direct_backward.kernel_gradient(x, dy, at, dw)
    else:
        for some, matrix in _parts(x.shape[0], dw, at):
            lay_out(x[some], at, matrix)
            rest = some.start > 0  # all but the first part are added to what is there, one after the other
            matmul(matrix, dy[some].reshape(-1, dw.shape[3]), _matrix(dw), transpose_a=True, accumulate=rest)


def _is_matrix(at: Windows) -> bool:
    """Whether the images, as they lie in memory, are their windows one after the other."""
    return at.padded == at.size and (at.kernel == at.stride == (1, 1) or at.kernel == at.size)


def _window(w: Any) -> int:
    """How many numbers there are in a window of the kernel ``w``."""
    return math.prod(w.shape[:3])


def _matrix(w: Any) -> Any:
    """The kernel as a matrix, (KH KW C, O)."""
    return w.reshape(_window(w), w.shape[3])


def _parts(n: int, w: Any, at: Windows) -> Iterator[tuple[slice, Any]]:
    """Some of ``n`` examples at a time, and an array for their windows: in equal parts that fit into WORKSPACE bytes.

    Without examples one part without rows: a product of nothing is written all the same.
    """
    import cupy

    example = math.prod(at.out) * _window(w)
    parts = max(1, -(-n // max(1, WORKSPACE // (example * w.dtype.itemsize))))
    size = -(-n // parts)
    room = cupy.empty((size * math.prod(at.out), _window(w)), w.dtype)
    for part in range(parts):
        some = slice(part * size, min((part + 1) * size, n))
        yield some, room[: max(0, some.stop - some.start) * math.prod(at.out)]


def main() -> None:
    """Hold the three sums against the reference and against a matrix product: 3 x 3 windows, 64 channels to 64."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, c, at = 64, 64, windows("convolution", (64, 64), 3, 1, "same")
    rng = cupy.random.default_rng(0)
    shapes = (n, *at.size, c), (3, 3, c, c), (n, *at.out, c)
    x, w, dy = (rng.standard_normal(shape, dtype=cupy.float32) for shape in shapes)
    exact = [array.get().astype("float64") for array in (x, w, dy)]
    y, dx, dw = cupy.empty_like(dy), cupy.empty_like(x), cupy.empty_like(w)
    expected = np.empty(y.shape), np.empty(x.shape), np.empty(w.shape)

    def correlate_within(mebibytes: int) -> None:
        global WORKSPACE
        usual, WORKSPACE = WORKSPACE, mebibytes * 2**20
        correlate(x, w, at, y)
        WORKSPACE = usual

    reference.correlate(exact[0], exact[1], at, expected[0])
    reference.spread(exact[2], exact[1], at, expected[1])
    reference.kernel_gradient(exact[0], exact[2], at, expected[2])

    grid, threads = (blocks_for(at.size[1], 32), blocks_for(at.size[0], 8), n), (32, 8, 1)
    moves = (*at.stride, *at.before)
    moved, operations = x.nbytes + y.nbytes, 2 * y.size * 9 * c
    compare(
        f"convolution of {n} x 64 x 64 x {c} to {c} channels, 3 x 3, float32",
        Case("naive", lambda: conv_direct.naive[grid, threads](x, w, y, *moves), moved, operations),
        Case("matrix", lambda: correlate(x, w, at, y), moved, operations),
        *(Case(f"matrix, {m} MiB", partial(correlate_within, m), moved, operations) for m in (8, 16, 32, 64, 256)),
        got=lambda: y,
        expected=expected[0],
    )
    compare(
        "dx of the same",
        Case("naive", lambda: conv_direct_backward.naive_spread[grid, threads](dy, w, dx, *moves), moved, operations),
        Case("matrix", lambda: spread(dy, w, at, dx), moved, operations),
        got=lambda: dx,
        expected=expected[1],
    )
    blocks = blocks_for(c, 32), blocks_for(c, 8), 9
    compare(
        "dw of the same",
        Case(
            "naive", lambda: conv_direct_backward.naive_gradient[blocks, threads](x, dy, dw, *moves), moved, operations
        ),
        Case("matrix", lambda: kernel_gradient(x, dy, at, dw), moved, operations),
        got=lambda: dw,
        expected=expected[2],
    )


if __name__ == "__main__":
    main()
