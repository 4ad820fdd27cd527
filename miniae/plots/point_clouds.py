"""Point clouds: the same points in the plane at several stages, side by side."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.plots.canvas import BLUE, LARGE, SMALL, VERMILLION, new_figure
from miniae.plots.checks import finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL = 560  # pixels


def point_clouds(
    clouds: Mapping[str, Float[Array, "_ 2"]], arrows: Mapping[str, Float[Array, "2 _"]] | None = None
) -> "Figure":
    """Draw clouds of points, one panel each, with the same scale along both axes.

    Args:
        clouds: the points, (N, 2), by their panels' titles, in order.
        arrows: directions to draw from the origin into a panel, one a column, by its title.

    Returns:
        The figure.

    Raises:
        TypeError: if a point is not made of real numbers.
        ValueError: if there is no cloud, one is not (N, 2), empty or not finite, or arrows belong to no panel
            or are not (2, N).

    >>> figure = point_clouds({"raw": np.eye(2), "turned": -np.eye(2)}, {"raw": np.eye(2)})
    >>> [ax.get_title() for ax in figure.axes]
    ['raw', 'turned']
    """
    arrows = arrows or {}
    if not clouds:
        raise ValueError("point_clouds: needs at least one cloud of points, got none")
    if unknown := [title for title in arrows if title not in clouds]:
        raise ValueError(f"point_clouds: arrows {unknown[0]!r} belong to no panel; panels: {', '.join(clouds)}")
    points = {title: finite("point_clouds", title, cloud) for title, cloud in clouds.items()}
    for title, cloud in points.items():
        if cloud.ndim != 2 or cloud.shape[1] != 2:
            raise ValueError(f"point_clouds: {title} must have shape (points, 2), got {cloud.shape}")
    heads = {title: finite("point_clouds", f"arrows {title}", directions) for title, directions in arrows.items()}
    for title, directions in heads.items():
        if directions.ndim != 2 or len(directions) != 2:
            raise ValueError(f"point_clouds: arrows {title} must have shape (2, arrows), got {directions.shape}")
    figure = new_figure(PANEL * len(points), PANEL)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    for ax, (title, cloud) in zip(np.ravel(figure.subplots(1, len(points))), points.items(), strict=True):
        ax.plot(*cloud.T, "o", color=BLUE, markersize=6, alpha=0.7)
        for direction in heads.get(title, np.empty((2, 0))).T:
            ax.annotate("", direction, (0, 0), arrowprops={"arrowstyle": "->", "color": VERMILLION, "linewidth": 2.5})
        ax.set_title(title, fontsize=LARGE)
        ax.tick_params(labelsize=SMALL)
        ax.set_aspect("equal", adjustable="datalim")
        ax.grid(alpha=0.3)
    return figure
