"""A record as a picture: the time of a step of every contender, a group for each workload."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from miniae.bench import statistics
from miniae.bench.report import contender_names
from miniae.optional import require
from miniae.plots.canvas import COLOURS, SMALL, figure_of, graph_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = "osD^vP*"
WIDTH = 0.7  # of a group; 1 from one to the next


def picture(record: Mapping[str, Any]) -> "Figure":
    """Medians as marks with the quartiles as whiskers, on a logarithmic axis; a bar shows each workload's limit.

    Args:
        record: from :func:`~miniae.bench.run.bench`.

    Returns:
        The figure.
    """
    rows = record["rows"]
    names = contender_names(rows)
    ax = graph_axes(None)
    for k, name in enumerate(names):
        shift = WIDTH * ((k + 0.5) / len(names) - 0.5)
        shown = [(place, entry) for place, row in enumerate(rows) if (entry := statistics.named(row, name))]
        spreads = [statistics.spread(entry["ms"]) for _, entry in shown]
        ax.errorbar(
            [place + shift for place, _ in shown],
            [s.median for s in spreads],
            [[s.median - s.low for s in spreads], [s.high - s.median for s in spreads]],
            fmt=MARKERS[k % len(MARKERS)],
            color=COLOURS[k % len(COLOURS)],
            markersize=8,
            capsize=4,
            label=name,
        )
    places = range(len(rows))
    edges = [p - WIDTH / 2 for p in places], [p + WIDTH / 2 for p in places]
    ax.hlines([row["limit_ms"] for row in rows], *edges, color="gray", linewidth=2.5, label="limit")
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(require("matplotlib.ticker", "course").LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xticks(places, [row["name"] for row in rows])
    ax.grid(axis="x", visible=False)
    ax.set_ylabel("milliseconds a step")
    threads = max(record["threads"].values())
    where = f"threads: {threads}" if record["device"] == "cpu" else record["info"]["gpu"]["devices"][0]["name"]
    ax.set_title(f"One training step, float32, {where}")
    handles, labels = ax.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda k: labels[k] == "limit")  # last, though Matplotlib puts lines first
    ax.figure.legend(
        [handles[k] for k in order], [labels[k] for k in order], fontsize=SMALL, ncols=3, loc="outside lower center"
    )
    return figure_of(ax)
