r"""Windows of images laid out as the rows of a matrix, and what comes back on that way.

Used by: :mod:`miniae_kernels.cuda.convolution`, in place of ``rows`` and ``Windows.add_up`` of the reference.

.. math::
    rows_{(nij)\,(klc)} = x_{n,\; iS+k-P,\; jS+l-P,\; c}, \qquad
    dx_{nrqc} = \sum_{i,k:\, iS+k-P=r} \;\; \sum_{j,l:\, jS+l-P=q} rows_{(nij)\,(klc)}

x is 0 outside the image. The second is the first one's transpose, written as a *gather*: every pixel looks up the
windows that it stands in and adds what they hold for it, k and l going up. No two threads write to one pixel: no atomic
operation is needed, and the order of the sum, hence its last bit, is always the same, and the reference's.

Idea, of the first: the channels of a pixel lie side by side in memory, and so do the pixels of an image's row. Row k
of a window is then KW C numbers side by side in the image, and KW C numbers side by side in the matrix: one *run*, in
which nobody has to know which pixel or channel a number belongs to. Where a run leaves the image at the side is seen by
the numbers' places alone: they are below 0, or not below W C.

Idea, of both: a thread takes the same place of one image after the other. Where it reads and writes, a few divisions,
is worked out once for all its images; from one to the next it goes on by the size of an image, and it reads several
before it writes the first (:func:`miniae_kernels.cuda.columns.ahead`). In such loops indices are unsigned: of a signed
one, Numba's code asks every time whether it counts from the end.

Bytes, for numbers of s bytes: N OH OW KH KW C s of the matrix and N H W C s of the images, each once to or from memory;
windows overlap, but what is read again is found in a cache. Operations: coming back, one sum for each number of the
matrix.

Shapes: N batch, H W height and width of the image, C channels; KH KW kernel; OH OW how many windows; S stride,
P padding.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import cuda, uint64

from miniae.ops.convolution import rows
from miniae.ops.windows import Windows, windows
from miniae_kernels.cuda.columns import AT_ONCE, MOST_THREADS, ahead
from miniae_kernels.cuda.launch import THREADS, blocks_for, kernel
from miniae_kernels.cuda.places import divided, windows_on

MOST_NUMBERS = 2**31  # of one image or its windows: places in them are counted with 32 bits
MOST_BLOCKS = 65_535  # along the second and third axis of a grid


class Runs(NamedTuple):
    """Windows over images, measured along a row not in pixels but in numbers: C for each pixel.

    Attributes:
        height, width: of the image, H and W C.
        out_height, out_width: how many windows, OH and OW.
        rows, run, window: a window's KH rows of KW C numbers, and all of them, KH KW C.
        down, right: from one window to the next, S and S C.
        above, left: the padding, P and P C.
    """

    height: int
    width: int
    out_height: int
    out_width: int
    rows: int
    run: int
    window: int
    down: int
    right: int
    above: int
    left: int


RUNS = ", ".join(["int64"] * len(Runs._fields))  # the types of a kernel's arguments (*runs)


def runs(at: Windows, c: int) -> Runs:
    """The windows ``at`` over images with ``c`` channels.

    Raises:
        ValueError: if an image or its windows have too many numbers to be counted with 32 bits.

    >>> from miniae.ops.windows import windows
    >>> runs(windows("conv2d", (28, 28), 3, 2, "same"), 16)
    Runs(height=28, width=448, out_height=14, out_width=14, rows=3, run=48, window=144, down=2, right=32, ...)
    """
    (h, w), (kh, kw), (down, right), (above, left) = at.size, at.kernel, at.stride, at.before
    numbers = c * max(math.prod(at.padded), math.prod(at.out) * kh * kw)
    if numbers >= MOST_NUMBERS:
        raise ValueError(f"windows: one image or its windows must have fewer than 2^31 numbers, got {numbers}")
    return Runs(h, w * c, *at.out, kh, kw * c, kh * kw * c, down, right * c, above, left * c)


def grid_for(numbers: int, images: int) -> tuple[tuple[int, int], int]:
    """Blocks and their threads: along the first axis the place in an image, along the second the image to begin with.

    Enough to fill a large GPU, and hardly more: a thread that has several images works its place out once.

    >>> grid_for(28 * 28 * 16, 128)
    ((49, 11), 256)
    """
    return (blocks_for(numbers, THREADS), min(images, blocks_for(MOST_THREADS, numbers), MOST_BLOCKS)), THREADS


@kernel("real[:, :, :, ::1], real[:, :, :, :, :, ::1], int64, int64, int64, int64")
def naive_lay_out(x, matrix, down, right, above, left):
    """A thread for each window, which goes through its pixels: neighbours write KH KW C numbers apart."""
    j, i, n = cuda.grid(3)
    if n < matrix.shape[0] and i < matrix.shape[1] and j < matrix.shape[2]:
        for k in range(matrix.shape[3]):
            for l in range(matrix.shape[4]):
                r, q = i * down + k - above, j * right + l - left
                inside = 0 <= r < x.shape[1] and 0 <= q < x.shape[2]
                for c in range(matrix.shape[5]):
                    matrix[n, i, j, k, l, c] = x[n, r, q, c] if inside else x.dtype.type(0)


@kernel("real[:, :, :, :, :, ::1], real[:, :, :, ::1], int64, int64, int64, int64", registers=72)
def naive_add_up(matrix, dx, down, right, above, left):
    """A thread for each pixel, which tries at every place of a window whether a window stands so."""
    q, r, n = cuda.grid(3)
    if n < dx.shape[0] and r < dx.shape[1] and q < dx.shape[2]:
        for c in range(dx.shape[3]):
            total = dx.dtype.type(0)
            for k in range(matrix.shape[3]):
                i = (r + above - k) // down
                if i * down + k - above == r and 0 <= i < matrix.shape[1]:
                    for l in range(matrix.shape[4]):
                        j = (q + left - l) // right
                        if j * right + l - left == q and 0 <= j < matrix.shape[2]:
                            total += matrix[n, i, j, k, l, c]
            dx[n, r, q, c] = total


@kernel(f"real[::1], real[::1], {RUNS}")
def copy_runs(x, matrix, height, width, out_height, out_width, rows, run, window, down, right, above, left):
    """A thread for each number of an image's windows, image after image; neighbours in a run are neighbours."""
    p, first = cuda.grid(2)
    image, numbers = height * width, out_height * out_width * window
    if p < numbers:
        place, e = divided(p, window)
        i, j = divided(place, out_width)
        k, t = divided(e, run)
        r, q = i * down + k - above, j * right + t - left
        inside = 0 <= r < height and 0 <= q < width
        xs = cuda.local.array(AT_ONCE, x.dtype)
        for m in range(AT_ONCE):
            xs[m] = x.dtype.type(0)
        source, target = first * image + r * width + q, first * numbers + p
        while target < matrix.size:
            if inside:
                ahead(x, source, cuda.gridDim.y * image, xs)
            for m in range(AT_ONCE):
                if target < matrix.size:
                    matrix[uint64(target)] = xs[m]
                source += cuda.gridDim.y * image
                target += cuda.gridDim.y * numbers


