"""Anomaly scores: how far normal examples and anomalies lie apart, and what each threshold makes of them.

Shapes: N examples.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from miniae.arrays import Array
from miniae.plots.canvas import BLUE, VERMILLION, figure_of, graph_axes
from miniae.plots.checks import finite, on_host

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 60


def score_histogram(
    scores: Float[Array, " N"],
    anomalous: Bool[Array, " N"],
    threshold: float | None = None,
    *,
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw the scores of normal examples and of anomalies as two histograms over each other.

    Each is scaled to an area of 1, as there are usually far more of one kind than of the other. The last bar of each
    holds what lies beyond the 99.5 % quantile of all scores, so that a few extreme ones do not squeeze the others.

    Args:
        scores: of the examples, (N,).
        anomalous: which of them are anomalies, (N,); some are and some are not.
        threshold: drawn as a line, with the rates of false alarms and of detection there; None for none.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if ``scores`` are not real numbers.
        ValueError: if they are empty, not finite or not (N,), or ``anomalous`` has not that shape or is all alike.

    >>> figure = score_histogram(np.arange(100.0), np.arange(100) >= 50, threshold=49.5)
    >>> figure.axes[0].get_title()
    'false alarms 0.0 %, detected 100.0 %'
    """
    values, bad = _scored("score_histogram", scores, anomalous, threshold)
    ax = graph_axes(ax)
    reach = float(np.quantile(values, 0.995))
    limits = float(values.min()), max(reach, threshold or reach)
    for kind, colour, of_kind in (("normal", BLUE, ~bad), ("anomalous", VERMILLION, bad)):
        shown = values[of_kind].clip(max=limits[1])
        ax.hist(shown, BINS, range=limits, density=True, color=colour, alpha=0.6, label=kind)
    if threshold is not None:
        ax.axvline(threshold, color="black", linewidth=2.5, linestyle="--", label=f"threshold {threshold:.3g}")
        alarms, detected = (100 * float((values[k] > threshold).mean()) for k in (~bad, bad))
        ax.title.set_text(f"false alarms {alarms:.1f} %, detected {detected:.1f} %")
    ax.set_xlabel("score")
    ax.set_ylabel("density")
    ax.legend(fontsize=ax.xaxis.label.get_fontsize())
    return figure_of(ax)


def roc_curve(
    scores: Float[Array, " N"],
    anomalous: Bool[Array, " N"],
    threshold: float | None = None,
    *,
    ax: "Axes | None" = None,
) -> "Figure":
    r"""Draw the rate of detection over the rate of false alarms, through all thresholds.

    .. math::
        FPR(t) = P(s > t \mid normal), \qquad TPR(t) = P(s > t \mid anomalous)                  \tag{1}

    Scores that say nothing lie on the diagonal. The area under the curve is the chance that an anomaly scores higher
    than a normal example, equal scores counted half:

    .. math::
        AUC = P(s_a > s_n) + \tfrac12 P(s_a = s_n)                                              \tag{2}

    Arguments and errors are those of :func:`score_histogram`; the threshold is drawn as a dot.

    >>> figure = roc_curve(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, True]))
    >>> figure.axes[0].get_title()  # of the four pairs (anomaly, normal) one is the wrong way round
    'area under the curve 0.7500'

    Source: Fawcett (2006), "An introduction to ROC analysis".
    """
    values, bad = _scored("roc_curve", scores, anomalous, threshold)
    ax = graph_axes(ax)
    thresholds = np.unique(values)[::-1]  # equal scores are passed at once
    normal, anomalies = np.sort(values[~bad]), np.sort(values[bad])
    alarms, detected = (
        np.concatenate([1 - np.searchsorted(s, thresholds, side="right") / len(s), [1.0]]) for s in (normal, anomalies)
    )  # (1), from the highest score, above which nothing lies, to below the lowest
    area = float(np.trapezoid(detected, alarms))  # (2): the slanted lines are the halves
    ax.plot(alarms, detected, color=BLUE, linewidth=2.5)
    ax.plot([0, 1], [0, 1], color="gray", linestyle=":", label="scores that say nothing")
    if threshold is not None:
        at = tuple(float((values[k] > threshold).mean()) for k in (~bad, bad))
        ax.plot(*at, "o", color=VERMILLION, markersize=10, label=f"threshold {threshold:.3g}")
    ax.set_aspect("equal")
    ax.title.set_text(f"area under the curve {area:.4f}")
    ax.set_xlabel("rate of false alarms")
    ax.set_ylabel("rate of detection")
    ax.legend(fontsize=ax.xaxis.label.get_fontsize(), loc="lower right")
    return figure_of(ax)


def _scored(
    plot: str, scores: Array, anomalous: Array, threshold: float | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = finite(plot, "scores", scores)
    bad = on_host(anomalous)
    if bad.dtype != bool:
        raise TypeError(f"{plot}: anomalous must be booleans, got {bad.dtype}")
    if threshold is not None and not (isinstance(threshold, float | int | np.floating) and np.isfinite(threshold)):
        raise ValueError(f"{plot}: threshold must be a finite number, got {threshold!r}")
    if values.ndim != 1 or bad.shape != values.shape:
        raise ValueError(f"{plot}: scores and anomalous must be (N,), got {values.shape} and {bad.shape}")
    if bad.all() or not bad.any():
        raise ValueError(f"{plot}: needs normal and anomalous examples, all {len(bad)} are of one kind")
    return values, bad
