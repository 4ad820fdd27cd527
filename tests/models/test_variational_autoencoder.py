"""The variational autoencoder: its divergence, its draws, its gradient, and what it makes of a batch."""

import numpy as np
import pytest

from miniae import fit
from miniae.diverged import TrainingDiverged
from miniae.gradcheck import check, check_function
from miniae.models import VariationalAutoencoder
from miniae.models.variational_autoencoder import gaussian_kl
from miniae.optimizers import Adam

X = np.random.default_rng(0).uniform(0.05, 0.95, size=(7, 5))
DRAWS = 100_000


def model(**options):
    """A small one, with biases and log-variances that are not zero."""
    vae = VariationalAutoencoder(5, 4, 3, **options)
    vae.theta = (vae.theta + 0.3 * np.random.default_rng(1).standard_normal(vae.theta.size)).astype(vae.theta.dtype)
    return vae


def noise_of(vae, x, seed=0):
    """The eps of a pass outside training, from z = mean + exp(log_var / 2) eps."""
    mean, log_var = vae.posterior(x)
    return (vae.draw(x, seed) - mean) / np.exp(log_var / 2)


def log_normal(z, mean, std):
    return -np.log(std * np.sqrt(2 * np.pi)) - (z - mean) ** 2 / (2 * std**2)


def test_kl_by_hand():
    # Mean 1, variance 4: (1 + 4 - 1 - log 4) / 2. Mean 0, variance 1: 0. Mean over two examples.
    cost, dmean, dlog_var = gaussian_kl(np.array([[1.0], [0.0]]), np.array([[np.log(4)], [0.0]]))
    assert cost == pytest.approx((4 - np.log(4)) / 4, rel=1e-14)
    np.testing.assert_allclose(dmean, [[0.5], [0]], rtol=1e-14)
    np.testing.assert_allclose(dlog_var, [[0.75], [0]], rtol=1e-14)


def test_kl_is_what_a_monte_carlo_estimate_says():
    """The mean of log q(z) - log p(z) over draws from q, both densities written out."""
    mean, std = np.array([[0.7, -1.2, 0.1]]), np.array([[0.3, 1.6, 0.05]])
    z = mean + std * np.random.default_rng(0).standard_normal((200_000, 3))
    ratio = (log_normal(z, mean, std) - log_normal(z, 0, 1)).sum(axis=1)
    assert ratio.std() / np.sqrt(len(z)) < 0.003 * ratio.mean()  # three standard errors are less than 1 %
    assert gaussian_kl(mean, 2 * np.log(std))[0] == pytest.approx(ratio.mean(), rel=0.01)


@pytest.mark.parametrize("by", ["mean", "log_var"])
def test_kl_gradients(by):
    rng = np.random.default_rng(3)
    mean, log_var = rng.standard_normal((2, 4, 3))

    def cost(array):
        value, dmean, dlog_var = gaussian_kl(array, log_var) if by == "mean" else gaussian_kl(mean, array)
        return value, dmean if by == "mean" else dlog_var

    assert check_function(cost, mean if by == "mean" else log_var).passed


def test_kl_next_to_the_prior_is_not_rounded_away():
    # e^v - 1 - v = v^2 / 2 + ...: 5e-15 here, where e^v itself has steps of 2e-16. By hand, v^2 / 4.
    assert gaussian_kl(np.zeros((1, 1)), np.full((1, 1), 1e-7))[0] == pytest.approx(2.5e-15, rel=1e-6, abs=0)


def test_draws_have_the_standard_deviation_that_the_encoder_says():
    """Sampling with exp(log_var) passes every gradient check; its draws are too wide or too narrow."""
    vae = model()
    vae.layout.views(vae.theta)["b2"][3:] += [-2, 1, 2]  # at 0, exp(log_var) and exp(log_var / 2) are one number
    mean, log_var = vae.posterior(X[:1])
    z = vae.draw(np.repeat(X[:1], DRAWS, axis=0))
    error = 1 / np.sqrt(2 * DRAWS)  # relative standard error of a standard deviation
    np.testing.assert_allclose(z.std(axis=0), np.exp(log_var[0] / 2), rtol=4 * error)
    np.testing.assert_allclose((z.mean(axis=0) - mean[0]) / z.std(axis=0), 0, atol=4 / np.sqrt(DRAWS))
    independent = np.corrcoef(z.T) - np.eye(3)
    assert np.abs(independent).max() < 4 / np.sqrt(DRAWS)


