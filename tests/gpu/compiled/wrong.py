"""Kernels that Python runs as they were meant and a GPU does not, for Numba's types; each with a mended twin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float32, uint64

FLOATS = "float32[::1], float32[::1]"


@dataclass(frozen=True)
class Wrong:
    """A kernel, which says what the compiler makes of it, and its twin; the types of both, and a launch of one block.

    The last argument is the result, and ``meant`` what was meant to be there.
    """

    kernel: Callable[..., None]
    mended: Callable[..., None]
    types: str
    threads: int
    arguments: Callable[[], tuple[Any, ...]]
    meant: Callable[..., Any]  # of the arguments


def high_bits_of_a_product(words):
    """A product of int64 wraps at 64 bits, and the shift takes copies of its sign; Python's has all its bits."""
    i = cuda.grid(1)
    words[i] = ((i + 1) * 6364136223846793005) >> 33


def high_bits_of_halves(words):
    i = cuda.grid(1)
    low = (i + 1) * (6364136223846793005 & 0xFFFFFFFF)
    high = (i + 1) * (6364136223846793005 >> 32)
    words[i] = (high + (low >> 32)) >> 1


def key_or_number(seed, words):
    """What is uint64 on one path and int64 on the other becomes float64, which has 53 bits."""
    i = cuda.grid(1)
    key = seed
    if i % 2:
        key = i
    words[i] = key


def key_or_key(seed, words):
    i = cuda.grid(1)
    key = seed
    if i % 2:
        key = uint64(i)
    words[i] = key


def sum_from_0(x, y):
    """The total begins as int64 and goes on as float32: it becomes float64."""
    total = 0
    for i in range(x.size):
        total += x[i]
    y[0] = total


def sum_from_float32(x, y):
    total = float32(0)
    for i in range(x.size):
        total += x[i]
    y[0] = total


def tenth(x, y):
    """The literal is float64, and so is the product, rounded to float32 on its way into y."""
    i = cuda.grid(1)
    y[i] = 0.1 * x[i]


def tenth_as_float32(x, y):
    i = cuda.grid(1)
    y[i] = float32(0.1) * x[i]


def rectified(x, y):
    """The device's max takes the other number beside NaN; Python's keeps the first of the two."""
    i = cuda.grid(1)
    y[i] = max(x[i], float32(0))


def rectified_unless_below(x, y):
    i = cuda.grid(1)
    y[i] = float32(0) if x[i] < float32(0) else x[i]


def _total(x, y):
    return [np.add.accumulate(x)[-1]]  # which adds one after the other


def _numbers(n: int, results: int) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
    return lambda: (np.random.default_rng(0).standard_normal(n).astype(np.float32), np.zeros(results, np.float32))


WRONG = [
    Wrong(
        high_bits_of_a_product,
        high_bits_of_halves,
        "int64[::1]",
        8,
        lambda: (np.zeros(8, np.int64),),
        lambda words: [(i + 1) * 6364136223846793005 >> 33 for i in range(8)],
    ),
    Wrong(
        key_or_number,
        key_or_key,
        "uint64, uint64[::1]",
        4,
        lambda: (np.uint64(2**60 + 3), np.zeros(4, np.uint64)),
        lambda seed, words: [2**60 + 3, 1, 2**60 + 3, 3],
    ),
    Wrong(sum_from_0, sum_from_float32, FLOATS, 1, _numbers(1000, 1), _total),
    Wrong(tenth, tenth_as_float32, FLOATS, 64, _numbers(64, 64), lambda x, y: np.float32(0.1) * x),
    Wrong(
        rectified,
        rectified_unless_below,
        FLOATS,
        3,
        lambda: (np.float32([-1, np.nan, 2]), np.zeros(3, np.float32)),
        lambda x, y: [0, np.nan, 2],
    ),
]
