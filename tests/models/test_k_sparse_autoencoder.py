"""The k-sparse autoencoder: how many units speak, its gradient, and what it refuses."""

import numpy as np
import pytest

from miniae import fit
from miniae.gradcheck import check
from miniae.models import KSparseAutoencoder
from miniae.optimizers import Adam

X = np.random.default_rng(0).normal(size=(8, 5))


def model_anywhere(**options):
    model = KSparseAutoencoder(5, 7, 2, **options)
    model.theta = model.theta + 0.3 * np.random.default_rng(1).standard_normal(model.theta.size)
    return model


def test_cost_by_the_formulas():
    model = model_anywhere()
    p = model.layout.views(model.theta)
    z = X @ p["w1"] + p["b1"]
    a = np.where(z >= np.sort(z, axis=1)[:, -2, None], z, 0)  # the two largest, of either sign
    np.testing.assert_array_equal(model.encode(X), a)
    error = a @ p["w1"].T + p["b2"] - X
    assert model.cost(model.theta, X) == pytest.approx((error**2).sum() / (2 * len(X)), rel=1e-13)
    np.testing.assert_allclose(model.reconstruct(X), X + error, rtol=1e-13)


def test_gradient():
    report = check(model_anywhere(weight_decay=0.1), X)
    assert report.passed, f"\n{report}"


def test_against_autograd():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    model = model_anywhere()
    w, b, b2 = params = [torch.tensor(v, requires_grad=True) for v in model.layout.views(model.theta).values()]
    z = torch.tensor(X) @ w + b
    values, places = torch.topk(z, 2, dim=1)
    y = torch.zeros_like(z).scatter(1, places, values) @ w.T + b2
    cost = ((y - torch.tensor(X)) ** 2).sum() / (2 * len(X))
    wanted = np.concatenate([g.numpy().ravel() for g in torch.autograd.grad(cost, params)])
    value, gradient = model.cost_and_grad(model.theta, X)
    assert value == pytest.approx(cost.item(), rel=1e-13)
    np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-10 * np.abs(wanted).max())


@pytest.mark.parametrize(("alpha", "units"), [(1.0, 2), (1.5, 3), (3.0, 6), (100.0, 7)])
def test_codes_for_a_classifier_keep_alpha_times_as_many(alpha, units):
    model = model_anywhere()
    codes = model.encode(X, alpha)
    assert (np.count_nonzero(codes, axis=1) == units).all()
    kept = model.encode(X) != 0
    np.testing.assert_array_equal(codes[kept], model.encode(X)[kept])  # those of training are among them


def test_with_all_units_kept_it_is_a_linear_autoencoder_and_learns_the_data():
    model = KSparseAutoencoder(5, 5, 5)
    fit(model, X, epochs=400, batch_size=8, optimizer=Adam(1e-2), progress=False)
    assert model.cost(model.theta, X) < 1e-3 * (X**2).sum() / (2 * len(X))


@pytest.mark.bad_input
def test_errors():
    for k in 0, 8, 2.0:
        with pytest.raises(ValueError, match=f"k must be a whole number from 1 to the 7 units, got {k}"):
            KSparseAutoencoder(5, 7, k)
    with pytest.raises(ValueError, match="alpha must be a finite number of at least 1, got 0.5"):
        model_anywhere().encode(X, 0.5)
