"""Sparse codes against known features: how near each was found, and what sparsity costs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from miniae.arrays import Array
from miniae.plots.canvas import COLOURS, figure_of, graph_axes
from miniae.plots.checks import finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 50
MARKERS = "osD^v"


def cosine_histogram(cosines: Mapping[str, Sequence[float] | Array], *, ax: "Axes | None" = None) -> "Figure":
    """Histogram of each true feature's cosine to the nearest learned one, one outline for each model.

    Args:
        cosines: what :func:`~miniae.metrics.max_cosines` returns, by the model's name; at most seven.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if the values are not real numbers.
        ValueError: if there is no model or there are more than seven, or one has no cosines, or one not from -1 to 1.

    >>> figure = cosine_histogram({"untrained": [0.3, 0.4, 0.35], "trained": [0.98, 0.99, 0.97]})
    >>> figure.axes[0].get_xlabel()
    'cosine of a true feature to the nearest learned one'
    """
    if not 1 <= len(cosines) <= len(COLOURS):
        raise ValueError(f"cosine_histogram: needs 1 to {len(COLOURS)} models, got {len(cosines)}")
    rows = {name: finite("cosine_histogram", name, values) for name, values in cosines.items()}
    for name, values in rows.items():
        if np.abs(values).max() > 1 + 1e-6:
            raise ValueError(f"cosine_histogram: {name} must lie in [-1, 1], found {np.abs(values).max():.6g}")
    low = min(0.0, *(float(values.min()) for values in rows.values()))
    ax = graph_axes(ax)
    for colour, (name, values) in zip(COLOURS, rows.items(), strict=False):
        # Rounding may leave a cosine a hair above 1; it belongs to the last bar.
        ax.hist(np.minimum(values, 1), BINS, range=(low, 1), histtype="step", linewidth=2.5, color=colour, label=name)
    ax.set_xlabel("cosine of a true feature to the nearest learned one")
    ax.set_ylabel("true features")
    ax.legend(fontsize=ax.xaxis.label.get_fontsize())
    return figure_of(ax)


def sparsity_frontier(
    points: Mapping[str, Sequence[tuple[float, float]]], true_l0: float | None = None, *, ax: "Axes | None" = None
) -> "Figure":
    """Fraction of variance unexplained against L0: a line for each model, a point for each setting of it.

    Nearer to the lower left corner is better: fewer units, less error.

    Args:
        points: (L0, FVU) pairs by the model's name; at most seven models.
        true_l0: the data's own L0, where it is known: a dashed line.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if the values are not real numbers.
        ValueError: if there is no model or there are more than seven, or one has no pairs.

    >>> figure = sparsity_frontier({"L1": [(5.0, 0.2), (10.0, 0.1)], "TopK": [(5.0, 0.1)]}, true_l0=5.1)
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('L0, units active for an example', 'fraction of variance unexplained')
    """
    if not 1 <= len(points) <= len(COLOURS):
        raise ValueError(f"sparsity_frontier: needs 1 to {len(COLOURS)} models, got {len(points)}")
    rows = {name: finite("sparsity_frontier", name, pairs) for name, pairs in points.items()}
    for name, values in rows.items():
        if values.ndim != 2 or values.shape[1] != 2:
            raise ValueError(f"sparsity_frontier: {name} must be pairs (L0, FVU), got shape {values.shape}")
    ax = graph_axes(ax)
    for k, (name, values) in enumerate(rows.items()):
        l0, fvu = values[values[:, 0].argsort()].T
        ax.plot(l0, fvu, marker=MARKERS[k % len(MARKERS)], markersize=9, linewidth=2, color=COLOURS[k], label=name)
    if true_l0 is not None:
        ax.axvline(true_l0, color="black", linestyle="--", linewidth=1.5, label="true L0")
    ax.set_ylim(0, 1.08 * max(float(values[:, 1].max()) for values in rows.values()) or 1)
    ax.set_xlabel("L0, units active for an example")
    ax.set_ylabel("fraction of variance unexplained")
    ax.legend(fontsize=ax.xaxis.label.get_fontsize())
    return figure_of(ax)
