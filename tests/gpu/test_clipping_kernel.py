"""Clipping on the GPU backend, thread by thread, against NumPy."""

import numpy as np
import pytest

from miniae.clipping import clip_by_norm
from miniae_kernels.cuda import clipping
from miniae_kernels.cuda.clipping import shorten

DTYPES = ("float32", "float64")


def numbers(*shape, dtype="float64"):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def norm_of(gradient):
    return np.full(1, np.linalg.norm(gradient.astype(float)), gradient.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 3, 30])
def test_kernel(launch, n, dtype):
    g, norm = numbers(n, dtype=dtype), norm_of(numbers(n, dtype=dtype))
    launch(clipping.shrink, -(-n // 4), 4, (g, norm, norm.dtype.type(norm[0] / 2)))
    np.testing.assert_allclose(g, numbers(n, dtype=dtype) / 2, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 4.0, 1e3])
def test_clipping_agrees_with_the_reference(gpu, max_norm, dtype):
    g, expected = numbers(5, 3, dtype=dtype), numbers(5, 3, dtype=dtype)
    clip_by_norm(expected, max_norm)
    got = gpu.asarray(g)
    shorten(got, gpu.asarray(norm_of(g)), max_norm)
    np.testing.assert_allclose(got.get(), expected, rtol=20 * np.finfo(dtype).eps)  # of a norm of 15 elements
    if max_norm > np.linalg.norm(g):
        np.testing.assert_array_equal(got.get(), g)  # every bit


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_whose_norm_is_not_finite_is_left(gpu, value):
    g = np.array([1.0, value, 3.0])
    got = gpu.asarray(g)
    shorten(got, gpu.full(1, value), 1.0)
    np.testing.assert_array_equal(got.get(), g)


@pytest.mark.bad_input
def test_wrong_arrays_are_refused(gpu):
    g, norm = gpu.ones((2, 3)), gpu.empty(1)
    with pytest.raises(TypeError, match="shorten: gradient is float64 but norm is float32"):
        shorten(g, norm.astype("float32"), 1.0)
    with pytest.raises(ValueError, match="shorten: gradient must be C-contiguous"):
        shorten(g.T, norm, 1.0)
    with pytest.raises(ValueError, match="shorten: norm must be C-contiguous with 1 axes"):
        shorten(g, gpu.empty((1, 1)), 1.0)
    with pytest.raises(ValueError, match="shorten: max_norm"):
        shorten(g, norm, 0.0)
