"""The convolution kernels for few channels, thread by thread, against the reference in float64."""

import numpy as np
import pytest
from conv_cases import CHOICE, empty, numbers, whole
from geometries import few, fewer, geometries
from hypothesis import given

from miniae.ops.convolution import correlate, kernel_gradient, spread
from miniae.ops.windows import windows
from miniae_kernels.cuda import conv_direct, conv_direct_backward, im2col
from miniae_kernels.cuda.im2col import runs

CHANNELS = [(1, 3), (3, 1), (10, 2)]  # the last more than a strip holds at a time


class Sums:
    """A convolution's arguments and what the reference makes of them, with a bound on the rounding.

    The sum of m products is off by less than m + 1 roundings of the sum of their sizes.
    """

    def __init__(self, at, n, c, o, dtype="float64"):
        self.at, self.n, self.c, self.o = at, n, c, o
        self.x, self.w = numbers(n, *at.size, c, dtype=dtype), numbers(*at.kernel, c, o, seed=1, dtype=dtype)
        self.dy = numbers(n, *at.out, o, seed=2, dtype=dtype)
        exact = [array.astype(float) for array in (self.x, self.w, self.dy)]
        m = 1 + max(self.w.size, n * at.out[0] * at.out[1])
        (self.y, self.dx, self.dw), sizes = self.results(*exact), self.results(*map(np.abs, exact))
        self.bounds = [m * np.finfo(dtype).eps * size for size in sizes]

    def results(self, x, w, dy):
        y, dx, dw = np.empty_like(dy), np.empty_like(x), np.empty_like(w)
        correlate(x, w, self.at, y)
        spread(dy, w, self.at, dx)
        kernel_gradient(x, dy, self.at, dw)
        return y, dx, dw

    def close(self, y=None, dx=None, dw=None):
        for got, expected, bound in zip((y, dx, dw), (self.y, self.dx, self.dw), self.bounds, strict=True):
            if got is not None:
                assert np.all(np.abs(got.reshape(expected.shape) - expected) <= bound)

    @property
    def moves(self):
        return whole(*self.at.stride, *self.at.before)

    @property
    def runs(self):
        return whole(*runs(self.at, self.c))

    def flat(self, array):
        return array.reshape(self.n, -1)


def check_naive(run, s):
    y, dx, dw = (empty(*array.shape, dtype=s.x.dtype) for array in (s.y, s.dx, s.dw))
    run(conv_direct.naive, (-(-y.shape[2] // 4), y.shape[1], s.n), (4, 1, 1), (s.x, s.w, y, *s.moves))
    grid = -(-dx.shape[2] // 4), dx.shape[1], s.n
    run(conv_direct_backward.naive_spread, grid, (4, 1, 1), (s.dy, s.w, dx, *s.moves))
    grid = 1, 1, dw.shape[0] * dw.shape[1]
    run(conv_direct_backward.naive_gradient, grid, (s.o, s.c, 1), (s.x, s.dy, dw, *s.moves))
    s.close(y, dx, dw)


def check_fast(run, s):
    """Two images side by side in the grid, for dw also two rows; blocks smaller than what they work on."""
    y, dx = empty(s.n, s.y[0].size, dtype=s.x.dtype), empty(s.n, s.dx[0].size, dtype=s.x.dtype)
    x, w, dy = s.flat(s.x), s.w.reshape(-1), s.flat(s.dy)
    run(conv_direct.few_in, (-(-y.shape[1] // 8), 2), 8, (x, w, y, *whole(s.o), *s.runs))
    grid = -(-dx.shape[1] // 8), 2
    run(conv_direct_backward.few_out, grid, 8, (dy, w, dx, *whole(s.o), *s.runs))
    partial = empty(4, w.size, dtype=s.x.dtype)
    grid = -(-w.size // 8), 2, 2
    run(conv_direct_backward.partial_gradient, grid, 8, (x, dy, partial, *whole(s.o), *s.runs))
    s.close(y, dx, partial.astype(float).sum(axis=0))


def check_strips(run, s):
    y = empty(s.n, s.y[0].size, dtype=s.x.dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv_direct, "ROWS", 2)
        patch.setattr(conv_direct, "COLUMNS", 3)
        blocks, block = (-(-s.at.out[1] // 3), -(-s.at.out[0] // 2), 2), (3, 2, s.o)
        run(conv_direct.few_out, blocks, block, (s.flat(s.x), s.w.reshape(-1), y, *whole(s.c), *s.runs))
    s.close(y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CHOICE)
def test_every_order_of_threads(launch, name, dtype):
    s = Sums(CHOICE[name].windows, 3, 3, 2, dtype)
    check_naive(launch, s)
    check_fast(launch, s)


@pytest.mark.parametrize(("c", "o"), CHANNELS)
def test_strips_in_every_order_of_threads(launch, c, o):
    check_strips(launch, Sums(CHOICE["overlapping"].windows, 3, c, o))


@fewer
@given(geometries(), few, few, few)
def test_any_geometry(launch_once, geometry, n, c, o):
    s = Sums(geometry.windows, n, c, o)
    check_naive(launch_once, s)
    check_fast(launch_once, s)
    check_strips(launch_once, s)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "c", "o", "dtype"),
    [
        ((3, 12), (2, 3), 1, 1, 3, "float64"),  # few in
        ((5, 33), (1, 2), 1, 9, 1, "float32"),  # few out: two strips, two rows of blocks, two rounds of channels
        ((2, 7), (1, 2), 3, 5, 1, "float64"),  # strips of 3 pixels a window would not fit
        ((3, 2), (2, 2), 1, 2, 4, "float32"),
    ],
)
def test_launches(gpu, monkeypatch, size, kernel, stride, c, o, dtype):
    monkeypatch.setattr(im2col, "THREADS", 32)  # fewer of them idle
    s = Sums(windows("test", size, kernel, stride, "same"), 2, c, o, dtype)
    x, w, dy = (gpu.asarray(array) for array in (s.x, s.w, s.dy))
    y, dx, dw = gpu.empty(s.y.shape, dtype), gpu.empty(s.dx.shape, dtype), gpu.empty(s.dw.shape, dtype)
    conv_direct.correlate(x, w, s.at, y)
    conv_direct_backward.spread(dy, w, s.at, dx)
    conv_direct_backward.kernel_gradient(x, dy, s.at, dw)
    s.close(y.get(), dx.get(), dw.get())


def test_no_examples(gpu):
    at = windows("test", (4, 4), 3, 1, "same")
    x, y, dw = gpu.empty((0, 4, 4, 1)), gpu.empty((0, 4, 4, 2)), gpu.empty((3, 3, 1, 2))
    conv_direct.correlate(x, dw, at, y)
    conv_direct_backward.spread(y, dw, at, x)
    conv_direct_backward.kernel_gradient(x, y, at, dw)
    np.testing.assert_array_equal(dw.get(), 0)


def test_nan_reaches_the_windows_that_saw_it_and_no_others(launch_once):
    s = Sums(windows("test", (3, 4), 2, 1, "valid"), 1, 1, 1)
    s.x[0, 0, 3] = np.nan
    y, expected = empty(1, s.y.size), s.results(s.x, s.w, s.dy)[0]
    launch_once(conv_direct.few_in, 1, 8, (s.flat(s.x), s.w.reshape(-1), y, *whole(1), *s.runs))
    assert np.isnan(y).sum() == 1
    np.testing.assert_allclose(y.reshape(expected.shape), expected, rtol=0, atol=1e-14)
