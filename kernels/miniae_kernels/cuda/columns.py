r"""Sums over the rows of a matrix, in a fixed order, and the stride that makes them cheap.

.. math::
    s_o = \sum_n x_{no}

Idea: walk a matrix (N, O), stored row after row, with a stride that is a whole number of rows. Thread t then meets the
elements t, t + stride, t + 2 stride, ..., all of them in column t mod O: it can keep a sum of its column in a register
while it does its work on the elements, neighbouring threads read neighbouring elements whatever O is, and not a single
index has to be divided. What the threads leave is a matrix of partial sums, stride / O rows of it, which :func:`finish`
adds up with one block a column. Nothing depends on which thread comes first, so that two runs agree to the bit.

Shapes: N rows, O columns.
"""

from typing import Any

from numba import cuda, uint64

from miniae_kernels.cuda.launch import THREADS, blocks_for, device, kernel

MOST_THREADS = 2**17  # about as many as a large GPU holds at a time
AT_ONCE = 4  # elements that a thread reads before it works on the first: so many reads are under way
MOST_ROWS = 1024  # of partial sums with a thread each, as many as a block can have: narrow matrices leave thousands
EACH = 8  # elements a thread should have to itself: fewer and the partial sums are as much work as the matrix


def stride_for(n: int, features: int) -> int:
    """How many threads walk a matrix of ``n`` elements with rows of ``features``: a whole number of rows, 1 at least.

    >>> stride_for(8 * 1000, 25), stride_for(10, 25)
    (1000, 25)
    """
    wanted = min(MOST_THREADS, n // EACH)
    return max(wanted // features, 1) * features


@device
def ahead(x, i, stride, own):
    """Read the elements i, i + stride, ... of ``x``, at most :data:`AT_ONCE` of them, into ``own``.

    In a loop that reads one element and writes one, the compiler leaves every read behind the write before it, as both
    might be to the same place, and a thread waits for each on its own. Read beforehand, so that it waits once for all.
    Of a signed index, Numba's code would ask every time whether it counts from the end.
    """
    for m in range(AT_ONCE):
        if i + m * stride < x.size:
            own[m] = x[uint64(i + m * stride)]


@device
def tree_total(tree, t, value, threads):
    """The sum of the values of a block's threads, a power of 2; every one of them must come here.

    ``tree`` is a shared array of a place for each thread, ``t`` the thread's number in its block.
    """
    tree[t] = value
    cuda.syncthreads()
    half = threads // 2
    while half > 0:
        if t < half:
            tree[t] += tree[t + half]
        cuda.syncthreads()
        half //= 2
    return tree[0]


@kernel("real[:, ::1], real[::1], real")
def finish(partial, sums, factor):
    """``factor`` times the sum of each column: a block each, its threads, a power of 2, meeting in a tree."""
    tree = cuda.shared.array(MOST_ROWS, partial.dtype)
    column, t, threads = cuda.blockIdx.x, cuda.threadIdx.x, cuda.blockDim.x
    total = partial.dtype.type(0)
    for row in range(t, partial.shape[0], threads):
        total += partial[row, column]
    total = tree_total(tree, t, total, threads)
    if t == 0:
        sums[column] = factor * total


@kernel("real[:, ::1], real[::1], real")
def naive(x, sums, factor):
    """A thread for each column, which goes through all rows: O threads at work, of the 100,000 there could be."""
    o = cuda.grid(1)
    if o < sums.size:
        total = x.dtype.type(0)
        for n in range(x.shape[0]):
            total += x[n, o]
        sums[o] = factor * total


@kernel("real[::1], real[::1], int64")
def walk(x, partial, stride):
    """Each thread adds up its elements, all of one column."""
    t = cuda.grid(1)
    if t < stride:
        total = x.dtype.type(0)
        for i in range(t, x.size, stride):
            total += x[i]
        partial[t] = total


def column_sums(x: Any, sums: Any, factor: float = 1.0) -> None:
    """Write to ``sums`` (O,) ``factor`` times the sums of ``x`` (..., O) over all axes but the last."""
    import cupy

    stride = stride_for(x.size, sums.size)
    partial = cupy.empty((stride // sums.size, sums.size), x.dtype)
    walk[blocks_for(stride), THREADS](x.reshape(-1), partial.reshape(-1), stride)
    add_up(partial, sums, factor)


def add_up(partial: Any, sums: Any, factor: float = 1.0) -> None:
    """Write to ``sums`` (O,) ``factor`` times the column sums of ``partial`` (rows, O)."""
    threads = min(MOST_ROWS, 1 << (partial.shape[0] - 1).bit_length())  # no more than there are rows, rounded up
    finish[sums.size, threads](partial, sums, factor)


def main() -> None:
    """Hold the sums against NumPy's and against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    x = cupy.random.default_rng(0).standard_normal((65_536, 1024), dtype=cupy.float32)
    sums = cupy.empty(1024, cupy.float32)
    compare(
        "column sums, 65,536 x 1024, float32",
        Case("naive", lambda: naive[blocks_for(1024), THREADS](x, sums, 1.0), moved=x.nbytes),
        Case("walk", lambda: column_sums(x, sums), moved=x.nbytes),
        got=lambda: sums,
        expected=x.get().astype("float64").sum(axis=0),
    )


if __name__ == "__main__":
    main()
