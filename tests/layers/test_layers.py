"""Layers hand their fields to the op of their name."""

import numpy as np
import pytest

from miniae import layers
from miniae.layers import (
    ELU,
    SELU,
    Dense,
    Identity,
    KLSparsity,
    L1Sparsity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
)
from miniae.network import Sequential
from miniae.ops import OPS

X = np.array([[-1.0, 0.0, 2.0]])
E = np.e


@pytest.mark.parametrize(
    ("layer", "wanted"),
    [
        (Identity(), [-1, 0, 2]),
        (Sigmoid(), [1 / (1 + E), 1 / 2, 1 / (1 + E**-2)]),
        (Tanh(), [(1 - E**2) / (1 + E**2), 0, (E**4 - 1) / (E**4 + 1)]),
        (ReLU(), [0, 0, 2]),
        (LeakyReLU(), [-0.01, 0, 2]),
        (LeakyReLU(0.3), [-0.3, 0, 2]),
        (ELU(), [1 / E - 1, 0, 2]),
        (ELU(0.5), [(1 / E - 1) / 2, 0, 2]),
        (SELU(), [1.0507009873554805 * 1.6732632423543772 * (1 / E - 1), 0, 2 * 1.0507009873554805]),
        (Softplus(), [np.log(1 + 1 / E), np.log(2), np.log(1 + E**2)]),
        (Softmax(), np.array([1 / E, 1, E**2]) / (1 / E + 1 + E**2)),
        (KLSparsity(0.1, 3.0), [-1, 0, 2]),
        (L1Sparsity(3.0), [-1, 0, 2]),
    ],
)
def test_output(layer, wanted):
    network = Sequential([layer])
    np.testing.assert_allclose(network(network.initial(), X)[0], wanted, rtol=1e-14)
    assert layer.output_shape((5, 3)) == (5, 3)


def test_every_op_has_its_layer():
    named = {getattr(layer, "op", "") for layer in vars(layers).values()}
    assert named >= set(OPS)


def test_dense_starts_as_its_initialiser_says_and_its_bias_at_zero():
    network = Sequential([Dense(30, 20, init="ufldl")])
    views = network.layout.views(network.initial(seed=1))
    bound = np.sqrt(6) / np.sqrt(30 + 20 + 1)
    assert 0.9 * bound < np.abs(views["w1"]).max() <= bound
    assert not views["b1"].any()
    assert not np.array_equal(network.initial(seed=1), network.initial(seed=2))


def test_sparsity_costs_are_added_to_the_network_s():
    network = Sequential([L1Sparsity(2.0), L1Sparsity(3.0)])
    _, _, cost = network.forward(network.initial(), X, network.context(network.initial_buffers()))
    assert cost == pytest.approx(5 * 3)  # |x| sums to 3 for the one example
