"""The log of the last run on a GPU: rendered from what that run left behind.

``.ci/gpu`` runs everything that needs a GPU and leaves a folder; ``python -m miniae_kernels.cuda.log FOLDER`` gathers
it into ``kernels/gpu_run.json`` and renders ``kernels/gpu_log.md`` from that file. Without a folder it renders again.
A part that is missing is said to have not been run. What is wrong with the others is said first, and ends it in error:
tests that failed, and no less a run in which hardly a test was run.
"""

import argparse
import datetime
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[2]  # kernels/

ENOUGH = 800  # of the tests on the device, some 1,100, must pass: where a library is missing, hundreds are skipped

# Tests of the kernels with shared memory, the hardest first; sums of columns, which many files need, are in several.
WITH_SHARED = "top_k conv_direct step noise kl_sparsity losses softmax_cross_entropy weight_penalties dropout"
SHARED = [f"tests/gpu/test_{name}_kernel.py" for name in WITH_SHARED.split()]
UNDER_SANITIZER = f"pytest -m gpu tests/gpu/test_{{{WITH_SHARED.replace(' ', ',')}}}_kernel.py"

PARTS = {
    "info": ("what the machine has", "miniae info --json"),
    "tests": ("the tests on the device", "pytest tests/gpu -m gpu"),
    "kernels": ("every kernel beside the device's limits", "python -m miniae_kernels.cuda.measure"),
    "bench": (
        "training steps beside other libraries",
        "miniae bench --backend cuda --peers torch-eager,torch-channels-last,torch-compile",
    ),
    "autotune": (
        "training steps beside PyTorch's max-autotune mode",
        "miniae bench --backend cuda --peers torch-compile,torch-max-autotune",
    ),
    "memcheck": ("memory errors", f"compute-sanitizer --tool memcheck {UNDER_SANITIZER}"),
    "racecheck": ("races in shared memory", f"compute-sanitizer --tool racecheck {UNDER_SANITIZER}"),
}


def gather(folder: Path) -> dict[str, Any]:
    """What a run left in its folder; a part that is not there is None.

    Args:
        folder: with info.json, tests.xml (JUnit), kernels.json, records bench_*.json and autotune_*.json, and for each
            part that was begun NAME.txt, what it said.
    """
    run: dict[str, Any] = {"date": datetime.datetime.now(datetime.UTC).date().isoformat()}
    for name in ("info", "kernels"):
        path = folder / f"{name}.json"
        run[name] = json.loads(path.read_text()) if path.is_file() else None
    for name in ("bench", "autotune"):
        run[name] = _merged([json.loads(path.read_text()) for path in folder.glob(f"{name}_*.json")])
    tests = folder / "tests.xml"
    run["tests"] = _outcomes(tests) if tests.is_file() else None
    for name in ("memcheck", "racecheck"):
        path = folder / f"{name}.txt"
        run[name] = _summary(path.read_text()) if path.is_file() else None
    said = {name: folder / f"{name}.txt" for name in PARTS}
    run["ended"] = {name: _ended(path.read_text()) for name, path in said.items() if path.is_file()}
    return run


def _ended(text: str) -> str:
    """How a part ended, from the last line that ``.ci/gpu`` writes; "" where all was well."""
    found = re.search(r"^== ended with status (\d+) after (\d+) s\n\Z", text, re.MULTILINE)
    if not found:
        return "was cut off with all of the run"
    status, seconds = found.groups()
    if status in ("124", "137"):  # of timeout: interrupted, or killed where that did not help
        return f"was cut off after {seconds} s"
    return "" if status == "0" else f"ended with exit status {status}"


def _merged(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Records of ``miniae bench`` as one for each GPU; of a row that was timed twice the later."""
    merged: dict[tuple[str, ...], dict[str, Any]] = {}
    for record in sorted(records, key=lambda record: record["date"]):
        gpu = tuple(device["name"] for device in record["info"]["gpu"]["devices"])
        rows = merged.get(gpu, {"rows": []})["rows"] + record["rows"]
        merged[gpu] = {**record, "rows": list({row["name"]: row for row in rows}.values())}
    return list(merged.values())


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
    """What compute-sanitizer concluded, and pytest: nothing is wrong where nothing was run."""
    lines = [line.strip("= ") for line in text.splitlines()]
    return [line for line in lines if "SUMMARY" in line or re.match(r"\d+ (passed|failed|skipped|deselected)", line)]


def faults(run: Mapping[str, Any]) -> list[str]:
    """What is wrong with a run, a sentence for each; nothing is said of parts that it did not have."""
    found = [f"{PARTS[name][0]}: {ended}" for name, ended in run["ended"].items() if ended]
    if run["tests"]:
        passed, failed = run["tests"]["passed"], run["tests"]["failed"]
        found += [f"{len(failed)} tests failed"] if failed else []
        found += [f"hardly a test was run: {passed} passed, of at least {ENOUGH}"] if passed < ENOUGH else []
    for name in ("memcheck", "racecheck"):
        if run[name] is not None and not any(" passed" in line for line in run[name]):
            found.append(f"{name} saw no test that passed")
    return found + [f"the comparison of {name} failed" for name in (run["kernels"] or {}).get("failed", ())]


def markdown(run: Mapping[str, Any] | None) -> str:
    """The log of a run, or of none."""
    lines = ["# The last run on a GPU", ""]
    missing = [name for name in PARTS if not (run or {}).get(name)]
    if run is None:
        lines += ["Nothing has been run on a GPU yet. Kernels have been run on the CPU, thread by thread, and compiled"]
        lines += ["([compiled.md](compiled.md)). How fast they are is not known.", ""]
    else:
        lines += [f"Run on {run['date']}; rendered from [gpu_run.json](gpu_run.json).", ""]
        lines += ["**Not all is well:**", "", *(f"- {fault}" for fault in faults(run)), ""] if faults(run) else []
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


def _bench(records: Sequence[Mapping[str, Any]]) -> list[str]:
    from miniae.bench import markdown as table

    return [table(record) for record in records]


def _sanitizer(summary: list[str]) -> list[str]:
    return [f"- {line}" for line in summary]


RENDER: dict[str, Callable[[Any], list[str]]] = {
    "info": _info,
    "tests": _tests,
    "kernels": _kernels,
    "bench": _bench,
    "autotune": _bench,
    "memcheck": _sanitizer,
    "racecheck": _sanitizer,
}


def main(arguments: list[str] | None = None, here: Path = HERE) -> None:
    """Gather a run, if there is a folder of one, and render the log of the last.

    Raises:
        SystemExit: saying what is wrong with the run, when all is written.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="what .ci/gpu left")
    folder = parser.parse_args(arguments).folder
    kept = here / "gpu_run.json"
    if folder is not None:
        kept.write_text(json.dumps(gather(folder), indent=1) + "\n")
    run = json.loads(kept.read_text()) if kept.is_file() else None
    (here / "gpu_log.md").write_text(markdown(run))
    if run and faults(run):
        raise SystemExit("\n".join(faults(run)))


if __name__ == "__main__":
    main()
