"""Two pictures of a gradient check: the error against the step size, and one gradient against the other."""

from collections.abc import Callable, Collection
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from miniae.gradcheck.evidence import Compared
from miniae.gradcheck.judge import comparable, errors, place
from miniae.gradcheck.numeric import EPS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from miniae.gradcheck.report import Report

STEPS = np.logspace(-12, 0, 49)  # from where rounding is all there is to where the cost has long bent away
LINES = ("-", "--", "-.")


def steps(report: "Report", names: Collection[str] | None = None, *, ax: "Axes | None" = None) -> "Figure":
    r"""Draw how far a central difference is from the gradient under test, for steps of every size.

    For the worst coordinate i of each block, with s the largest entry of the block's numerical gradient:

    .. math::
        e(h) = \frac{1}{s} \left| \frac{J(\theta + h e_i) - J(\theta - h e_i)}{2h} - g_i \right|
             \approx \frac{1}{s} \left( \frac{h^2}{6} |J'''_i| + \frac{\varepsilon |J|}{h} \right)      \tag{1}

    A right gradient gives a V on logarithmic axes: on the right the truncation of Taylor's series, which falls with
    the square of h, on the left the rounding of the two costs, which grows as h shrinks. Its lowest point, some 1e-10,
    is all that one central difference can do. A wrong gradient gives a floor: no step, however well chosen, makes the
    difference go away. For the blocks that fail a thin dotted line shows the V around the numerical gradient instead,
    which shows that the differences themselves are sound.

    Args:
        report: of a check that kept its cost.
        names: the blocks to draw; all when None.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure. Errors of exactly 0 are drawn at half a rounding of 1, for they have no place on the axis.

    Raises:
        ValueError: if a name is unknown, the report holds no cost, or no block can be drawn.

    >>> from miniae.gradcheck import check_function
    >>> report = check_function(lambda t: (float(np.exp(t).sum()), np.exp(t)), np.array([0.0, 1.0]))
    >>> [text.get_text() for text in report.plot_steps().axes[0].get_legend().get_texts()]
    ['theta [...]: pass', 'tolerance 1e-09']
    """
    from miniae.plots.canvas import COLOURS, SMALL, figure_of, graph_axes

    cost = report.evidence.cost
    if cost is None:
        raise ValueError("plot_steps: the report holds no cost to take differences of; check() and its kin keep theirs")
    drawn = _drawn("plot_steps", report, names)
    ax = graph_axes(ax)
    for k, compared in enumerate(drawn):
        block, value = report[compared.name], compared.value
        h = STEPS * max(1.0, abs(float(value[block.index])))
        quotients = np.array([_central(cost, compared, block.index, step) for step in h])
        from_analytic, from_numeric = (
            np.maximum(np.abs(quotients - g) / errors(compared).scale, EPS / 2) for g in (block.analytic, block.numeric)
        )  # (1)
        colour = COLOURS[k % len(COLOURS)]
        label = f"{compared.name} {place(block.index)}: {block.verdict}"
        line = LINES[k % len(LINES)]  # where two floors coincide, both are seen
        ax.plot(h, from_analytic, line, linewidth=2.5, label=label, color=colour)
        if block.verdict == "fail":
            ax.plot(h, from_numeric, ":", linewidth=1.5, color=colour)
    tolerance = max(compared.tolerance for compared in drawn)
    ax.axhline(tolerance, color="black", linewidth=1, linestyle=(0, (6, 3)), label=f"tolerance {tolerance:.0e}")
    ax.set(xscale="log", yscale="log")
    failed = any(report[compared.name].verdict == "fail" for compared in drawn)
    ax.set_xlabel("step h" + "    (dotted: g the numerical gradient)" * failed)
    ax.set_ylabel("relative error |D(h) - g| / s")
    ax.set_ylim(bottom=min(EPS / 2, ax.get_ylim()[0]))
    ax.title.set_text("Error of a central difference, at each block's worst entry")
    ax.legend(fontsize=SMALL, loc="lower left")  # below the left arm of the V there is room
    return figure_of(ax)


def _central(
    cost: Callable[[str, np.ndarray], float], compared: Compared, index: tuple[int, ...], step: float
) -> float:
    """The central difference of the cost in one coordinate of one block; NaN where the cost is not finite."""
    plus, minus = (np.array(compared.value, np.float64) for _ in range(2))
    plus[index] += step
    minus[index] -= step
    with np.errstate(all="ignore"):
        return (cost(compared.name, plus) - cost(compared.name, minus)) / float(plus[index] - minus[index])


def scatter(report: "Report", names: Collection[str] | None = None, *, ax: "Axes | None" = None) -> "Figure":
    """Draw the gradient under test against the numerical one, a point for each entry.

    Right entries, small gray dots, lie on the diagonal. Wrong ones are crosses, in a colour for each block, and how
    they lie says much: on another line through the origin, a constant factor; on the falling diagonal, the sign; on a
    horizontal line, zeros; in a cloud, entries in the wrong place; beside the diagonal, a term forgotten.

    Both gradients of a block are divided by the largest entry of its numerical one, so that blocks of all sizes are
    seen. Entries that are not finite, and those of a large block that were not measured, are not drawn.

    Args:
        report: of any check.
        names: the blocks to draw; all when None.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        ValueError: if a name is unknown or no block can be drawn.

    >>> from miniae.gradcheck import check_function
    >>> doubled = check_function(lambda t: (float(t @ t), 4 * t), np.array([1.0, 2.0]))
    >>> doubled.plot_scatter().axes[0].lines[1].get_xydata()  # numeric, analytic
    array([[0.5, 1. ], [1. , 2. ]])
    """
    from miniae.plots.canvas import COLOURS, SMALL, figure_of, graph_axes

    drawn = _drawn("plot_scatter", report, names)
    ax = graph_axes(ax)
    ax.axline((0, 0), slope=1, color="black", linewidth=1, label="analytic = numeric")
    right, colours = [], cycle(COLOURS[1:])
    for compared in drawn:
        found = errors(compared)
        points = np.stack([compared.difference.gradient, compared.analytic], axis=-1).reshape(-1, 2) / found.scale
        wrong = found.wrong.reshape(-1)
        if compared.projected is not None:
            points, wrong = points[compared.projected.measured], wrong[compared.projected.measured]
        right.append(points[~wrong])
        if wrong.any():
            label = f"{compared.name}: {int(wrong.sum())} of {wrong.size} wrong"
            shown = points[wrong & np.isfinite(points).all(axis=1)]
            ax.plot(*shown.T, "x", color=next(colours), markersize=7, label=label, zorder=3)
    dots = np.concatenate(right)
    if len(dots):
        ax.plot(*dots.T, ".", color="0.55", markersize=5, label=f"{len(dots)} not wrong", zorder=2)
    ax.set_xlabel("numeric (largest entry of each block = 1)")
    ax.set_ylabel("analytic, in the same units")
    ax.title.set_text("Gradient under test against central differences")
    ax.legend(fontsize=SMALL, loc="upper left", bbox_to_anchor=(1, 1))  # beside the points, lest it hide one
    return figure_of(ax)


def _drawn(plot: str, report: "Report", names: Collection[str] | None) -> list[Compared]:
    """The blocks that are asked for and have something to draw."""
    for name in names or ():
        report[name]  # refuses unknown names
    asked = [c for c in report.evidence.compared if names is None or c.name in names]
    drawn = [c for c in asked if comparable(c) and c.analytic.size]
    if not drawn:
        raise ValueError(f"{plot}: nothing to draw: no block has two gradients of one shape")
    return drawn
