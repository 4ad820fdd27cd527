"""Mean-pooling on the GPU backend, kernels thread by thread, against the reference in float64."""

import numpy as np
import pytest
from image_kernels import WINDOWS, close, naively, walking, windows_of

from miniae.ops import OPS
from miniae_kernels.cuda import columns, mean_pool2d
from miniae_kernels.cuda.mean_pool2d import PAIRS
from miniae_kernels.cuda.places import all_numbers, window_numbers

RNG = np.random.default_rng(0)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


@dtypes
@pytest.mark.parametrize("name", WINDOWS)
def test_every_kernel_in_every_order(launch, name, dtype):
    at, options = windows_of(name)
    x, dy = (RNG.standard_normal((3, *size, 2)).astype(dtype) for size in (at.size, at.out))
    expected, cache = OPS["mean_pool2d"].forward(x.astype(float), **options)
    expected_dx = OPS["mean_pool2d"].backward(dy.astype(float), cache)
    six, eleven = window_numbers(at), all_numbers(at, 2)

    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    naively(launch, mean_pool2d.naive_forward, y, (x, y), six)
    naively(launch, mean_pool2d.naive_backward, dx, (dy, dx), six)
    close(y, expected, dtype)
    close(dx, expected_dx, dtype)
    for step in (1, 2):
        y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
        walking(launch, mean_pool2d.forward, y, (x, y), eleven, step)
        walking(launch, mean_pool2d.backward, dx, (dy, dx), eleven, step)
        close(y, expected, dtype)
        close(dx, expected_dx, dtype)


@dtypes
@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("n", [0, 3])
def test_the_pair_agrees_with_the_reference(gpu, monkeypatch, name, dtype, n):
    monkeypatch.setattr(columns, "EACH", 1)  # more than one image at a time
    at, options = windows_of(name)
    x, dy = (RNG.standard_normal((n, *size, 3)).astype(dtype) for size in (at.size, at.out))
    expected, cache = OPS["mean_pool2d"].forward(x.astype(float), **options)
    out, dx_out = gpu.empty(dy.shape, dtype), gpu.empty(x.shape, dtype)
    y, got = PAIRS["mean_pool2d"].forward(gpu.asarray(x), **options, out=out)
    dx = PAIRS["mean_pool2d"].backward(gpu.asarray(dy), got, out=dx_out)
    assert (y is out, dx is dx_out) == (True, True)
    assert got == cache._replace(dtype=np.dtype(dtype))
    close(y.get(), expected, dtype)
    close(dx.get(), OPS["mean_pool2d"].backward(dy.astype(float), cache), dtype)


def test_nan_reaches_its_own_window_only(gpu):
    x = np.arange(8.0).reshape(1, 2, 4, 1)
    x[0, 0, 1] = np.nan
    y, _ = PAIRS["mean_pool2d"].forward(gpu.asarray(x))
    np.testing.assert_array_equal(y.get().ravel(), [np.nan, 4.5])


@pytest.mark.bad_input
def test_wrong_arguments_are_refused_as_by_the_reference(gpu):
    x = gpu.asarray(np.ones((1, 2, 4, 1)))
    with pytest.raises(ValueError, match="^mean_pool2d: no window of 3 fits"):
        PAIRS["mean_pool2d"].forward(x, kernel_size=3)
    with pytest.raises(ValueError, match=r"^mean_pool2d: x must have shape \(N, H, W, C\)"):
        PAIRS["mean_pool2d"].forward(x[0])
    _, cache = PAIRS["mean_pool2d"].forward(x)
    with pytest.raises(ValueError, match="^mean_pool2d: dy has shape"):
        PAIRS["mean_pool2d"].backward(x, cache)
