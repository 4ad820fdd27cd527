r"""Softmax over the last axis, and its backward.

Overrides: ``softmax``.

.. math::
    y_k = \frac{e^{x_k - c}}{\sum_j e^{x_j - c}}, \quad c = \max_j x_j, \qquad
    dx_k = y_k \Big(dy_k - \sum_j dy_j\, y_j\Big)

Idea: a group of lanes keeps to its row (:mod:`miniae_kernels.cuda.rows`) and goes through it three times: for the
largest element, for the sum, and to write. Only the first time the row comes from memory, then from the cache. To take
the exponential twice is cheaper than to write it down and read it back.

Bytes, for elements of s bytes: forward 2 N K s, backward 3 N K s. Operations: 2 exponentials an element and 4 others.

Shapes: N rows (all axes but the last), K classes.
"""

import math
from typing import Any

from numba import cuda

from miniae.arrays import check_cotangent, output
from miniae.ops import OPS, Pair
from miniae.ops.softmax import SoftmaxCache, check_softmax
from miniae_kernels.cuda.launch import THREADS, blocks_for, kernel
from miniae_kernels.cuda.rows import grid_for, place, row_total, softmax_parts


@kernel("real[:, ::1], real[:, ::1]")
def naive_forward(x, y):
    """A thread for each row."""
    n = cuda.grid(1)
    if n < x.shape[0]:
        c = x[n, 0]
        for k in range(1, x.shape[1]):
            if x[n, k] > c:
                c = x[n, k]
        total = x.dtype.type(0)
        for k in range(x.shape[1]):
            total += math.exp(x[n, k] - c)
        for k in range(x.shape[1]):
            y[n, k] = math.exp(x[n, k] - c) / total


@kernel("real[:, ::1], real[:, ::1], real[:, ::1]")
def naive_backward(dy, y, dx):
    """A thread for each row."""
    n = cuda.grid(1)
    if n < y.shape[0]:
        total = y.dtype.type(0)
        for k in range(y.shape[1]):
            total += dy[n, k] * y[n, k]
        for k in range(y.shape[1]):
            dx[n, k] = y[n, k] * (dy[n, k] - total)


@kernel("real[:, ::1], real[:, ::1]")
def forward(x, y):
    """Some lanes for each row."""
    c, total = softmax_parts(x)
    row, first, end, step = place(x)
    for k in range(first, end, step):
        y[row, k] = math.exp(x[row, k] - c) / total


@kernel("real[:, ::1], real[:, ::1], real[:, ::1]")
def backward(dy, y, dx):
    """Some lanes for each row."""
    row, first, end, step = place(y)
    total = y.dtype.type(0)
    for k in range(first, end, step):
        total += dy[row, k] * y[row, k]
    total = row_total(total)
    for k in range(first, end, step):
        dx[row, k] = y[row, k] * (dy[row, k] - total)


def softmax_forward(x: Any, *, out: Any = None) -> tuple[Any, SoftmaxCache]:
    """As the reference."""
    check_softmax(x)
    y = output("softmax", out, x.shape, x)
    classes = x.shape[-1]
    forward[grid_for(x.size // classes, classes)](x.reshape(-1, classes), y.reshape(-1, classes))
    return y, SoftmaxCache(y)


def softmax_backward(dy: Any, cache: SoftmaxCache, *, out: Any = None) -> Any:
    """As the reference."""
    y = cache.y
    check_cotangent("softmax", dy, y.shape, y.dtype)
    dx = output("softmax", out, y.shape, y)
    classes = y.shape[-1]
    backward[grid_for(y.size // classes, classes)](
        dy.reshape(-1, classes), y.reshape(-1, classes), dx.reshape(-1, classes)
    )
    return dx


PAIRS = {"softmax": Pair(softmax_forward, softmax_backward, *OPS["softmax"][2:])}


def main() -> None:
    """Hold the forward against NumPy and against the device's bandwidth, with few classes and with many."""
    from miniae_kernels.cuda.measure import require_gpu

    require_gpu()
    for n, classes in ((2**22, 10), (2**15, 1000)):
        _compare(n, classes)


def _compare(n: int, classes: int) -> None:
    import cupy

    from miniae_kernels.cuda.measure import Case, compare

    x = cupy.random.default_rng(0).standard_normal((n, classes), dtype=cupy.float32)
    y = cupy.empty_like(x)
    compare(
        f"softmax, {n} x {classes}, float32",
        Case("a thread for each row", lambda: naive_forward[blocks_for(n), THREADS](x, y), moved=2 * x.nbytes),
        Case("some lanes for each row", lambda: softmax_forward(x, out=y), moved=2 * x.nbytes),
        got=lambda: y,
        expected=OPS["softmax"].forward(x.get().astype("float64"))[0],
    )


if __name__ == "__main__":
    main()
