"""Curves: how the cost went down, epoch by epoch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from miniae.arrays import Array
from miniae.plots.canvas import COLOURS, figure_of, graph_axes, whole_numbers
from miniae.plots.checks import finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = ("-", "--", "-.", ":")


def curves(
    history: Mapping[str, Sequence[float] | Array],
    *,
    log: bool | None = None,
    step: str = "epoch",
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw every sequence of numbers in ``history`` as a curve over its epochs, counted from 1.

    Args:
        history: the numbers by their names, such as ``{"cost": [...], "validation_cost": [...]}``. They need not be
            equally many.
        log: whether the vertical axis is logarithmic; when None it is where the numbers are positive and the largest
            is more than 100 times the smallest.
        step: what the numbers were taken at, the label of the horizontal axis: ``"epoch"``, ``"iteration"``.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if the values are not real numbers.
        ValueError: if there is no curve, one is empty, not finite or not a plain sequence of numbers, or a
            logarithmic axis is asked for numbers that are not positive.

    >>> figure = curves({"cost": [3.0, 0.5, 0.02], "validation_cost": [3.1, 0.7, 0.3]})
    >>> axes = figure.axes[0]
    >>> axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()  # 3.1 is more than 100 times .02
    ('epoch', 'cost', 'log')
    """
    if not history:
        raise ValueError("curves: history must name at least one curve, got none")
    numbers = {name: finite("curves", name, values) for name, values in history.items()}
    for name, values in numbers.items():
        if values.ndim != 1:
            raise ValueError(f"curves: {name} must be a sequence of numbers, got shape {values.shape}")
    smallest, largest = min(v.min() for v in numbers.values()), max(v.max() for v in numbers.values())
    if log and smallest <= 0:
        raise ValueError(f"curves: a logarithmic axis needs positive numbers, the smallest is {smallest}")
    if log is None:
        log = 0 < 100 * smallest < largest
    ax = graph_axes(ax)
    for k, (name, values) in enumerate(numbers.items()):
        ax.plot(
            range(1, 1 + len(values)),
            values,
            LINES[k % len(LINES)],
            color=COLOURS[k % len(COLOURS)],
            linewidth=2.5,
            marker="o" if len(values) <= 20 else None,
            label=_words(name),
        )
    if log:
        ax.set_yscale("log")
    whole_numbers(ax.xaxis)
    ax.set_xlabel(step)
    ax.set_ylabel(_common(list(numbers)))
    if len(numbers) > 1:
        ax.legend(fontsize=ax.xaxis.label.get_fontsize())
    return figure_of(ax)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _common(names: list[str]) -> str:
    """What to call the vertical axis: a curve's whole name, or the last word of all names.

    >>> _common(["validation_cost"]), _common(["cost", "validation_cost"]), _common(["train", "test"])
    ('validation cost', 'cost', 'value')
    """
    if len(names) == 1:
        return _words(names[0])
    last = {name.split("_")[-1] for name in names}
    return last.pop() if len(last) == 1 else "value"
