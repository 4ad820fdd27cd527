"""Points over modes: where each stage stands, that all share a scale, and what is refused."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from miniae.plots.modes import samples_over_modes

MODES = np.array([[2.0, 0.0], [0.0, 1.0]])
STAGES = {"start": np.array([[0.0, 0.0], [3.0, 1.0]]), "end": np.array([[2.0, 0.5]])}


def lines(figure):
    """Points and circles of each panel, in order: points, then a circle for each mode."""
    drawn = [line.get_xydata() for line in figure.axes[0].lines]
    return drawn[:3], drawn[3:]


def test_stages_stand_side_by_side_on_one_scale():
    figure = samples_over_modes(STAGES, MODES, 0.5)
    ax = figure.axes[0]
    # The farthest coordinate is 3, and 5 % more is shown: panels of width 6.3, centres at 0 and 6.3.
    np.testing.assert_allclose(ax.get_xlim(), [-3.15, 9.45])
    np.testing.assert_allclose(ax.get_ylim(), [-3.15, 3.15])
    np.testing.assert_allclose(ax.get_xticks(), [0, 6.3])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["start", "end"]
    assert ax.get_aspect() == 1
    first, second = lines(figure)
    np.testing.assert_allclose(first[0], STAGES["start"])
    np.testing.assert_allclose(second[0], STAGES["end"] + [6.3, 0])


def test_circles_have_the_radius_around_every_mode():
    first, second = lines(samples_over_modes(STAGES, MODES, 0.5))
    for offset, panel in ([0, 0], first), ([6.3, 0], second):
        for mode, circle in zip(MODES, panel[1:], strict=True):
            np.testing.assert_allclose(np.linalg.norm(circle - mode - offset, axis=1), 0.5)


def test_modes_beyond_the_points_are_shown():
    ax = samples_over_modes({"start": np.zeros((3, 2))}, MODES, 0.5).axes[0]
    np.testing.assert_allclose(ax.get_xlim(), [-2.625, 2.625])  # 1.05 (2 + 0.5)


def test_nothing_is_drawn_outside_the_figure_and_given_axes_are_used():
    figure = samples_over_modes(STAGES, MODES, 0.5)
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height
    own = Figure()
    assert samples_over_modes(STAGES, MODES, 0.5, ax=own.subplots()) is own


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("samples", "modes", "radius", "message"),
    [
        ({}, MODES, 0.5, "at least one stage"),
        (STAGES, MODES, 0, "radius must be a positive number, got 0"),
        (STAGES, MODES[0], 0.5, r"modes must have shape \(points, 2\), got \(2,\)"),
        ({"a": np.zeros((4, 3))}, MODES, 0.5, r"a must have shape \(points, 2\), got \(4, 3\)"),
        ({"a": np.full((4, 2), np.nan)}, MODES, 0.5, "a must be finite"),
    ],
)
def test_bad_input(samples, modes, radius, message):
    with pytest.raises(ValueError, match=message):
        samples_over_modes(samples, modes, radius)
