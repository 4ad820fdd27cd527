"""How fast kernels run, beside what the device can do: only where there is a GPU.

Two limits are measured on the spot: the bandwidth of copying a large array, and the rate of a large matrix product. A
kernel that moves memory is held against the first, one that multiplies against the second. Arrays should be larger
than the device's cache (50 MB on an H100), or the second run finds them there.
"""

import statistics
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from miniae_kernels.cuda.available import why_not

ROUNDS = 20


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
    """What was measured of a :class:`Case`: the largest error relative to the largest value, and the time."""

    name: str
    error: float
    milliseconds: float
    bandwidth: float
    rate: float


def compare(title: str, *cases: Case, got: Callable[[], Any], expected: Any) -> Sequence[Row]:
    """Run every case, hold its result against the expected one, time it, and print a line for each.

    Args:
        title: what is computed, of what size and dtype.
        cases: the ways to do it, the naive one first.
        got: the array that the last run wrote.
        expected: what it should be, a NumPy array in float64.
    """
    rows = []
    print(f"{title}\n{'':24} {'error':>9} {'ms':>9} {'GB/s':>7} {'of copy':>8} {'TFLOP/s':>8} {'of GEMM':>8}")
    for case in cases:
        got().fill(float("nan"))
        case.run()
        error = float(np.abs(got().get() - expected).max() / np.abs(expected).max())
        ms = milliseconds(case.run)
        row = Row(case.name, error, ms, case.moved / ms / 1e6, case.operations / ms / 1e9)
        rows.append(row)
        done = f"{row.rate:8.2f} {row.rate / matmul_rate():8.0%}" if case.operations else ""
        print(
            f"{row.name:24} {row.error:9.1e} {row.milliseconds:9.4f} {row.bandwidth:7.0f} "
            f"{row.bandwidth / copy_bandwidth():8.0%} {done}"
        )
    return rows


def milliseconds(run: Callable[[], Any]) -> float:
    """The median time of a run on the device, after two to warm up."""
    import cupy

    times = []
    for _ in range(2 + ROUNDS):
        start, stop = cupy.cuda.Event(), cupy.cuda.Event()
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
