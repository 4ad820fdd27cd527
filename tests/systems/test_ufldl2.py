"""The three ways of UFLDL's second exercise are the model's cost and gradient."""

import numpy as np
import pytest

from miniae.models import SparseAutoencoder
from miniae.systems.ufldl2_vectorisation import BETA, LAMBDA, RHO, Weights, with_loops, with_matrices, with_vectors


@pytest.mark.parametrize("way", [with_loops, with_vectors, with_matrices])
@pytest.mark.parametrize("m", [1, 6])
def test_cost_and_gradient(way, m):
    x = np.random.default_rng(0).uniform(size=(m, 7))
    model = SparseAutoencoder(7, 4, rho=RHO, beta=BETA, weight_decay=LAMBDA, seed=1)
    expected_cost, expected = model.cost_and_grad(model.theta, x)
    cost, gradient = way(Weights(**model.layout.views(model.theta)), x)
    assert cost == pytest.approx(expected_cost, rel=1e-13)
    for name, part in model.layout.views(expected).items():
        np.testing.assert_allclose(getattr(gradient, name), part, rtol=0, atol=1e-13 * abs(expected).max())
