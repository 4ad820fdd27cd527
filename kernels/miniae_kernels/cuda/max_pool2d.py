r"""Max-pooling, unpooling, and what comes back from both.

Overrides: ``max_pool2d``, ``max_unpool2d``.

.. math::
    y_{nijc} &= \max_{k,l}\; x_{n,\; iS+k-P,\; jS+l-P,\; c}, \qquad
        s_{nijc} = k^* KW + l^* \text{, the first place at which it is reached}                          \tag{1} \\
    \operatorname{put}(v)_{nrqc} &= \sum_{i,j:\; (iS+k^*-P,\; jS+l^*-P) = (r,\, q)} v_{nijc}             \tag{2} \\
    \operatorname{take}(u)_{nijc} &= u_{n,\; iS+k^*-P,\; jS+l^*-P,\; c}                                  \tag{3}

The pooling's backward is put(dy); unpooling is put(x), and its backward take(dy).

Idea: :mod:`miniae_kernels.cuda.mean_pool2d`'s. Put is a gather: a pixel asks the windows it stands in whether their
switch points at it, so that no two threads write to one place and the order of every sum is fixed.

Bytes, of numbers of s bytes, Y windows and X pixels in all: (1) X s + Y (s + 4); (2) Y (s + 4) + X s; (3)
Y (2 s + 4), spread over X s. Operations: a comparison for each pixel of each window.

Shapes: N batch, H W height and width of the image, C channels; OH OW how many windows; KH KW a window.
"""

import math
from typing import Any

from numba import cuda, int32, uint32

from miniae.arrays import check_cotangent, check_floats, output
from miniae.ops import OPS, Pair
from miniae.ops.max_pool2d import MaxPool2dCache
from miniae.ops.max_unpool2d import MaxUnpool2dCache, check_max_unpool2d
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
    place,
    walk,
    window_numbers,
)

SWITCHES = "int32[:, :, :, ::1]"  # as images, and as rows
SWITCH_ROWS = "int32[:, ::1]"


@kernel(f"{IMAGES}, {IMAGES}, {SWITCHES}, {SIX}", registers=80)
def naive_pool(x, y, switches, kh, kw, sh, sw, ph, pw):
    """A thread for each window, which tries all its pixels."""
    n, i, j, c = place(cuda.grid(1), y.shape[1], y.shape[2], y.shape[3])
    if n < y.shape[0]:
        largest, switch = x.dtype.type(-math.inf), 0
        for k in range(kh):
            for l in range(kw):
                r, q = i * sh + k - ph, j * sw + l - pw
                if 0 <= r < x.shape[1] and 0 <= q < x.shape[2]:
                    value = x[n, r, q, c]
                    if value > largest:  # not at a tie
                        largest, switch = value, k * kw + l
                    if math.isnan(value):
                        largest = value  # nothing is larger
        y[n, i, j, c] = largest
        switches[n, i, j, c] = switch


@kernel(f"{IMAGES}, {SWITCHES}, {IMAGES}, {SIX}", registers=80)
def naive_put(values, switches, image, kh, kw, sh, sw, ph, pw):
    """A thread for each pixel, which tries at every place of a window whether a window stands so and chose it."""
    n, r, q, c = place(cuda.grid(1), image.shape[1], image.shape[2], image.shape[3])
    if n < image.shape[0]:
        total = values.dtype.type(0)
        for k in range(kh):
            for l in range(kw):
                i, j = (r + ph - k) // sh, (q + pw - l) // sw
                stands = i * sh + k - ph == r and j * sw + l - pw == q
                stands = stands and 0 <= i < values.shape[1] and 0 <= j < values.shape[2]
                if stands and switches[n, i, j, c] == k * kw + l:
                    total += values[n, i, j, c]
        image[n, r, q, c] = total


@kernel(f"{IMAGES}, {SWITCHES}, {IMAGES}, {SIX}", registers=80)
def naive_take(image, switches, values, kh, kw, sh, sw, ph, pw):
    """A thread for each window, which goes through its places until it comes to the one chosen."""
    n, i, j, c = place(cuda.grid(1), values.shape[1], values.shape[2], values.shape[3])
    if n < values.shape[0]:
        value = image.dtype.type(0)
        for k in range(kh):
            for l in range(kw):
                r, q = i * sh + k - ph, j * sw + l - pw
                if switches[n, i, j, c] == k * kw + l and 0 <= r < image.shape[1] and 0 <= q < image.shape[2]:
                    value = image[n, r, q, c]
        values[n, i, j, c] = value


