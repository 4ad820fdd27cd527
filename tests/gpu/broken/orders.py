"""Kernels in which every single access is right, and the result still depends on who comes first."""

import numpy as np
from numba import cuda, float32

from miniae_kernels.threads import OrderDependent

from .case import Broken, vectors
from .races import barrier_in_the_tree


def floats_added_by_atomics(x, y, n):
    """Additions of floats round: in another order the sum is another."""
    i = cuda.grid(1)
    if i < n:
        cuda.atomic.add(y, 0, x[i])


def first_come_first_served(x, y, n):
    """The large numbers are packed together in the order in which threads happen to ask for a place."""
    i = cuda.grid(1)
    if i < n and x[i] > 5:
        place = int(cuda.atomic.add(y, 0, float32(1)))
        y[1 + place] = x[i]


def each_counts_those_before(x, y, n):
    i = cuda.grid(1)
    if i < n and x[i] > 5:
        place = 0
        for k in range(i):
            if x[k] > 5:
                place += 1
        y[1 + place] = x[i]
        cuda.atomic.add(y, 0, float32(1))


def fractions():
    x = np.random.default_rng(0).random(64, np.float32)
    return x, np.zeros(1, np.float32), 64


def packed(x, y, n):
    large = x[x > 5]
    return np.concatenate([[large.size], large, np.zeros(y.size - 1 - large.size)])


CASES = [
    Broken(
        floats_added_by_atomics,
        barrier_in_the_tree,
        OrderDependent,
        r"y\[0\] is 3\d\.\d+ .* forward, but 3\d\.\d+ in the order",
        blocks=1,
        threads=64,
        arguments=fractions,
        expected=lambda x, y, n: [x.sum(dtype=np.float64)],
        atol=6 * 64 * 2.0**-24,  # six levels, none of them above 64, each rounds once
    ),
    Broken(
        first_come_first_served,
        each_counts_those_before,
        OrderDependent,
        r"y\[\d+\] is \d\.0 .* forward, but \d\.0 in the order 'reversed'",
        blocks=2,
        threads=32,
        arguments=vectors(50, 51),
        expected=packed,
    ),
]
