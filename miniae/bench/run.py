"""``bench``: time a training step of each workload, miniae's beside its peers', and keep all that was timed."""

import traceback
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from miniae import backends
from miniae.arrays import Array
from miniae.backends import Backend
from miniae.bench import limits, rounds, workloads
from miniae.bench.agreement import Disagreement, Reference
from miniae.bench.contender import Contender
from miniae.bench.ours import Miniae
from miniae.bench.peers import Peer, select
from miniae.bench.threads import check_threads, limited
from miniae.bench.workloads import Workload
from miniae.info import info
from miniae_kernels.cuda.available import first_line, why_not

Record = dict[str, Any]
Tell = Callable[[str], Any]


def bench(
    rows: Sequence[str] = (),
    *,
    backend: str = "numpy",
    peers: str | None = None,
    seconds: float = 10.0,
    threads: int | None = None,
    progress: bool = True,
    each: Callable[[Record], Any] = lambda record: None,
) -> Record:
    """Time one training step (forward, backward, optimiser) in float32 of each workload.

    Every contender first shows that it computes the same: its cost, its gradient and where a few steps lead are held
    against miniae's, and a peer that disagrees is not timed. Then all take turns, round by round. A row that fails is
    told, and the others go on.

    Args:
        rows: names of :data:`~miniae.bench.workloads.WORKLOADS`; none for all but the large ones, and with a GPU
            backend for those too.
        backend: miniae's, several with commas between them. Where one of them runs on a GPU, so do the peers.
        peers: which of those installed; see :func:`miniae.bench.peers.select`.
        seconds: how long to time a row.
        threads: for everything that runs on the CPU; one for each processor when None.
        progress: whether to show a progress bar, where there is a terminal.
        each: is called after every row, with the record so far.

    Returns:
        The record, ready for JSON: the machine, the versions, and every round's times. From it
        :func:`~miniae.bench.report.markdown` makes a table and :func:`~miniae.bench.picture.picture` a picture.

    Raises:
        ValueError: if a name is unknown or a number out of range, or CUDA is asked for and cannot be used; before
            anything is run.
        ImportError: if a package is missing.
    """
    if not 0 < seconds < float("inf"):
        raise ValueError(f"seconds must be a positive number, got {seconds}")
    check_threads(threads)
    ours = [_backend(name) for name in backend.split(",")]
    device = "cpu" if all(one.xp is np for one in ours) else "cuda"
    chosen = workloads.chosen(rows, with_large=device == "cuda")
    selected = select(peers)
    packages = {one.package for one in selected.values()}
    with (
        limited(threads, packages) as used,
        tqdm(total=len(chosen), disable=None if progress else True, unit="row", dynamic_ncols=True) as bar,
    ):
        found = info()
        measured = limits.measure(next((one.xp for one in ours if one.xp is not np), np))
        told = ("miniae", "python", "platform", "processor", "numpy", "blas", "warnings", "gpu")
        record: Record = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "device": device,
            "info": {key: found[key] for key in told},
            "versions": {package: version(package) for package in sorted(packages)},
            "threads": used,
            "seconds": seconds,
            "limits": measured._asdict(),
            "rows": [],
        }
        for name, workload in chosen.items():
            bar.set_description(name)
            row = _row(workload, ours, selected, device, measured, seconds, bar.set_postfix_str)
            record["rows"].append({"name": name} | row)
            each(record)
            bar.update()
    return record


def _backend(name: str) -> Backend:
    """A backend that can be used.

    Raises:
        ValueError: if it is unknown, or CUDA cannot be used; with the reason and the remedy.
    """
    reason = why_not() if name == "cuda" else None
    if reason:
        raise ValueError(f"backend: cuda cannot be used: {reason}")
    return backends.backend(name)


def _row(
    workload: Workload,
    ours: Sequence[Backend],
    selected: dict[str, Peer],
    device: str,
    measured: limits.Limits,
    seconds: float,
    tell: Tell,
) -> dict[str, Any]:
    """Everything about one workload: the times of all contenders that agree, or why there are none."""
    work = workloads.work(workload)
    row = {
        "title": workload.title,
        "parameters": work.parameters,
        "multiply_adds": work.multiply_adds,
        "optimizer_bytes": work.optimizer_bytes,
        "limit_ms": work.limit(*measured),
    }
    try:
        return row | {"contenders": _timed(workload, ours, selected, device, seconds, tell)}
    except Exception as error:
        traceback.print_exc()
        return row | {"contenders": [], "failed": first_line(error)[:200]}


def _timed(
    workload: Workload, ours: Sequence[Backend], selected: dict[str, Peer], device: str, seconds: float, tell: Tell
) -> list[dict[str, Any]]:
    """An entry for every contender, with its times if it agrees."""
    entries, ready = _line_up(workload, ours, selected, device, tell)
    tell("warm-up")
    steps = [rounds.steps_per_round(contender) for contender in ready]
    ms = rounds.alternate(ready, steps, seconds, lambda count: tell(f"{count} rounds"))
    agree = (entry for entry in entries if "ms" in entry)
    for entry, count, times in zip(agree, steps, ms, strict=True):
        entry |= {"steps_per_round": count, "ms": times}
    for contender in ready:
        contender.close()
    return entries


def _line_up(
    workload: Workload, ours: Sequence[Backend], selected: dict[str, Peer], device: str, tell: Tell
) -> tuple[list[dict[str, Any]], list[Contender]]:
    """An entry for every contender, and those that will be timed: they have room for times under ``"ms"``."""
    x = workload.data()
    tell(f"miniae {ours[0].name}")
    first = _ours(workload, ours[0], x)
    reference = Reference(first, first.model.layout)
    entries: list[dict[str, Any]] = [{"name": first.name, "peer": False, "ms": []}]
    ready: list[Contender] = [first]
    makes: list[tuple[str, bool, Callable[[], Contender]]] = [
        (f"miniae {other.name}", False, partial(_ours, workload, other, x)) for other in ours[1:]
    ]
    model = workload.make("numpy", x.dtype)
    makes += [
        (peer.title, True, partial(peer.contender, model, x, workload.optimizer, device))
        for peer in selected.values()
        if (x.ndim == 4 or not peer.images_only) and (device == "cuda" or not peer.gpu_only)
    ]
    for title, is_peer, make in makes:
        tell(title)
        contender, failure = admit(make, reference)
        entries.append({"name": title, "peer": is_peer} | (failure or {"ms": []}))
        ready += [contender] if contender else []
    return entries, ready


def _ours(workload: Workload, backend: Backend, x: Array) -> Miniae:
    return Miniae(workload.make(backend, x.dtype), x, workload.optimizer)


def admit(make: Callable[[], Contender], reference: Reference) -> tuple[Contender | None, dict[str, Any]]:
    """Make a contender and hold it against the reference.

    What other libraries raise is theirs to choose, so anything is caught: one that cannot run is reported in one line
    and the others go on.

    Returns:
        The contender, or None and, under ``"refused"`` (it computes something else) or ``"could_not_run"``, why.
    """
    try:
        contender = make()
        reference.check(contender)
    except Disagreement as error:
        return None, {"refused": str(error)}
    except Exception as error:
        return None, {"could_not_run": first_line(error)[:200]}
    return contender, {}


def refusals(record: Record) -> Collection[str]:
    """The rows that failed, and the contenders that were refused, each as row and name."""
    failed = [row["name"] for row in record["rows"] if "failed" in row]
    return failed + [
        f"{row['name']} {entry['name']}" for row in record["rows"] for entry in row["contenders"] if "refused" in entry
    ]
