"""The kernels of the losses that are sums over elements, thread by thread, and what they do at their extremes."""

import math

import numpy as np
import pytest
from cost_cases import CASES, FUNCTIONS

from miniae_kernels.cuda import losses, totals

every_f = pytest.mark.parametrize("name", ["squared_error", "binary_cross_entropy", "binary_cross_entropy_with_logits"])
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def of(name, shape):
    """A loss's kernels and factors, arguments in a row, and what the reference makes of them."""
    y, target = CASES[name].make(shape=shape).values()
    cost, dy = FUNCTIONS[name](y, target)
    kernels, factors = losses.LOSSES[name]
    return kernels, *factors(len(y), y.size), y.ravel(), target.ravel(), float(cost), dy.ravel()


@every_f
@pytest.mark.parametrize("shape", [(1, 1), (5, 3)])
def test_naive(launch, name, shape):
    kernels, factor, slope_factor, y, target, cost, slopes = of(name, shape)
    dy, terms = np.full_like(y, np.nan), np.full_like(y, np.nan)
    arguments = (y, target, dy, terms, np.finfo(float).eps, np.float64(slope_factor))
    launch(kernels.naive, 4, 4, arguments)
    np.testing.assert_allclose(factor * terms.sum(), cost, rtol=1e-12)
    np.testing.assert_allclose(dy, slopes, rtol=1e-12, atol=1e-14)


@every_f
@pytest.mark.parametrize(("shape", "blocks"), [((1, 1), 1), ((1, 1), 2), ((5, 3), 1), ((5, 3), 3), ((3, 40), 3)])
def test_one_pass(launch, name, shape, blocks, monkeypatch):
    for module in (losses, totals):
        monkeypatch.setattr(module, "THREADS", 8)
    kernels, factor, slope_factor, y, target, cost, slopes = of(name, shape)
    dy, partial = np.full_like(y, np.nan), np.full(blocks, np.nan)
    arguments = (y, target, dy, partial, np.finfo(float).eps, np.float64(slope_factor))
    launch(kernels.one_pass, blocks, 8, arguments)
    np.testing.assert_allclose(factor * partial.sum(), cost, rtol=1e-12)
    np.testing.assert_allclose(dy, slopes, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n", [0, 1, 2047, 2048, 2049, 10**6, 10**10])
def test_a_thread_has_something_to_do_and_a_gpu_is_full(n):
    blocks = totals.blocks_of(n)
    assert 1 <= blocks <= totals.MOST_BLOCKS
    elements_of_a_block = totals.THREADS * totals.EACH
    assert n > (blocks - 1) * elements_of_a_block or blocks == 1
    assert n <= blocks * elements_of_a_block or blocks == totals.MOST_BLOCKS


def test_several_blocks_agree_with_the_reference(gpu):
    y, target = CASES["squared_error"].make(shape=(3, 1000)).values()
    assert totals.blocks_of(y.size) == 2
    cost, dy = losses.COSTS["squared_error"](gpu.asarray(y), gpu.asarray(target))
    expected, slopes = FUNCTIONS["squared_error"](y, target)
    np.testing.assert_allclose(cost.get(), expected, rtol=1e-12)
    np.testing.assert_allclose(dy.get(), slopes, rtol=1e-14)


@dtypes
def test_probabilities_at_and_beyond_the_ends(launch, dtype):
    """Where the reference continues along the tangent, so do the kernels, each in its own precision."""
    eps = np.finfo(dtype).eps
    ends = [0, eps / 4, eps, 2 * eps, 0.5, 1 - eps, 1 - eps / 2, 1, -0.5, 1.5]
    y, target = (grid.ravel()[:, None].astype(dtype) for grid in np.meshgrid(ends, [0, 0.25, 1]))
    _, slopes = FUNCTIONS["binary_cross_entropy"](y, target)
    costs = [FUNCTIONS["binary_cross_entropy"](*pair)[0] for pair in zip(y, target, strict=True)]
    dy, terms = np.full(len(y), math.nan, dtype), np.full(len(y), math.nan, dtype)
    arguments = (y.ravel(), target.ravel(), dy, terms, eps, np.dtype(dtype).type(1 / len(y)))
    launch(losses.CROSS_ENTROPY.naive, 4, 8, arguments)
    # a slope is of the order of 1/eps, a cost the sum of two logarithms of up to 36
    np.testing.assert_allclose(dy, slopes.ravel(), rtol=8 * eps)
    np.testing.assert_allclose(terms, costs, rtol=8 * eps, atol=64 * eps)


@dtypes
def test_logits_that_would_overflow(gpu, dtype):
    y = np.array([[1e4, -1e4, 1e4, -1e4, 0.0]], dtype)
    target = np.array([[1, 0, 0, 1, 0.5]], dtype)
    cost, dy = losses.COSTS["binary_cross_entropy_with_logits"](gpu.asarray(y), gpu.asarray(target))
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(cost.get(), (0 + 0 + 1e4 + 1e4 + np.log(2)) / 5, rtol=2 * eps)
    np.testing.assert_allclose(dy.get(), [[0, 0, 1 / 5, -1 / 5, 0]], rtol=2 * eps)


def test_logits_far_out_keep_the_digits_of_their_small_losses(gpu):
    """log(1 + exp(-40)) is 4e-18: nothing of it is left where 1 is added first."""
    cost, dy = losses.COSTS["binary_cross_entropy_with_logits"](
        gpu.asarray(np.array([[40.0, -40.0]])), gpu.asarray(np.array([[1.0, 0.0]]))
    )
    np.testing.assert_allclose(cost.get(), np.exp(-40.0), rtol=1e-14)
    np.testing.assert_allclose(dy.get()[0, 1], np.exp(-40.0) / 2, rtol=1e-14)
