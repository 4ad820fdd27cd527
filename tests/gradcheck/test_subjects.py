"""What ``check`` takes: models, networks, layers, losses and penalties."""

import numpy as np
import pytest

from miniae.gradcheck import check
from miniae.layers import Dense, KLSparsity, L1Sparsity, ReLU, Sigmoid, Softmax, Tanh
from miniae.losses import LOSSES
from miniae.models import SoftmaxRegression, SparseAutoencoder
from miniae.network import Sequential
from miniae.penalties import PENALTIES

RNG = np.random.default_rng(0)
X = RNG.uniform(0.1, 0.9, size=(6, 4))
LABELS = RNG.integers(0, 4, 6)


def names(report):
    assert report.passed, f"\n{report}"
    return [block.name for block in report.blocks]


def test_a_model_with_one_argument_or_two():
    assert names(check(SparseAutoencoder(4, 2), X)) == ["w1", "b1", "w2", "b2"]
    assert names(check(SoftmaxRegression(4, 3), X, np.arange(6) % 3)) == ["w1", "b1"]


@pytest.mark.parametrize(
    "layer", [Dense(4, 3), Dense(4, 3, bias=False), Sigmoid(), ReLU(), Softmax(), KLSparsity(0.2, 3.0), L1Sparsity(0.5)]
)
def test_a_layer_with_its_input(layer):
    assert names(check(layer, X)) == ["x", *layer.parameters()]


def test_a_network_counts_what_its_layers_add():
    network = Sequential([Dense(4, 3), Sigmoid(), KLSparsity(0.2, 3.0), Dense(3, 2), Tanh()])
    assert names(check(network, X)) == ["x", "w1", "b1", "w2", "b2"]
    theta = RNG.standard_normal(network.layout.size)
    elsewhere = check(network, X, theta=theta, seed=3)
    assert elsewhere.verdict != "fail"
    assert elsewhere.reproduce == "check(network, *data, seed=3)"
    np.testing.assert_array_equal(elsewhere.evidence.compared[1].value, theta[:12].reshape(4, 3))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss(loss):
    y = X / X.sum(axis=1, keepdims=True)
    target = LABELS if loss == "softmax_cross_entropy" else np.flip(X)
    assert names(check(LOSSES[loss].function, y, target)) == ["y"]


def test_penalties():
    assert names(check(PENALTIES["kl_sparsity"], X, 0.1, 3.0)) == ["a"]
    assert names(check(PENALTIES["l1"], X, 0.5)) == ["a"]
    assert names(check(PENALTIES["l2"], X, 0.5)) == ["w"]


class Halved(Tanh):
    """A layer whose backward forgets half of what it should."""

    def backward(self, dy, cache, grads, ctx):
        return 0.5 * super().backward(dy, cache, grads, ctx)


def test_a_wrong_layer_fails_and_the_mistake_is_named():
    report = check(Sequential([Dense(4, 3), Halved(), Dense(3, 5)]), X)
    assert report.names("fail") == ("x", "w1", "b1")
    assert "1/2 of the right gradient" in str(report.diagnosis)
    assert "the calculation was rebuilt" in report.diagnosis.seen
    alone = check(Halved(), X)
    assert alone.names("fail") == ("x",)
    assert alone["x"].analytic == pytest.approx(alone["x"].numeric / 2)


def test_the_row_of_a_penalty_stands_for_all_examples_but_a_wrong_shape_for_none():
    def one_column(a, rho):
        return a.sum() * rho, np.full((len(a), 1), rho)

    with pytest.raises(ValueError, match=r"gradient has shape \(6, 1\), theta \(6, 4\)"):
        check(one_column, X, 0.1)


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(TypeError, match="expected a model, network, layer, loss or penalty, got int"):
        check(3, X)
    with pytest.raises(TypeError, match="penalty, got the class Dense"):
        check(Dense, X)
    with pytest.raises(TypeError, match="x must be a float64 array, got float32"):
        check(Dense(4, 3), X.astype("float32"))
    with pytest.raises(TypeError, match="y must be a float64 array, got list"):
        check(LOSSES["squared_error"].function, [[1.0]], [[1.0]])
    with pytest.raises(ValueError, match="takes one input x, got 2 arguments"):
        check(Dense(4, 3), X, X)
    with pytest.raises(TypeError, match="missing a required argument: 'target'"):
        check(LOSSES["squared_error"].function, X)
    with pytest.raises(ValueError, match="theta"):
        check(Dense(4, 3), X, theta=np.ones(3))
    with pytest.raises(ValueError, match="theta"):
        check(Sequential([Dense(4, 3)]), X, theta=np.ones(3))
