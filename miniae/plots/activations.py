"""Activations of the hidden units: each unit's mean against the sparsity asked for, and all of them together.

Shapes: N examples, D hidden units.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from miniae.arrays import Array
from miniae.plots.canvas import BLUE, VERMILLION, figure_of, graph_axes, whole_numbers
from miniae.plots.checks import finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 40
BAND = 0.8, 1.3  # of rho: where a well trained sparse autoencoder keeps its units


def mean_activations(a: Float[Array, "N D"], rho: float | None = None, *, ax: "Axes | None" = None) -> "Figure":
    r"""Histogram of the hidden units' mean activations, against the mean ``rho`` they were asked for.

    .. math::
        \hat\rho_d = \frac{1}{N} \sum_n a_{nd}                  \tag{1}

    A unit at 0 is dead: no example activates it. Each unit is also drawn as a short stroke at the bottom, so that
    a single one far from the others is seen.

    Args:
        a: hidden activations, (N, D).
        rho: the mean activation asked for: drawn as a line, with .8 to 1.3 times it shaded and the numbers of
            units within, below and above in the title. None of that when None.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if ``a`` are not real numbers.
        ValueError: if ``a`` is not (N, D), is empty or not finite, or ``rho`` is not positive.

    >>> figure = mean_activations(np.array([[0.0, 0.04, 0.1, 0.0], [0.0, 0.06, 0.1, 0.1]]), rho=0.05)
    >>> figure.axes[0].get_title()
    '2 of 4 units in the band, 1 below, 1 above'

    Source: UFLDL tutorial, "Autoencoders and Sparsity".
    """
    a = _hidden("mean_activations", a)
    if rho is not None and not rho > 0:
        raise ValueError(f"mean_activations: rho must be positive, got {rho}")
    rho_hat = a.mean(axis=0)  # (1)
    ax = graph_axes(ax)
    _bars(ax, rho_hat, reach=BAND[1] * (rho or 0))
    ax.plot(rho_hat, np.full(len(rho_hat), 0.02), "|k", markersize=12, transform=ax.get_xaxis_transform())
    if rho is not None:
        low, high = BAND[0] * rho, BAND[1] * rho
        below, above = int((rho_hat < low).sum()), int((rho_hat > high).sum())
        ax.axvline(rho, color=VERMILLION, linewidth=2.5, label=rf"$\rho$ = {rho:g}")
        band = rf"{BAND[0]} $\rho$ to {BAND[1]} $\rho$"
        ax.axvspan(low, high, color=VERMILLION, alpha=0.15, linewidth=0, zorder=0, label=band)
        within = len(rho_hat) - below - above
        ax.title.set_text(f"{within} of {len(rho_hat)} units in the band, {below} below, {above} above")
        ax.legend(fontsize=ax.xaxis.label.get_fontsize())
    ax.set_xlabel(f"mean activation over {len(a)} examples")
    ax.set_ylabel("hidden units")
    whole_numbers(ax.yaxis)
    return figure_of(ax)


def activation_histogram(a: Float[Array, "N D"], *, ax: "Axes | None" = None) -> "Figure":
    """Histogram of all activations, of every hidden unit for every example, counts on a logarithmic axis.

    It shows what the means hide: a unit of mean .05 may be at .05 for every example, or at 1 for one in twenty and
    at 0 for the others. Only the second is sparse. Heaps at both ends of (0, 1) are saturated sigmoids, whose slope,
    and with it their gradient, is about 0.

    Args:
        a: hidden activations, (N, D).
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if ``a`` are not real numbers.
        ValueError: if ``a`` is not (N, D), is empty or not finite.

    >>> figure = activation_histogram(np.random.default_rng(0).uniform(size=(100, 25)))
    >>> figure.axes[0].get_xlabel()
    'activation of 25 units for 100 examples'
    """
    a = _hidden("activation_histogram", a)
    ax = graph_axes(ax)
    _bars(ax, a.ravel())
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.5)  # a bar of 1 is seen, and all bars begin where none is
    ax.set_xlabel(f"activation of {a.shape[1]} units for {a.shape[0]} examples")
    ax.set_ylabel("count")
    return figure_of(ax)


def _hidden(plot: str, a: Array) -> NDArray[np.float64]:
    values = finite(plot, "a", a)
    if values.ndim != 2:
        raise ValueError(f"{plot}: a must have shape (examples, units), got {values.shape}")
    return values


def _bars(ax: "Axes", values: NDArray[np.float64], reach: float = 0.0) -> None:
    """Histogram over a range that holds 0, all values and ``reach``; up to 1 where all of these are 0."""
    low, high = min(0.0, values.min()), max(0.0, values.max(), reach)
    ax.hist(values, BINS, range=(low, high if high > low else 1.0), color=BLUE, edgecolor="white", linewidth=0.5)
