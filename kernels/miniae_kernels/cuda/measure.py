"""How fast kernels run, beside what the device can do: only where there is a GPU.

``python -m miniae_kernels.cuda.measure`` runs the comparison of every file, ``--json FILE`` keeps what was measured.

Two limits are measured on the spot: the bandwidth of copying a large array, and the rate of a large matrix product. A
kernel that moves memory is held against the first, one that multiplies against the second.
"""

import argparse
import importlib
import pkgutil
import statistics
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import miniae_kernels.cuda
from miniae.bench import keep
from miniae_kernels.cuda.available import why_not

ROUNDS = 20
WRITTEN, AHEAD = 2**30, 8  # bytes written before every run, and how often: some 3 ms on an H100, 20 times its cache


def require_gpu() -> None:
    """End the program where there is no GPU to measure, saying why.

    Raises:
        SystemExit: with that sentence.
    """
    reason = why_not()
    if reason:
        raise SystemExit(reason)


class Case(NamedTuple):
    """One way to do it.

    Attributes:
        name: what it is called in the table.
        run: does it once.
        moved: bytes that have to be read and written.
        operations: multiplications and additions; 0 where memory is what counts.
    """

    name: str
    run: Callable[[], Any]
    moved: int
    operations: int = 0


class Row(NamedTuple):
    """What was measured of a :class:`Case`.

    Attributes:
        title, name: what is computed, and which way.
        error: the largest, relative to the largest value.
        milliseconds: the median.
        bandwidth: GB/s; ``of_copy`` is the share of what a copy reaches.
        rate: TFLOP/s; ``of_product`` is the share of what a large matrix product reaches. Both 0 where memory counts.
    """

    title: str
    name: str
    error: float
    milliseconds: float
    bandwidth: float
    of_copy: float
    rate: float
    of_product: float


MEASURED: list[Row] = []


def compare(title: str, *cases: Case, got: Callable[[], Any], expected: Any) -> Sequence[Row]:
    """Run every case, hold its result against the expected one, time it, and print a line for each.

    Args:
        title: what is computed, of what size and dtype.
        cases: the ways to do it, the naive one first.
        got: the array that the last run wrote.
        expected: what it should be, a NumPy array in float64.
    """
    first = len(MEASURED)
    print(f"{title}\n{'':24} {'error':>9} {'ms':>9} {'GB/s':>7} {'of copy':>8} {'TFLOP/s':>8} {'of GEMM':>8}")
    for case in cases:
        got().fill(float("nan"))
        case.run()
        error = float(np.abs(got().get() - expected).max() / np.abs(expected).max())
        ms = milliseconds(case.run)
        bandwidth, rate = case.moved / ms / 1e6, case.operations / ms / 1e9
        share = rate / matmul_rate() if case.operations else 0.0
        row = Row(title, case.name, error, ms, bandwidth, bandwidth / copy_bandwidth(), rate, share)
        done = f"{rate:8.2f} {share:8.0%}" if case.operations else ""
        print(f"{row.name:24} {error:9.1e} {ms:9.4f} {bandwidth:7.0f} {row.of_copy:8.0%} {done}")
        MEASURED.append(row)
    return MEASURED[first:]


def milliseconds(run: Callable[[], Any]) -> float:
    """The median time of a run on the device, after two to warm up.

    Launching a kernel takes the host longer than many a kernel takes the device, which would stand still in between. So
    it is given other work first, during which the host hands over the whole run; and of what the run before left in the
    device's cache, nothing is there any more.
    """
    import cupy

    other, times = cupy.empty(WRITTEN, cupy.uint8), []
    for _ in range(2 + ROUNDS):
        start, stop = cupy.cuda.Event(), cupy.cuda.Event()
        for _ in range(AHEAD):
            other.fill(0)
        start.record()
        run()
        stop.record()
        stop.synchronize()
        times.append(cupy.cuda.get_elapsed_time(start, stop))
    return statistics.median(times[2:])


@cache
def copy_bandwidth() -> float:
    """GB/s read and written when 1 GB is copied."""
    import cupy

    a = cupy.ones(2**27, cupy.float32)
    b = cupy.empty_like(a)
    return 2 * a.nbytes / milliseconds(lambda: cupy.copyto(b, a)) / 1e6


@cache
def matmul_rate() -> float:
    """TFLOP/s of cuBLAS on 8192 x 8192 in float32."""
    import cupy

    from miniae_kernels.cuda.gemm import matmul

    a, b, c = (cupy.ones((8192, 8192), cupy.float32) for _ in range(3))
    return 2 * 8192**3 / milliseconds(lambda: matmul(a, b, c)) / 1e9


def main() -> None:
    """Run the comparisons of all files; one that fails is told, and the others go on. What is kept is there after each.

    Raises:
        SystemExit: naming the files that failed, at the end.
    """
    require_gpu()
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--json", type=Path, help="file to write what was measured to")
    path = parser.parse_args().json
    limits = {"copy GB/s": copy_bandwidth(), "product TFLOP/s": matmul_rate()}
    failed: list[str] = []
    for name in (each.name for each in pkgutil.iter_modules(miniae_kernels.cuda.__path__)):
        module = importlib.import_module(f"miniae_kernels.cuda.{name}")
        if name not in TOOLS and hasattr(module, "main"):
            try:
                module.main()
            except Exception:
                traceback.print_exc()
                failed.append(name)
            if path:
                keep({"limits": limits, "failed": failed, "rows": [row._asdict() for row in MEASURED]}, path)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


TOOLS = ("compile", "log", "measure")  # whose main is no comparison

if __name__ == "__main__":
    from miniae_kernels.cuda import measure  # the module that the others add their rows to: this one runs as __main__

    measure.main()
