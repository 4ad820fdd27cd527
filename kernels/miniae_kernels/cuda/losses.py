r"""The losses that are a sum over elements, with their gradient in the same pass.

Overrides: ``squared_error``, ``mean_squared_error``, ``binary_cross_entropy``, ``binary_cross_entropy_with_logits``.

.. math::
    L = \alpha \sum_i f(y_i, t_i), \qquad dy_i = \beta f'(y_i, t_i)

with :math:`\alpha` and :math:`\beta` made of the numbers of examples and elements, and f one of three.

Idea: f and its derivative f' need the same two numbers, and much of the same arithmetic. Each thread reads y and t
once, writes the slope, and keeps its part of the sum in a register (:mod:`miniae_kernels.cuda.totals`). The reference
makes three to fourteen passes over arrays for it.

Bytes, for n elements of s bytes: 3 n s. Operations: 4 each for squared errors, two logarithms or exponentials and some
10 others for cross-entropies.

Shapes: n elements, of any shape.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from miniae import losses as reference
from miniae.arrays import check_floats, check_target, output
from miniae.reduce import Reduce, local
from miniae_kernels.cuda.columns import AT_ONCE, ahead, column_sums
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, device, kernel
from miniae_kernels.cuda.totals import block_total, blocks_of, total


@device
def square(y, t, eps):
    """(y - t)^2, and half its derivative: the 2 is a matter of the normalisation."""
    difference = y - t
    return difference * difference, difference


@device
def clipped(y, eps):
    """The nearest number to y in [eps, 1 - eps]; NaN, which is on neither side, stays."""
    last = type(y)(1) - eps
    return eps if y < eps else last if y > last else y


@device
def cross_entropy(y, t, eps):
    """-(t log q + (1 - t) log(1 - q)) at the nearest q inside, and along its tangent to y; its derivative."""
    one = type(y)(1)
    q = clipped(y, eps)
    slope = (q - t) / q / (one - q)
    return slope * (y - q) - t * math.log(q) - (one - t) * math.log1p(-q), slope


@device
def cross_entropy_with_logits(y, t, eps):
    """max(y, 0) - y t + log(1 + exp(-|y|)), and sigmoid(y) - t; no exponential can overflow."""
    one = type(y)(1)
    small = math.exp(-abs(y))
    if y > 0:
        return y * (one - t) + math.log1p(small), one / (one + small) - t
    return math.log1p(small) - y * t, small / (one + small) - t


class Kernels(NamedTuple):
    """The kernels of one f."""

    naive: Kernel
    one_pass: Kernel


def kernels(f: Any, name: str) -> Kernels:
    """The kernels of the loss whose terms and slopes the device function ``f`` gives; it becomes part of their code."""

    @kernel("real[::1], real[::1], real[::1], real[::1], real, real", name)
    def naive(y, target, dy, terms, eps, slope_factor):
        """A thread for each element; all terms are written out, to be added up by others."""
        i = cuda.grid(1)
        if i < y.size:
            term, slope = f(y[i], target[i], eps)
            terms[i] = term
            dy[i] = slope_factor * slope

    @kernel("real[::1], real[::1], real[::1], real[::1], real, real", name, registers=72)
    def one_pass(y, target, dy, partial, eps, slope_factor):
        """A thread goes through elements, reads ahead, and keeps the sum of terms; a block leaves one number."""
        tree = cuda.shared.array(THREADS, y.dtype)
        found = y.dtype.type(0)
        ys, targets = cuda.local.array(AT_ONCE, y.dtype), cuda.local.array(AT_ONCE, y.dtype)
        i, step = cuda.grid(1), cuda.gridsize(1)
        while i < y.size:
            ahead(y, i, step, ys)
            ahead(target, i, step, targets)
            for m in range(AT_ONCE):
                if i < y.size:
                    term, slope = f(ys[m], targets[m], eps)
                    found += term
                    dy[i] = slope_factor * slope
                i += step
        found = block_total(tree, cuda.threadIdx.x, found)
        if cuda.threadIdx.x == 0:
            partial[cuda.blockIdx.x] = found

    return Kernels(naive, one_pass)


SQUARE = kernels(square, "square")
CROSS_ENTROPY = kernels(cross_entropy, "cross_entropy")
CROSS_ENTROPY_WITH_LOGITS = kernels(cross_entropy_with_logits, "cross_entropy_with_logits")


class ElementLoss(NamedTuple):
    """A loss made of such a sum.

    Attributes:
        kernels: of its f.
        factors: of m examples and n elements, what the sum of terms and what the slopes are multiplied by.
    """

    kernels: Kernels
    factors: Callable[[int, int], tuple[float, float]]


LOSSES = {
    "squared_error": ElementLoss(SQUARE, lambda m, n: (1 / (2 * m), 1 / m)),
    "mean_squared_error": ElementLoss(SQUARE, lambda m, n: (1 / n, 2 / n)),
    "binary_cross_entropy": ElementLoss(CROSS_ENTROPY, lambda m, n: (1 / n, 1 / n)),
    "binary_cross_entropy_with_logits": ElementLoss(CROSS_ENTROPY_WITH_LOGITS, lambda m, n: (1 / n, 1 / n)),
}


def loss(name: str) -> Callable[..., Any]:
    """The loss called ``name``, with the signature of the reference."""
    (_, one_pass), factors = LOSSES[name]

    def function(y: Any, target: Any, *, reduce: Reduce = local, out: Any = None) -> tuple[Any, Any]:
        """As the reference, which is called where the batch is spread over several workers."""
        if reduce is not local:
            return reference.LOSSES[name].function(y, target, reduce=reduce, out=out)
        check_floats(name, y=y, target=target)
        check_target(name, y, target)
        import cupy

        dy = output(name, out, y.shape, y)
        factor, slope_factor = factors(len(y), y.size)
        partial = cupy.empty(blocks_of(y.size), y.dtype)
        one_pass[partial.size, THREADS](
            y.reshape(-1), target.reshape(-1), dy.reshape(-1), partial, np.finfo(y.dtype).eps, slope_factor
        )
        return total(partial, factor), dy

    return function


COSTS = {name: loss(name) for name in LOSSES}


def main() -> None:
    """Hold the cross-entropy of logits against NumPy and against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    name, n = "binary_cross_entropy_with_logits", 65_536 * 1024
    rng = cupy.random.default_rng(0)
    y, target = rng.standard_normal(n, dtype=cupy.float32), rng.random(n, dtype=cupy.float32)
    dy, terms, value = cupy.empty_like(y), cupy.empty_like(y), cupy.empty((), cupy.float32)
    expected, slopes = reference.LOSSES[name].function(y.get().astype("float64"), target.get().astype("float64"))

    def naive() -> None:
        CROSS_ENTROPY_WITH_LOGITS.naive[blocks_for(n), THREADS](y, target, dy, terms, 0, 1 / n)
        column_sums(terms.reshape(-1, 1), value.reshape(1), 1 / n)

    def fused() -> None:
        value[...], _ = COSTS[name](y, target, out=dy)

    cases = (
        Case("naive", naive, moved=3 * y.nbytes),
        Case("one pass", fused, moved=3 * y.nbytes),
    )
    compare(f"{name}, value, of {n} elements, float32", *cases, got=lambda: value, expected=expected)
    compare(f"{name}, gradient, of {n} elements, float32", *cases, got=lambda: dy, expected=slopes)


if __name__ == "__main__":
    main()
