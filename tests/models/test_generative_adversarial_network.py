"""The generative adversarial network: both costs and gradients, which parameters a turn moves, which it leaves."""

import numpy as np
import pytest

from miniae import fit
from miniae.callbacks import EarlyStopping
from miniae.diverged import TrainingDiverged
from miniae.gradcheck import check
from miniae.layers import BatchNorm, Dense, Dropout, LeakyReLU, Tanh
from miniae.models import GenerativeAdversarialNetwork
from miniae.optimizers import SGD

X = np.random.default_rng(0).uniform(-1, 1, size=(6, 3))
GENERATOR = ("w1", "b1", "w2", "b2")
DISCRIMINATOR = ("w3", "b3", "w4", "b4")


def model(**options):
    """Latents of 2 numbers, examples of 3."""
    gan = GenerativeAdversarialNetwork(
        [Dense(2, 4), Tanh(), Dense(4, 3)], [Dense(3, 5), LeakyReLU(0.2), Dense(5, 1)], 2, **options
    )
    gan.theta = (gan.theta + 0.3 * np.random.default_rng(1).standard_normal(gan.theta.size)).astype(gan.theta.dtype)
    return gan


def latents(gan, use):
    """Those of a pass outside training."""
    return gan.latents(len(X), gan.context(gan.buffers), use)


def test_nobody_can_tell():
    """All parameters 0: every logit is 0 and every probability 1/2."""
    gan = model()
    gan.theta[...] = 0
    for turn in gan.turns.values():
        assert turn.cost(gan.theta, X) == pytest.approx(np.log(2), rel=1e-15)


def test_costs_by_hand():
    # The discriminator's bias alone gives logits, log 3 for all: probability 3/4 of being real.
    gan = model()
    gan.theta[...] = 0
    gan.theta[gan.layout["b4"].slice] = np.log(3)
    costs = {name: turn.cost(gan.theta, X) for name, turn in gan.turns.items()}
    assert costs["discriminator"] == pytest.approx(-(np.log(3 / 4) + np.log(1 / 4)) / 2, rel=1e-14)
    assert costs["generator"] == pytest.approx(-np.log(3 / 4), rel=1e-14)
    assert gan.cost(gan.theta, X) == costs["discriminator"]


@pytest.mark.as_users_run_it
def test_gradient_of_the_discriminator_s_cost_by_all_of_theta():
    report = check(model(), X)
    assert report.passed, f"\n{report}"


@pytest.mark.as_users_run_it
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_gradient_of_each_turn(player):
    """By all of theta; frozen parameters then have the gradient 0, and the others the same."""
    turn = model().turns[player]
    frozen = turn.frozen
    partial = turn.cost_and_grad(turn.theta, X)[1]
    turn.freeze()
    report = check(turn, X)
    assert report.passed, f"\n{report}"
    whole = turn.cost_and_grad(turn.theta, X)[1]
    np.testing.assert_array_equal(partial, np.where(turn.layout.mask(frozen), 0, whole))


def test_both_steps_against_autograd():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    gan = model()
    params = {k: torch.tensor(v, requires_grad=True) for k, v in gan.layout.views(gan.theta).items()}
    w1, b1, w2, b2, w3, b3, w4, b4 = params.values()

    def make(use):
        return torch.tanh(torch.tensor(latents(gan, use)) @ w1 + b1) @ w2 + b2

    def judge(x):
        return torch.nn.functional.leaky_relu(x @ w3 + b3, 0.2) @ w4 + b4

    bce = torch.nn.functional.binary_cross_entropy_with_logits
    real, made = judge(torch.tensor(X)), judge(make("discriminator").detach())
    wanted = {"discriminator": (bce(real, torch.ones_like(real)) + bce(made, torch.zeros_like(made))) / 2}
    wanted["generator"] = bce(judge(make("generator")), torch.ones(6, 1, dtype=torch.float64))
    for (player, turn), own in zip(gan.turns.items(), (DISCRIMINATOR, GENERATOR), strict=True):
        gradients = torch.autograd.grad(wanted[player], [params[name] for name in own])
        cost, gradient = turn.cost_and_grad(gan.theta, X)
        assert cost == pytest.approx(wanted[player].item(), rel=1e-13)
        for name, of_torch in zip(own, gradients, strict=True):
            found = gradient[gan.layout[name].slice].reshape(of_torch.shape)
            np.testing.assert_allclose(found, of_torch.numpy(), atol=1e-10 * of_torch.abs().max().item())
        others = gan.layout.mask(DISCRIMINATOR + GENERATOR) & ~gan.layout.mask(own)
        assert (gradient[others] == 0).all()


@pytest.mark.parametrize(("player", "own"), [("discriminator", DISCRIMINATOR), ("generator", GENERATOR)])
def test_a_turn_moves_its_own_parameters_and_no_others(player, own):
    gan = model()
    start, mask = gan.theta.copy(), gan.layout.mask(own)
    fit(gan.turns[player], X, epochs=1, optimizer=SGD(0.1), progress=False)
    np.testing.assert_array_equal(gan.theta[~mask], start[~mask])
    assert (gan.theta[mask] != start[mask]).any()


