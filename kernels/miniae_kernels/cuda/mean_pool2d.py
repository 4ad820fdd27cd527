r"""Mean-pooling and its backward.

Overrides: ``mean_pool2d``.

.. math::
    y_{nijc} = \frac{1}{m_{ij}} \sum_{k,l} x_{n,\; iS+k-P,\; jS+l-P,\; c}, \qquad
    dx_{nrqc} = \sum_{i,k:\, iS+k-P=r} \;\; \sum_{j,l:\, jS+l-P=q} \frac{dy_{nijc}}{m_{ij}}

over the :math:`m_{ij}` pixels of the window that lie inside the image.

Idea: forward a thread owns a window, backward a pixel, which looks up the windows it stands in: a gather, so that no
two threads write to one place and the order of every sum is fixed. Which pixels of the window lie inside the image,
and which windows contain the pixel, is the same in every image, and worked out once
(:mod:`miniae_kernels.cuda.places`).

Bytes, of numbers of s bytes: (N H W C + N OH OW C) s both ways; where windows overlap, what is read again comes from a
cache. Operations: an addition for each pixel of each window, backward a division as well.

Shapes: N batch, H W height and width of the image, C channels; OH OW how many windows; KH KW a window.
"""

from typing import Any

from numba import cuda, int32, uint32

from miniae.arrays import check_cotangent, check_floats, output
from miniae.ops import OPS, Pair
from miniae.ops.mean_pool2d import MeanPool2dCache
from miniae.ops.windows import Padding, check_images, pooling_windows
from miniae_kernels.cuda.launch import kernel
from miniae_kernels.cuda.places import (
    ELEVEN,
    IMAGES,
    ROWS,
    SIX,
    all_numbers,
    around,
    inside,
    naively,
    pixels_inside,
    place,
    walk,
    window_numbers,
)


@kernel(f"{IMAGES}, {IMAGES}, {SIX}", registers=80)
def naive_forward(x, y, kh, kw, sh, sw, ph, pw):
    """A thread for each window, which tries all its pixels."""
    n, i, j, c = place(cuda.grid(1), y.shape[1], y.shape[2], y.shape[3])
    if n < y.shape[0]:
        total, count = x.dtype.type(0), 0
        for k in range(kh):
            for l in range(kw):
                r, q = i * sh + k - ph, j * sw + l - pw
                if 0 <= r < x.shape[1] and 0 <= q < x.shape[2]:
                    total += x[n, r, q, c]
                    count += 1
        y[n, i, j, c] = total / x.dtype.type(count)


@kernel(f"{IMAGES}, {IMAGES}, {SIX}", registers=80)
def naive_backward(dy, dx, kh, kw, sh, sw, ph, pw):
    """A thread for each pixel, which tries at every place of a window whether a window stands so."""
    n, r, q, c = place(cuda.grid(1), dx.shape[1], dx.shape[2], dx.shape[3])
    if n < dx.shape[0]:
        total = dy.dtype.type(0)
        for k in range(kh):
            for l in range(kw):
                i, j = (r + ph - k) // sh, (q + pw - l) // sw
                stands = i * sh + k - ph == r and j * sw + l - pw == q
                if stands and 0 <= i < dy.shape[1] and 0 <= j < dy.shape[2]:
                    rows = pixels_inside(i, kh, sh, ph, dx.shape[1])
                    total += dy[n, i, j, c] / dy.dtype.type(rows * pixels_inside(j, kw, sw, pw, dx.shape[2]))
        dx[n, r, q, c] = total


@kernel(f"{ROWS}, {ROWS}, {ELEVEN}, int64")
def forward(x, y, h, w, channels, oh, ow, kh, kw, sh, sw, ph, pw, step):
    """A thread knows which pixels of its window lie inside, and takes their mean in one image after another."""
    first, i, j, c = place(cuda.grid(1), oh, ow, channels)
    if first < step:
        top, bottom = inside(i, kh, sh, ph, h)
        left, right = inside(j, kw, sw, pw, w)
        rows, columns = uint32(bottom - top), uint32(right - left)
        count = x.dtype.type(rows * columns)
        corner, down, across = uint32((top * w + left) * channels + c), uint32(w * channels), uint32(channels)
        here = uint32((i * ow + j) * channels + c)
        for n in range(first, y.shape[0], step):
            total = x.dtype.type(0)
            for k in range(rows):
                for l in range(columns):
                    total += x[n, corner + k * down + l * across]
            y[n, here] = total / count