@kernel(f"{ROWS}, {ROWS}, {SWITCH_ROWS}, {ELEVEN}, int64")
def pool(x, y, switches, h, w, channels, oh, ow, kh, kw, sh, sw, ph, pw, step):
    """A thread knows which pixels of its window lie inside, and compares them in one image after another."""
    first, i, j, c = place(cuda.grid(1), oh, ow, channels)
    if first < step:
        top, bottom = inside(i, kh, sh, ph, h)
        left, right = inside(j, kw, sw, pw, w)
        rows, columns = uint32(bottom - top), uint32(right - left)
        corner, down, across = uint32((top * w + left) * channels + c), uint32(w * channels), uint32(channels)
        place_of_corner = uint32((top - (i * sh - ph)) * kw + left - (j * sw - pw))
        here = uint32((i * ow + j) * channels + c)
        for n in range(first, y.shape[0], step):
            largest, switch = x.dtype.type(-math.inf), uint32(0)
            for k in range(rows):
                for l in range(columns):
                    value = x[n, corner + k * down + l * across]
                    if value > largest:  # not at a tie
                        largest, switch = value, uint32(place_of_corner + k * uint32(kw) + l)
                    if math.isnan(value):
                        largest = value  # nothing is larger
            y[n, here] = largest
            switches[n, here] = switch


@kernel(f"{ROWS}, {SWITCH_ROWS}, {ROWS}, {ELEVEN}, int64")
def put(values, switches, image, h, w, channels, oh, ow, kh, kw, sh, sw, ph, pw, step):
    """A thread knows the windows around its pixel, and asks them for it in one image after another."""
    first, r, q, c = place(cuda.grid(1), h, w, channels)
    if first < step:
        i0, i1 = around(r, kh, sh, ph, oh)
        j0, j1 = around(q, kw, sw, pw, ow)
        here = uint32((r * w + q) * channels + c)
        for n in range(first, image.shape[0], step):
            total = values.dtype.type(0)
            for i in range(i0, i1):
                for j in range(j0, j1):
                    window = uint32((i * ow + j) * channels + c)
                    if switches[n, window] == int32((r + ph - i * sh) * kw + q + pw - j * sw):
                        total += values[n, window]
            image[n, here] = total


