"""The stacked autoencoder: fine-tuning's gradient, what each stage leaves behind, and labels that do not fit."""

import numpy as np
import pytest

from miniae import fit
from miniae.gradcheck import check
from miniae.models import SoftmaxRegression, SparseAutoencoder, StackedAutoencoder
from miniae.optimizers import RMSProp

X = np.random.default_rng(0).uniform(0.1, 0.9, size=(12, 6))
LABELS = np.arange(12) % 3


def model(**options):
    return StackedAutoencoder(6, (5, 4), 3, weight_decay=0.3, seed=1, **options)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def untouched(*_):
    """Trains nothing."""


def test_gradient():
    report = check(model(), X, LABELS)
    assert report.passed, f"\n{report}"


def test_fine_tuning_against_autograd():
    """NLL, and decay of the softmax's weights alone: UFLDL's cost."""
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    stacked = model()
    views = stacked.layout.views(stacked.theta)
    names = ("w1", "b1", "w2", "b2", "w3", "b3")
    w1, b1, w2, b2, w3, b3 = params = [torch.tensor(views[k], requires_grad=True) for k in names]
    a = torch.sigmoid(torch.sigmoid(torch.tensor(X) @ w1 + b1) @ w2 + b2)
    cost = torch.nn.functional.cross_entropy(a @ w3 + b3, torch.tensor(LABELS)) + 0.3 / 2 * (w3**2).sum()
    cost.backward()
    wanted = np.concatenate([p.grad.numpy().ravel() for p in params])
    value, gradient = stacked.cost_and_grad(stacked.theta, X, LABELS)
    assert value == pytest.approx(cost.item(), rel=1e-13)
    np.testing.assert_allclose(gradient, wanted, atol=1e-10 * np.abs(wanted).max())


def test_freezing_the_softmax_freezes_its_decay():
    stacked = model()
    stacked.freeze("w3")
    _, gradient = stacked.cost_and_grad(stacked.theta, X, LABELS)
    assert (gradient[stacked.layout["w3"].slice] == 0).all()
    assert (gradient[stacked.layout["w1"].slice] != 0).any()


def test_each_layer_is_the_encoder_that_learned_to_give_back_the_one_below():
    stacked, seen = model(), []

    def train(autoencoder, x):
        autoencoder.theta += 0.1  # stands in for training
        seen.append((autoencoder, x))

    before = stacked.theta.copy()
    stacked.pretrain(X, train, rho=0.2, beta=0.5, weight_decay=0.01, seed=7)
    (first, x1), (second, x2) = seen
    views = stacked.layout.views(stacked.theta)
    for k, autoencoder in enumerate((first, second), 1):
        learned = autoencoder.layout.views(autoencoder.theta)
        np.testing.assert_array_equal(views[f"w{k}"], learned["w1"])
        np.testing.assert_array_equal(views[f"b{k}"], learned["b1"])
    np.testing.assert_array_equal(x1, X)
    np.testing.assert_allclose(x2, sigmoid(X @ views["w1"] + views["b1"]), rtol=1e-13)
    np.testing.assert_array_equal(views["w3"], stacked.layout.views(before)["w3"])
    wanted = SparseAutoencoder(6, 5, rho=0.2, beta=0.5, weight_decay=0.01, seed=7)
    assert first.cost(first.theta, X) == wanted.cost(wanted.theta + 0.1, X)


def test_the_softmax_is_trained_on_the_last_hidden_layer():
    stacked, seen = model(), []

    def train(softmax, features, labels):
        softmax.theta += 0.1
        seen.append((softmax, features, labels))

    before = stacked.theta.copy()
    stacked.pretrain_softmax(X, LABELS, train)
    ((softmax, features, labels),) = seen
    views = stacked.layout.views(stacked.theta)
    np.testing.assert_array_equal(views["w3"], softmax.layout.views(softmax.theta)["w1"])
    np.testing.assert_array_equal(views["b3"], softmax.layout.views(softmax.theta)["b1"])
    a = sigmoid(sigmoid(X @ views["w1"] + views["b1"]) @ views["w2"] + views["b2"])
    np.testing.assert_allclose(features, a, rtol=1e-13)
    np.testing.assert_array_equal(labels, LABELS)
    assert isinstance(softmax, SoftmaxRegression)
    assert softmax.weight_decay == 0.3
    np.testing.assert_array_equal(views["w1"], stacked.layout.views(before)["w1"])
    np.testing.assert_array_equal(stacked.predict(X), softmax.predict(features))


def test_much_data_goes_through_in_parts_that_give_the_whole():
    stacked, x = model(), np.random.default_rng(1).uniform(size=(2500, 6))
    np.testing.assert_allclose(stacked.features(x), stacked.network.part(0, 4)(stacked.theta, x), rtol=1e-13)
    labels = stacked.network(stacked.theta, x).argmax(axis=1)
    assert stacked.accuracy(x, labels) == 1
    assert stacked.accuracy(x, (labels + 1) % 3) == 0


def test_three_stages_learn():
    """Three kinds of bars in pictures of 4 x 4, with noise: accuracy rises to all of them."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    x = 0.3 * rng.uniform(size=(300, 4, 4))
    x[np.arange(300), labels] += 0.6
    x = x.reshape(300, 16)
    stacked = StackedAutoencoder(16, (12, 8), 3)
    stacked.pretrain(x, lambda autoencoder, a: fit(autoencoder, a, epochs=5, batch_size=30, progress=False))
    stacked.pretrain_softmax(x, labels, lambda softmax, a, t: fit(softmax, a, t, epochs=5, progress=False))
    fit(stacked, x, labels, epochs=10, batch_size=30, optimizer=RMSProp(0.01), progress=False)
    assert stacked.accuracy(x, labels) > 0.99


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (None, ValueError, "target is missing; expected one entry for each of 12 examples"),
        (np.full(12, 3), ValueError, "3"),
        (np.full(12, -1), ValueError, "-1"),
        (np.zeros(12), TypeError, "integer"),
        (np.zeros(11, int), ValueError, "x has 12 examples but target has 11"),
    ],
)
def test_labels_that_do_not_fit_are_refused_before_anything_is_trained(labels, error, message):
    stacked = model()
    before = stacked.theta.copy()

    def train(*_):
        raise AssertionError("trained on labels that do not fit")

    for stage in (lambda: stacked.pretrain_softmax(X, labels, train), lambda: fit(stacked, X, labels, progress=False)):
        with pytest.raises(error, match=message):
            stage()
    np.testing.assert_array_equal(stacked.theta, before)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StackedAutoencoder(6, (), 3), "hidden must name the units of at least one layer"),
        (lambda: StackedAutoencoder(6, (5, 0), 3), "out_features must be a whole number of at least 1, got 0"),
        (lambda: StackedAutoencoder(6, (5,), 1), "classes must be at least 2, got 1"),
        (lambda: model().pretrain(X, untouched, rho=1.0), r"rho must lie in \(0, 1\), got 1"),
        (lambda: model().pretrain(X[:, :5], untouched), r"must have shape \(N, 6\), got \(12, 5\)"),
        (lambda: model().features(np.where(X > 0.8, np.nan, X)), "not finite"),
    ],
)
def test_what_does_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make()
