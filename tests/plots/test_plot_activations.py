"""Histograms of activations against counts made by hand."""

import numpy as np
import pytest

from miniae.plots import activation_histogram, mean_activations

A = np.array([[0.0, 0.05, 0.10, 0.1, 0.4], [0.0, 0.07, 0.10, 0.1, 0.6]])  # means 0, .06, .1, .1, .5


def bars(figure):
    """(left edge, right edge, height) of the bars that are not empty."""
    return [
        (bar.get_x(), bar.get_x() + bar.get_width(), bar.get_height())
        for bar in figure.axes[0].patches
        if bar.get_height() > 0
    ]


def test_units_are_counted_by_their_mean():
    """40 bars from 0 to .5 are .0125 wide: the means lie in bars 0, 4, 8 (twice) and, at its right end, 39."""
    expected = [(0, 0.0125, 1), (0.05, 0.0625, 1), (0.1, 0.1125, 2), (0.4875, 0.5, 1)]
    np.testing.assert_allclose(bars(mean_activations(A)), expected, rtol=0, atol=1e-12)


def test_every_unit_has_a_stroke_of_its_own():
    (strokes,) = mean_activations(A).axes[0].lines
    np.testing.assert_allclose(strokes.get_xdata(), [0, 0.06, 0.1, 0.1, 0.5], rtol=0, atol=1e-15)


def test_line_and_band_at_rho():
    """.8 to 1.3 of .1 is .08 to .13: two units within, two below, one above."""
    ax = mean_activations(A, rho=0.1).axes[0]
    assert ax.get_title() == "2 of 5 units in the band, 2 below, 1 above"
    (line,) = [line for line in ax.lines if line.get_label() == r"$\rho$ = 0.1"]
    np.testing.assert_array_equal(line.get_xdata(), [0.1, 0.1])
    (band,) = [patch for patch in ax.patches if patch.get_label() == r"0.8 $\rho$ to 1.3 $\rho$"]
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.08, 0.13), abs=1e-15)


def test_nothing_of_rho_where_none_is_given():
    ax = mean_activations(A).axes[0]
    assert ax.get_legend() is None
    assert ax.get_title() == ""


def test_dead_units_all_of_them():
    """40 bars from 0 to 1: all units in the first."""
    np.testing.assert_allclose(bars(mean_activations(np.zeros((3, 7)))), [(0, 1 / 40, 7)], rtol=0, atol=1e-12)


@pytest.mark.parametrize("a", [np.zeros((3, 7)), np.full((3, 7), 0.01), np.full((3, 7), -0.5)])
def test_zero_and_the_band_are_always_in_view(a):
    left, right = mean_activations(a, rho=0.1).axes[0].get_xlim()
    assert left <= min(0, a.min())
    assert right >= 0.13


def test_all_activations_are_counted():
    """40 bars from 0 to 1: 0 (once), .1 (twice) and 1 (three times) in bars 0, 4 and 39."""
    figure = activation_histogram(np.array([[0.0, 0.1, 1.0], [1.0, 0.1, 1.0]]))
    np.testing.assert_allclose(bars(figure), [(0, 0.025, 1), (0.1, 0.125, 2), (0.975, 1, 3)], rtol=0, atol=1e-12)
    assert figure.axes[0].get_yscale() == "log"
    assert figure.axes[0].get_ylim()[0] == 0.5  # below the smallest bar


@pytest.mark.bad_input
@pytest.mark.parametrize("plot", [mean_activations, activation_histogram])
@pytest.mark.parametrize(
    ("a", "message"),
    [
        (np.zeros(5), r"a must have shape \(examples, units\), got \(5,\)"),
        (np.zeros((2, 3, 4)), r"a must have shape .* got \(2, 3, 4\)"),
        (np.zeros((0, 5)), "a is empty"),
        (np.full((2, 2), np.nan), "a must be finite"),
    ],
)
def test_refuses(plot, a, message):
    with pytest.raises(ValueError, match=f"{plot.__name__}: {message}"):
        plot(a)


@pytest.mark.bad_input
@pytest.mark.parametrize("rho", [0.0, -0.1, float("nan")])
def test_rho_must_be_positive(rho):
    with pytest.raises(ValueError, match=f"rho must be positive, got {rho}"):
        mean_activations(A, rho)
