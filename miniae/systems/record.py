"""Running a system and keeping its figures: one line of JSON a run, and a page rendered from the latest of each."""

import json
import math
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from miniae.optional import require
from miniae.systems import SYSTEMS
from miniae.systems.system import Figure, Run

LINES, PAGE = "results.jsonl", "results.md"

HEAD = """# Results

Each row is a figure that a command measured; run it to see it again. A row without a command belongs to the one above.
`miniae results` lists the systems: 000 to 004 are those of five articles on autoencoders, corrected where they need it
(`04_spot_the_bug.py`); ufldl1 to ufldl10 the exercises of UFLDL; the others come from the papers that their files name.
Where there is no target, the figure is there to compare with. The figures and their history are in `results.jsonl`,
from which this page is rendered.

| system | data | metric | target | measured | verdict | seconds | measured on | command |
|---|---|---|---|---|---|---|---|---|
"""


def run(name: str, out: Path, record: Path | None = None, *, quick: bool = False) -> bool:
    """Train one system, print its figures against their targets, and record them.

    Args:
        name: of the system, in :data:`miniae.systems.SYSTEMS`.
        out: folder for pictures; made if missing.
        record: folder with the record to add to, or None for none.
        quick: see :class:`~miniae.systems.system.Run`; do not record it.

    Returns:
        Whether every target was met.

    Raises:
        ValueError: if the name is unknown, or ``record`` is no folder or holds a line that is no record.
        OSError: if nothing can be written there.
        ImportError: if the system needs a package that is not installed.
    """
    if name not in SYSTEMS:
        raise ValueError(f"system: {name!r} is unknown; known: {', '.join(SYSTEMS)}")
    if record is not None:
        _check_record(record)
    system = SYSTEMS[name]
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    figures = system.run(Run(out, quick))
    seconds = round(time.perf_counter() - start, 1)
    for figure in figures:
        print(f"{name}: {figure.metric}: {figure.measured:.4g} (target {_target(figure)}): {_verdict(figure)}")
    if record is not None:
        entry: dict[str, Any] = {
            "name": name,
            "system": system.title,
            "data": system.data,
            "seconds": seconds,
            "date": datetime.now(UTC).date().isoformat(),
            "machine": _machine(),
            "command": f"miniae results {name}",
            "figures": [{key: _finite(value) for key, value in figure._asdict().items()} for figure in figures],
        }
        with (record / LINES).open("a") as file:
            file.write(json.dumps(entry) + "\n")
        fresh = record / f"{PAGE}.new"
        fresh.write_text(render((record / LINES).read_text()))
        fresh.replace(record / PAGE)  # at a stroke: no reader finds half a page
    return all(figure.met for figure in figures)


def _check_record(folder: Path) -> None:
    """Refuse, before anything is trained, a folder in which the figures could not be kept afterwards."""
    if not folder.is_dir():
        raise ValueError(f"record: {folder} is no folder")
    for name in (LINES, PAGE):
        with (folder / name).open("a"):
            pass
    text = (folder / LINES).read_text()
    try:
        render(text)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"record: {folder / LINES} has a line that is no record: {error}") from None
    if text and not text.endswith("\n"):
        with (folder / LINES).open("a") as file:
            file.write("\n")


def render(lines: str) -> str:
    """The results page, from the text of ``results.jsonl``: the latest run of each system."""
    latest = {entry["name"]: entry for entry in map(json.loads, lines.splitlines())}
    rows = []
    for name in sorted(latest):
        entry = latest[name]
        system, data, seconds = entry["system"], entry["data"], f"{entry['seconds']:g}"
        where, command = f"{entry['date']}, {entry['machine']}", f"`{entry['command']}`"
        for recorded in entry["figures"]:
            figure = Figure(
                recorded["metric"],
                math.nan if recorded["measured"] is None else recorded["measured"],
                -math.inf if recorded["low"] is None else recorded["low"],
                math.inf if recorded["high"] is None else recorded["high"],
            )
            what = (figure.metric, _target(figure), f"{figure.measured:.4g}", _verdict(figure))
            rows.append(f"| {' | '.join((system, data, *what, seconds, where, command))} |")
            system = data = seconds = where = command = ""  # once for all figures of a system
    return HEAD + "\n".join(rows) + "\n"


def _machine() -> str:
    """What the seconds were measured on."""
    libraries = require("threadpoolctl", extra="course").threadpool_info()
    threads = max((library["num_threads"] for library in libraries if library["user_api"] == "blas"), default=1)
    cores = f"{os.cpu_count()} cores {platform.machine()}, {threads} in use by BLAS"
    return f"{cores}, NumPy {np.__version__}"


def _finite(value: Any) -> Any:
    """JSON has no word for infinity, nor for what is not a number: null stands for both."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _target(figure: Figure) -> str:
    if figure.low == -math.inf and figure.high == math.inf:
        return "none"
    if figure.high == math.inf:
        return f">= {figure.low:.4g}"
    if figure.low in (0, -math.inf):
        return f"<= {figure.high:.4g}"
    return f"{figure.low:.4g} to {figure.high:.4g}"


def _verdict(figure: Figure) -> str:
    """Whether the target is met, and if not, by how much it is missed."""
    if _target(figure) == "none":
        return "reported"
    if figure.met:
        return "met"
    by = max(figure.low - figure.measured, figure.measured - figure.high)
    return f"MISSED by {by:.2g}"
