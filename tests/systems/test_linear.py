"""The linear autoencoder's condensed data: the cost and gradient of all examples, from a few rows."""

import numpy as np

from miniae.layers import Dense
from miniae.models import Autoencoder
from miniae.systems.linear import condensed


def test_the_rows_have_the_cost_and_gradient_of_all_examples():
    x = np.random.default_rng(0).normal(size=(500, 6))
    x[:, 2] = 0  # as the pixels in a corner are
    rows = condensed(x)
    assert rows.shape == (6, 6)
    for seed in range(3):
        model = Autoencoder([Dense(6, 2, bias=False)], [Dense(2, 6, bias=False)], seed=seed)
        cost, gradient = model.cost_and_grad(model.theta, x)
        again, gradient_again = model.cost_and_grad(model.theta, rows)
        assert abs(again / cost - 1) < 1e-13
        np.testing.assert_allclose(gradient_again, gradient, rtol=0, atol=1e-13 * abs(gradient).max())
