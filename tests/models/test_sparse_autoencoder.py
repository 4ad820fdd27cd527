"""The sparse autoencoder with a linear decoder."""

import numpy as np
import pytest

from miniae.gradcheck import check
from miniae.models import SparseAutoencoder

X = np.random.default_rng(0).normal(size=(12, 5))


def test_the_decoder_is_linear():
    model = SparseAutoencoder(5, 3, linear_decoder=True, seed=1)
    code = np.random.default_rng(1).uniform(size=(2, 3))
    views = model.layout.views(model.theta)
    np.testing.assert_allclose(model.decode(code), code @ views["w2"] + views["b2"], rtol=1e-14)
    np.testing.assert_allclose(model.decode(code).mean(axis=0), model.decode(code.mean(axis=0, keepdims=True))[0])


def test_its_gradient():
    report = check(SparseAutoencoder(5, 3, linear_decoder=True, rho=0.035, beta=5.0, weight_decay=3e-3), X)
    assert report.passed, f"\n{report}"


def test_against_autograd():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    model = SparseAutoencoder(5, 3, linear_decoder=True, rho=0.035, beta=5.0, weight_decay=3e-3)
    views = model.layout.views(model.theta)
    w1, b1, w2, b2 = params = [torch.tensor(views[k], requires_grad=True) for k in ("w1", "b1", "w2", "b2")]
    x = torch.tensor(X)
    a = torch.sigmoid(x @ w1 + b1)
    rho_hat = a.mean(0)
    kl = (0.035 * torch.log(0.035 / rho_hat) + 0.965 * torch.log(0.965 / (1 - rho_hat))).sum()
    decay = 3e-3 / 2 * ((w1**2).sum() + (w2**2).sum())
    cost = ((a @ w2 + b2 - x) ** 2).sum() / (2 * len(x)) + decay + 5 * kl
    cost.backward()
    wanted = np.concatenate([p.grad.numpy().ravel() for p in params])
    value, gradient = model.cost_and_grad(model.theta, X)
    assert value == pytest.approx(cost.item(), rel=1e-13)
    np.testing.assert_allclose(gradient, wanted, atol=1e-10 * np.abs(wanted).max())
