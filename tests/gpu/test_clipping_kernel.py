"""The norm of a gradient and clipping on the GPU backend, thread by thread, against NumPy."""

import numpy as np
import pytest
import threads

from miniae.clipping import clip_by_norm
from miniae_kernels.cuda import clipping, totals
from miniae_kernels.cuda.clipping import norm_and_finite, shorten

DTYPES = ("float32", "float64")


@pytest.fixture
def small(monkeypatch):
    """Blocks of 4 threads."""
    for module in (clipping, totals):
        monkeypatch.setattr(module, "THREADS", 4)


def numbers(*shape, dtype="float64"):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def close(norm, gradient, dtype):
    """A sum of n squares and a root: at worst n + 1 roundings."""
    exact = np.linalg.norm(gradient.astype(float))
    np.testing.assert_allclose(float(norm), exact, rtol=(gradient.size + 1) * np.finfo(dtype).eps)


def ask(gpu, gradient):
    """What norm_and_finite says of an array of the host."""
    norm, bad = gpu.empty(1, gradient.dtype), gpu.empty(1, "int32")
    norm_and_finite(gpu.asarray(gradient), norm, bad)
    return norm.get()[0], bad.get()[0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 3, 30])
def test_kernels(small, n, dtype):
    g = numbers(n, dtype=dtype)
    norm, bad = np.full(1, np.nan, dtype), np.full(1, -1, np.int32)
    threads.run_all_orders(clipping.naive, 1, 1, (g, norm, bad))
    close(norm[0], g, dtype)
    assert bad[0] == 0
    for blocks in (1, 5):  # threads with several elements, and with none; more partial sums than threads
        sums, counts = np.full(blocks, np.nan, dtype), np.full(blocks, -1, np.int32)
        norm, bad = np.full(1, np.nan, dtype), np.full(1, -1, np.int32)
        threads.run_all_orders(clipping.square_and_count, blocks, 4, (g, sums, counts))
        threads.run_all_orders(clipping.finish, 1, 4, (sums, counts, norm, bad))
        close(norm[0], g, dtype)
        assert bad[0] == 0
    threads.run_all_orders(clipping.shrink, -(-n // 4), 4, (g, norm, norm.dtype.type(norm[0] / 2)))
    close(norm[0] / 2, g, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1,), (7, 3), (2100,)])
def test_the_norm_of_what_is_finite(gpu, shape, dtype):
    g = numbers(*shape, dtype=dtype)
    norm, bad = ask(gpu, g)
    close(norm, g, dtype)
    assert bad == 0


@pytest.mark.parametrize("places", [[0], [29], [3, 4, 11, 12, 28]])
def test_kernels_count_what_is_not_finite(small, places):
    g = numbers(30)
    g[places] = np.resize([np.nan, np.inf, -np.inf], len(places))
    sums, counts, norm, bad = np.empty(5), np.empty(5, np.int32), np.empty(1), np.empty(1, np.int32)
    threads.run(clipping.naive, 1, 1, (g, norm, bad))
    assert bad[0] == len(places)
    threads.run_all_orders(clipping.square_and_count, 5, 4, (g, sums, counts))
    threads.run_all_orders(clipping.finish, 1, 4, (sums, counts, norm, bad))
    assert bad[0] == len(places)


def test_what_is_not_finite_is_counted_wherever_it_is(gpu):
    for place in (0, 17, 299):
        for value in (np.nan, np.inf, -np.inf):
            g = numbers(300, dtype="float32")
            g[place] = value
            norm, bad = ask(gpu, g)
            assert bad == 1
            assert not np.isfinite(norm)
    g[[3, 4, 5]] = np.nan, np.inf, -np.inf
    assert ask(gpu, g)[1] == 4


def test_large_finite_elements_make_the_norm_infinite_and_are_no_fault(gpu):
    assert ask(gpu, np.array([1e30, 2.0], np.float32)) == (np.inf, 0)


def test_a_gradient_without_elements_has_the_norm_0(gpu):
    assert ask(gpu, np.empty(0)) == (0, 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 4.0, 1e3])
def test_clipping_agrees_with_the_reference(gpu, max_norm, dtype):
    g, expected = numbers(5, 3, dtype=dtype), numbers(5, 3, dtype=dtype)
    clip_by_norm(expected, max_norm)
    norm, bad, got = gpu.empty(1, dtype), gpu.empty(1, "int32"), gpu.asarray(g)
    norm_and_finite(got, norm, bad)
    shorten(got, norm, max_norm)
    np.testing.assert_allclose(got.get(), expected, rtol=20 * np.finfo(dtype).eps)  # of a norm of 15 elements
    if max_norm > np.linalg.norm(g):
        np.testing.assert_array_equal(got.get(), g)  # every bit


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_whose_norm_is_not_finite_is_left(gpu, value):
    g = np.array([1.0, value, 3.0])
    norm, bad, got = gpu.empty(1), gpu.empty(1, "int32"), gpu.asarray(g)
    norm_and_finite(got, norm, bad)
    shorten(got, norm, 1.0)
    np.testing.assert_array_equal(got.get(), g)


@pytest.mark.bad_input
def test_wrong_arrays_are_refused(gpu):
    g, norm, bad = gpu.ones((2, 3)), gpu.empty(1), gpu.empty(1, "int32")
    with pytest.raises(TypeError, match="norm_and_finite: gradient is float64 but norm is float32"):
        norm_and_finite(g, norm.astype("float32"), bad)
    with pytest.raises(TypeError, match="norm_and_finite: bad must be an array of int32"):
        norm_and_finite(g, norm, norm)
    with pytest.raises(ValueError, match="shorten: gradient must be C-contiguous"):
        shorten(g.T, norm, 1.0)
    with pytest.raises(ValueError, match="shorten: max_norm"):
        shorten(g, norm, 0.0)
