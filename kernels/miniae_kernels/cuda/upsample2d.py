r"""Upsampling, by repeating pixels or interpolating between them, and its backward.

Overrides: ``upsample2d``.

.. math::
    y_{nijc} = \sum_{r,q} A_{ir}\, A'_{jq}\, x_{nrqc}, \qquad dx_{nrqc} = \sum_{i,j} A_{ir}\, A'_{jq}\, dy_{nijc}

*nearest*: :math:`A_{ir} = 1` where r = i // F. *bilinear*: the centre of new pixel i lies at

.. math::
    t_i = \frac{2 i + 1 - F}{2 F} \quad \text{(no further out than the centres of the first and the last old pixel)},
    \qquad A_{ir} = \max(0,\; 1 - |t_i - r|)

Idea: of a row of A one or two entries are not 0, of a column F or at most 2 F + F // 2, side by side, and which is seen
from i or r. The reference multiplies by A as a matrix; here a thread works its weights out itself, and nothing is read
but pixels. Going forward it knows them for all its images (:mod:`miniae_kernels.cuda.places`). Going back it is a
gather: an old pixel looks up the new ones that took a share of it, in a fixed order.

Weights are worked out as whole numbers over 2 F, which floats hold exactly: one rounding each, whatever the size.

Bytes, of numbers of s bytes: (1 + F F') N H W C s both ways. Operations, for each old pixel: nearest F F' additions
going back; bilinear 8 F F' going forward, about 40 F F' going back.

Shapes: N batch, H W height and width, C channels; F F' the factors of height and width.
"""

from typing import Any, NamedTuple

from numba import cuda, int32, uint32

from miniae.arrays import check_cotangent, output
from miniae.ops import OPS, Pair
from miniae.ops.upsample2d import Mode, check_upsample2d
from miniae_kernels.cuda.launch import device, kernel
from miniae_kernels.cuda.places import FIVE, IMAGES, ROWS, naively, place, walk


@device
def centre(i, factor, size):
    """2 F t_i, a whole number."""
    return min(max(int32(2 * i + 1 - factor), int32(0)), int32(2 * factor * (size - 1)))


@device
def entry_of_nearest(i, r, factor, size):
    """2 F A_ir."""
    return 2 * factor if i // factor == r else 0


@device
def entry_of_bilinear(i, r, factor, size):
    """2 F A_ir."""
    return max(2 * factor - abs(centre(i, factor, size) - 2 * factor * r), 0)


def naive_kernels(mode: str, entry: Any) -> tuple[Any, Any]:
    """The formulas with their matrices: every old pixel is tried for every new one, every new one for every old."""

    @kernel(f"{IMAGES}, {IMAGES}, int32, int32", mode, registers=80)
    def naive_forward(x, y, fh, fw):
        """A thread for each new pixel."""
        n, i, j, c = place(cuda.grid(1), y.shape[1], y.shape[2], y.shape[3])
        if n < y.shape[0]:
            total = x.dtype.type(0)
            for r in range(x.shape[1]):
                for q in range(x.shape[2]):
                    total += x.dtype.type(entry(i, r, fh, x.shape[1]) * entry(j, q, fw, x.shape[2])) * x[n, r, q, c]
            y[n, i, j, c] = total / x.dtype.type(4 * fh * fw)

    @kernel(f"{IMAGES}, {IMAGES}, int32, int32", mode, registers=80)
    def naive_backward(dy, dx, fh, fw):
        """A thread for each old pixel."""
        n, r, q, c = place(cuda.grid(1), dx.shape[1], dx.shape[2], dx.shape[3])
        if n < dx.shape[0]:
            total = dy.dtype.type(0)
            for i in range(dy.shape[1]):
                for j in range(dy.shape[2]):
                    weight = entry(i, r, fh, dx.shape[1]) * entry(j, q, fw, dx.shape[2])
                    total += dy.dtype.type(weight) * dy[n, i, j, c]
            dx[n, r, q, c] = total / dy.dtype.type(4 * fh * fw)

    return naive_forward, naive_backward