@kernel(f"{ROWS}, {SWITCH_ROWS}, {ROWS}, {ELEVEN}, int64")
def take(image, switches, values, h, w, channels, oh, ow, kh, kw, sh, sw, ph, pw, step):
    """A thread goes where its window's switch points, in one image after another; 0 if that is in the padding."""
    first, i, j, c = place(cuda.grid(1), oh, ow, channels)
    if first < step:
        here = uint32((i * ow + j) * channels + c)
        for n in range(first, values.shape[0], step):
            switch = uint32(switches[n, here])
            k, l = uint32(switch // uint32(kw)), uint32(switch % uint32(kw))
            r, q = int32(i * sh + int32(k) - ph), int32(j * sw + int32(l) - pw)
            value = image.dtype.type(0)
            if 0 <= r < h and 0 <= q < w:
                value = image[n, uint32((r * w + q) * channels + c)]
            values[n, here] = value


def max_pool2d_forward(
    x: Any,
    *,
    kernel_size: int | tuple[int, int] = 2,
    stride: int | tuple[int, int] | None = None,
    padding: Padding = "valid",
    out: Any = None,
) -> tuple[Any, MaxPool2dCache]:
    """As :func:`miniae.ops.max_pool2d.max_pool2d_forward`."""
    import cupy

    check_floats("max_pool2d", x=x)
    check_images("max_pool2d", x)
    at = pooling_windows("max_pool2d", x.shape[1:3], kernel_size, stride, padding)
    y = output("max_pool2d", out, (x.shape[0], *at.out, x.shape[3]), x)
    switches = cupy.empty(y.shape, cupy.int32)
    walk(pool, y, (x, y, switches), all_numbers(at, x.shape[3]))
    return y, MaxPool2dCache(switches, at, x.dtype)


def max_pool2d_backward(dy: Any, cache: MaxPool2dCache, *, out: Any = None) -> Any:
    """As :func:`miniae.ops.max_pool2d.max_pool2d_backward`."""
    switches, at, dtype = cache
    check_cotangent("max_pool2d", dy, switches.shape, dtype)
    dx = output("max_pool2d", out, (dy.shape[0], *at.size, dy.shape[3]), dy)
    walk(put, dx, (dy, switches, dx), all_numbers(at, dy.shape[3]))
    return dx


def max_unpool2d_forward(x: Any, pool: MaxPool2dCache, *, out: Any = None) -> tuple[Any, MaxUnpool2dCache]:
    """As :func:`miniae.ops.max_unpool2d.max_unpool2d_forward`."""
    check_max_unpool2d(x, pool)
    switches, at, _ = pool
    y = output("max_unpool2d", out, (len(x), *at.size, x.shape[3]), x)
    walk(put, y, (x, switches, y), all_numbers(at, x.shape[3]))
    return y, MaxUnpool2dCache(pool, x.dtype)


def max_unpool2d_backward(dy: Any, cache: MaxUnpool2dCache, *, out: Any = None) -> Any:
    """As :func:`miniae.ops.max_unpool2d.max_unpool2d_backward`."""
    (switches, at, _), dtype = cache
    check_cotangent("max_unpool2d", dy, (switches.shape[0], *at.size, switches.shape[3]), dtype)
    dx = output("max_unpool2d", out, switches.shape, dy)
    walk(take, dx, (dy, switches, dx), all_numbers(at, dy.shape[3]))
    return dx


PAIRS = {
    "max_pool2d": Pair(max_pool2d_forward, max_pool2d_backward, *OPS["max_pool2d"][2:]),
    "max_unpool2d": Pair(max_unpool2d_forward, max_unpool2d_backward, *OPS["max_unpool2d"][2:]),
}


def main() -> None:
    """Hold the kernels against NumPy and against the device's bandwidth."""
    from miniae.ops.max_pool2d import max_pool2d_forward as reference_forward
    from miniae.ops.max_pool2d import put as reference_put
    from miniae.ops.max_pool2d import take as reference_take
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy
    import numpy as np

    rng = cupy.random.default_rng(0)
    x = rng.standard_normal((256, 64, 64, 32), dtype=cupy.float32)
    y, cache = max_pool2d_forward(x)
    switches, at, _ = cache
    six, eleven = window_numbers(at), all_numbers(at, x.shape[3])
    values, image = rng.standard_normal(y.shape, dtype=cupy.float32), cupy.empty_like(x)
    expected, (host_switches, *_) = reference_forward(x.get().astype("float64"))
    expected_image, expected_values = np.empty(x.shape), np.empty(y.shape)
    reference_put(values.get().astype("float64"), host_switches, at, expected_image)
    reference_take(x.get().astype("float64"), host_switches, at, expected_values)
    moved = x.nbytes + y.nbytes + switches.nbytes
    compare(
        f"largest of 2 x 2 and its place, {x.shape}, float32",
        Case("naive", lambda: naively(naive_pool, y, (x, y, switches), six), moved),
        Case("stay at the place", lambda: walk(pool, y, (x, y, switches), eleven), moved),
        got=lambda: y,
        expected=expected,
    )
    compare(
        "put: its backward, and unpooling",
        Case("naive", lambda: naively(naive_put, image, (values, switches, image), six), moved),
        Case("stay at the place", lambda: walk(put, image, (values, switches, image), eleven), moved),
        got=lambda: image,
        expected=expected_image,
    )
    compare(
        "take: the backward of unpooling",
        Case("naive", lambda: naively(naive_take, values, (x, switches, values), six), moved),
        Case("stay at the place", lambda: walk(take, values, (x, switches, values), eleven), moved),
        got=lambda: values,
        expected=expected_values,
    )


if __name__ == "__main__":
    main()
