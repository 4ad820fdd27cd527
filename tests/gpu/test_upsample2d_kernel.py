"""Upsampling on the GPU backend, kernels thread by thread, against the reference in float64."""

import numpy as np
import pytest
from image_kernels import close, naively, walking

from miniae.ops import OPS
from miniae_kernels.cuda import columns
from miniae_kernels.cuda.upsample2d import KERNELS, NAIVE, PAIRS

RNG = np.random.default_rng(0)
PAIR, REFERENCE = PAIRS["upsample2d"], OPS["upsample2d"]
SIZES = [((1, 1), (2, 3)), ((2, 3), (1, 1)), ((3, 2), (2, 3)), ((2, 4), (5, 1)), ((1, 3), (4, 2))]  # of images; factors
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
modes = pytest.mark.parametrize("mode", KERNELS)
sizes = pytest.mark.parametrize(("size", "factor"), SIZES)


def case(n, size, factor, c, mode, dtype):
    """An image, a cotangent, and what the reference makes of them."""
    x = RNG.standard_normal((n, *size, c)).astype(dtype)
    expected, cache = REFERENCE.forward(x.astype(float), factor=factor, mode=mode)
    dy = RNG.standard_normal(expected.shape).astype(dtype)
    return x, dy, expected, REFERENCE.backward(dy.astype(float), cache)


@dtypes
@modes
@sizes
def test_every_kernel_in_every_order(launch, mode, size, factor, dtype):
    x, dy, expected, expected_dx = case(3, size, factor, 2, mode, dtype)
    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    naive_forward, naive_backward = NAIVE[mode]
    naively(launch, naive_forward, y, (x, y), factor)
    naively(launch, naive_backward, dx, (dy, dx), factor)
    close(y, expected, dtype)
    close(dx, expected_dx, dtype)
    for step in (1, 2):
        y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
        forward, backward = KERNELS[mode]
        walking(launch, forward, y, (x, y), (*size, 2, *factor), step)
        walking(launch, backward, dx, (dy, dx), (*size, 2, *factor), step)
        close(y, expected, dtype)
        close(dx, expected_dx, dtype)


@dtypes
@modes
@sizes
@pytest.mark.parametrize("n", [0, 3])
def test_the_pair_agrees_with_the_reference(gpu, monkeypatch, mode, size, factor, dtype, n):
    monkeypatch.setattr(columns, "EACH", 1)  # more than one image at a time
    x, dy, expected, expected_dx = case(n, size, factor, 3, mode, dtype)
    out, dx_out = gpu.empty(dy.shape, dtype), gpu.empty(x.shape, dtype)
    y, cache = PAIR.forward(gpu.asarray(x), factor=factor, mode=mode, out=out)
    dx = PAIR.backward(gpu.asarray(dy), cache, out=dx_out)
    assert (y is out, dx is dx_out) == (True, True)
    close(y.get(), expected, dtype)
    close(dx.get(), expected_dx, dtype)


@pytest.mark.parametrize("factor", range(1, 9))
def test_a_row_of_any_length_and_factor(gpu, factor):
    """A weight wrong at one place of one axis would hide in two dimensions and few factors."""
    for width in range(1, 6):
        x, dy, expected, expected_dx = case(1, (1, width), (1, factor), 1, "bilinear", "float64")
        y, cache = PAIR.forward(gpu.asarray(x), factor=(1, factor), mode="bilinear")
        close(y.get(), expected, "float64")
        close(PAIR.backward(gpu.asarray(dy), cache).get(), expected_dx, "float64")


@modes
def test_a_factor_of_one_changes_nothing(gpu, mode):
    x = RNG.standard_normal((1, 3, 4, 1))
    y, cache = PAIR.forward(gpu.asarray(x), factor=1, mode=mode)
    np.testing.assert_array_equal(y.get(), x)
    np.testing.assert_array_equal(PAIR.backward(y, cache).get(), x)


@modes
def test_weights_keep_their_precision_far_from_the_origin(gpu, mode):
    """t is about 500 here: taken as a difference of float32 it would be wrong by 3e-5."""
    x = np.tile(np.float32([0, 1]), 250).reshape(1, 500, 1, 1)
    expected, _ = REFERENCE.forward(x.astype(float), factor=(3, 1), mode=mode)
    y, _ = PAIR.forward(gpu.asarray(x), factor=(3, 1), mode=mode)
    np.testing.assert_allclose(y.get(), expected, rtol=0, atol=2 * np.finfo("float32").eps)


@modes
def test_nan_and_the_largest_numbers(gpu, mode):
    huge = np.finfo("float64").max
    y, _ = PAIR.forward(gpu.asarray(np.array([huge, -huge, np.nan]).reshape(1, 3, 1, 1)), factor=(2, 1), mode=mode)
    lost = 2 if mode == "nearest" else 3  # of the new pixels, those that take a share of the NaN
    np.testing.assert_array_equal(np.isnan(y.get().ravel()), [False] * (6 - lost) + [True] * lost)
    assert not np.isinf(y.get()).any()


@pytest.mark.bad_input
def test_wrong_arguments_are_refused_as_by_the_reference(gpu):
    x = gpu.asarray(np.ones((1, 3, 3, 1)))
    with pytest.raises(ValueError, match="^upsample2d: mode must be 'nearest' or 'bilinear', got 'cubic'"):
        PAIR.forward(x, mode="cubic")
    with pytest.raises(ValueError, match="^upsample2d: factor must be a whole number of at least 1"):
        PAIR.forward(x, factor=0)
    _, cache = PAIR.forward(x)
    with pytest.raises(ValueError, match="^upsample2d: dy has shape"):
        PAIR.backward(x, cache)
