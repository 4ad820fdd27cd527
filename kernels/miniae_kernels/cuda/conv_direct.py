r"""The sum of each window of an image, without laying the windows out: for few channels.

Used by: :func:`miniae_kernels.cuda.convolution.correlate`.

.. math::
    y_{nijo} = \sum_{k,l,c} x_{n,\; iS+k-P,\; jS+l-P,\; c}\; w_{klco}

Idea: laid out as a matrix, the windows are KH KW times the image, written and read again. Where they would be
multiplied with few numbers, that is most of the work. Here every block copies the kernel to its shared memory and its
threads read the image themselves, each pixel from memory once and from a cache the other times. Two kernels, because 32
threads read memory at once and are fast only if that is one piece of it:

- *few in*: neighbouring threads compute neighbouring channels o of one window. They all want the same number of the
  image at the same time, which is one read, and different, neighbouring weights.
- *few out*: neighbouring threads compute neighbouring windows. Their pixels are C numbers apart, so that the block
  first copies some channels of a strip of the image to shared memory, where numbers need not be neighbours.

What falls on padding is left out, not multiplied by 0: a weight that is NaN shows wherever it meets a pixel.

Bytes, for numbers of s bytes: N H W C s in, N OH OW O s out. Operations: 2 N OH OW KH KW C O.

Shapes: N batch, H W height and width of the image, C its channels; OH OW how many windows, O channels per window;
KH KW kernel; S stride, P padding.
"""

from typing import Any

import numpy as np
from numba import cuda, uint64

from miniae.ops.convolution import correlate as reference
from miniae.ops.windows import Windows, windows
from miniae_kernels.cuda.columns import MOST_THREADS
from miniae_kernels.cuda.gemm import matmul
from miniae_kernels.cuda.im2col import MOST_BLOCKS, RUNS, grid_for, lay_out, runs
from miniae_kernels.cuda.launch import blocks_for, device, kernel
from miniae_kernels.cuda.places import divided

WEIGHTS = 3072  # numbers of a kernel that fit into shared memory, of which a block has 48 KiB, beside the strips
FEW = 4  # channels coming out for which the second kernel is made: a block has 128 threads for each
ROWS, COLUMNS = 4, 32  # windows of a block, down and across
CHANNELS = 8  # of the strips at a time: 32 bytes of float32, the least that is read from memory at once
PITCH = CHANNELS + 1  # from pixel to pixel of a strip: odd, so that 32 pixels lie in 32 different banks of memory
SPAN = 68  # pixels of a strip: 32 windows 2 apart, 6 pixels wide
STRIPS = ROWS * SPAN * PITCH


@device
def products(total, a, i, a_step, b, j, b_step, count):
    """``total`` and the sum of a[i] b[j], a[i + a_step] b[j + b_step], ..., so many of them.

    All the work of a convolution is done here: in 5 instructions for each product. With ``range`` and signed indices,
    of which Numba asks whether they count from the end, there would be 17.
    """
    left, right = uint64(i), uint64(j)
    while count > 0:
        total += a[left] * b[right]
        left += uint64(a_step)
        right += uint64(b_step)
        count -= 1
    return total


@kernel("real[:, :, :, ::1], real[:, :, :, ::1], real[:, :, :, ::1], int64, int64, int64, int64")
def naive(x, w, y, down, right, above, left):
    """A thread for each window, which goes through all channels that come out."""
    j, i, n = cuda.grid(3)
    if n < y.shape[0] and i < y.shape[1] and j < y.shape[2]:
        for o in range(y.shape[3]):
            total = x.dtype.type(0)
            for k in range(w.shape[0]):
                for l in range(w.shape[1]):
                    r, q = i * down + k - above, j * right + l - left
                    if 0 <= r < x.shape[1] and 0 <= q < x.shape[2]:
                        for c in range(w.shape[2]):
                            total += x[n, r, q, c] * w[k, l, c, o]
            y[n, i, j, o] = total


@kernel(f"real[:, ::1], real[::1], real[:, ::1], int64, {RUNS}")
def few_in(x, w, y, outputs, height, width, out_height, out_width, rows, run, window, down, right, above, left):
    """A thread for each number of the result, image after image; a row of its window is a run of numbers."""
    weights = cuda.shared.array(WEIGHTS, w.dtype)
    for e in range(cuda.threadIdx.x, w.size, cuda.blockDim.x):
        weights[e] = w[e]
    cuda.syncthreads()
    p, first = cuda.grid(2)
    if p < y.shape[1]:
        place, o = divided(p, outputs)
        i, j = divided(place, out_width)
        top, begin = i * down - above, j * right - left
        # The part of the window that lies in the image: its rows k and, within each, the numbers t.
        k_first, k_stop = max(0, -top), min(rows, height - top)
        t_first, t_stop = max(0, -begin), min(run, width - begin)
        n = first
        while n < y.shape[0]:
            total = x.dtype.type(0)
            k = k_first
            while k < k_stop:
                source, weight = (top + k) * width + begin + t_first, (k * run + t_first) * outputs + o
                total = products(total, x[n], source, 1, weights, weight, outputs, t_stop - t_first)
                k += 1
            y[n, p] = total
            n += cuda.gridDim.y


