r"""What a training step does beside its ops, on the device: choose the batch, add weight decay, record the cost, count.

A step that is captured in a CUDA graph is replayed with the same launches and the same addresses. Whatever changes from
one step to the next therefore lies in device memory, in the arrays here, and is moved on by kernels. As a small
network's step takes little more than the launches it is made of, what can be done at once is.

.. math::
    J = C + \frac{\lambda}{2} \sum_{\text{decaying}} \theta_i^2, \qquad
    g_i \leftarrow g_i + \lambda \theta_i \text{ where it decays and is trained}, \qquad
    \|g\| = \sqrt{\textstyle\sum_i g_i^2}                                                        \tag{1}

Idea of :func:`decay`: weight decay, the gradient's length for clipping, and the question whether all of it is finite
want the gradient in full, so one pass over the flat vectors serves the three. A thread adds up in registers, a block
leaves three partial sums, and :func:`record` adds those up in one more block, which also has the cost in hand. That the
squares have a finite sum would not do as an answer to the question: large finite elements make it infinite too.

Bytes, for P parameters of s bytes: P s, and with weight decay 3 P s + 2 P. Operations: 4 to 8 each.

Shapes: N examples in all, B in a batch, W words of memory each; P parameters; one-element arrays hold counters and
flags.
"""

import math
from functools import partial
from typing import Any

import numpy as np
from numba import cuda, int32

from miniae_kernels.cuda.columns import EACH
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, kernel
from miniae_kernels.cuda.totals import MOST_BLOCKS, block_total, blocks_of


def rows_of(word: str) -> Kernel:
    """The kernel that copies rows of numbers of this size; what they mean it need not know."""

    @kernel(f"int64[::1], int64[::1], {word}[:, ::1], {word}[:, ::1]", word)
    def choose(order, first, data, batch):
        """Copy to ``batch`` (B, W) the next B rows of ``data`` (N, W) in the epoch's order: blocks in y share a row."""
        row, k = cuda.blockIdx.x, cuda.blockIdx.y * cuda.blockDim.x + cuda.threadIdx.x
        example = order[first[0] + row]
        for word in range(k, batch.shape[1], cuda.blockDim.x * cuda.gridDim.y):
            batch[row, word] = data[example, word]

    return choose


CHOOSE = {size: rows_of(f"uint{8 * size}") for size in (1, 2, 4, 8)}  # by the bytes of an element


def gather(order: Any, first: Any, data: Any, batch: Any) -> None:
    """Copy the next examples of an epoch.

    Args:
        order: int64, (N,).
        first: int64, (1,): where in ``order`` the batch begins.
        data: (N, ...), of any dtype, C-contiguous.
        batch: (B, ...), of the same.
    """
    import cupy

    def words(array: Any) -> Any:
        shape = len(array), array.size // len(array)
        return cupy.ndarray(shape, f"uint{8 * array.itemsize}", array.data)

    width = batch.size // len(batch)
    blocks = len(batch), min(blocks_for(width, THREADS * EACH), MOST_BLOCKS)
    CHOOSE[data.itemsize][blocks, min(THREADS, width)](order, first, words(data), words(batch))


@kernel("real[::1], real[::1], boolean[::1], boolean[::1], real, real[::1], real[::1], int32[::1]")
def naive(theta, gradient, decays, trained, strength, weights, squares, bad):
    """One thread goes through all elements."""
    penalty, total, count = gradient.dtype.type(0), gradient.dtype.type(0), int32(0)
    for i in range(gradient.size):
        if decays[i]:
            penalty += theta[i] * theta[i]
        if decays[i] and trained[i]:
            gradient[i] += strength * theta[i]
        total += gradient[i] * gradient[i]
        count += int32(0) if math.isfinite(gradient[i]) else int32(1)
    weights[0] = penalty
    squares[0] = total
    bad[0] = count


@kernel("real[::1], real[::1], boolean[::1], boolean[::1], real, real[::1], real[::1], int32[::1]")
def decay(theta, gradient, decays, trained, strength, weights, squares, bad):
    """Add weight decay to the gradient; without any, a ``strength`` of 0, theta and the masks are not looked at.

    A block leaves the sum of its decaying weights' squares, that of its gradient's, and the number of its elements that
    are not finite.
    """
    weight_tree = cuda.shared.array(THREADS, gradient.dtype)
    square_tree = cuda.shared.array(THREADS, gradient.dtype)
    count_tree = cuda.shared.array(THREADS, int32)
    t = cuda.threadIdx.x
    zero = gradient.dtype.type(0)
    penalty, total, count = zero, zero, int32(0)
    for i in range(cuda.grid(1), gradient.size, cuda.gridsize(1)):
        g = gradient[i]
        if strength > zero and decays[i]:
            w = theta[i]
            penalty += w * w
            if trained[i]:
                g += strength * w
                gradient[i] = g
        total += g * g
        count += int32(0) if math.isfinite(g) else int32(1)
    penalty, total = block_total(weight_tree, t, penalty), block_total(square_tree, t, total)
    count = block_total(count_tree, t, count)
    if t == 0:
        weights[cuda.blockIdx.x] = penalty
        squares[cuda.blockIdx.x] = total
        bad[cuda.blockIdx.x] = count


