"""Point clouds: a panel each, points and arrows where they belong, equal scales."""

import numpy as np
import pytest

from miniae.plots import point_clouds

CLOUD = np.random.default_rng(0).normal(size=(7, 2))


def test_every_cloud_has_its_panel():
    figure = point_clouds({"raw": CLOUD, "doubled": 2 * CLOUD}, {"raw": np.array([[3.0, 0.0], [0.0, 4.0]])})
    raw, doubled = figure.axes
    np.testing.assert_array_equal(raw.lines[0].get_xydata(), CLOUD)
    np.testing.assert_array_equal(doubled.lines[0].get_xydata(), 2 * CLOUD)
    assert [text.xy for text in raw.texts] == [pytest.approx((3, 0)), pytest.approx((0, 4))]
    assert not doubled.texts
    assert raw.get_aspect() == doubled.get_aspect() == 1


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("clouds", "arrows", "message"),
    [
        ({}, None, "at least one cloud"),
        ({"raw": np.zeros((3, 3))}, None, r"raw must have shape \(points, 2\), got \(3, 3\)"),
        ({"raw": np.full((3, 2), np.nan)}, None, "raw must be finite"),
        ({"raw": CLOUD}, {"turned": np.eye(2)}, "arrows 'turned' belong to no panel; panels: raw"),
    ],
)
def test_what_cannot_be_drawn(clouds, arrows, message):
    with pytest.raises(ValueError, match=message):
        point_clouds(clouds, arrows)
