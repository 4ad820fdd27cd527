r"""What comes back from the windows of an image, without laying them out: for few channels.

Used by: :func:`miniae_kernels.cuda.convolution.spread` and ``kernel_gradient``.

.. math::
    dx_{nrqc} &= \sum_{i,k:\, iS+k-P=r} \;\; \sum_{j,l:\, jS+l-P=q} \;\; \sum_o dy_{nijo}\, w_{klco} \\
    dw_{klco} &= \sum_{n,i,j} x_{n,\; iS+k-P,\; jS+l-P,\; c}\; dy_{nijo}

Idea: of the first, that of :mod:`miniae_kernels.cuda.im2col`: every number of the image looks up the windows that it
lies in; it multiplies at once what it finds there, instead of adding up products that were written to a matrix. With
few O neighbouring threads, which have neighbouring c, want the same dy, and different weights not far apart.

Of the second: a thread has one weight and goes through some rows of some images, its factors in a cache as its
neighbours want the same x and neighbouring dy, or the other way round. Each block leaves what it has from its rows; a
second kernel adds that up, always in the same order.

Bytes, for numbers of s bytes: N H W C s and N OH OW O s, each once. Operations: 2 N OH OW KH KW C O.

Shapes: N batch, H W height and width of the image, C its channels; OH OW how many windows, O channels per window;
KH KW kernel; S stride, P padding.
"""

from typing import Any

import numpy as np
from numba import cuda

from miniae.ops.convolution import kernel_gradient as reference_gradient
from miniae.ops.convolution import spread as reference_spread
from miniae.ops.windows import Windows, windows
from miniae_kernels.cuda import columns
from miniae_kernels.cuda.conv_direct import WEIGHTS, products
from miniae_kernels.cuda.im2col import MOST_BLOCKS, RUNS, grid_for, runs
from miniae_kernels.cuda.launch import blocks_for, device, kernel
from miniae_kernels.cuda.places import around, divided

TEAM = 64  # threads of a block that computes weights' gradients, of which there may be 9 or 432


@device
def places_of(number, before, stride, length, places):
    """From which window on, and up to which, a number of the windows lies inside the image, along one axis."""
    first = divided(max(0, before - number) + stride - 1, stride)[0]
    stop = divided(max(0, length + before - number) + stride - 1, stride)[0]
    return first, min(places, stop)


@kernel("real[:, :, :, ::1], real[:, :, :, ::1], real[:, :, :, ::1], int64, int64, int64, int64", registers=72)
def naive_spread(dy, w, dx, down, right, above, left):
    """A thread for each pixel, which tries at every place of a window whether a window stands so."""
    q, r, n = cuda.grid(3)
    if n < dx.shape[0] and r < dx.shape[1] and q < dx.shape[2]:
        for c in range(dx.shape[3]):
            total = dx.dtype.type(0)
            for k in range(w.shape[0]):
                i = (r + above - k) // down
                if i * down + k - above == r and 0 <= i < dy.shape[1]:
                    for l in range(w.shape[1]):
                        j = (q + left - l) // right
                        if j * right + l - left == q and 0 <= j < dy.shape[2]:
                            for o in range(w.shape[3]):
                                total += dy[n, i, j, o] * w[k, l, c, o]
            dx[n, r, q, c] = total


@kernel(f"real[:, ::1], real[::1], real[:, ::1], int64, {RUNS}")
def few_out(dy, w, dx, outputs, height, width, out_height, out_width, rows, run, window, down, right, above, left):
    """A thread for each number of an image, image after image; which windows that lies in, it knows beforehand."""
    weights = cuda.shared.array(WEIGHTS, w.dtype)
    for e in range(cuda.threadIdx.x, w.size, cuda.blockDim.x):
        weights[e] = w[e]
    cuda.syncthreads()
    p, first = cuda.grid(2)
    if p < dx.shape[1]:
        r, q = divided(p, width)
        i_first, i_end = around(r, rows, down, above, out_height)
        j_first, j_end = around(q, run, right, left, out_width)
        n = first
        while n < dx.shape[0]:
            total = dx.dtype.type(0)
            i = i_end - 1
            while i >= i_first:
                j = j_end - 1
                while j >= j_first:
                    source = (i * out_width + j) * outputs
                    weight = ((r + above - i * down) * run + q + left - j * right) * outputs
                    total = products(total, dy[n], source, 1, weights, weight, 1, outputs)
                    j -= 1
                i -= 1
            dx[n, p] = total
            n += cuda.gridDim.y


@kernel("real[:, :, :, ::1], real[:, :, :, ::1], real[:, :, :, ::1], int64, int64, int64, int64", registers=72)
def naive_gradient(x, dy, dw, down, right, above, left):
    """A thread for each weight, which goes through all windows: KH KW C O threads at work, of the 100,000 possible."""
    o, c, place = cuda.grid(3)
    if place < dw.shape[0] * dw.shape[1] and c < dw.shape[2] and o < dw.shape[3]:
        k, l = place // dw.shape[1], place % dw.shape[1]
        total = dw.dtype.type(0)
        for n in range(dy.shape[0]):
            for i in range(dy.shape[1]):
                for j in range(dy.shape[2]):
                    r, q = i * down + k - above, j * right + l - left
                    if 0 <= r < x.shape[1] and 0 <= q < x.shape[2]:
                        total += x[n, r, q, c] * dy[n, i, j, o]
        dw[k, l, c, o] = total


