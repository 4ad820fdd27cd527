"""The denoising autoencoder: a clean target for a spoiled input, its gradient, and what it learns."""

import numpy as np
import pytest

from miniae import fit
from miniae.gradcheck import check, check_function
from miniae.layers import Dense, Dropout, GaussianNoise, MaskingNoise, ReLU, SaltAndPepper
from miniae.models import DenoisingAutoencoder
from miniae.optimizers import Adam

X = np.random.default_rng(0).uniform(0.1, 0.9, size=(6, 8))


def training(model, x, seed=3, step=7):
    """Cost and gradient as a training step sees them, the noise held still."""

    def cost_and_grad(theta):
        ctx = model.context(model.buffers, training=True, seed=seed, step=step)
        gradient = np.empty_like(theta)
        return model.backpropagate(theta, x, x, ctx, gradient), gradient

    return cost_and_grad


def test_gradient_without_noise():
    assert check(DenoisingAutoencoder(8, 3, GaussianNoise(0.3), weight_decay=0.1), X, kinks=0.2).passed


@pytest.mark.parametrize(
    "noise", [GaussianNoise(0.5, clip=(0.0, 1.0)), Dropout(0.5), MaskingNoise(0.5), SaltAndPepper(0.3)], ids=str
)
def test_gradient_with_noise(noise):
    model = DenoisingAutoencoder(8, 3, noise, weight_decay=0.1)
    report = check_function(training(model, X), model.theta, layout=model.layout, kinks=0.2)
    assert report.passed, f"\n{report}"


def test_against_autograd_the_input_noisy_and_the_target_clean():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    model = DenoisingAutoencoder(8, 3, MaskingNoise(0.5), weight_decay=0.1)
    views = model.layout.views(model.theta)
    w1, b1, w2, b2 = params = [torch.tensor(views[k], requires_grad=True) for k in ("w1", "b1", "w2", "b2")]
    noisy = torch.tensor(model.corrupt(X, seed=3))
    assert (noisy == 0).any()
    logits = torch.relu(noisy @ w1 + b1) @ w2 + b2
    cost = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(X))
    cost = cost + 0.1 / 2 * ((w1**2).sum() + (w2**2).sum())
    cost.backward()
    wanted = np.concatenate([p.grad.numpy().ravel() for p in params])
    value, gradient = training(model, X, seed=3, step=0)(model.theta)
    assert value == pytest.approx(cost.item(), rel=1e-13)
    np.testing.assert_allclose(gradient, wanted, atol=1e-10 * np.abs(wanted).max())


def test_corrupt_is_a_function_of_the_seed_and_reconstruct_adds_no_noise():
    model = DenoisingAutoencoder(8, 3, GaussianNoise(0.5, clip=(0.0, 1.0)))
    noisy = model.corrupt(X, seed=1)
    np.testing.assert_array_equal(model.corrupt(X, seed=1), noisy)
    assert not np.array_equal(model.corrupt(X, seed=2), noisy)
    views = model.layout.views(model.theta)
    a = np.maximum(noisy @ views["w1"] + views["b1"], 0)
    np.testing.assert_allclose(model.reconstruct(noisy), 1 / (1 + np.exp(-(a @ views["w2"] + views["b2"]))), rtol=1e-13)


def test_it_learns_the_mean_of_what_may_stand_behind_a_noisy_picture():
    """Four equal pixels, dark or bright, half of them masked: one bright pixel left says bright.

    None left is 1/2 of all cases for dark and 1/2 * 1/16 for bright: the mean is then (1/16) / (1 + 1/16) = 1/17.
    """
    x = np.repeat(np.random.default_rng(1).integers(0, 2, size=(1000, 4)).astype(float), 4, axis=1)
    model = DenoisingAutoencoder(16, 32, MaskingNoise(0.5))
    fit(model, x, epochs=40, batch_size=50, optimizer=Adam(0.01), progress=False)
    noisy = model.corrupt(x, seed=1)
    seen = np.repeat(noisy.reshape(-1, 4, 4).max(axis=2) == 1, 4, axis=1)
    y = model.reconstruct(noisy)
    assert y[seen].mean() > 0.99
    assert y[~seen].mean() == pytest.approx(1 / 17, abs=0.015)  # 3 standard errors of some 1,500 cases in training
    best = np.mean((np.where(seen, 1, 1 / 17) - x) ** 2)
    assert np.mean((y - x) ** 2) < 1.1 * best


def test_it_is_the_chain_that_its_page_says():
    layers = DenoisingAutoencoder(8, 3, MaskingNoise(0.5)).network.layers
    assert layers == (MaskingNoise(0.5), Dense(8, 3, init="he_uniform"), ReLU(), Dense(3, 8))


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(TypeError, match=r"noise must be a noise layer .* got 0.5"):
        DenoisingAutoencoder(8, 3, 0.5)
    with pytest.raises(ValueError, match="out_features must be a whole number of at least 1, got 0"):
        DenoisingAutoencoder(8, 0, MaskingNoise(0.5))
    with pytest.raises(TypeError, match="x is float32 but theta is float64"):
        DenoisingAutoencoder(8, 3, MaskingNoise(0.5)).corrupt(X.astype(np.float32), seed=1)
    with pytest.raises(ValueError, match=r"clip must be \(low, high\) with low < high, got \(1.0, 0.0\)"):
        GaussianNoise(0.5, clip=(1.0, 0.0))
