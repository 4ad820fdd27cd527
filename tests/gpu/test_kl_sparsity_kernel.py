"""The kernels of KL sparsity, thread by thread, and units that are never or always active."""

import numpy as np
import pytest

from miniae import penalties as reference
from miniae_kernels.cuda import kl_sparsity, totals

EPS = np.finfo(float).eps
RHO, BETA = np.float64(0.05), np.float64(3)


def activations(*shape):
    return np.random.default_rng(0).uniform(0.01, 0.99, shape)


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (2, 9)])
def test_naive(launch, shape):
    a = activations(*shape)
    da, terms = np.full(shape[1], np.nan), np.full(shape[1], np.nan)
    launch(kl_sparsity.naive, 3, 4, (a, da, terms, RHO, BETA, EPS))
    cost, slopes = reference.kl_sparsity(a, RHO, BETA)
    np.testing.assert_allclose(terms.sum(), cost, rtol=1e-12)
    np.testing.assert_allclose(da, slopes, rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (2, 9)])
@pytest.mark.parametrize(("blocks", "block"), [(1, 4), (1, 16), (2, 2)])
def test_over_units(launch, shape, blocks, block, monkeypatch):
    for module in (kl_sparsity, totals):
        monkeypatch.setattr(module, "THREADS", block)
    a = activations(*shape)
    da, costs = np.full(shape[1], np.nan), np.full(blocks, np.nan)
    arguments = (a.sum(axis=0), da, costs, np.float64(shape[0]), RHO, BETA, EPS)
    launch(kl_sparsity.over_units, blocks, block, arguments)
    expected, slopes = reference.kl_sparsity(a, RHO, BETA)
    np.testing.assert_allclose(costs.sum(), expected, rtol=1e-12)
    np.testing.assert_allclose(da, slopes, rtol=1e-12)


def test_units_of_several_blocks_are_added_up(gpu):
    a = activations(1, 2100)  # of 2048 units each
    expected, slopes = reference.kl_sparsity(a, 0.05, 3.0)
    cost, da = kl_sparsity.kl_sparsity(gpu.asarray(a), 0.05, 3.0)
    assert cost.shape == ()
    np.testing.assert_allclose(cost.get(), expected, rtol=1e-12)
    np.testing.assert_allclose(da.get(), slopes, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", [0.0, 1e-9, 1.0, -0.5, 1.5])
def test_units_never_or_always_active(gpu, dtype, activation):
    """The tangent takes over, in value and slope, where it does in the reference."""
    a = np.full((2, 1), activation, dtype)
    expected, slopes = reference.kl_sparsity(a, 0.05, 3.0)
    cost, da = kl_sparsity.kl_sparsity(gpu.asarray(a), 0.05, 3.0)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(cost.get(), expected, rtol=16 * eps)
    np.testing.assert_allclose(da.get(), slopes, rtol=16 * eps)
