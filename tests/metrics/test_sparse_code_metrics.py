"""L0, explained variance, dead units and mean max cosine: what they must be for answers that are known."""

import numpy as np
import pytest

from miniae.metrics import dead_units, explained_variance, fvu, l0, max_cosines, mean_max_cosine

RNG = np.random.default_rng(0)
CODES = np.array([[0.0, 2.0, 0.0, -1.0], [0.0, 0.0, 0.0, 3.0], [0.0, 1.0, 0.0, 1e-30]])


def test_l0_and_dead_units_by_hand():
    assert l0(CODES) == pytest.approx(5 / 3)
    np.testing.assert_array_equal(dead_units(CODES), [True, False, True, False])
    assert dead_units(CODES).mean() == 0.5


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mean_explains_nothing_and_the_truth_everything_whatever_the_batch_size(n, dtype):
    target = (5 + RNG.normal(size=(n, 4)) * [1, 2, 0.1, 10]).astype(dtype)
    mean = np.broadcast_to(target.astype(np.float64).mean(axis=0), target.shape)
    # The mean, rounded to the dtype, is off by eps / 2 of itself; its square is nothing beside the variance.
    assert explained_variance(mean.astype(dtype), target) == pytest.approx(0, abs=10 * float(np.finfo(dtype).eps))
    assert explained_variance(target, target) == 1
    assert fvu(target, target) == 0


def test_explained_variance_by_hand():
    target = np.array([[0.0, 0.0], [2.0, 6.0]])  # about the mean (1, 3): 1 + 9 + 1 + 9 = 20
    y = np.array([[0.0, 1.0], [2.0, 4.0]])  # errors 1 and 4
    assert fvu(y, target) == pytest.approx(5 / 20)
    assert explained_variance(y, target) == pytest.approx(3 / 4)
    assert explained_variance(target + 10, target) < 0  # an offset is an error


def test_it_is_no_mean_over_batches():
    """Rows sorted in two halves: each half varies little about its own mean, and explaining it says nothing."""
    target = np.array([[0.0], [1.0], [10.0], [11.0]])
    y = np.array([[0.5], [0.5], [10.5], [10.5]])
    assert explained_variance(y, target) > 0.99
    assert np.mean([explained_variance(y[k : k + 2], target[k : k + 2]) for k in (0, 2)]) == pytest.approx(0)


def test_mean_max_cosine_of_the_same_features_shuffled_and_scaled_is_one():
    features = RNG.normal(size=(6, 4))
    learned = features[RNG.permutation(6)] * RNG.uniform(0.1, 9, (6, 1))
    assert mean_max_cosine(features, learned) == pytest.approx(1, abs=1e-15)
    assert mean_max_cosine(features, -np.eye(4)) < 0.9  # a sign matters


def test_max_cosines_by_hand():
    features = np.array([[2.0, 0.0], [3.0, 4.0], [0.0, -1.0]])
    learned = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    np.testing.assert_allclose(max_cosines(features, learned), [1, 0.8, 0], rtol=1e-15)
    assert mean_max_cosine(features, learned) == pytest.approx(0.6)


def test_one_feature_learned_many_times_is_not_all_of_them():
    assert mean_max_cosine(np.eye(4), np.tile(np.eye(4)[:1], (4, 1))) == 0.25


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: l0(np.empty((0, 3))), r"l0: codes: needs at least one example .* \(0, 3\)"),
        (lambda: dead_units(np.empty((0, 3))), "dead_units: codes: needs at least one example"),
        (lambda: fvu(np.ones((2, 3)), np.ones((2, 2))), r"fvu: y has shape \(2, 3\) but target has shape \(2, 2\)"),
        (lambda: fvu(np.ones((2, 3)), np.ones((2, 3))), "fvu: all 2 targets are equal"),
        (lambda: max_cosines(np.ones((2, 3)), np.ones((2, 4))), r"must share D, got \(2, 3\) and \(2, 4\)"),
        (lambda: max_cosines(np.ones((2, 3)), np.ones((0, 3))), "needs a direction in each"),
        (lambda: max_cosines(np.array([[1.0, 0], [0, 0]]), np.ones((2, 2))), "true feature 1 has length 0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.bad_input
def test_integers_are_refused():
    with pytest.raises(TypeError, match="l0: codes must be float32 or float64, got int64"):
        l0(np.ones((2, 2), int))
