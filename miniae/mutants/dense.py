"""Broken versions of the dense op."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward, broken_pair
from miniae.ops import OPS, Pair
from miniae.ops.dense import DenseCache

dense_forward, dense_backward, *_ = OPS["dense"]


@broken_backward("dense", "bias-averaged")
def bias_gradient_averaged(dy: Array, cache: DenseCache) -> Any:
    """Averages db over the batch, where the loss has already done so."""
    dx, dw, _ = dense_backward(dy, cache)
    return dx, dw, dy.mean(axis=0)


@broken_backward("dense", "doubled-1/m")
def weight_gradient_averaged(dy: Array, cache: DenseCache) -> Any:
    """Divides dw by the number of examples, where the loss has already done so."""
    dx, dw, db = dense_backward(dy, cache)
    return dx, dw / len(dy), db


@broken_backward("dense", "weights-not-transposed", square=True)
def weights_not_transposed(dy: Array, cache: DenseCache) -> Any:
    """Sends dy back through w instead of its transpose; with as many outputs as inputs nothing complains."""
    _, dw, db = dense_backward(dy, cache)
    return dy @ cache.w, dw, db


@broken_backward("dense", "transposed", square=True)
def weight_gradient_transposed(dy: Array, cache: DenseCache) -> Any:
    """Multiplies dw the other way round, dy^T x."""
    dx, _, db = dense_backward(dy, cache)
    return dx, dy.T @ cache.x, db


@broken_backward("dense", "transposed")
def weight_gradient_of_another_shape(dy: Array, cache: DenseCache) -> Any:
    """Multiplies dw the other way round where inputs and outputs differ in number."""
    dx, _, db = dense_backward(dy, cache)
    return dx, dy.T @ cache.x, db


@broken_backward("dense", "wrong-shape")
def bias_gradient_not_summed(dy: Array, cache: DenseCache) -> Any:
    """Hands dy on as db, one row for each example."""
    dx, dw, _ = dense_backward(dy, cache)
    return dx, dw, dy


@broken_backward("dense", "wrong-shape")
def bias_gradient_keeps_its_axis(dy: Array, cache: DenseCache) -> Any:
    """Sums db over the batch but leaves it a row of a matrix, (1, O)."""
    dx, dw, _ = dense_backward(dy, cache)
    return dx, dw, dy.sum(axis=0, keepdims=True)


@broken_backward("dense", "bias-wrong-axis", square=True)
def bias_gradient_over_the_wrong_axis(dy: Array, cache: DenseCache) -> Any:
    """Sums db over the outputs instead of the examples."""
    dx, dw, _ = dense_backward(dy, cache)
    return dx, dw, dy.sum(axis=1)


@broken_backward("dense", "bias-missing")
def bias_gradient_forgotten(dy: Array, cache: DenseCache) -> Any:
    """Makes room for db and never fills it."""
    dx, dw, db = dense_backward(dy, cache)
    return dx, dw, np.zeros_like(db)


@broken_backward("dense", "wrong-sign")
def input_gradient_negative(dy: Array, cache: DenseCache) -> Any:
    """Lets a minus sign of the loss slip into dx."""
    dx, dw, db = dense_backward(dy, cache)
    return -dx, dw, db


@broken_backward("dense", "blocks-swapped", square=True)
def gradients_in_the_wrong_order(dy: Array, cache: DenseCache) -> Any:
    """Returns dw before dx."""
    dx, dw, db = dense_backward(dy, cache)
    return dw, dx, db


@broken_backward("dense", "float32")
def rounded_to_float32(dy: Array, cache: DenseCache) -> Any:
    """Computes in single precision somewhere on the way."""
    return tuple(gradient.astype(np.float32).astype(np.float64) for gradient in dense_backward(dy, cache))


@broken_backward("dense", "cotangent-ignored")
def weight_gradient_ignores_the_cotangent(dy: Array, cache: DenseCache) -> Any:
    """Sums the inputs into dw as if every dy were 1."""
    dx, _, db = dense_backward(dy, cache)
    return dx, cache.x.T @ np.ones_like(dy), db


@broken_pair("dense", "argument-unused")
def bias_dropped() -> Pair:
    """Forgets to add b going forward, and computes its gradient all the same."""

    def forward(x: Array, w: Array, b: Array) -> Any:
        _, cache = dense_forward(x, w, b)
        return x @ w, cache

    return Pair(forward, dense_backward)


@broken_pair("dense", "accumulated")
def accumulates() -> Pair:
    """Adds to the weight gradient of the last call, and nobody zeroes it."""
    kept: list[Array] = []

    def backward(dy: Array, cache: DenseCache) -> Any:
        dx, dw, db = dense_backward(dy, cache)
        kept.append(dw)
        return dx, sum(kept), db

    _, cache = dense_forward(np.ones((2, 4)), np.ones((4, 3)), np.ones(3))
    backward(np.ones((2, 3)), cache)  # the batch before
    return Pair(dense_forward, backward)


@broken_pair("dense", "stale-cache")
def keeps_its_first_batch() -> Pair:
    """Stores the input once, on the first batch, and uses it for every batch after."""
    first: list[Array] = []

    def forward(x: Array, w: Array, b: Array) -> Any:
        first.append(x)
        return dense_forward(x, w, b)

    def backward(dy: Array, cache: DenseCache) -> Any:
        return dense_backward(dy, cache._replace(x=first[0]))

    forward(np.ones((6, 4)), np.ones((4, 3)), np.ones(3))  # the batch before
    return Pair(forward, backward)


@broken_backward("dense", "changes-its-argument")
def averages_the_cotangent_in_place(dy: Array, cache: DenseCache) -> Any:
    """Divides its caller's dy by the number of examples, in place."""
    dy /= len(dy)
    return dense_backward(dy, cache)
