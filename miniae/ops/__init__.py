"""Operations: each a pair of plain functions, forward and backward, written out by hand.

``OPS`` is the table of all of them. A new op is one new file beside this one and one entry here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from miniae.ops.dense import dense_backward, dense_forward
from miniae.ops.sigmoid import sigmoid_backward, sigmoid_forward


class Pair(NamedTuple):
    """An operation: ``forward(x, ...) -> (y, cache)`` and ``backward(dy, cache) -> gradients``.

    ``linear`` names the arguments in which the forward is linear (or affine) while the others are held: a central
    difference with step 1 is exact there. ``kinks`` are the values of ``x`` at which the slope jumps: no difference
    quotient across one is a derivative.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    linear: tuple[str, ...] = ()
    kinks: tuple[float, ...] = ()


OPS = {
    "dense": Pair(dense_forward, dense_backward, linear=("x", "w", "b")),
    "sigmoid": Pair(sigmoid_forward, sigmoid_backward),
}
