"""Layers of sparse codes: TopK, JumpReLU, and the dense layer with the transpose of another's weights."""

import numpy as np
import pytest

from miniae.gradcheck import check
from miniae.layers import Dense, JumpReLU, Sigmoid, TopK
from miniae.models import Autoencoder
from miniae.network import Sequential

X = np.random.default_rng(0).normal(size=(6, 4))
TIED = [Dense(4, 3), Sigmoid(), Dense(3, 4, tied="w1")]


def test_tied_weights_are_used_transposed_and_collect_both_gradients():
    """The same network with weights of its own: where they are equal, the tied gradient is the sum of the two."""
    tied, free = Sequential(TIED), Sequential([*TIED[:2], Dense(3, 4)])
    assert [(slot.name, slot.shape) for slot in tied.layout] == [("w1", (4, 3)), ("b1", (3,)), ("b2", (4,))]
    theta, both = np.random.default_rng(1).normal(size=tied.layout.size), np.zeros(free.layout.size)
    views = tied.layout.views(theta)
    for name, view in free.layout.views(both).items():
        view[...] = views["w1"].T if name == "w2" else views[name]
    np.testing.assert_allclose(tied(theta, X), free(both, X), rtol=1e-13)

    dy = np.random.default_rng(2).normal(size=X.shape)
    gradients = []
    for network, at in (tied, theta), (free, both):
        ctx, gradient = network.context(network.initial_buffers()), np.zeros(at.size)
        _, records, _ = network.forward(at, X, ctx)
        network.backward(dy, records, gradient, ctx)
        gradients.append(network.layout.views(gradient))
    together, apart = gradients
    np.testing.assert_allclose(together["w1"], apart["w1"] + apart["w2"].T, rtol=1e-12)
    np.testing.assert_allclose(together["b2"], apart["b2"], rtol=1e-12)


@pytest.mark.parametrize("layers", [TIED, [Dense(4, 5), TopK(2), Dense(5, 4, tied="w1", bias=False)]], ids=str)
def test_gradients(layers):
    report = check(Sequential(layers), X)
    assert report.passed, f"\n{report}"


def test_tied_weights_decay_once():
    model = Autoencoder(TIED[:2], TIED[2:], weight_decay=0.5)
    plain = Autoencoder(TIED[:2], TIED[2:])
    w = model.layout.views(model.theta)["w1"]
    assert model.cost(model.theta, X) - plain.cost(model.theta, X) == pytest.approx(0.25 * (w**2).sum(), rel=1e-12)


def test_frozen_tied_weights_get_no_gradient():
    model = Autoencoder(TIED[:2], TIED[2:])
    model.freeze("w1")
    _, gradient = model.cost_and_grad(model.theta, X)
    views = model.layout.views(gradient)
    assert not views["w1"].any()
    assert views["b1"].all()


def test_top_k_and_jump_relu_hand_their_fields_to_the_op():
    network = Sequential([TopK(2)])
    np.testing.assert_array_equal(network(network.initial(), np.array([[1.0, 3.0, 2.0]])), [[0, 3, 2]])
    network = Sequential([JumpReLU(3, initial=1.5)])
    assert network.layout["threshold1"].shape == (3,)
    np.testing.assert_array_equal(network(network.initial(), np.array([[1.0, 3.0, 2.0]])), [[0, 3, 2]])


@pytest.mark.bad_input
def test_errors():
    network = Sequential([TopK(4)])
    with pytest.raises(ValueError, match=r"k must be a whole number from 1 to the 3 features of x \(1, 3\), got 4"):
        network(network.initial(), np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"threshold must have an entry for each feature of x \(1, 3\), got \(2,\)"):
        Sequential([JumpReLU(2)])(np.zeros(2), np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"no earlier parameter 'w1' of shape \(4, 3\) to share"):
        Sequential([Dense(4, 5), Dense(3, 4, tied="w1")])
