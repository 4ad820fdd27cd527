"""The contractive autoencoder: its penalty against a Jacobian taken by differences, its gradient against autograd."""

import numpy as np
import pytest

from miniae import fit
from miniae.gradcheck import check
from miniae.models import Autoencoder, ContractiveAutoencoder
from miniae.models.contractive_autoencoder import squared_jacobian_norms

X = np.random.default_rng(0).uniform(0.1, 0.9, (7, 5))


def away_from_the_start(model, seed=1):
    """Biases that are not zero, and weights large enough for the sigmoid to bend."""
    model.theta = 2 * model.theta + 0.5 * np.random.default_rng(seed).standard_normal(model.theta.size)
    return model


@pytest.mark.parametrize("tied", [True, False])
def test_the_closed_form_is_the_norm_of_the_numeric_jacobian(tied):
    model = away_from_the_start(ContractiveAutoencoder(5, 4, tied=tied))
    step = 1e-5  # a central difference is then good to step^2 / 6 times a third derivative of order 1
    columns = [(model.encode(X + step * e) - model.encode(X - step * e)) / (2 * step) for e in np.eye(5)]
    numeric = (np.stack(columns) ** 2).sum(axis=(0, 2))
    np.testing.assert_allclose(model.contraction(X), numeric, rtol=1e-8)


def test_the_penalty_by_hand_and_in_the_cost():
    # One input of weight 2 into a unit at sigma(0) = 1/2: derivative 1/4 * 2, squared 1/4. Decoder sigma(1/2 * 2).
    model = ContractiveAutoencoder(1, 1, strength=3.0)
    theta = np.array([2.0, 0.0, 0.0])
    cost = model.cost(theta, np.zeros((1, 1)))
    assert cost == pytest.approx((1 / (1 + np.exp(-1))) ** 2 / 2 + 3 / 4, rel=1e-14)
    assert model.cost(theta, np.zeros((6, 1))) == pytest.approx(cost, rel=1e-14)  # a mean over examples


@pytest.mark.parametrize("tied", [True, False])
def test_gradient(tied):
    model = away_from_the_start(ContractiveAutoencoder(5, 4, strength=0.7, tied=tied, weight_decay=0.01))
    report = check(model, X)
    assert report.passed, f"\n{report}"


def test_the_gradient_of_the_penalty_alone():
    rng = np.random.default_rng(2)
    w, a = rng.normal(size=(3, 4)), rng.uniform(0.1, 0.9, (6, 4))
    report = check(lambda w: (squared_jacobian_norms(a, w)[0].sum(), squared_jacobian_norms(a, w)[2]), w)
    assert report.passed, f"\n{report}"
    report = check(lambda a: (squared_jacobian_norms(a, w)[0].sum(), squared_jacobian_norms(a, w)[1]), a)
    assert report.passed, f"\n{report}"


@pytest.mark.parametrize("tied", [True, False])
def test_against_autograd(tied):
    """The Jacobian itself is built in PyTorch, an entry for each example, unit and input."""
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    model = away_from_the_start(ContractiveAutoencoder(5, 4, strength=0.7, tied=tied))
    p = {k: torch.tensor(v, requires_grad=True) for k, v in model.layout.views(model.theta).items()}
    x = torch.tensor(X, requires_grad=True)
    a = torch.sigmoid(x @ p["w1"] + p["b1"])
    jacobian = [torch.autograd.grad(a[:, j].sum(), x, create_graph=True)[0] for j in range(4)]
    y = torch.sigmoid(a @ (p["w1"].T if tied else p["w2"]) + p["b2"])
    cost = ((y - x.detach()) ** 2).sum() / (2 * len(X)) + 0.7 / len(X) * (torch.stack(jacobian) ** 2).sum()
    wanted = np.concatenate([g.numpy().ravel() for g in torch.autograd.grad(cost, list(p.values()))])
    value, gradient = model.cost_and_grad(model.theta, X)
    assert value == pytest.approx(cost.item(), rel=1e-13)
    np.testing.assert_allclose(gradient, wanted, atol=1e-10 * np.abs(wanted).max())


def test_without_the_penalty_it_is_the_plain_autoencoder():
    model = ContractiveAutoencoder(5, 4, strength=0.0)
    plain = Autoencoder(model.network.layers[:2], model.network.layers[2:])
    cost, gradient = model.cost_and_grad(model.theta, X)
    wanted, wanted_gradient = plain.cost_and_grad(model.theta, X)
    assert cost == wanted
    np.testing.assert_array_equal(gradient, wanted_gradient)


def test_training_contracts():
    contractions = []
    for strength in 0.0, 1.0:
        model = ContractiveAutoencoder(5, 8, strength=strength)
        fit(model, X, epochs=300, batch_size=7, optimizer="adam", progress=False)
        contractions.append(model.contraction(X).mean())
    assert contractions[1] < 0.5 * contractions[0]


def test_frozen_weights_get_no_gradient_from_the_penalty_either():
    model = ContractiveAutoencoder(5, 4)
    model.freeze("w1")
    _, gradient = model.cost_and_grad(model.theta, X)
    assert not model.layout.views(gradient)["w1"].any()


@pytest.mark.bad_input
@pytest.mark.parametrize("strength", [-1.0, float("nan"), float("inf")])
def test_a_strength_out_of_range(strength):
    with pytest.raises(ValueError, match=f"strength must be finite and not negative, got {strength}"):
        ContractiveAutoencoder(5, 4, strength=strength)