@kernel(f"real[:, ::1], real[::1], real[:, ::1], int64, {RUNS}")
def few_out(x, w, y, inputs, height, width, out_height, out_width, rows, run, window, down, right, above, left):
    """A thread for each number of the result; a block for ROWS x COLUMNS windows, image after image.

    Its threads lie along x, y and z as the windows do across and down, and the channels that come out.
    """
    weights = cuda.shared.array(WEIGHTS, w.dtype)
    strips = cuda.shared.array(STRIPS, x.dtype)
    column, row, o, outputs = cuda.threadIdx.x, cuda.threadIdx.y, cuda.threadIdx.z, cuda.blockDim.z
    for e in range(column + COLUMNS * (row + ROWS * o), w.size, COLUMNS * ROWS * outputs):
        weights[e] = w[e]
    i, j = cuda.blockIdx.y * ROWS + row, cuda.blockIdx.x * COLUMNS + column
    begin = cuda.blockIdx.x * COLUMNS * right - left
    stride, wide = divided(right, inputs)[0], divided(run, inputs)[0]
    numbers = ((COLUMNS - 1) * stride + wide) * CHANNELS
    n = cuda.blockIdx.z
    while n < y.shape[0]:
        total = x.dtype.type(0)
        k = 0
        while k < rows:
            r = i * down + k - above
            c = 0
            while c < inputs:
                cuda.syncthreads()  # the weights are there, and nobody needs the last strips any more
                e = column + COLUMNS * o
                while e < numbers:
                    pixel, beyond = e // CHANNELS, e % CHANNELS
                    q = begin + pixel * inputs + c + beyond  # after the last channel the next pixel's, for nobody
                    inside = 0 <= r < height and 0 <= q < width
                    value = x[n, r * width + q] if inside else x.dtype.type(0)
                    strips[(row * SPAN + pixel) * PITCH + beyond] = value
                    e += COLUMNS * outputs
                cuda.syncthreads()
                l = 0
                while l < wide:
                    source = (row * SPAN + column * stride + l) * PITCH
                    weight = ((k * wide + l) * inputs + c) * outputs + o
                    total = products(total, strips, source, 1, weights, weight, outputs, min(CHANNELS, inputs - c))
                    l += 1
                c += CHANNELS
            k += 1
        if i < out_height and j < out_width:
            y[n, (i * out_width + j) * outputs + o] = total
        n += cuda.gridDim.z


def correlate(x: Any, w: Any, at: Windows, y: Any) -> None:
    """Write to ``y`` (N, OH, OW, O) the sum of each window of ``x`` (N, H, W, C), weighted by ``w`` (KH, KW, C, O).

    The second kernel is taken where fewer channels come out than go in, and its strips fit; it needs no strips if a
    single channel goes in, whose pixels are neighbours.

    Args:
        x, w, y: C-contiguous, of one dtype; ``w`` of at most WEIGHTS numbers.
        at: the windows.
    """
    (n, h, width, c), (_, out_height, out_width, o) = x.shape, y.shape
    measured = runs(at, c)
    flat = x.reshape(n, h * width * c), w.reshape(-1), y.reshape(n, out_height * out_width * o)
    span = (COLUMNS - 1) * at.stride[1] + at.kernel[1]
    if o < c and o <= FEW and span <= SPAN:
        across, down = blocks_for(out_width, COLUMNS), blocks_for(out_height, ROWS)
        images = max(1, MOST_THREADS // (across * down * COLUMNS * ROWS * o))
        grid = (across, down, min(n, images, MOST_BLOCKS))
        few_out[grid, (COLUMNS, ROWS, o)](*flat, c, *measured)
    else:
        few_in[grid_for(flat[2].shape[1], n)](*flat, o, *measured)


def main() -> None:
    """Hold the kernels against the reference and the device's bandwidth: 3 x 3 windows, 1 channel to 16 and back."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, at = 512, windows("conv_direct", (64, 64), 3, 1, "same")
    grid, threads = (blocks_for(64, 32), blocks_for(64, 8), n), (32, 8, 1)
    rng = cupy.random.default_rng(0)

    def measure(c: int, o: int) -> None:
        x, w = (rng.standard_normal(shape, dtype=cupy.float32) for shape in ((n, *at.size, c), (3, 3, c, o)))
        y, matrix = cupy.empty((n, *at.out, o), cupy.float32), cupy.empty((n * 64 * 64, 9 * c), cupy.float32)
        expected = np.empty(y.shape)
        reference(x.get().astype("float64"), w.get().astype("float64"), at, expected)

        def by_matrix() -> None:
            lay_out(x, at, matrix)
            matmul(matrix, w.reshape(-1, o), y.reshape(-1, o))

        moved, operations = x.nbytes + y.nbytes, 2 * y.size * 9 * c
        compare(
            f"convolution of {n} x 64 x 64 x {c} to {o} channels, 3 x 3, float32",
            Case("naive", lambda: naive[grid, threads](x, w, y, *at.stride, *at.before), moved, operations),
            Case("matrix", by_matrix, moved, operations),
            Case("direct", lambda: correlate(x, w, at, y), moved, operations),
            got=lambda: y,
            expected=expected,
        )

    for c, o in ((1, 16), (3, 16), (16, 3), (16, 1)):
        measure(c, o)


if __name__ == "__main__":
    main()
