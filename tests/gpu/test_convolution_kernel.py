"""The three sums of a convolution on the GPU backend: which way they take, and that all ways lead to the reference."""

import math

import numpy as np
import pytest
from conv_cases import CHOICE, numbers

from miniae.ops import convolution as reference
from miniae.ops.windows import windows
from miniae_kernels.cuda import conv_direct, convolution, gemm, im2col


def sums(module, x, w, dy, at, empty):
    y, dx, dw = empty(dy.shape, dy.dtype), empty(x.shape, x.dtype), empty(w.shape, w.dtype)
    module.correlate(x, w, at, y)
    module.spread(dy, w, at, dx)
    module.kernel_gradient(x, dy, at, dw)
    return y, dx, dw


def arguments(at, n, c, o, dtype="float64"):
    shapes = (n, *at.size, c), (*at.kernel, c, o), (n, *at.out, o)
    return [numbers(*shape, seed=seed, dtype=dtype) for seed, shape in enumerate(shapes)]


def check(gpu, at, n, c, o):
    given = arguments(at, n, c, o)
    expected = sums(reference, *given, at, np.empty)
    for got, right in zip(sums(convolution, *map(gpu.asarray, given), at, gpu.empty), expected, strict=True):
        np.testing.assert_allclose(got.get(), right, rtol=0, atol=1e-12)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(im2col, "THREADS", 32)  # fewer threads idle


@pytest.fixture
def by_matrix(monkeypatch):
    monkeypatch.setattr(convolution, "few_channels", lambda kh, kw, c, o: False)


@pytest.mark.parametrize("name", CHOICE)
def test_by_matrix(gpu, by_matrix, name):
    check(gpu, CHOICE[name].windows, 3, 2, 3)


@pytest.mark.parametrize("name", CHOICE)
def test_direct(gpu, name):
    check(gpu, CHOICE[name].windows, 2, 2, 1)


@pytest.mark.parametrize("examples", [0.5, 1, 2, 3, 100])
def test_the_matrix_is_made_for_some_examples_at_a_time(gpu, by_matrix, monkeypatch, examples):
    at = CHOICE["overlapping"].windows
    monkeypatch.setattr(convolution, "WORKSPACE", int(examples * math.prod(at.out) * 9 * 2 * 8))
    check(gpu, at, 5, 2, 3)


@pytest.mark.parametrize("n", [1, 5, 7, 8, 100])
def test_parts_are_all_examples_and_fit(gpu, monkeypatch, n):
    at = windows("test", (4, 4), 3, 1, "same")
    w, window = gpu.empty((3, 3, 2, 5)), 16 * 18 * 8
    monkeypatch.setattr(convolution, "WORKSPACE", 3 * window)
    parts = [(list(range(n))[some], matrix.shape) for some, matrix in convolution._parts(n, w, at)]
    assert [example for part, _ in parts for example in part] == list(range(n))
    assert all(shape == (16 * len(part), 18) and 1 <= len(part) <= 3 for part, shape in parts)


@pytest.mark.parametrize("few", [True, False])
def test_no_examples(gpu, monkeypatch, few):
    monkeypatch.setattr(convolution, "few_channels", lambda kh, kw, c, o: few)
    for name in ("overlapping", "a pixel, one by one", "the whole image"):
        check(gpu, CHOICE[name].windows, 0, 2, 1)


def test_no_matrix_where_the_images_are_one(gpu, by_matrix, monkeypatch):
    monkeypatch.setattr(convolution, "_parts", None)
    for name in ("a pixel, one by one", "the whole image"):
        check(gpu, CHOICE[name].windows, 3, 2, 4)


@pytest.mark.parametrize(
    ("shape", "direct"),
    [
        ((3, 3, 1, 16), True),  # the first layers of small networks
        ((3, 3, 3, 16), True),
        ((3, 3, 16, 1), True),  # and the last
        ((3, 3, 16, 3), True),
        ((3, 3, 1, 64), False),
        ((3, 3, 8, 8), False),
        ((3, 3, 64, 64), False),
        ((7, 7, 64, 3), False),  # does not fit into shared memory
    ],
)
def test_which_way(shape, direct):
    assert convolution.few_channels(*shape) is direct
    assert not direct or math.prod(shape) <= conv_direct.WEIGHTS


@pytest.mark.parametrize("captured", [True, False])
@pytest.mark.parametrize("k", [0, 4])
def test_products_are_added_to_what_is_there(gpu, monkeypatch, captured, k):
    if not captured:
        monkeypatch.setattr(gemm, "why_not_captured", lambda: "not there")
    a, b, start = numbers(k, 3), numbers(k, 2), numbers(3, 2)
    out = gpu.asarray(start)
    gemm.matmul(gpu.asarray(a), gpu.asarray(b), out, transpose_a=True, accumulate=True)
    np.testing.assert_allclose(out.get(), start + a.T @ b, rtol=0, atol=1e-14)