@kernel("real[::1], real[::1], int32[::1], real[::1], real, int64, real[::1], real[::1], int64[::1], int32[::1]")
def record(weights, squares, bad, cost, half_strength, turn, norm, costs, at, halt):
    """One block adds up what those of :func:`decay` have left: it keeps the norm of the gradient, and the step's cost.

    Where the cost, or the gradient, is not finite, it calls a halt. ``halt`` is (flag, turn, step): only the first
    failure is noted, and from then on nothing is updated.
    """
    weight_tree = cuda.shared.array(THREADS, squares.dtype)
    square_tree = cuda.shared.array(THREADS, squares.dtype)
    count_tree = cuda.shared.array(THREADS, int32)
    t = cuda.threadIdx.x
    penalty, total, count = squares.dtype.type(0), squares.dtype.type(0), int32(0)
    for i in range(t, squares.size, THREADS):
        penalty += weights[i]
        total += squares[i]
        count += bad[i]
    penalty, total = block_total(weight_tree, t, penalty), block_total(square_tree, t, total)
    count = block_total(count_tree, t, count)
    if t == 0:
        norm[0] = math.sqrt(total)
        value = cost[0] + half_strength * penalty
        costs[at[0]] = value
        if halt[0] == 0 and not (count == 0 and math.isfinite(value)):
            halt[0] = 1
            halt[1] = turn
            halt[2] = at[0]


@kernel("real[::1], real[::1], int32[::1]")
def commit(new, buffers, halt):
    """Make the new buffers the current ones, unless there is a halt."""
    i = cuda.grid(1)
    if i < buffers.size and halt[0] == 0:
        buffers[i] = new[i]


@kernel("int64[::1], int64[::1], uint32[::1], int64")
def advance(at, first, count, size):
    """On to the next step: its row in the epoch's tables, its first example, its number in the whole run."""
    at[0] += 1
    first[0] += size
    count[0] += 1


def main() -> None:
    """Hold what moves more than a handful of numbers against NumPy and against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, size, width = 65_536, 8192, 784
    data = cupy.random.default_rng(0).random((n, width), dtype=cupy.float32)
    order, first = cupy.asarray(np.random.default_rng(0).permutation(n)), cupy.zeros(1, cupy.int64)
    batch = cupy.empty((size, width), cupy.float32)
    compare(
        f"a batch of {size} x {width} in an epoch's order, float32",
        Case("CuPy's take", lambda: cupy.take(data, order[:size], axis=0, out=batch), moved=2 * batch.nbytes),
        Case("block for each example", lambda: gather(order, first, data, batch), moved=2 * batch.nbytes),
        got=lambda: batch,
        expected=data.get()[order[:size].get()].astype(np.float64),
    )
    compare_decay(2**20, naive=(naive, 1, 1), blocks=(decay, blocks_of(2**20), THREADS))
    compare_decay(2**26, blocks=(decay, blocks_of(2**26), THREADS))


def compare_decay(n: int, **ways: tuple[Kernel, int, int]) -> None:
    """Hold these kernels, each launched with so many blocks and threads, against NumPy on ``n`` parameters."""
    import cupy

    from miniae_kernels.cuda.measure import Case, compare

    theta, of_c = (cupy.random.default_rng(seed).standard_normal(n, dtype=cupy.float32) for seed in (0, 1))
    gradient, everywhere, strength = cupy.empty_like(theta), cupy.ones(n, cupy.bool_), 0.25
    cost, norm, costs = (cupy.zeros(1, cupy.float32) for _ in range(3))
    at, halt = cupy.zeros(1, cupy.int64), cupy.zeros(3, cupy.int32)

    def run(kernel: Kernel, blocks: int, threads: int) -> None:
        cupy.copyto(gradient, of_c)
        found = [cupy.empty(blocks, dtype) for dtype in (cupy.float32, cupy.float32, cupy.int32)]
        kernel[blocks, threads](theta, gradient, everywhere, everywhere, strength, *found)
        record[1, THREADS](*found, cost, strength / 2, 0, norm, costs, at, halt)

    compare(
        f"copy, decay and norm of a gradient of {n} elements, float32",
        *(Case(name, partial(run, *way), moved=5 * theta.nbytes + 2 * n) for name, way in ways.items()),
        got=lambda: norm,
        expected=np.array([np.linalg.norm(of_c.get().astype(np.float64) + strength * theta.get())]),
    )


if __name__ == "__main__":
    main()
