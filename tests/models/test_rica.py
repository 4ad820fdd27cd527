"""RICA: its cost by hand, its gradient against autograd and differences, and what it refuses."""

import numpy as np
import pytest

from miniae import fit
from miniae.gradcheck import check
from miniae.models import RICA
from miniae.optimizers import Adam

X = np.random.default_rng(0).normal(size=(9, 5))


def test_the_cost_by_hand():
    # z = x w = (2, -1) with one feature and two components; y = z w^T = 2 2 + (-1)(-1) = 5; error (5 - 1)^2 / 2 = 8.
    # With eps 5: q = (3, sqrt 6), times lambda 1/2.
    model = RICA(1, 2, sparsity=0.5, eps=5.0)
    assert model.cost(np.array([2.0, -1.0]), np.array([[1.0]])) == pytest.approx(8 + (3 + 6**0.5) / 2, rel=1e-14)


@pytest.mark.parametrize("components", [3, 5, 8])
def test_gradient(components):
    report = check(RICA(5, components, sparsity=0.7), X)
    assert report.passed, f"\n{report}"
    assert report.norm_ratio < 1e-7


def test_against_autograd():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    model = RICA(5, 7, sparsity=0.7, eps=0.03)
    w = torch.tensor(model.layout.views(model.theta)["w"], requires_grad=True)
    x = torch.tensor(X)
    z = x @ w
    cost = ((z @ w.T - x) ** 2).sum() / (2 * len(x)) + 0.7 * torch.sqrt(z**2 + 0.03).sum() / len(x)
    cost.backward()
    value, gradient = model.cost_and_grad(model.theta, X)
    assert value == pytest.approx(cost.item(), rel=1e-13)
    wanted = w.grad.numpy().ravel()
    np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-10 * np.abs(wanted).max())


def test_without_sparsity_it_reconstructs():
    model = RICA(5, 5, sparsity=0.0, seed=1)
    fit(model, X, epochs=300, batch_size=9, optimizer=Adam(0.01), progress=False)
    assert np.mean((model.reconstruct(X) - X) ** 2) < 0.001 * np.mean(X**2)


def test_fit_trains_it_in_float32():
    model = RICA(5, 7, dtype="float32")
    history = fit(model, X.astype(np.float32), epochs=20, batch_size=4, progress=False)
    assert history["cost"][-1] < history["cost"][0]
    assert model.theta.dtype == np.float32


def test_a_frozen_w_has_no_gradient():
    model = RICA(5, 7)
    model.freeze("w")
    assert not model.cost_and_grad(model.theta, X)[1].any()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RICA(5, 0), "components must be a whole number of at least 1, got 0"),
        (lambda: RICA(5, 5, sparsity=-1.0), "sparsity must be a finite number of at least 0, got -1"),
        (lambda: RICA(5, 5, eps=0.0), "eps must be a finite number above 0, got 0"),
        (lambda: RICA(4, 4).encode(X), r"x must have shape \(N, 4\), got \(9, 5\)"),
        (lambda: RICA(5, 5).cost(RICA(5, 5).theta, X, X[:, :4]), "target must have shape"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
