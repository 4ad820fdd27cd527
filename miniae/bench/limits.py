"""What the machine can do, measured in the same run: multiply-adds in a matrix product, bytes in a copy."""

import time
from typing import Any, NamedTuple

import numpy as np

SIDE = 2048  # of the matrices
COPIED = 2**26  # bytes: more than caches hold, but for the largest
REPEATS = 12

# On a GPU: so that a cache is too small there as well, a product keeps all of it at work, and waiting is nothing.
LARGER, IN_A_ROW = 4, 4


class Limits(NamedTuple):
    """Rates to hold a step against.

    Attributes:
        flops: floating-point operations a second in a matrix product of float32; a multiply-add is two.
        bandwidth: bytes a second in a copy, reading and writing counted each.
    """

    flops: float
    bandwidth: float


def side(device: str) -> int:
    """Of the matrices, on ``"cpu"`` or ``"cuda"``."""
    return SIDE if device == "cpu" else LARGER * SIDE


def measure(xp: Any = np) -> Limits:
    """The best of several runs each, with NumPy, or with CuPy on its GPU."""
    n, copied = (side("cpu"), COPIED) if xp is np else (side("cuda"), LARGER**2 * COPIED)
    a = xp.full((n, n), 0.5, "float32")
    b, c = a.copy(), xp.empty_like(a)
    source = xp.ones(copied // 4, "float32")
    sink = xp.empty_like(source)
    return Limits(
        2 * n**3 / _best(xp, lambda: xp.matmul(a, b, out=c)),
        2 * copied / _best(xp, lambda: xp.copyto(sink, source)),
    )


def _best(xp: Any, work: Any) -> float:
    """The shortest time of one run, in seconds."""
    best, runs = float("inf"), 1 if xp is np else IN_A_ROW
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(runs):
            work()
        if xp is not np:
            xp.cuda.Device().synchronize()
        best = min(best, (time.perf_counter() - start) / runs)
    return best
