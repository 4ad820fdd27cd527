r"""Cross-entropy of class logits, the softmax folded in, with its gradient in the same pass.

Overrides: ``softmax_cross_entropy``.

.. math::
    L = \frac{1}{m} \sum_n \Big(\log \sum_k e^{y_{nk} - c_n} - (y_{n t_n} - c_n)\Big), \qquad
    dy_{nk} = \frac{1}{m} \big(p_{nk} - [k = t_n]\big), \qquad c_n = \max_k y_{nk}

with p the softmax of a row and t its label.

Idea: as for the softmax (:mod:`miniae_kernels.cuda.softmax`), some lanes for each row: with 10 classes 4, with 1,000
the 32 of a warp. What is known of a row gives its loss as well, and the rows of a block add up theirs.

Bytes, for elements of s bytes: 2 N K s. Operations: 2 exponentials an element and 5 others.

Shapes: N batch, K classes.
"""

import math
from typing import Any, NamedTuple

from numba import cuda, int64

from miniae import losses as reference
from miniae.arrays import output
from miniae.losses.softmax_cross_entropy import check_softmax_cross_entropy
from miniae.reduce import Reduce, local
from miniae_kernels.cuda.columns import column_sums
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, device, kernel
from miniae_kernels.cuda.rows import grid_for, place, softmax_parts
from miniae_kernels.cuda.totals import block_total, total


@device
def counted(label, classes):
    """The label as a class: a negative one counts from the last."""
    return label + classes if label < 0 else label


@device
def row_loss(y, row, label, c, sum_of_exponentials):
    """Minus the log-probability of a row's label; NaN where there is no such class, and nothing is read."""
    if 0 <= label < y.shape[1]:
        return math.log(sum_of_exponentials) - (y[row, label] - c)
    return y.dtype.type(math.nan)


class Kernels(NamedTuple):
    """The kernels for labels of one dtype."""

    naive: Kernel
    one_pass: Kernel


def kernels(labels: str) -> Kernels:
    """The kernels for labels of the dtype called ``labels``."""

    @kernel(f"real[:, ::1], {labels}[::1], real[:, ::1], real[::1]", labels)
    def naive(y, target, dy, losses):
        """A thread for each row; the losses are written out, to be added up by others."""
        n = cuda.grid(1)
        if n < y.shape[0]:
            m = y.dtype.type(y.shape[0])
            label = counted(int64(target[n]), y.shape[1])
            c = y[n, 0]
            for k in range(1, y.shape[1]):
                if y[n, k] > c:
                    c = y[n, k]
            found = y.dtype.type(0)
            for k in range(y.shape[1]):
                found += math.exp(y[n, k] - c)
            for k in range(y.shape[1]):
                p = math.exp(y[n, k] - c) / found
                dy[n, k] = (p - y.dtype.type(k == label)) / m
            losses[n] = row_loss(y, n, label, c, found)

    @kernel(f"real[:, ::1], {labels}[::1], real[:, ::1], real[::1], real", labels)
    def one_pass(y, target, dy, partial, factor):
        """Some lanes for each row; a block leaves the sum of its rows' losses."""
        tree = cuda.shared.array(THREADS, y.dtype)
        c, found = softmax_parts(y)
        row, first, end, step = place(y)
        loss = y.dtype.type(0)
        if end > 0:
            label = counted(int64(target[row]), y.shape[1])
            for k in range(first, end, step):
                p = math.exp(y[row, k] - c) / found
                dy[row, k] = factor * (p - y.dtype.type(k == label))
            if first == 0:
                loss = row_loss(y, row, label, c, found)
        t = cuda.threadIdx.y * step + first
        loss = block_total(tree, t, loss)
        if t == 0:
            partial[cuda.blockIdx.x] = loss

    return Kernels(naive, one_pass)


KERNELS = {labels: kernels(labels) for labels in ("int32", "int64", "uint8")}


def softmax_cross_entropy(y: Any, target: Any, *, reduce: Reduce = local, out: Any = None) -> tuple[Any, Any]:
    """As the reference, which is called where the batch is spread over several workers.

    A label that is no class makes the loss NaN.
    """
    if reduce is not local:
        return reference.softmax_cross_entropy(y, target, reduce=reduce, out=out)
    check_softmax_cross_entropy(y, target)
    import cupy

    dy = output("softmax_cross_entropy", out, y.shape, y)
    labels = target if target.dtype.name in KERNELS else target.astype(cupy.int64)
    blocks, threads = grid_for(*y.shape)
    partial = cupy.empty(blocks, y.dtype)
    KERNELS[labels.dtype.name].one_pass[blocks, threads](y, labels, dy, partial, 1 / len(y))
    return total(partial, 1 / len(y)), dy


COSTS = {"softmax_cross_entropy": softmax_cross_entropy}


def main() -> None:
    """Hold value and gradient against NumPy and the device's bandwidth, with few classes and with many."""
    from miniae_kernels.cuda.measure import require_gpu

    require_gpu()
    for n, classes in ((2**22, 10), (2**15, 1000)):
        _compare(n, classes)


def _compare(n: int, classes: int) -> None:
    import cupy

    from miniae_kernels.cuda.measure import Case, compare

    rng = cupy.random.default_rng(0)
    y, target = rng.standard_normal((n, classes), dtype=cupy.float32), rng.integers(0, classes, n)
    dy, losses, value = cupy.empty_like(y), cupy.empty(n, cupy.float32), cupy.empty((), cupy.float32)
    expected, slopes = reference.softmax_cross_entropy(y.get().astype("float64"), target.get())

    def naive() -> None:
        KERNELS["int64"].naive[blocks_for(n), THREADS](y, target, dy, losses)
        column_sums(losses.reshape(-1, 1), value.reshape(1), 1 / n)

    def one_pass() -> None:
        value[...], _ = softmax_cross_entropy(y, target, out=dy)

    cases = (
        Case("a thread for each row", naive, moved=2 * y.nbytes),
        Case("some lanes for each row", one_pass, moved=2 * y.nbytes),
    )
    compare(f"softmax cross-entropy, value, {n} x {classes}, float32", *cases, got=lambda: value, expected=expected)
    compare(f"softmax cross-entropy, gradient, {n} x {classes}, float32", *cases, got=lambda: dy, expected=slopes)


if __name__ == "__main__":
    main()
