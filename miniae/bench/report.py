"""A record as text: what it was measured on, and a Markdown table that is also readable as it stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from miniae.bench import limits, statistics
from miniae.bench.statistics import Entry, Row, Spread
from miniae.info import blas_line, processor_line

LEGEND = (
    "Milliseconds of a training step: the median over rounds and, in brackets, the quartiles. limit: what the step's "
    "matrix products, convolutions and optimiser would take at the rates measured. Ratios are of medians, in brackets "
    "the quartiles of the rounds' ratios; below 1, miniae is faster."
)
ON_GPU = (
    "miniae's step gathers its batch from the data set, as in fit; torch.compile copies its batch into the memory of "
    "its CUDA graph, as many bytes; the other peers work on a batch that stays where it is."
)
EAGER = "torch eager"


def markdown(record: Mapping[str, Any]) -> str:
    """The record of :func:`~miniae.bench.run.bench` as a page: the machine, the table, what could not be timed."""
    rows = record["rows"]
    names = contender_names(rows)
    ratios = _ratios(rows)
    table = [
        ["workload", *names, "limit", *(title for title, _, _ in ratios)],
        *([f"{row['name']} {row['title']}", *_cells(row, names), figures(row["limit_ms"]),
           *(_ratio(row, ours, peer) for _, ours, peer in ratios)] for row in rows),
    ]  # fmt: skip
    notes = [
        f"- {row['name']}, {entry['name']}: {what.replace('_', ' ')}: {entry[what]}"
        for row in rows
        for entry in row["contenders"]
        for what in ("refused", "could_not_run")
        if what in entry
    ]
    notes += [f"- {row['name']} could not be timed: {row['failed']}" for row in rows if "failed" in row]
    legend = f"{LEGEND} {ON_GPU}" if record["device"] == "cuda" else LEGEND
    parts = ["\n".join(head(record)), legend, _aligned(table), "\n".join(notes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def head(record: Mapping[str, Any]) -> list[str]:
    """What was measured on what, a line each."""
    found, rates, side = record["info"], record["limits"], limits.side(record["device"])
    gpus = [f"- GPU: {gpu['name']}, compute capability {gpu['compute_capability']}" for gpu in found["gpu"]["devices"]]
    versions = {"miniae": found["miniae"], "Python": found["python"], "NumPy": found["numpy"], **record["versions"]}
    return [
        f"- {record['date']}, {found['platform']}",
        f"- processor: {processor_line(found['processor'])}",
        *(gpus if record["device"] == "cuda" else []),
        *(f"- BLAS: {blas_line(pool)}" for pool in found["blas"]),
        f"- versions: {', '.join(f'{name} {number}' for name, number in versions.items())}",
        f"- threads: {', '.join(f'{name} {count}' for name, count in record['threads'].items())}",
        f"- measured in this run: {rates['flops'] / 1e9:.0f} GFLOP/s in a {side} x {side} float32 matrix product, "
        f"{rates['bandwidth'] / 1e9:.0f} GB/s in a copy, with {'CuPy' if record['device'] == 'cuda' else 'NumPy'}",
        *(f"- WARNING: {warning}" for warning in found["warnings"]),
    ]


def contender_names(rows: Sequence[Row]) -> list[str]:
    """All contenders of some rows, in order, those on images alone included."""
    longest_first = sorted(rows, key=lambda row: len(row["contenders"]), reverse=True)
    return list(dict.fromkeys(entry["name"] for row in longest_first for entry in row["contenders"]))


def figures(value: float) -> str:
    """A number with three figures, and never an exponent.

    >>> figures(0.51234), figures(12.345), figures(1234.5)
    ('0.512', '12.3', '1234')
    """
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _spread(spread: Spread) -> str:
    return f"{figures(spread.median)} ({figures(spread.low)}-{figures(spread.high)})"


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    cells = []
    for name in names:
        entry: Entry = next((entry for entry in row["contenders"] if entry["name"] == name), {})
        if "ms" in entry:
            cells.append(_spread(statistics.spread(entry["ms"])))
        else:
            cells.append("refused" if "refused" in entry else "could not run" if entry else "-")
    return cells


def _ratios(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """The columns of ratios: title, miniae's name, the peer's ("" for the fastest)."""
    ours = list(dict.fromkeys(entry["name"] for row in rows for entry in statistics.ours(row)))
    columns = []
    for name in ours:
        if any(statistics.fastest_peer(row) for row in rows):
            columns.append((f"{name} / fastest peer", name, ""))
        if any(statistics.named(row, EAGER) for row in rows):
            columns.append((f"{name} / {EAGER}", name, EAGER))
    return columns


def _ratio(row: Row, name: str, peer: str) -> str:
    ours = statistics.named(row, name)
    other = statistics.named(row, peer) if peer else statistics.fastest_peer(row)
    return _spread(statistics.ratio(ours, other)) if ours and other else "-"


def _aligned(table: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns stand under each other."""
    widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
    lines = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in table]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
