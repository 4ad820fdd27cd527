"""Max-pooling and unpooling on the GPU backend, kernels thread by thread, against the reference."""

import numpy as np
import pytest
from image_kernels import WINDOWS, close, naively, walking, windows_of

from miniae.ops import OPS
from miniae.ops.max_pool2d import put, take
from miniae_kernels.cuda import columns, max_pool2d
from miniae_kernels.cuda.max_pool2d import PAIRS
from miniae_kernels.cuda.places import all_numbers, window_numbers

RNG = np.random.default_rng(0)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
windows = pytest.mark.parametrize("name", WINDOWS)


def images(*shape, dtype):
    """Few different values, so that most windows have a tie; some pixels infinite."""
    x = RNG.integers(-2, 3, shape).astype(dtype)
    x[RNG.random(shape) < 0.1] = -np.inf
    x[RNG.random(shape) < 0.05] = np.inf
    return x


@dtypes
@windows
def test_every_pooling_kernel_in_every_order(launch, name, dtype):
    at, options = windows_of(name)
    x = images(3, *at.size, 2, dtype=dtype)
    x[2] = -np.inf  # the largest of nothing but this is the first place, though it lie in the padding
    expected, cache = OPS["max_pool2d"].forward(x, **options)

    def check(run, kernel, *numbers):
        y, switches = np.full_like(expected, np.nan), np.full(expected.shape, -1, np.int32)
        run(launch, kernel, y, (x, y, switches), *numbers)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(switches, cache.switches)

    check(naively, max_pool2d.naive_pool, window_numbers(at))
    for step in (1, 2):
        check(walking, max_pool2d.pool, all_numbers(at, 2), step)


@dtypes
@windows
def test_put_and_take_in_every_order(launch, name, dtype):
    at, options = windows_of(name)
    values, image = (RNG.standard_normal((3, *size, 2)).astype(dtype) for size in (at.out, at.size))
    x = images(3, *at.size, 2, dtype=dtype)
    x[2] = -np.inf
    switches = OPS["max_pool2d"].forward(x, **options)[1].switches
    expected_image, expected_values = np.empty(image.shape), np.empty(values.shape)
    put(values.astype(float), switches, at, expected_image)
    take(image.astype(float), switches, at, expected_values)
    six, eleven = window_numbers(at), all_numbers(at, 2)

    def check(run, put_kernel, take_kernel, *numbers):
        got_image, got_values = np.full_like(image, np.nan), np.full_like(values, np.nan)
        run(launch, put_kernel, got_image, (values, switches, got_image), *numbers)
        run(launch, take_kernel, got_values, (image, switches, got_values), *numbers)
        close(got_image, expected_image, dtype)
        np.testing.assert_array_equal(got_values, expected_values.astype(dtype))

    check(naively, max_pool2d.naive_put, max_pool2d.naive_take, six)
    for step in (1, 2):
        check(walking, max_pool2d.put, max_pool2d.take, eleven, step)


@dtypes
@windows
@pytest.mark.parametrize("n", [0, 3])
def test_the_pairs_agree_with_the_references(gpu, monkeypatch, name, dtype, n):
    monkeypatch.setattr(columns, "EACH", 1)  # more than one image at a time
    at, options = windows_of(name)
    x, dy = images(n, *at.size, 3, dtype=dtype), RNG.standard_normal((n, *at.out, 3)).astype(dtype)
    pool, unpool = OPS["max_pool2d"], OPS["max_unpool2d"]
    expected, cache = pool.forward(x, **options)
    unpooled, unpool_cache = unpool.forward(dy, cache)

    y, got = PAIRS["max_pool2d"].forward(gpu.asarray(x), **options, out=gpu.empty(dy.shape, dtype))
    np.testing.assert_array_equal(y.get(), expected)
    np.testing.assert_array_equal(got.switches.get(), cache.switches)
    assert type(got) is type(cache)  # unpooling, and whoever else is handed it, finds what it knows
    assert (got.switches.dtype, got.windows, got.dtype) == (np.int32, at, dtype)
    out = gpu.empty(x.shape, dtype)
    dx = PAIRS["max_pool2d"].backward(gpu.asarray(dy), got, out=out)
    assert dx is out
    close(dx.get(), pool.backward(dy, cache), dtype)

    out, dx_out = gpu.empty(x.shape, dtype), gpu.empty(dy.shape, dtype)
    back, back_cache = PAIRS["max_unpool2d"].forward(gpu.asarray(dy), got, out=out)
    assert back is out
    close(back.get(), unpooled, dtype)
    dx = PAIRS["max_unpool2d"].backward(gpu.asarray(x), back_cache, out=dx_out)
    assert dx is dx_out
    np.testing.assert_array_equal(dx.get(), unpool.backward(x, unpool_cache))


@pytest.mark.parametrize("where", range(4))
def test_nan_is_the_largest_wherever_it_stands(gpu, where):
    x = np.array([[1, 5, 2, 0], [3, 4, 7, 6]], float).reshape(1, 2, 4, 1)
    x[0, where // 2, where % 2] = np.nan
    expected, cache = OPS["max_pool2d"].forward(x)
    y, got = PAIRS["max_pool2d"].forward(gpu.asarray(x))
    np.testing.assert_array_equal(y.get().ravel(), [np.nan, 7])
    np.testing.assert_array_equal(y.get(), expected)
    np.testing.assert_array_equal(got.switches.get(), cache.switches)


@pytest.mark.bad_input
def test_wrong_arguments_are_refused_as_by_the_references(gpu):
    x = gpu.asarray(np.ones((1, 2, 4, 1)))
    with pytest.raises(ValueError, match="^max_pool2d: no window of 3 fits"):
        PAIRS["max_pool2d"].forward(x, kernel_size=3)
    y, cache = PAIRS["max_pool2d"].forward(x)
    with pytest.raises(ValueError, match="^max_pool2d: dy has shape"):
        PAIRS["max_pool2d"].backward(x, cache)
    with pytest.raises(
        ValueError, match=r"^max_unpool2d: x has shape \(1, 2, 4, 1\), the pooling returned \(1, 1, 2, 1\)"
    ):
        PAIRS["max_unpool2d"].forward(x, cache)
    _, unpool_cache = PAIRS["max_unpool2d"].forward(y, cache)
    with pytest.raises(TypeError, match="^max_unpool2d: dy is float32"):
        PAIRS["max_unpool2d"].backward(x.astype("float32"), unpool_cache)