@pytest.mark.as_users_run_it
@pytest.mark.parametrize("binarize", [False, True])
def test_gradient(binarize):
    report = check(model(binarize=binarize), X)
    assert report.passed, f"\n{report}"


@pytest.mark.as_users_run_it
def test_gradient_with_a_target_of_its_own():
    assert check(model(), X, 1 - X).passed


def test_cost_and_gradient_against_autograd():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    vae = model()
    views = vae.layout.views(vae.theta)
    w1, b1, w2, b2, w3, b3, w4, b4 = params = [torch.tensor(view, requires_grad=True) for view in views.values()]
    x = torch.tensor(X)
    h = torch.relu(x @ w1 + b1) @ w2 + b2
    mean, log_var = h[:, :3], h[:, 3:]
    z = mean + torch.exp(log_var / 2) * torch.tensor(noise_of(vae, X))
    y = torch.relu(z @ w3 + b3) @ w4 + b4
    likelihood = torch.distributions.Bernoulli(logits=y, validate_args=False).log_prob(x).sum(1)
    q = torch.distributions.Normal(mean, torch.exp(log_var / 2))
    kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(torch.zeros(()), torch.ones(()))).sum(1)
    cost = (kl - likelihood).mean()
    cost.backward()
    wanted = np.concatenate([p.grad.numpy().ravel() for p in params])
    value, gradient = vae.cost_and_grad(vae.theta, X)
    assert value == pytest.approx(cost.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, wanted, atol=1e-10 * np.abs(wanted).max())


def test_the_draw_is_that_of_the_step_and_of_no_other():
    vae, kept = model(), []
    for training, seed, step in [(False, 0, 0), (True, 0, 0), (True, 0, 1), (True, 1, 0)]:
        ctx = vae.context(vae.buffers, training=training, seed=seed, step=step)
        kept.append(vae.code(vae.theta, X, ctx).eps)
    np.testing.assert_array_equal(kept[0], kept[1])  # training or not: what is checked is what is trained
    assert not np.array_equal(kept[1], kept[2])
    assert not np.array_equal(kept[1], kept[3])
    np.testing.assert_array_equal(vae.draw(X, seed=1), vae.draw(X, seed=1))
    assert not np.array_equal(vae.draw(X, seed=1), vae.draw(X, seed=2))


def test_binarized_pixels_are_black_or_white_with_the_gray_value_as_probability(monkeypatch):
    vae, seen = model(binarize=True), []
    encode = vae.encoder.forward
    monkeypatch.setattr(vae.encoder, "forward", lambda theta, x, ctx: seen.append(x) or encode(theta, x, ctx))
    x = np.repeat(X[:1], 20_000, axis=0)
    for step in 0, 1:
        ctx = vae.context(vae.buffers, training=True, step=step)
        vae.forward(vae.theta, x, x, ctx)
    first, second = seen
    assert set(np.unique(first)) == {0, 1}
    np.testing.assert_allclose(first.mean(axis=0), X[0], atol=4 * 0.5 / np.sqrt(20_000))
    assert not np.array_equal(first, second)


def test_binarized_input_and_target_are_the_same_pixels():
    """A decoder that gives a pixel back with a logit of 100 or -100: any other target costs 100, a gray one 50."""
    vae = VariationalAutoencoder(1, 1, 1, binarize=True)
    views = vae.layout.views(vae.theta)
    for name, value in {"w1": 1, "w2": [[10, 0]], "b2": [0, -20], "w3": 1, "w4": 20, "b4": -100}.items():
        views[name][...] = value
    # Codes are 0 or 10, their log-variance -20. KL: (20 - 1) / 2, and 10^2 / 2 more for every second pixel.
    cost = vae.cost(vae.theta, np.full((1000, 1), 0.5))
    assert cost == pytest.approx(9.5 + 25, abs=50 * 4 * 0.5 / np.sqrt(1000))


def test_pixels_codes_and_samples_are_drawn_from_streams_of_their_own():
    vae = model()
    streams = {vae.eps_stream, vae.pixel_stream, vae.prior_stream}
    assert len(streams) == 3
    assert min(streams) >= len(vae.network.layers)  # those of the layers are their places