NAIVE = {
    "nearest": naive_kernels("nearest", entry_of_nearest),
    "bilinear": naive_kernels("bilinear", entry_of_bilinear),
}


@kernel(f"{ROWS}, {ROWS}, {FIVE}, int64")
def nearest(x, y, h, w, channels, fh, fw, step):
    """A thread copies the pixel that its own lies in, in one image after another."""
    first, i, j, c = place(cuda.grid(1), h * fh, w * fw, channels)
    if first < step:
        old = uint32((i // fh * w + j // fw) * channels + c)
        new = uint32((i * w * fw + j) * channels + c)
        for n in range(first, y.shape[0], step):
            y[n, new] = x[n, old]


@kernel(f"{ROWS}, {ROWS}, {FIVE}, int64")
def nearest_backward(dy, dx, h, w, channels, fh, fw, step):
    """A thread adds up the F F' pixels that lie in its own, in one image after another."""
    first, r, q, c = place(cuda.grid(1), h, w, channels)
    if first < step:
        here, across, down = uint32((r * w + q) * channels + c), uint32(channels), uint32(w * fw * channels)
        corner = uint32((r * fh * w + q) * fw * channels + c)
        for n in range(first, dx.shape[0], step):
            total = dy.dtype.type(0)
            for k in range(uint32(fh)):
                for l in range(uint32(fw)):
                    total += dy[n, corner + k * down + l * across]
            dx[n, here] = total


@kernel(f"{ROWS}, {ROWS}, {FIVE}, int64")
def bilinear(x, y, h, w, channels, fh, fw, step):
    """A thread mixes the four old pixels around its own, in one image after another."""
    first, i, j, c = place(cuda.grid(1), h * fh, w * fw, channels)
    if first < step:
        down, right = centre(i, fh, h), centre(j, fw, w)
        r, q = int32(down // (2 * fh)), int32(right // (2 * fw))
        one = x.dtype.type(1)
        a = x.dtype.type(int32(down - 2 * fh * r)) / x.dtype.type(int32(2 * fh))  # t - r: the share of the row below
        b = x.dtype.type(int32(right - 2 * fw * q)) / x.dtype.type(int32(2 * fw))
        old = uint32((r * w + q) * channels + c)
        below = uint32(w * channels) if r + 1 < h else uint32(0)  # at the edge the share is 0 anyhow
        beside = uint32(channels) if q + 1 < w else uint32(0)
        new = uint32((i * w * fw + j) * channels + c)
        for n in range(first, y.shape[0], step):
            upper = (one - b) * x[n, old] + b * x[n, old + beside]
            lower = (one - b) * x[n, old + below] + b * x[n, old + below + beside]
            y[n, new] = (one - a) * upper + a * lower


@device
def takers(r, factor, size):
    """The first new pixel that takes a share of old pixel ``r``, and the one after the last."""
    first = max(int32(factor * (r - 1) + (factor - 1) // 2 + 1), int32(0))
    return first, min(int32(factor * (r + 1) + factor // 2), int32(factor * size))


@device
def tent(place, middle, end, width):
    """``width`` - abs(``place`` - ``middle``), 0 and ``end`` being as far as a place goes."""
    return width - abs(min(max(place, type(place)(0)), end) - middle)


@kernel(f"{ROWS}, {ROWS}, {FIVE}, int64", registers=96)  # 64 in float32
def bilinear_backward(dy, dx, h, w, channels, fh, fw, step):
    """A thread adds up the shares that new pixels took of its own, in one image after another."""
    first, r, q, c = place(cuda.grid(1), h, w, channels)
    if first < step:
        real = dy.dtype.type
        i0, i1 = takers(r, fh, h)
        j0, j1 = takers(q, fw, w)
        high, wide, two = real(int32(2 * fh)), real(int32(2 * fw)), real(2)
        top, left = real(int32(2 * i0 + 1 - fh)), real(int32(2 * j0 + 1 - fw))  # 2 F t, not cut off
        middle, centre_column = high * real(r), wide * real(q)
        bottom, right = high * real(int32(h - 1)), wide * real(int32(w - 1))
        here = uint32((r * w + q) * channels + c)
        for n in range(first, dx.shape[0], step):
            total, down = real(0), top
            for i in range(i0, i1):
                line, across = real(0), left
                for j in range(j0, j1):
                    weight = tent(across, centre_column, right, wide)
                    line += weight * dy[n, uint32((i * w * fw + j) * channels + c)]
                    across += two
                total += tent(down, middle, bottom, high) * line
                down += two
            dx[n, here] = total / (high * wide)


KERNELS = {"nearest": (nearest, nearest_backward), "bilinear": (bilinear, bilinear_backward)}


class Upsample2dCache(NamedTuple):
    """What the backward needs."""

    x_shape: tuple[int, ...]
    dtype: Any
    factor: tuple[int, int]
    mode: Mode


def upsample2d_forward(
    x: Any, *, factor: int | tuple[int, int] = 2, mode: Mode = "nearest", out: Any = None
) -> tuple[Any, Upsample2dCache]:
    """As :func:`miniae.ops.upsample2d.upsample2d_forward`."""
    fh, fw = check_upsample2d(x, factor, mode)
    n, h, w, c = x.shape
    y = output("upsample2d", out, (n, fh * h, fw * w, c), x)
    walk(KERNELS[mode][0], y, (x, y), (h, w, c, fh, fw))
    return y, Upsample2dCache(x.shape, x.dtype, (fh, fw), mode)


def upsample2d_backward(dy: Any, cache: Upsample2dCache, *, out: Any = None) -> Any:
    """As :func:`miniae.ops.upsample2d.upsample2d_backward`."""
    (n, h, w, c), dtype, (fh, fw), mode = cache
    check_cotangent("upsample2d", dy, (n, fh * h, fw * w, c), dtype)
    dx = output("upsample2d", out, cache.x_shape, dy)
    walk(KERNELS[mode][1], dx, (dy, dx), (h, w, c, fh, fw))
    return dx


PAIRS = {"upsample2d": Pair(upsample2d_forward, upsample2d_backward, *OPS["upsample2d"][2:])}


def main() -> None:
    """Hold the kernels against NumPy and against the device's bandwidth."""
    from miniae.ops import upsample2d_backward as reference_backward
    from miniae.ops import upsample2d_forward as reference_forward
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    rng = cupy.random.default_rng(0)
    x, dy = (rng.standard_normal((256, n, n, 32), dtype=cupy.float32) for n in (32, 64))
    y, dx, moved = cupy.empty_like(dy), cupy.empty_like(x), x.nbytes + dy.nbytes

    def measure(mode: Mode) -> None:
        (forward, backward), (naive_forward, naive_backward), numbers = KERNELS[mode], NAIVE[mode], (32, 32, 32, 2, 2)
        expected, cache = reference_forward(x.get().astype("float64"), mode=mode)
        compare(
            f"{mode}, {x.shape} twice as large, float32",
            Case("naive", lambda: naively(naive_forward, y, (x, y), (2, 2)), moved),
            Case("stay at the place", lambda: walk(forward, y, (x, y), numbers), moved),
            got=lambda: y,
            expected=expected,
        )
        compare(
            "its backward",
            Case("naive", lambda: naively(naive_backward, dx, (dy, dx), (2, 2)), moved),
            Case("stay at the place", lambda: walk(backward, dx, (dy, dx), numbers), moved),
            got=lambda: dx,
            expected=reference_backward(dy.get().astype("float64"), cache),
        )

    measure("nearest")
    measure("bilinear")


if __name__ == "__main__":
    main()