@kernel(f"real[:, ::1], real[:, ::1], real[:, ::1], int64, {RUNS}")
def partial_gradient(
    x, dy, partial, outputs, height, width, out_height, out_width, rows, run, window, down, right, above, left
):
    """A thread for each weight and share: some of the images along y, some of their rows along z."""
    e = cuda.grid(1)
    if e < partial.shape[1]:
        place, o = divided(e, outputs)
        k, t = divided(place, run)
        i_first, i_stop = places_of(k, above, down, height, out_height)
        j_first, j_stop = places_of(t, left, right, width, out_width)
        total = partial.dtype.type(0)
        n = cuda.blockIdx.y
        while n < x.shape[0]:
            i = cuda.blockIdx.z
            while i < out_height:
                if i_first <= i < i_stop:
                    source = (i * down + k - above) * width + j_first * right + t - left
                    value = (i * out_width + j_first) * outputs + o
                    total = products(total, x[n], source, right, dy[n], value, outputs, j_stop - j_first)
                i += cuda.gridDim.z
            n += cuda.gridDim.y
        partial[cuda.blockIdx.y * cuda.gridDim.z + cuda.blockIdx.z, e] = total


def spread(dy: Any, w: Any, at: Windows, dx: Any) -> None:
    """Write to ``dx`` (N, H, W, C) each window's ``dy`` (N, OH, OW, O) spread over its pixels by ``w``, added up.

    Args:
        dy, w, dx: C-contiguous, of one dtype; ``w`` (KH, KW, C, O) of at most WEIGHTS numbers.
        at: the windows.
    """
    (n, h, width, c), o = dx.shape, w.shape[3]
    image, values = h * width * c, at.out[0] * at.out[1] * o
    few_out[grid_for(image, n)](dy.reshape(n, values), w.reshape(-1), dx.reshape(n, image), o, *runs(at, c))


def kernel_gradient(x: Any, dy: Any, at: Windows, dw: Any) -> None:
    """Write to ``dw`` (KH, KW, C, O) the sum of each pixel times the values that it contributes to.

    Args:
        x, dy: (N, H, W, C) and (N, OH, OW, O).
        at: the windows.
        dw: C-contiguous, as all of them are.
    """
    import cupy

    (n, h, width, c), o = x.shape, dw.shape[3]
    blocks = blocks_for(dw.size, TEAM)
    shares = max(1, columns.MOST_THREADS // (blocks * TEAM))
    images = min(n, shares, MOST_BLOCKS)
    parts = min(at.out[0], max(1, shares // max(1, images)), MOST_BLOCKS)
    partial = cupy.empty((images * parts, dw.size), dw.dtype)
    flat = x.reshape(n, h * width * c), dy.reshape(n, at.out[0] * at.out[1] * o)
    partial_gradient[(blocks, images, parts), TEAM](*flat, partial, o, *runs(at, c))
    columns.add_up(partial, dw.reshape(-1))


def main() -> None:
    """Hold the kernels against the reference and the device's bandwidth: 3 x 3 windows, 16 channels and 1."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, at = 256, windows("conv_direct_backward", (64, 64), 3, 1, "same")
    rng = cupy.random.default_rng(0)
    c, o = 16, 1
    shapes = (n, *at.size, c), (3, 3, c, o), (n, *at.out, o)
    x, w, dy = (rng.standard_normal(shape, dtype=cupy.float32) for shape in shapes)
    dx, dw = cupy.empty_like(x), cupy.empty_like(w)
    exact = [array.get().astype("float64") for array in (x, w, dy)]
    moved, operations = x.nbytes + dy.nbytes, 2 * dy.size * w.size
    expected = np.empty(x.shape)
    reference_spread(exact[2], exact[1], at, expected)
    grid, threads = (blocks_for(64, 32), blocks_for(64, 8), n), (32, 8, 1)
    compare(
        f"dx of a convolution of {n} x 64 x 64 x {c} to {o} channel, 3 x 3, float32",
        Case("naive", lambda: naive_spread[grid, threads](dy, w, dx, *at.stride, *at.before), moved, operations),
        Case("direct", lambda: spread(dy, w, at, dx), moved, operations),
        got=lambda: dx,
        expected=expected,
    )
    expected = np.empty(w.shape)
    reference_gradient(exact[0], exact[2], at, expected)
    compare(
        "dw of the same",
        Case(
            "naive", lambda: naive_gradient[(1, 1, 9), (o, c, 1)](x, dy, dw, *at.stride, *at.before), moved, operations
        ),
        Case("direct", lambda: kernel_gradient(x, dy, at, dw), moved, operations),
        got=lambda: dw,
        expected=expected,
    )


if __name__ == "__main__":
    main()
