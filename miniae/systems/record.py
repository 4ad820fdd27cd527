"""Running a system and keeping its figures: one line of JSON a run, and a page rendered from the latest of each."""

import json
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from miniae.systems import SYSTEMS

LINES, PAGE = "results.jsonl", "results.md"

HEAD = """# Results

Each row is what one command measured; run it to see it again. `miniae results` lists the systems. The figures and their
history are in `results.jsonl`, from which this page is rendered.

| system | data | metric | target | measured | met | seconds | measured on | command |
|---|---|---|---|---|---|---|---|---|
"""


def run(name: str, out: Path, record: Path | None) -> bool:
    """Train one system, print its figures against their targets, and record them.

    Args:
        name: of the system, in :data:`miniae.systems.SYSTEMS`.
        out: folder for pictures; made if missing.
        record: folder with the record to add to, or None for none.

    Returns:
        Whether every target was met.

    Raises:
        ValueError: if the name is unknown or ``record`` is no folder; the message lists the known names.
    """
    if name not in SYSTEMS:
        raise ValueError(f"system: {name!r} is unknown; known: {', '.join(SYSTEMS)}")
    if record is not None and not record.is_dir():
        raise ValueError(f"record: {record} is no folder")
    system = SYSTEMS[name]
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    figures = system.run(out)
    entry: dict[str, Any] = {
        "name": name,
        "system": system.title,
        "data": system.data,
        "seconds": round(time.perf_counter() - start, 1),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores {platform.machine()}, NumPy {np.__version__}",
        "command": f"miniae results {name}",
        "figures": [{**figure._asdict(), "met": figure.met} for figure in figures],
    }
    for figure in figures:
        verdict = "met" if figure.met else "MISSED"
        print(f"{name}: {figure.metric} {figure.measured:.4g} (target {_range(figure.low, figure.high)}): {verdict}")
    if record is not None:
        with (record / LINES).open("a") as file:
            file.write(json.dumps(entry) + "\n")
        (record / PAGE).write_text(render((record / LINES).read_text()))
    return all(figure.met for figure in figures)


def render(lines: str) -> str:
    """The results page, from the text of ``results.jsonl``: the latest run of each system."""
    latest = {entry["name"]: entry for entry in map(json.loads, lines.splitlines())}
    rows = []
    for name in sorted(latest):
        entry = latest[name]
        for figure in entry["figures"]:
            cells = (
                entry["system"],
                entry["data"],
                figure["metric"],
                _range(figure["low"], figure["high"]),
                f"{figure['measured']:.4g}",
                "yes" if figure["met"] else "**no**",
                f"{entry['seconds']:g}",
                f"{entry['date']}, {entry['machine']}",
                f"`{entry['command']}`",
            )
            rows.append(f"| {' | '.join(cells)} |")
    return HEAD + "\n".join(rows) + "\n"


def _range(low: float, high: float) -> str:
    return f"<= {high:g}" if low in (0, float("-inf")) else f"{low:g} to {high:g}"
