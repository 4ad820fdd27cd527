"""The article's penalty: its gradient, what it costs a sparse code, and the code it is smallest for."""

import numpy as np
import pytest

from miniae.gradcheck import check
from miniae.layers import Dense, KLSparsity, Sigmoid
from miniae.models import Autoencoder
from miniae.network import Sequential
from miniae.systems.s001a_sparse_autoencoder import ReversedPerSampleKL

RHO, BETA = 0.1, 3.0


def cost(layer, a):
    network = Sequential([layer])
    return float(network.forward(np.zeros(0), a, network.context(np.zeros(0)))[2])


def test_its_gradient_is_right_though_its_formula_is_not():
    model = Autoencoder([Dense(5, 4), Sigmoid(), ReversedPerSampleKL(RHO, BETA)], [Dense(4, 5), Sigmoid()], seed=1)
    report = check(model, np.random.default_rng(0).uniform(size=(7, 5)))
    assert report.passed, f"\n{report}"


def test_a_code_that_says_nothing_is_free_under_either_penalty():
    constant = np.full((10, 4), RHO)
    assert cost(ReversedPerSampleKL(RHO, BETA), constant) == pytest.approx(0, abs=1e-12)
    assert cost(KLSparsity(RHO, BETA), constant) == pytest.approx(0, abs=1e-12)


def test_the_code_one_hopes_for_is_free_under_the_right_penalty_alone():
    """Ten units, each 1 for one of ten examples: the article's charges the entropy of rho for every unit."""
    entropy = -RHO * np.log(RHO) - (1 - RHO) * np.log(1 - RHO)
    assert cost(ReversedPerSampleKL(RHO, BETA), np.eye(10)) == pytest.approx(BETA * 10 * entropy, rel=1e-12)
    assert cost(KLSparsity(RHO, BETA), np.eye(10)) == pytest.approx(0, abs=1e-12)
