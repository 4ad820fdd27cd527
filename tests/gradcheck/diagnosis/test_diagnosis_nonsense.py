"""Errors that are no known mistake: it must say so, and say where they are."""

from collections import Counter

import numpy as np
import pytest
from columns_autoencoder import SHAPES, SIZE, autoencoder

from miniae.gradcheck import check, check_function, check_pair
from miniae.gradcheck.diagnosis import diagnose
from miniae.models import SparseAutoencoder
from miniae.ops import dense_backward, dense_forward


def noise(gradient, rng):
    return gradient + 1e-3 * rng.standard_normal(gradient.shape)


def one_entry(gradient, rng):
    gradient[rng.integers(gradient.size)] += rng.normal()
    return gradient


def one_entry_doubled(gradient, rng):
    gradient[rng.integers(gradient.size)] *= 2
    return gradient


def some_rows(gradient, rng):
    gradient[: gradient.size // 3] *= rng.uniform(1.1, 3, gradient.size // 3)
    return gradient


def squared(gradient, rng):
    return gradient * np.abs(gradient)


def shuffled(gradient, rng):
    return rng.permutation(gradient)


NONSENSE = (noise, one_entry, one_entry_doubled, some_rows, squared, shuffled)
TWO_AT_ONCE = (
    ("kl-missing", "derivative-at-z"),
    ("kl-reversed", "decay-missing"),
    ("missing-1/m", "kl-wrong-axis"),
    ("derivative-missing", "decay-doubled"),
)


def first(report):
    return diagnose(report.evidence, [b.name for b in report.blocks if b.verdict == "fail"])


def spoilt(seed, spoil, offered):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.1, 0.9, (8, 12))
    right = autoencoder(x, 0.05, 3.0, 0.01)
    draws = rng.integers(1 << 30)

    def cost_and_grad(theta):
        cost, gradient = right(theta)
        return cost, spoil(gradient, np.random.default_rng(draws))  # the same each time it is called

    context = {"x": x, "rho": 0.05, "beta": 3.0, "lam": 0.01} if offered else {}
    return check_function(cost_and_grad, 0.5 * rng.standard_normal(SIZE), layout=SHAPES, context=context)


@pytest.mark.as_users_run_it
def test_nonsense_is_not_given_a_name():
    """120 draws, with the data and without: not one may be named."""
    outcomes = Counter(
        (spoil.__name__, first(spoilt(seed, spoil, offered)).first)
        for spoil in NONSENSE
        for seed in range(10)
        for offered in (True, False)
    )
    assert {cause for _, cause in outcomes} == {None}, outcomes
    assert sum(outcomes.values()) == 120


@pytest.mark.parametrize(("one", "other"), TWO_AT_ONCE)
def test_two_mistakes_in_the_same_blocks_are_not_taken_for_one(one, other):
    rng = np.random.default_rng(7)
    x, theta = rng.uniform(0.1, 0.9, (8, 12)), 0.5 * rng.standard_normal(SIZE)
    right, first_one, second = (autoencoder(x, 0.05, 3.0, 0.01, mistake) for mistake in (None, one, other))

    def both(theta):
        cost, gradient = right(theta)
        return cost, first_one(theta)[1] + second(theta)[1] - gradient

    report = check_function(both, theta, layout=SHAPES, context={"x": x, "rho": 0.05, "beta": 3.0})
    found = first(report)
    assert "W1" in found.open, str(found)  # both are at work there
    for finding in found.findings:  # where one of the two is alone it may be named
        assert finding.cause in (one, other), str(found)


def test_two_mistakes_in_different_blocks_are_both_named():
    args = {name: np.random.default_rng(k).normal(size=s) for k, (name, s) in enumerate(SHAPES_OF_DENSE.items())}

    def backward(dy, cache):
        dx, dw, db = dense_backward(dy, cache)
        return -dx, dw, db / len(dx)

    found = first(check_pair(dense_forward, backward, args, linear=("x", "w", "b")))
    named = {finding.cause: finding.blocks for finding in found.findings}
    assert named == {"wrong-sign": ("x",), "bias-averaged": ("b",)}


SHAPES_OF_DENSE = {"x": (5, 4), "w": (4, 3), "b": (3,)}
PLACES = {
    "the errors are confined to row 2": lambda dw: np.add.at(dw, 2, [0.1, -0.2, 0.3]),
    "the errors are confined to column 1": lambda dw: np.add.at(dw, (slice(None), 1), [0.1, -0.2, 0.3, 0.2]),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_says_where_the_errors_are(place):
    args = {name: np.random.default_rng(k).normal(size=s) for k, (name, s) in enumerate(SHAPES_OF_DENSE.items())}

    def backward(dy, cache):
        dx, dw, db = dense_backward(dy, cache)
        PLACES[place](dw)
        return dx, dw, db

    found = first(check_pair(dense_forward, backward, args, linear=("x", "w", "b")))
    assert found.first is None
    assert str(found).startswith("No known mistake explains the error.\n")
    assert place in str(found)


def test_a_model_with_noise_in_its_gradient():
    class Noisy(SparseAutoencoder):
        def cost_and_grad(self, theta, x, target=None):
            cost, gradient = super().cost_and_grad(theta, x, target)
            return cost, noise(gradient, np.random.default_rng(0))

    x = np.random.default_rng(1).uniform(0.1, 0.9, (10, 6))
    assert first(check(Noisy(6, 4), x)).first is None
