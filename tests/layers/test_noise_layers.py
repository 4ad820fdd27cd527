"""Noise layers: what they do to the numbers, when, and that the backward pass meets the forward's own mask."""

import numpy as np
import pytest

from miniae import fit
from miniae.gradcheck import check_function
from miniae.layers import Dense, Dropout, GaussianNoise, MaskingNoise, SaltAndPepper, Sigmoid
from miniae.models import Autoencoder
from miniae.network import Sequential

X = np.random.default_rng(0).uniform(0.2, 0.8, size=(200, 300))
NOISE = [GaussianNoise(0.4), GaussianNoise(0.4, clip=(0.0, 1.0)), Dropout(0.3), MaskingNoise(0.3), SaltAndPepper(0.3)]
each = pytest.mark.parametrize("layer", NOISE, ids=str)


def spoiled(layer, x=X, **context):
    network = Sequential([layer])
    ctx = network.context(np.zeros(0), training=True, **context)
    y, records, cost = network.forward(np.zeros(0), x, ctx)
    assert cost == 0
    return y, network.backward(np.ones_like(x), records, np.zeros(0), ctx, needs_x=True)


@each
def test_off_when_not_training(layer):
    network = Sequential([layer])
    np.testing.assert_array_equal(network(np.zeros(0), X), X)
    ctx = network.context(np.zeros(0))
    _, records, _ = network.forward(np.zeros(0), X, ctx)
    np.testing.assert_array_equal(network.backward(X, records, np.zeros(0), ctx, needs_x=True), X)


@each
def test_seed_step_and_place_decide_and_nothing_else(layer):
    y, _ = spoiled(layer, seed=1, step=2)
    np.testing.assert_array_equal(spoiled(layer, seed=1, step=2)[0], y)
    assert not np.array_equal(spoiled(layer, seed=2, step=2)[0], y)
    assert not np.array_equal(spoiled(layer, seed=1, step=3)[0], y)
    second = Sequential([Sigmoid(), layer])
    there, _, _ = second.forward(np.zeros(0), X, second.context(np.zeros(0), training=True, seed=1, step=2))
    assert not np.array_equal(there - 1 / (1 + np.exp(-X)), y - X)


@each
def test_dtype_stays(layer):
    assert spoiled(layer, X.astype(np.float32))[0].dtype == np.float32


def test_gaussian_noise_has_its_standard_deviation_and_passes_the_gradient():
    y, dx = spoiled(GaussianNoise(0.4))
    assert (y - X).std() == pytest.approx(0.4, rel=0.01)  # 60,000 numbers: good to 0.3 %
    assert abs((y - X).mean()) < 0.01
    np.testing.assert_array_equal(dx, 1)


def test_clipped_gaussian_noise_is_the_same_noise_clipped_and_has_no_slope_at_the_border():
    free, _ = spoiled(GaussianNoise(0.4))
    y, dx = spoiled(GaussianNoise(0.4, clip=(0.0, 1.0)))
    np.testing.assert_allclose(y, np.clip(free, 0, 1), rtol=0, atol=1e-15)
    outside = (free < 0) | (free > 1)
    assert outside.mean() == pytest.approx(0.2524, abs=0.01)  # 2 P(x + n > 1), x uniform on [.2, .8]
    np.testing.assert_array_equal(dx, ~outside)
    assert ((y >= 0) & (y <= 1)).all()


def test_dropout_keeps_the_mean_and_its_gradient_has_the_mask():
    y, dx = spoiled(Dropout(0.3))
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    np.testing.assert_allclose(y[y != 0], X[y != 0] / 0.7, rtol=1e-14)
    np.testing.assert_allclose(dx, (y != 0) / 0.7, rtol=1e-14)


def test_masking_noise_does_not_scale():
    y, dx = spoiled(MaskingNoise(0.3))
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    np.testing.assert_array_equal(y[y != 0], X[y != 0])
    np.testing.assert_array_equal(dx, y != 0)


def test_salt_and_pepper_puts_zeros_and_ones():
    y, dx = spoiled(SaltAndPepper(0.3))
    assert (y == 0).mean() == pytest.approx(0.15, abs=0.01)
    assert (y == 1).mean() == pytest.approx(0.15, abs=0.01)
    hit = (y == 0) | (y == 1)
    np.testing.assert_array_equal(y[~hit], X[~hit])
    np.testing.assert_array_equal(dx, ~hit)


@each
def test_the_gradient_of_a_noisy_cost_is_right(layer):
    """With seed and step held, the noise is the same in every evaluation: the cost can be differentiated."""
    model = Autoencoder([layer, Dense(6, 3), Dropout(0.2), Sigmoid()], [Dense(3, 6)])
    x = X[:5, :6]

    def cost_and_grad(theta):
        ctx = model.network.context(model.buffers, training=True, seed=3, step=7)
        gradient = np.empty_like(theta)
        return model.backpropagate(theta, x, x, ctx, gradient), gradient

    report = check_function(cost_and_grad, model.theta, layout=model.layout)
    assert report.passed, f"\n{report}"


def test_training_with_noise_is_repeated_by_its_seed():
    def trained(seed):
        model = Autoencoder([Dropout(0.3), Dense(6, 3), Sigmoid()], [Dense(3, 6)])
        fit(model, X[:50, :6], epochs=2, batch_size=10, seed=seed, progress=False)
        return model.theta

    np.testing.assert_array_equal(trained(0), trained(0))
    assert not np.array_equal(trained(0), trained(1))


@pytest.mark.bad_input
@pytest.mark.parametrize("make", [lambda: Dropout(1.0), lambda: MaskingNoise(-0.1), lambda: SaltAndPepper(2.0)])
def test_rates_that_are_no_fractions(make):
    with pytest.raises(ValueError, match=r": rate must be at least 0 and less than 1, got"):
        make()


@pytest.mark.bad_input
def test_negative_noise():
    with pytest.raises(ValueError, match="GaussianNoise: std must be finite and not negative, got -1"):
        GaussianNoise(-1.0)
