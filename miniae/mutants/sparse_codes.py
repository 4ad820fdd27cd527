"""Broken versions of what makes codes sparse: top-k and JumpReLU."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward, broken_pair
from miniae.ops import Pair, jump_relu_backward, jump_relu_forward, top_k_backward, top_k_forward
from miniae.ops.jump_relu import JumpReluCache
from miniae.ops.top_k import TopKCache


@broken_backward("top_k", "mask-not-applied")
def lets_everything_back(dy: Array, cache: TopKCache) -> Array:
    """Hands dy through to all entries, those that were not kept as well."""
    return dy.copy()


@broken_backward("top_k", "mask-inverted")
def to_the_entries_dropped(dy: Array, cache: TopKCache) -> Array:
    """Lets the gradient through where the entry was not kept."""
    return dy * ~cache.kept


@broken_backward("top_k", "changes-its-argument")
def masks_in_place(dy: Array, cache: TopKCache) -> Array:
    """Sets its caller's dy to 0 where nothing was kept."""
    dy[~cache.kept] = 0
    return dy


@broken_pair("top_k", "changes-its-argument")
def drops_in_place() -> Pair:
    """Drops the small entries of its input in place going forward."""

    def forward(x: Array, k: int) -> Any:
        y, cache = top_k_forward(x, k)
        x[...] = y
        return y, cache

    return Pair(forward, top_k_backward)


@broken_backward("jump_relu", "wrong-sign")
def sign_turned(dy: Array, cache: JumpReluCache) -> Any:
    """Returns minus the gradient."""
    return jump_relu_backward(-dy, cache)


@broken_backward("jump_relu", "mask-not-applied")
def lets_everything_through(dy: Array, cache: JumpReluCache) -> Any:
    """Hands dy through below the threshold too."""
    return dy.copy(), jump_relu_backward(dy, cache)[1]


@broken_pair("jump_relu", "changes-its-argument")
def jumps_in_place() -> Pair:
    """Sets what is below its threshold to 0 in the input itself."""

    def forward(x: Array, threshold: Array) -> Any:
        x[np.less_equal(x, threshold)] = 0
        return jump_relu_forward(x, threshold)

    return Pair(forward, jump_relu_backward)
