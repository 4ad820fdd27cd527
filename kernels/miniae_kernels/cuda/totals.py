r"""The sum of everything that the threads of a launch have found, in a fixed order.

.. math::
    s = \sum_i v_i

Idea: each thread adds up what it finds in a register; the threads of a block meet in a tree and leave one partial sum a
block; one more block adds those up (:func:`~miniae_kernels.cuda.columns.add_up`). How many blocks there are depends on
the size of the array alone and never on the device or on who comes first, so that two runs agree to the bit. And as
each sum has few terms, float32 is enough: the error grows with the terms of a thread and the depth of the trees.
"""

from typing import Any

from miniae_kernels.cuda.columns import EACH, add_up, tree_total
from miniae_kernels.cuda.launch import THREADS, blocks_for, device

MOST_BLOCKS = 1024  # about as many as a large GPU holds at a time


def blocks_of(n: int) -> int:
    """How many blocks of :data:`~miniae_kernels.cuda.launch.THREADS` go through ``n`` elements: 1 at least.

    >>> blocks_of(0), blocks_of(10_000), blocks_of(10**9)
    (1, 5, 1024)
    """
    return max(min(blocks_for(n, THREADS * EACH), MOST_BLOCKS), 1)


@device
def block_total(tree, t, value):
    """:func:`~miniae_kernels.cuda.columns.tree_total` in a block of :data:`~miniae_kernels.cuda.launch.THREADS`."""
    return tree_total(tree, t, value, THREADS)


def total(partial: Any, factor: float) -> Any:
    """``factor`` times the sum of ``partial`` (blocks,), as a 0-d array."""
    import cupy

    result = cupy.empty(1, partial.dtype)
    add_up(partial.reshape(-1, 1), result, factor)
    return result.reshape(())