@kernel(f"real[:, ::1], real[:, ::1], {RUNS}")
def gather(matrix, dx, height, width, out_height, out_width, rows, run, window, down, right, above, left):
    """A thread for each number of an image, image after image; which windows that lies in, it knows beforehand."""
    p, first = cuda.grid(2)
    if p < dx.shape[1]:
        r, q = divided(p, width)
        high, i, k = windows_on(r + above, rows, down, out_height)
        wide, j, t = windows_on(q + left, run, right, out_width)
        last = (i * out_width + j) * window + k * run + t
        up, back = out_width * window - down * run, window - right
        totals = cuda.local.array(AT_ONCE, dx.dtype)
        n = first
        while n < dx.shape[0]:
            for m in range(AT_ONCE):
                totals[m] = dx.dtype.type(0)
            a = 0
            while a < high:
                source = uint64(last - a * up)
                b = 0
                while b < wide:
                    for m in range(AT_ONCE):
                        totals[m] += matrix[min(n + m * cuda.gridDim.y, dx.shape[0] - 1), source]
                    source -= uint64(back)
                    b += 1
                a += 1
            for m in range(AT_ONCE):
                if n < dx.shape[0]:
                    dx[n, p] = totals[m]
                n += cuda.gridDim.y


def lay_out(x: Any, at: Windows, matrix: Any) -> None:
    """Write to ``matrix`` (N OH OW, KH KW C) the windows ``at`` of the images ``x`` (N, H, W, C), one a row."""
    measured, n = runs(at, x.shape[3]), x.shape[0]
    numbers = measured.out_height * measured.out_width * measured.window
    copy_runs[grid_for(numbers, n)](x.reshape(-1), matrix.reshape(-1), *measured)


def add_up(matrix: Any, at: Windows, dx: Any) -> None:
    """Write to ``dx`` (N, H, W, C) what its pixels collect from the windows in ``matrix`` (N OH OW, KH KW C)."""
    measured, n = runs(at, dx.shape[3]), dx.shape[0]
    image, numbers = measured.height * measured.width, measured.out_height * measured.out_width * measured.window
    gather[grid_for(image, n)](matrix.reshape(n, numbers), dx.reshape(n, image), *measured)


def main() -> None:
    """Hold the kernels against NumPy and against the device's bandwidth: 3 x 3 windows over 64 channels."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, c, at = 32, 64, windows("im2col", (64, 64), 3, 1, "same")
    x = cupy.random.default_rng(0).standard_normal((n, *at.size, c), dtype=cupy.float32)
    matrix, dx = cupy.empty((n * math.prod(at.out), math.prod(at.kernel) * c), cupy.float32), cupy.empty_like(x)
    folded = matrix.reshape(n, *at.out, *at.kernel, c)
    grid, threads = (blocks_for(at.size[1], 32), blocks_for(at.size[0], 8), n), (32, 8, 1)
    moved = x.nbytes + matrix.nbytes
    compare(
        f"windows laid out, {n} x 64 x 64 x {c}, 3 x 3, float32",
        Case("naive", lambda: naive_lay_out[grid, threads](x, folded, *at.stride, *at.before), moved),
        Case("runs", lambda: lay_out(x, at, matrix), moved),
        got=lambda: matrix,
        expected=rows(x.get(), at).astype("float64"),
    )
    expected = np.empty(x.shape)
    values = matrix.get().astype("float64").reshape(folded.shape)
    at.add_up((values[:, :, :, k, l] for k, l in at.positions()), expected)
    compare(
        f"windows added up, {n} x 64 x 64 x {c}, 3 x 3, float32",
        Case("naive", lambda: naive_add_up[grid, threads](folded, dx, *at.stride, *at.before), moved),
        Case("gather", lambda: add_up(matrix, at, dx), moved),
        got=lambda: dx,
        expected=expected,
    )


if __name__ == "__main__":
    main()