def test_a_step_is_one_of_the_discriminator_then_one_of_the_generator_that_sees_it():
    gan = model()
    wanted = gan.theta.copy()
    for turn in gan.turns.values():
        wanted -= 0.1 * turn.cost_and_grad(wanted, X)[1]
    history = fit(gan, X, epochs=1, optimizer=SGD(0.1), progress=False)
    np.testing.assert_allclose(gan.theta, wanted, rtol=0, atol=1e-15)
    assert list(history) == ["discriminator", "generator"]


def test_theta_may_be_set_anew():
    gan = model()
    turns, theta = gan.turns, np.zeros_like(gan.theta)
    gan.theta = theta
    for turn in turns.values():
        assert turn.theta is theta
        assert turn.buffers is gan.buffers
    turns["generator"].theta = other = theta + 1
    assert gan.theta is other


def test_each_turn_and_each_step_has_latents_of_its_own():
    gan = model()
    z = [latents(gan, use) for use in gan.streams]
    z += [gan.latents(6, gan.context(gan.buffers, seed=s, step=t), "generator") for s, t in [(0, 1), (1, 0)]]
    assert len({array.tobytes() for array in z}) == 5
    many = gan.latents(50_000, gan.context(gan.buffers), "generator")
    assert np.abs(many.mean(axis=0)).max() < 4 / np.sqrt(50_000)
    assert np.abs(many.std(axis=0) - 1).max() < 4 / np.sqrt(2 * 50_000)


def test_samples_are_what_the_generator_makes_of_latents_that_training_does_not_draw():
    gan = model()
    w1, b1, w2, b2, *_ = gan.layout.views(gan.theta).values()
    np.testing.assert_allclose(gan.sample(6), np.tanh(latents(gan, "sample") @ w1 + b1) @ w2 + b2, rtol=1e-13)
    gan = model(dtype="float32")
    x = gan.sample(5)
    assert (x.shape, x.dtype) == ((5, 3), np.float32)
    np.testing.assert_array_equal(gan.sample(3), x[:3])
    assert not np.array_equal(gan.sample(5, seed=1), x)


def test_what_the_user_froze_stays_frozen():
    gan = model()
    gan.freeze("w1", "b3")
    assert gan.turns["generator"].frozen == {"w1", *DISCRIMINATOR}
    assert gan.turns["discriminator"].frozen == {"b3", *GENERATOR}


def test_one_seed_is_one_run_and_validation_and_early_stopping_work():
    thetas = []
    for _ in range(2):
        gan = model()
        history = fit(
            gan, X, epochs=3, batch_size=4, validation=(X, None), callbacks=[EarlyStopping(2)], progress=False
        )
        thetas.append(gan.theta)
    np.testing.assert_array_equal(*thetas)
    assert set(history) == {"discriminator", "generator", "validation_cost"}


def test_dropout_and_batch_norm_in_either_network():
    gan = GenerativeAdversarialNetwork(
        [Dense(2, 4), BatchNorm(4), Tanh(), Dense(4, 3)], [Dense(3, 5), Dropout(0.3), Tanh(), Dense(5, 1)], 2
    )
    before = gan.buffers.copy()
    fit(gan, X, epochs=2, progress=False)
    assert np.isfinite(gan.sample(4)).all()
    assert (gan.buffers != before).any()  # running means of what is made


@pytest.mark.as_users_run_it
def test_it_learns_where_the_examples_are():
    """Real examples around (2, -1); those made start around (0, 0) and come within their spread."""
    x = np.random.default_rng(0).normal([2, -1], 0.5, size=(512, 2))
    gan = GenerativeAdversarialNetwork(
        [Dense(2, 16, init="he_uniform"), LeakyReLU(0.2), Dense(16, 2)],
        [Dense(2, 16, init="he_uniform"), LeakyReLU(0.2), Dense(16, 1)],
        2,
    )
    fit(gan, x, epochs=150, batch_size=64, progress=False)
    np.testing.assert_allclose(gan.sample(2000).mean(axis=0), [2, -1], atol=0.5)


def test_divergence_is_told_with_its_place():
    gan = model()
    gan.theta[gan.layout["b2"].slice] = np.inf
    with pytest.raises(TrainingDiverged, match=r"the output of layer 3 \(Dense"):
        fit(gan, X, epochs=1, progress=False)


@pytest.mark.bad_input
def test_errors():
    to_3, to_1 = [Dense(2, 3)], [Dense(3, 1)]
    for latent in 0, 1.5:
        with pytest.raises(ValueError, match=f"latent must be a whole number of at least 1, got {latent}"):
            GenerativeAdversarialNetwork(to_3, to_1, latent)
    with pytest.raises(ValueError, match=r"the input must have shape \(N, 2\), got \(1, 4\)"):
        GenerativeAdversarialNetwork(to_3, to_1, 4)
    with pytest.raises(ValueError, match=r"the input must have shape \(N, 4\), got \(1, 3\)"):
        GenerativeAdversarialNetwork(to_3, [Dense(4, 1)], 2)
    with pytest.raises(ValueError, match=r"the discriminator must give one logit, got \(2,\)"):
        GenerativeAdversarialNetwork(to_3, [Dense(3, 2)], 2)
    gan = model()
    with pytest.raises(ValueError, match=r"examples like the generator's, \(3,\), got \(2,\)"):
        fit(gan, X[:, :2], progress=False)
