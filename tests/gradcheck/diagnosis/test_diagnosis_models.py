"""Models whose gradient is wrong somewhere inside: the network is known, so the place can be named."""

import numpy as np
import pytest

from miniae.gradcheck import check
from miniae.gradcheck.diagnosis import diagnose
from miniae.layers import Dense, ReLU, Tanh
from miniae.models import Autoencoder, SoftmaxRegression, SparseAutoencoder

RNG = np.random.default_rng(2)


def first(report):
    return diagnose(report.evidence, [b.name for b in report.blocks if b.verdict == "fail"])


def broken(make, change):
    """The model of ``make()`` with ``change(model, gradient, theta)`` applied to the views of its gradient."""
    model = make()

    class Broken(type(model)):
        def cost_and_grad(self, theta, *data):
            cost, gradient = super().cost_and_grad(theta, *data)
            change(self, self.layout.views(gradient), self.layout.views(theta))
            return cost, gradient

    model.__class__ = Broken
    return model


def forget_decay(model, gradient, theta):
    for name in "w1", "w2":
        gradient[name] -= model.weight_decay * theta[name]


def average_bias(model, gradient, theta):
    gradient["b1"] /= 10


def scale_all(model, gradient, theta):
    for part in gradient.values():
        part *= 3


@pytest.mark.parametrize(("change", "cause"), [(forget_decay, "decay-missing"), (average_bias, "bias-averaged")])
def test_the_sparse_autoencoder(change, cause):
    model = broken(lambda: SparseAutoencoder(6, 4, weight_decay=0.01), change)
    found = first(check(model, RNG.uniform(0.1, 0.9, (10, 6))))
    assert found.first == cause, str(found)
    assert found.seen.startswith("the model, its data")


def test_the_number_of_outputs_is_recognised():
    """A regressor whose loss averages over its 3 outputs and whose gradient does not, left so for years."""
    make = lambda: Autoencoder([Dense(5, 4), Tanh()], [Dense(4, 3)], loss="mean_squared_error")  # noqa: E731
    found = first(check(broken(make, scale_all), RNG.normal(size=(10, 5)), RNG.normal(size=(10, 3))))
    assert found.first == "missing-1/n-outputs", str(found)
    assert "every example has 3 outputs" in found.findings[0].text


def test_a_hidden_layer_without_its_derivative_is_named_with_its_place():
    x = RNG.normal(size=(9, 5))

    def skip_relu(model, gradient, theta):
        z = x @ theta["w1"] + theta["b1"]
        delta = (np.maximum(z, 0) @ theta["w2"] + theta["b2"] - x) / len(x) @ theta["w2"].T
        gradient["w1"][...], gradient["b1"][...] = x.T @ delta, delta.sum(axis=0)

    found = first(check(broken(lambda: Autoencoder([Dense(5, 4), ReLU()], [Dense(4, 5)]), skip_relu), x))
    assert found.first == "derivative-missing", str(found)
    assert found.findings[0].blocks == ("w1", "b1")


def test_softmax_regression_without_its_labels():
    x, labels = RNG.normal(size=(10, 5)), RNG.integers(0, 3, 10)

    def forget_labels(model, gradient, theta):
        gradient["w1"] += x.T @ np.eye(3)[labels] / 10
        gradient["b1"] += np.eye(3)[labels].sum(axis=0) / 10

    found = first(check(broken(lambda: SoftmaxRegression(5, 3), forget_labels), x, labels))
    assert found.first == "labels-not-subtracted", str(found)
