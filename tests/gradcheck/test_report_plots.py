"""What the pictures of a report hold."""

import numpy as np
import pytest
from evidence_by_hand import compared, evidence
from matplotlib.figure import Figure

from miniae.gradcheck.projections import Projected
from miniae.gradcheck.report import report
from miniae.gradcheck.report_plots import STEPS

POINT = np.array([0.0, 1.0])


def cost(name, value):
    """exp(a_0) + exp(a_1) plus the same of b: its gradient is exp."""
    assert name in ("a", "b")
    return float(np.exp(value).sum() + np.exp(POINT).sum())


def exponentials(b=1.0):
    """Blocks a, right, and b, whose gradient is ``b`` times the right one."""
    blocks = [
        compared(name, k * np.exp(POINT), np.exp(POINT))._replace(value=POINT) for name, k in (("a", 1), ("b", b))
    ]
    return report(evidence(*blocks, cost=cost))


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_right_gradient_gives_a_v():
    ax = exponentials().plot_steps(["a"]).axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    line, tolerance = ax.lines
    h, error = line.get_xydata().T
    np.testing.assert_allclose(h, STEPS)
    # Truncation: the worst entry is the first, where J''' = 1, and s = e: the error is h^2 / 6e.
    large = (h > 1e-3) & (h < 0.1)
    np.testing.assert_allclose(error[large], h[large] ** 2 / 6 / np.e, rtol=1e-2)
    # Rounding: J is about 7.4, so a difference of two costs is off by some 1e-15, and the error is about 1e-16 / h.
    assert error[h < 1e-9].max() > 1e-8
    # Both are least near the cube root of a rounding, at some 1e-11.
    assert error.min() < 1e-10
    assert 1e-7 < h[error.argmin()] < 1e-4
    assert set(tolerance.get_ydata()) == {1e-9}
    assert texts(ax) == ["a [0]: pass", "tolerance 1e-09"]


def test_a_wrong_gradient_gives_a_floor_and_the_v_beneath_it():
    ax = exponentials(b=1.5).plot_steps(["b"]).axes[0]
    floor, v, _ = ax.lines
    middle = (STEPS > 1e-8) & (STEPS < 1e-2)
    np.testing.assert_allclose(floor.get_ydata()[middle], 0.5, rtol=1e-3)
    assert v.get_linestyle() == ":"
    assert v.get_ydata()[middle].min() < 1e-9
    assert v.get_color() == floor.get_color()
    assert texts(ax) == ["b [1]: fail", "tolerance 1e-09"]
    assert "dotted" in ax.get_xlabel()


def test_every_block_has_a_line_in_a_colour_of_its_own():
    first, second, _ = exponentials().plot_steps().axes[0].lines
    assert first.get_color() != second.get_color()


def test_steps_that_leave_the_domain_are_left_out():
    point = np.array([1e-3])
    block = compared("a", 1 / point, 1 / point)._replace(value=point)
    found = report(evidence(block, cost=lambda name, value: float(np.log(value).sum())))
    error = found.plot_steps().axes[0].lines[0].get_ydata()
    assert np.isnan(error[STEPS > 1.1e-3]).all()
    assert np.isfinite(error[STEPS < 0.9e-3]).all()


def test_steps_leave_the_point_alone():
    found = exponentials()
    found.plot_steps()
    np.testing.assert_array_equal(POINT, [0, 1])


def test_the_scatter_marks_what_is_wrong():
    ax = exponentials(b=-1.0).plot_scatter().axes[0]
    _diagonal, wrong, right = ax.lines
    np.testing.assert_allclose(wrong.get_xydata(), [[1 / np.e, -1 / np.e], [1, -1]])
    np.testing.assert_allclose(right.get_xydata(), [[1 / np.e, 1 / np.e], [1, 1]])
    assert wrong.get_marker() == "x"
    assert texts(ax) == ["analytic = numeric", "b: 2 of 2 wrong", "2 not wrong"]


def test_the_scatter_without_a_right_entry_has_no_dots():
    assert texts(exponentials(b=2.0).plot_scatter(["b"]).axes[0]) == ["analytic = numeric", "b: 2 of 2 wrong"]


def test_the_scatter_counts_entries_that_cannot_be_drawn():
    ax = report(evidence(compared("a", [np.nan, 2.0, 1.0], [1.0, 1.0, 1.0]))).plot_scatter().axes[0]
    assert texts(ax)[1] == "a: 2 of 3 wrong"
    assert ax.lines[1].get_xydata().tolist() == [[1, 2]]


def test_the_scatter_leaves_out_what_was_not_measured():
    nothing = np.zeros(0)
    block = compared("w", np.arange(1.0, 101.0), np.r_[np.arange(1.0, 100.0), 200.0])
    measured = np.array([3, 50, 99])
    projected = Projected(nothing, block.difference, nothing, measured, measured[:2])
    ax = report(evidence(block._replace(projected=projected))).plot_scatter().axes[0]
    assert texts(ax) == ["analytic = numeric", "w: 1 of 3 wrong", "2 not wrong"]
    np.testing.assert_allclose(ax.lines[2].get_xdata(), [4 / 200, 51 / 200])


@pytest.mark.parametrize("plot", ["plot_steps", "plot_scatter"])
def test_draws_in_axes_of_the_caller_s(plot):
    figure = Figure()
    ax = figure.add_subplot()
    assert getattr(exponentials(), plot)(ax=ax) is figure
    assert ax.has_data()


@pytest.mark.parametrize("plot", ["plot_steps", "plot_scatter"])
def test_blocks_that_cannot_be_compared_are_passed_over(plot):
    found = report(evidence(compared("bad", np.ones(3), np.ones(2)), *exponentials().evidence.compared, cost=cost))
    assert not any("bad" in text for text in texts(getattr(found, plot)().axes[0]))


@pytest.mark.bad_input
@pytest.mark.parametrize("plot", ["plot_steps", "plot_scatter"])
def test_refuses_what_it_cannot_draw(plot):
    with pytest.raises(ValueError, match="no block is named 'c'; known: a, b"):
        getattr(exponentials(), plot)(["c"])
    with pytest.raises(ValueError, match=f"{plot}: nothing to draw"):
        getattr(report(evidence(compared("w", np.ones(3), np.ones(2)), cost=cost)), plot)()


@pytest.mark.bad_input
def test_steps_need_the_cost():
    with pytest.raises(ValueError, match="plot_steps: the report holds no cost"):
        report(evidence(compared("w", [1.0], [1.0]))).plot_steps()