def test_the_cost_is_that_of_the_terms_read_off_by_hand():
    # All weights and biases 0: mean 0, variance 1, so no divergence; logits 0: log 2 for each of the 5 features.
    vae = VariationalAutoencoder(5, 4, 3)
    assert vae.cost(np.zeros_like(vae.theta), X) == pytest.approx(5 * np.log(2), rel=1e-14)


def test_frozen_parameters_have_no_gradient():
    vae = model()
    whole = vae.cost_and_grad(vae.theta, X)[1]
    vae.freeze("w2", "b3")
    part = vae.cost_and_grad(vae.theta, X)[1]
    mask = vae.layout.mask(["w2", "b3"])
    np.testing.assert_array_equal(part, np.where(mask, 0, whole))


def test_what_comes_out_has_the_shapes_it_should_and_is_probabilities():
    vae = model(dtype="float32")
    x = X.astype(np.float32)
    for y, shape in [
        (vae.reconstruct(x), (7, 5)),
        (vae.sample(4), (4, 5)),
        (vae.interpolate(x[:2], x[2:4], steps=6), (6, 2, 5)),
    ]:
        assert y.shape == shape
        assert y.dtype == np.float32
        assert ((y > 0) & (y < 1)).all()
    assert not np.array_equal(vae.sample(4, seed=1), vae.sample(4, seed=2))


def test_interpolation_goes_from_one_reconstruction_to_the_other():
    vae = model()
    between = vae.interpolate(X[:2], X[2:4], steps=5)
    np.testing.assert_allclose(between[0], vae.reconstruct(X[:2]), rtol=1e-13)
    np.testing.assert_allclose(between[-1], vae.reconstruct(X[2:4]), rtol=1e-13)
    np.testing.assert_allclose(between[2], vae.decode((vae.encode(X[:2]) + vae.encode(X[2:4])) / 2), rtol=1e-13)


@pytest.mark.as_users_run_it
def test_it_learns_two_patterns_and_samples_them():
    """Half of the images are 10101010, half 01010101; one bit, so the bound cannot be above -log 2."""
    x = np.tile(np.eye(2), (100, 4))
    vae = VariationalAutoencoder(8, 16, 2, seed=0)
    fit(vae, x, epochs=40, batch_size=20, optimizer=Adam(1e-2), progress=False)
    assert np.log(2) < vae.cost(vae.theta, x) < 2 * np.log(2)  # 8 log 2 for whoever knows nothing
    drawn = vae.sample(200).round()
    share = (drawn == x[0]).all(axis=1).mean(), (drawn == x[1]).all(axis=1).mean()
    assert min(share) > 0.25  # an even coin: both are drawn
    assert sum(share) > 0.9


def test_divergence_is_told_with_its_place():
    vae = model()
    vae.theta[vae.layout["b2"].slice] = 2000.0  # variances of e^2000
    with pytest.raises(TrainingDiverged, match="the draw of the code is the first that is not finite"):
        fit(vae, X, epochs=1, progress=False)


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match="latent must be a whole number of at least 1, got 0"):
        VariationalAutoencoder(5, 4, 0)
    with pytest.raises(ValueError, match="hidden must be a whole number of at least 1, got 2.5"):
        VariationalAutoencoder(5, 2.5, 1)
    vae = model()
    with pytest.raises(ValueError, match=r"input must have shape \(N, 5\), got \(7, 4\)"):
        vae.cost(vae.theta, X[:, :4])
    with pytest.raises(ValueError, match=r"\[0, 1\] .*got 2\.\d+ at index"):
        vae.cost(vae.theta, X + 2)
    with pytest.raises(ValueError, match=r"features of the output, \(5,\)"):
        vae.cost(vae.theta, X, X[:, :4])
    with pytest.raises(TypeError, match="float32 but theta is float64"):
        vae.encode(X.astype(np.float32))
    with pytest.raises(ValueError, match="steps must be at least 2, got 1"):
        vae.interpolate(X, X, steps=1)
    with pytest.raises(ValueError, match=r"x0 has shape \(7, 5\) but x1 has shape \(6, 5\)"):
        vae.interpolate(X, X[:6])
    with pytest.raises(ValueError, match=r"mean has shape \(7, 5\) but log_var has shape \(7, 4\)"):
        gaussian_kl(X, X[:, :4])