@kernel(f"{ROWS}, {ROWS}, {ELEVEN}, int64", registers=80)
def backward(dy, dx, h, w, channels, oh, ow, kh, kw, sh, sw, ph, pw, step):
    """A thread knows the windows around its pixel, and adds up their shares in one image after another."""
    first, r, q, c = place(cuda.grid(1), h, w, channels)
    if first < step:
        i0, i1 = around(r, kh, sh, ph, oh)
        j0, j1 = around(q, kw, sw, pw, ow)
        here = uint32((r * w + q) * channels + c)
        for n in range(first, dx.shape[0], step):
            total = dy.dtype.type(0)
            for i in range(i0, i1):
                rows = pixels_inside(i, kh, sh, ph, h)
                for j in range(j0, j1):
                    count = int32(rows * pixels_inside(j, kw, sw, pw, w))
                    total += dy[n, uint32((i * ow + j) * channels + c)] / dy.dtype.type(count)
            dx[n, here] = total


def mean_pool2d_forward(
    x: Any,
    *,
    kernel_size: int | tuple[int, int] = 2,
    stride: int | tuple[int, int] | None = None,
    padding: Padding = "valid",
    out: Any = None,
) -> tuple[Any, MeanPool2dCache]:
    """As :func:`miniae.ops.mean_pool2d.mean_pool2d_forward`."""
    check_floats("mean_pool2d", x=x)
    check_images("mean_pool2d", x)
    at = pooling_windows("mean_pool2d", x.shape[1:3], kernel_size, stride, padding)
    y = output("mean_pool2d", out, (x.shape[0], *at.out, x.shape[3]), x)
    walk(forward, y, (x, y), all_numbers(at, x.shape[3]))
    return y, MeanPool2dCache(x.shape, x.dtype, at)


def mean_pool2d_backward(dy: Any, cache: MeanPool2dCache, *, out: Any = None) -> Any:
    """As :func:`miniae.ops.mean_pool2d.mean_pool2d_backward`."""
    x_shape, dtype, at = cache
    check_cotangent("mean_pool2d", dy, (x_shape[0], *at.out, x_shape[3]), dtype)
    dx = output("mean_pool2d", out, x_shape, dy)
    walk(backward, dx, (dy, dx), all_numbers(at, dx.shape[3]))
    return dx


PAIRS = {"mean_pool2d": Pair(mean_pool2d_forward, mean_pool2d_backward, *OPS["mean_pool2d"][2:])}


def main() -> None:
    """Hold the kernels against NumPy and against the device's bandwidth."""
    from miniae.ops import mean_pool2d_backward as reference_backward
    from miniae.ops import mean_pool2d_forward as reference_forward
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    rng = cupy.random.default_rng(0)
    x = rng.standard_normal((256, 64, 64, 32), dtype=cupy.float32)
    y, cache = mean_pool2d_forward(x)
    dy, dx = rng.standard_normal(y.shape, dtype=cupy.float32), cupy.empty_like(x)
    six, eleven = window_numbers(cache.windows), all_numbers(cache.windows, x.shape[3])
    expected, reference = reference_forward(x.get().astype("float64"))
    moved = x.nbytes + y.nbytes
    compare(
        f"mean of 2 x 2, {x.shape}, float32",
        Case("naive", lambda: naively(naive_forward, y, (x, y), six), moved),
        Case("stay at the place", lambda: walk(forward, y, (x, y), eleven), moved),
        got=lambda: y,
        expected=expected,
    )
    compare(
        "its backward",
        Case("naive", lambda: naively(naive_backward, dx, (dy, dx), six), moved),
        Case("stay at the place", lambda: walk(backward, dx, (dy, dx), eleven), moved),
        got=lambda: dx,
        expected=reference_backward(dy.get().astype("float64"), reference),
    )


if __name__ == "__main__":
    main()
