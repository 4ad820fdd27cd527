"""Anomaly scores: the areas of the histograms, and the ROC curve's points and area."""

import numpy as np
import pytest

from miniae.plots import roc_curve, score_histogram

SCORES = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
BAD = np.array([False, False, True, False, True])


def test_each_kind_has_area_1():
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(size=900), 3 + rng.normal(size=100)])
    ax = score_histogram(scores, np.arange(1000) >= 900, 1.5).axes[0]
    for bars in ax.containers:
        assert sum(bar.get_width() * bar.get_height() for bar in bars) == pytest.approx(1, rel=1e-12)
    assert ax.get_legend_handles_labels()[1] == ["normal", "anomalous", "threshold 1.5"]


def test_the_title_says_what_the_threshold_does():
    """Above 1.5: two of three normal examples and both anomalies; above 2, one and one."""
    assert score_histogram(SCORES, BAD, 1.5).axes[0].get_title() == "false alarms 66.7 %, detected 100.0 %"
    assert score_histogram(SCORES, BAD, 2.0).axes[0].get_title() == "false alarms 33.3 %, detected 50.0 %"


def test_roc_by_hand():
    """Thresholds 4, 3, 2, 1 and below: one anomaly, one normal, then one of each at once, then the last normal."""
    ax = roc_curve(SCORES, BAD, 2.0).axes[0]
    curve, _, dot = ax.lines
    np.testing.assert_allclose(curve.get_xdata(), [0, 0, 1 / 3, 2 / 3, 1], atol=1e-15)
    np.testing.assert_allclose(curve.get_ydata(), [0, 1 / 2, 1 / 2, 1, 1], atol=1e-15)
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == pytest.approx((1 / 3, 1 / 2))
    # Pairs: anomaly 4 above all three; anomaly 2 above 1, equal to 2, below 3: (3 + 1 + 1/2) / 6.
    assert ax.get_title() == "area under the curve 0.7500"


def test_the_area_is_scikit_learn_s():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the independent oracle here")
    rng = np.random.default_rng(0)
    bad = rng.uniform(size=500) < 0.3
    scores = (rng.normal(size=500) + bad).round(1)  # with many equal ones
    title = roc_curve(scores, bad).axes[0].get_title()
    assert title == f"area under the curve {metrics.roc_auc_score(bad, scores):.4f}"


@pytest.mark.bad_input
@pytest.mark.parametrize("plot", [score_histogram, roc_curve])
def test_refuses(plot):
    with pytest.raises(ValueError, match="needs normal and anomalous examples, all 5 are of one kind"):
        plot(SCORES, np.ones(5, bool))
    with pytest.raises(ValueError, match=r"must be \(N,\), got \(5,\) and \(4,\)"):
        plot(SCORES, BAD[1:])
    with pytest.raises(ValueError, match="scores must be finite"):
        plot(np.full(5, np.nan), BAD)
