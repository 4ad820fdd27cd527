"""Modes: points in the plane over the places where they should be, stage after stage.

Shapes: N points, K modes.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.plots.canvas import BLUE, DPI, LARGE, SMALL, VERMILLION, figure_of, new_figure
from miniae.plots.checks import finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = 330  # pixels


def samples_over_modes(
    samples: Mapping[str, Float[Array, "_ 2"]],
    modes: Float[Array, "K 2"],
    radius: float,
    *,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw the points of each stage over circles around the modes, the stages side by side on one scale.

    Args:
        samples: the points, (N, 2), by the names of their stages, in order.
        modes: the circles' centres, (K, 2).
        radius: of the circles.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if the points or modes are not real numbers.
        ValueError: if there is no stage, an array is not (N, 2), empty or not finite, or ``radius`` is not positive.

    >>> figure = samples_over_modes({"step 0": np.zeros((5, 2)), "step 100": np.eye(2)}, np.eye(2), radius=0.3)
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['step 0', 'step 100']
    """
    if not samples:
        raise ValueError("samples_over_modes: needs at least one stage, got none")
    if not 0 < radius < np.inf:
        raise ValueError(f"samples_over_modes: radius must be a positive number, got {radius}")
    points = {name: _plane(name, stage) for name, stage in samples.items()}
    modes = _plane("modes", modes)
    reach = 1.05 * max(radius + np.abs(modes).max(), *(np.abs(stage).max() for stage in points.values()))
    centres = 2 * reach * np.arange(len(points))
    if ax is None:
        ax = _wide_axes(len(points))
    for centre, stage in zip(centres, points.values(), strict=True):
        ax.plot(stage[:, 0] + centre, stage[:, 1], ".", color=BLUE, markersize=2, alpha=0.5)
        around = radius * np.exp(2j * np.pi * np.linspace(0, 1, 61))
        for x, y in modes:
            ax.plot(centre + x + around.real, y + around.imag, color=VERMILLION, linewidth=1)
    ax.set(xlim=(-reach, centres[-1] + reach), ylim=(-reach, reach), aspect="equal")
    ax.set_xticks(centres, points)
    ax.tick_params(axis="x", length=0)
    ax.spines[["top", "right"]].set_visible(False)
    return figure_of(ax)


def _plane(name: str, points: Array) -> Array:
    points = finite("samples_over_modes", name, points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"samples_over_modes: {name} must have shape (points, 2), got {points.shape}")
    return points


def _wide_axes(panels: int) -> "Axes":
    figure = new_figure(PANEL * panels + DPI, PANEL + DPI // 2)
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    ax = figure.add_subplot()
    ax.tick_params(labelsize=SMALL)
    ax.xaxis.set_tick_params(labelsize=LARGE)
    return ax
