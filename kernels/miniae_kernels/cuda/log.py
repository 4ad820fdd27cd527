"""The log of the last run on a GPU: rendered from what that run left behind.

``.ci/gpu`` runs everything that needs a GPU and leaves a folder; ``python -m miniae_kernels.cuda.log FOLDER`` gathers
it into ``kernels/gpu_run.json`` and renders ``kernels/gpu_log.md`` from that file. Without a folder it renders again.
A part that is missing is said to have not been run.
"""

import argparse
import datetime
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[2]  # kernels/
PARTS = {
    "info": ("what the machine has", "miniae info --json"),
    "tests": ("the tests on the device", "pytest tests/gpu -m gpu"),
    "kernels": ("every kernel beside the device's limits", "python -m miniae_kernels.cuda.measure"),
    "bench": ("training steps beside other libraries", "miniae bench --backend cuda --peers torch"),
    "memcheck": ("memory errors", "compute-sanitizer --tool memcheck pytest tests/gpu/test_*_kernel.py -m gpu"),
    "racecheck": (
        "races in shared memory",
        "compute-sanitizer --tool racecheck pytest tests/gpu/test_*_kernel.py -m gpu",
    ),
}


def gather(folder: Path) -> dict[str, Any]:
    """What a run left in its folder; a part that is not there is None.

    Args:
        folder: with info.json, tests.xml (JUnit), kernels.json, bench.json, memcheck.txt, racecheck.txt.
    """
    run: dict[str, Any] = {"date": datetime.datetime.now(datetime.UTC).date().isoformat()}
    for name in ("info", "kernels", "bench"):
        path = folder / f"{name}.json"
        run[name] = json.loads(path.read_text()) if path.is_file() else None
    tests = folder / "tests.xml"
    run["tests"] = _outcomes(tests) if tests.is_file() else None
    for name in ("memcheck", "racecheck"):
        path = folder / f"{name}.txt"
        run[name] = _summary(path.read_text()) if path.is_file() else None
    return run


def _outcomes(path: Path) -> dict[str, Any]:
    """How many tests passed, and the names of those that did not."""
    cases = list(ElementTree.parse(path).iter("testcase"))
    named = {"failed": ("failure", "error"), "skipped": ("skipped",)}
    found = {
        outcome: [case.get("name", "") for case in cases if any(case.find(tag) is not None for tag in tags)]
        for outcome, tags in named.items()
    }
    return {"passed": len(cases) - sum(map(len, found.values())), **found}


def _summary(text: str) -> list[str]:
    """What compute-sanitizer concluded."""
    return [line.strip("= ") for line in text.splitlines() if "SUMMARY" in line]


def markdown(run: Mapping[str, Any] | None) -> str:
    """The log of a run, or of none."""
    lines = ["# The last run on a GPU", ""]
    missing = [name for name in PARTS if not (run or {}).get(name)]
    if run is None:
        lines += ["Nothing has been run on a GPU yet. Kernels have been run on the CPU, thread by thread, and compiled"]
        lines += ["([compiled.md](compiled.md)). How fast they are is not known.", ""]
    else:
        lines += [f"Run on {run['date']}; rendered from [gpu_run.json](gpu_run.json).", ""]
        for name, (title, command) in PARTS.items():
            if name not in missing:
                lines += [f"## {title.capitalize()}", "", f"`{command}`", "", *RENDER[name](run[name]), ""]
    if missing:
        lines += ["## Not run on a GPU yet", ""]
        lines += [f"- {PARTS[name][0]}: `{PARTS[name][1]}`" for name in missing]
        lines += ["", "`.ci/gpu` runs all of it, on a machine with a GPU."]
    return "\n".join(lines).rstrip() + "\n"


def _info(info: Mapping[str, Any]) -> list[str]:
    return ["```json", json.dumps(info, indent=1), "```"]


def _tests(tests: Mapping[str, Any]) -> list[str]:
    lines = [f"{tests['passed']} passed, {len(tests['failed'])} failed, {len(tests['skipped'])} skipped."]
    return [*lines, *(f"- failed: {name}" for name in tests["failed"])]


def _kernels(measured: Mapping[str, Any]) -> list[str]:
    limits = ", ".join(f"{name} {value:.0f}" for name, value in measured["limits"].items())
    lines = [f"Measured limits: {limits}.", ""]
    lines += [
        "| what | how | error | ms | GB/s | of copy | TFLOP/s | of product |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in measured["rows"]:
        rate = f"{row['rate']:.2f} | {row['of_product']:.0%}" if row["rate"] else " | "
        lines.append(
            f"| {row['title']} | {row['name']} | {row['error']:.1e} | {row['milliseconds']:.4f} | "
            f"{row['bandwidth']:.0f} | {row['of_copy']:.0%} | {rate} |"
        )
    return lines


def _bench(record: Mapping[str, Any]) -> list[str]:
    from miniae.bench import markdown as table

    return [table(record)]


def _sanitizer(summary: list[str]) -> list[str]:
    return [f"- {line}" for line in summary]


RENDER: dict[str, Callable[[Any], list[str]]] = {
    "info": _info,
    "tests": _tests,
    "kernels": _kernels,
    "bench": _bench,
    "memcheck": _sanitizer,
    "racecheck": _sanitizer,
}


def main(arguments: list[str] | None = None, here: Path = HERE) -> None:
    """Gather a run, if there is a folder of one, and render the log of the last."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="what .ci/gpu left")
    folder = parser.parse_args(arguments).folder
    kept = here / "gpu_run.json"
    if folder is not None:
        kept.write_text(json.dumps(gather(folder), indent=1) + "\n")
    run = json.loads(kept.read_text()) if kept.is_file() else None
    (here / "gpu_log.md").write_text(markdown(run))


if __name__ == "__main__":
    main()
