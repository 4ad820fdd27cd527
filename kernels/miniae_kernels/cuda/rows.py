r"""Rows, a group of lanes each: how a maximum or a sum over a row is found without leaving the warp.

.. math::
    c_n = \max_k x_{nk}, \qquad s_n = \sum_k x_{nk}

Idea: a thread for each row is at its best when rows are a few numbers long. With more of them, neighbouring threads
read far apart: of every 32 bytes that memory hands over, 4 are used at a time. A warp for each row reads side by side,
but of a row of 10 numbers 22 of its 32 lanes see nothing. So a row is given 1, 2, 4, ... or 32 neighbouring lanes, as
many as leave each about 4 elements. Lane l reads the elements l, l + lanes, ...; what the lanes have found they
exchange by shuffles, each with the lane whose number differs in one bit, then in the next. Afterwards all of them know
the result, to the same bit, and in an order that depends on nothing but the length of the row.

A launch is blocks of (lanes, rows): ``threadIdx.x`` is the lane, ``threadIdx.y`` the row within the block. All lanes of
a warp must meet at a shuffle, those without a row too: they go along with a row of no elements.

Shapes: N rows, K elements each.
"""

import math

from numba import cuda

from miniae_kernels.cuda.launch import THREADS, blocks_for, device

WARP = 32
ALL = 0xFFFFFFFF  # the lanes that take part in a shuffle, one bit each
ELEMENTS = 4  # a lane should have so many: fewer and the exchanges are most of the work


def grid_for(n: int, k: int) -> tuple[int, tuple[int, int]]:
    """Blocks, and lanes and rows of a block, for ``n`` rows of ``k`` elements.

    >>> grid_for(1000, 10), grid_for(1000, 1000)
    ((16, (4, 64)), (125, (32, 8)))
    """
    lanes = 1
    while lanes < WARP and lanes * ELEMENTS < k:
        lanes *= 2
    rows = THREADS // lanes
    return blocks_for(n, rows), (lanes, rows)


@device
def place(x):
    """This thread's row, its first element there, the end of the row (0 behind the last row), and the step."""
    row = cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y
    return row, cuda.threadIdx.x, x.shape[1] if row < x.shape[0] else 0, cuda.blockDim.x


@device
def row_max(value):
    """The largest of the lanes' values; NaN is passed over."""
    half = cuda.blockDim.x // 2
    while half > 0:
        other = cuda.shfl_xor_sync(ALL, value, half)
        if other > value:
            value = other
        half //= 2
    return value


@device
def row_total(value):
    """The sum of the lanes' values."""
    half = cuda.blockDim.x // 2
    while half > 0:
        value += cuda.shfl_xor_sync(ALL, value, half)
        half //= 2
    return value


@device
def softmax_parts(x):
    """c, the largest element of this thread's row, and the sum of exp(x - c) over the row."""
    row, first, end, step = place(x)
    c = x.dtype.type(-math.inf)
    for k in range(first, end, step):
        if x[row, k] > c:
            c = x[row, k]
    c = row_max(c)
    total = x.dtype.type(0)
    for k in range(first, end, step):
        total += math.exp(x[row, k] - c)
    return c, row_total(total)
