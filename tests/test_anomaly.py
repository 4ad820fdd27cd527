"""Anomaly detection: scores of single examples, thresholds by each rule, and exchanging one for another."""

import numpy as np
import pytest

from miniae import fit
from miniae.anomaly import AnomalyDetector, Threshold
from miniae.layers import Dense, Reshape
from miniae.models import Autoencoder
from miniae.optimizers import Adam

SCORES = np.arange(1.0, 101.0)  # 1 to 100


def half():
    """An autoencoder that halves everything."""
    model = Autoencoder([Dense(2, 2)], [Dense(2, 2)])
    views = model.layout.views(model.theta)
    views["w1"][...], views["w2"][...] = np.eye(2), np.eye(2) / 2
    return model


def test_one_score_for_each_example_by_hand():
    x = np.array([[2.0, 0.0], [4.0, 2.0], [0.0, 0.0]])  # left over: (1, 0), (2, 1), (0, 0)
    np.testing.assert_allclose(AnomalyDetector(half(), Threshold(1.0)).scores(x), [0.5, 2.5, 0], rtol=1e-15)


def test_a_score_depends_on_its_example_alone():
    x = np.random.default_rng(0).uniform(size=(10, 2))
    detector = AnomalyDetector(half(), Threshold(1.0))
    alone = [detector.scores(row[None])[0] for row in x]
    np.testing.assert_allclose(detector.scores(x), alone, rtol=1e-13)


def test_pictures_have_one_score_as_well():
    model = Autoencoder([Reshape((4,)), Dense(4, 2)], [Dense(2, 4), Reshape((2, 2))])
    assert AnomalyDetector(model, Threshold(1.0)).scores(np.ones((3, 2, 2))).shape == (3,)


def test_thresholds_by_hand():
    """The mean of 1 to 100 is 50.5, their variance (100^2 - 1) / 12; linear between the ranks 0 to 99."""
    two = Threshold.from_mean_and_std(SCORES, k=2.0)
    assert two.value == pytest.approx(50.5 + 2 * np.sqrt(9999 / 12), rel=1e-14)
    assert Threshold.from_quantile(SCORES, 0.9).value == pytest.approx(1 + 0.9 * 99, rel=1e-14)
    assert Threshold.from_contamination(SCORES, 0.1).value == pytest.approx(1 + 0.9 * 99, rel=1e-14)
    assert [two.rule, Threshold(3.0).rule] == ["mean + 2 std", "given"]


@pytest.mark.parametrize("fraction", [0.01, 0.05, 0.2, 0.5])
def test_contamination_is_the_fraction_above(fraction):
    t = Threshold.from_contamination(SCORES, fraction)
    assert (t.value < SCORES).mean() == pytest.approx(fraction, abs=1e-12)


def test_two_standard_deviations_of_skewed_scores_leave_more_above_than_of_normal_ones():
    skewed = np.random.default_rng(0).exponential(size=100_000)  # P(s > 1 + 2) = exp(-3) = 4.98 %
    t = Threshold.from_mean_and_std(skewed, k=2.0)
    assert (skewed > t.value).mean() == pytest.approx(np.exp(-3), abs=0.003)


def test_a_threshold_is_exchanged_without_refitting():
    x = np.array([[2.0, 0.0], [4.0, 2.0], [0.0, 0.0]])
    detector = AnomalyDetector(half(), Threshold(1.0))
    theta = detector.model.theta.copy()
    assert detector.predict(x).tolist() == [False, True, False]
    detector.threshold = Threshold(0.4)
    assert detector.predict(x).tolist() == [True, True, False]
    detector.threshold = Threshold(0.5)  # above means above
    assert detector.predict(x).tolist() == [False, True, False]
    np.testing.assert_array_equal(detector.model.theta, theta)


def test_it_finds_what_lies_off_the_line_it_learned():
    rng = np.random.default_rng(0)
    along = rng.normal(size=(400, 1)) * [[0.6, 0.8]]
    off = rng.normal(size=(50, 1)) * [[0.6, 0.8]] + [[0.8, -0.6]]
    model = Autoencoder([Dense(2, 1)], [Dense(1, 2)])
    fit(model, along[:300], epochs=20, batch_size=50, optimizer=Adam(0.05), progress=False)
    detector = AnomalyDetector(model, Threshold(np.inf))
    detector.threshold = Threshold.from_contamination(detector.scores(along[300:]), 0.05)
    assert detector.predict(along[300:]).mean() == pytest.approx(0.05)
    assert detector.predict(off).mean() > 0.9


@pytest.mark.bad_input
@pytest.mark.parametrize("fraction", [0.0, -0.1, 0.51, 1.0, float("nan")])
def test_contamination_outside_of_its_range(fraction):
    with pytest.raises(ValueError, match=r"contamination must lie in \(0, 0.5\], got"):
        Threshold.from_contamination(SCORES, fraction)


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match=r"quantile must lie in \(0, 1\), got 1"):
        Threshold.from_quantile(SCORES, 1.0)
    with pytest.raises(ValueError, match="k must be a finite number, got nan"):
        Threshold.from_mean_and_std(SCORES, float("nan"))
    with pytest.raises(ValueError, match="scores: 1 of 2 values is not finite"):
        Threshold.from_contamination(np.array([1.0, np.nan]), 0.1)
    with pytest.raises(ValueError, match=r"one number for each example, shape \(N,\), got \(2, 50\)"):
        Threshold.from_contamination(SCORES.reshape(2, 50), 0.1)
    with pytest.raises(ValueError, match="at least one example"):
        Threshold.from_contamination(np.zeros(0), 0.1)
    with pytest.raises(ValueError, match="x: 1 of 2 values is not finite"):
        AnomalyDetector(half(), Threshold(1.0)).scores(np.array([[1.0, np.inf]]))
