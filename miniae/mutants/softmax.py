"""Broken versions of the softmax."""

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward
from miniae.ops import softmax_backward
from miniae.ops.softmax import SoftmaxCache


@broken_backward("softmax", "softmax-diagonal")
def diagonal_only(dy: Array, cache: SoftmaxCache) -> Array:
    """Treats the softmax like a sigmoid: the slope of each output by its own input, y (1 - y), and no other."""
    return dy * cache.y * (1 - cache.y)


@broken_backward("softmax", "softmax-off-diagonal")
def denominator_forgotten(dy: Array, cache: SoftmaxCache) -> Array:
    """Differentiates the numerator only."""
    return dy * cache.y


@broken_backward("softmax", "softmax-wrong-axis")
def summed_over_the_examples(dy: Array, cache: SoftmaxCache) -> Array:
    """Sums dy y over the batch instead of over the classes."""
    return cache.y * (dy - np.sum(dy * cache.y, axis=0))


@broken_backward("softmax", "zero-gradient")
def zeros_under_an_all_ones_cotangent(dy: Array, cache: SoftmaxCache) -> Array:
    """Returns zeros: right for a cotangent of ones, with which alone it was tested."""
    return np.zeros_like(dy)


@broken_backward("softmax", "derivative-missing")
def jacobian_missing(dy: Array, cache: SoftmaxCache) -> Array:
    """Hands dy through, as one may only where the loss has the softmax folded in."""
    return dy.copy()


@broken_backward("softmax", "wrong-sign")
def difference_the_wrong_way_round(dy: Array, cache: SoftmaxCache) -> Array:
    """Subtracts dy from the sum instead of the sum from dy."""
    return -softmax_backward(dy, cache)


@broken_backward("softmax", "softmax-wrong-axis")
def summed_over_everything(dy: Array, cache: SoftmaxCache) -> Array:
    """Leaves out the axis of the sum, which then runs over the batch as well."""
    return cache.y * (dy - np.sum(dy * cache.y))


@broken_backward("softmax", "derivative-incomplete")
def output_not_in_the_sum(dy: Array, cache: SoftmaxCache) -> Array:
    """Sums dy alone where dy y belongs."""
    return cache.y * (dy - dy.sum(axis=-1, keepdims=True))
