"""Curves: what is drawn where, and when the axis is logarithmic."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from miniae.plots import curves


def test_numbers_stand_at_their_epochs_counted_from_one():
    ax = curves({"cost": [3.0, 2.0, 1.5], "validation_cost": np.array([4.0, 2.5], np.float32)}).axes[0]
    cost, validation = ax.lines
    np.testing.assert_array_equal(cost.get_xydata(), [[1, 3], [2, 2], [3, 1.5]])
    np.testing.assert_array_equal(validation.get_xydata(), [[1, 4], [2, 2.5]])


def test_several_curves_have_a_legend():
    ax = curves({"cost": [3.0, 2.0], "validation_cost": [4.0, 2.5]}, step="iteration").axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["cost", "validation cost"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("iteration", "cost")


def test_one_curve_has_none():
    ax = curves({"squared_error": [3.0, 2.0]}).axes[0]
    assert ax.get_legend() is None
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "squared error")


def test_ten_curves_are_told_apart():
    lines = curves({f"run_{k}": [float(k), 1.0] for k in range(10)}).axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10


@pytest.mark.parametrize(
    ("values", "log", "scale"),
    [
        ([101.0, 1.0], None, "log"),  # more than two decades
        ([100.0, 1.0], None, "linear"),
        ([101.0, 0.0], None, "linear"),  # zero has no place on a logarithmic axis
        ([101.0, -1.0], None, "linear"),
        ([101.0, 1.0], False, "linear"),
        ([2.0, 1.0], True, "log"),
    ],
)
def test_when_the_axis_is_logarithmic(values, log, scale):
    assert curves({"cost": values}, log=log).axes[0].get_yscale() == scale


def test_the_range_is_that_of_all_curves_together():
    assert curves({"cost": [1.0, 2.0], "validation_cost": [300.0]}).axes[0].get_yscale() == "log"


@pytest.mark.parametrize("length", [1, 2, 3, 60, 400])
def test_epochs_are_whole_numbers(length):
    ticks = curves({"cost": [1.0] * length}).axes[0].get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))


def test_one_number_is_seen():
    """A line through one point has no length: it needs a marker."""
    (line,) = curves({"cost": [1.0]}).axes[0].lines
    assert line.get_marker() == "o"


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("history", "log", "message"),
    [
        ({}, None, "at least one curve"),
        ({"cost": []}, None, r"curves: cost is empty"),
        (
            {"cost": [1.0, 2.0], "validation_cost": [1.0, np.nan]},
            None,
            r"curves: validation_cost .* nan at index \(1,\)",
        ),
        ({"cost": np.ones((2, 2))}, None, r"cost must be a sequence of numbers, got shape \(2, 2\)"),
        ({"cost": [1.0, 0.0]}, True, "logarithmic axis needs positive numbers, the smallest is 0.0"),
    ],
)
def test_refuses_before_it_draws(history, log, message):
    ax = Figure().subplots()
    with pytest.raises(ValueError, match=message):
        curves(history, log=log, ax=ax)
    assert not ax.has_data()
