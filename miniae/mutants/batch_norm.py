"""Broken versions of batch normalisation."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward, broken_pair
from miniae.ops import OPS, Pair, batch_norm_backward, batch_norm_forward
from miniae.ops.batch_norm import BatchNormCache


def parts(dy: Array, cache: BatchNormCache) -> tuple[Array, Array, Array, Array]:
    """The factor gamma / sigma of dx, and what is added up: dy, its mean, and the part of the variance."""
    axes = tuple(range(dy.ndim - 1))
    turn = cache.normal * (dy * cache.normal).mean(axis=axes)
    return cache.gamma * cache.scale, dy, np.broadcast_to(dy.mean(axis=axes), dy.shape), turn


@broken_backward("batch_norm", "statistics-constant")
def statistics_held_constant(dy: Array, cache: BatchNormCache) -> Any:
    """Treats mean and variance as constants, as they are only when not training."""
    factor, own, _, _ = parts(dy, cache)
    return factor * own, *batch_norm_backward(dy, cache)[1:]


@broken_backward("batch_norm", "mean-path-missing")
def mean_forgotten(dy: Array, cache: BatchNormCache) -> Any:
    """Forgets that every entry moves the mean."""
    factor, own, _, turn = parts(dy, cache)
    return factor * (own - turn), *batch_norm_backward(dy, cache)[1:]


@broken_backward("batch_norm", "variance-path-missing", square=True)
def variance_forgotten(dy: Array, cache: BatchNormCache) -> Any:
    """Forgets that every entry moves the variance."""
    factor, own, mean, _ = parts(dy, cache)
    return factor * (own - mean), *batch_norm_backward(dy, cache)[1:]


@broken_backward("batch_norm", "variance-path-scaled")
def half_of_the_root_forgotten(dy: Array, cache: BatchNormCache) -> Any:
    """Differentiates the square root without its half."""
    factor, own, mean, turn = parts(dy, cache)
    return factor * (own - mean - 2 * turn), *batch_norm_backward(dy, cache)[1:]


@broken_backward("batch_norm", "variance-path-scaled")
def minus_of_the_power_forgotten(dy: Array, cache: BatchNormCache) -> Any:
    """Loses the minus of -1/2 in the derivative of 1/sigma."""
    factor, own, mean, turn = parts(dy, cache)
    return factor * (own - mean + turn), *batch_norm_backward(dy, cache)[1:]


@broken_backward("batch_norm", "statistics-wrong-count")
def divided_by_one_less(dy: Array, cache: BatchNormCache) -> Any:
    """Divides by m - 1, where the forward divides by m."""
    factor, own, mean, turn = parts(dy, cache)
    m = dy.size // dy.shape[-1]
    return factor * (own - (mean + turn) * m / (m - 1)), *batch_norm_backward(dy, cache)[1:]


@broken_backward("batch_norm", "statistics-wrong-count")
def divided_by_examples_alone(dy: Array, cache: BatchNormCache) -> Any:
    """Divides by the number of examples, where the pixels count too."""
    factor, own, mean, turn = parts(dy, cache)
    return factor * (own - (mean + turn) * dy[0, ..., 0].size), *batch_norm_backward(dy, cache)[1:]


@broken_backward("batch_norm", "gamma-missing")
def gamma_forgotten(dy: Array, cache: BatchNormCache) -> Any:
    """Forgets the factor gamma in dx."""
    dx, dgamma, dbeta = batch_norm_backward(dy, cache)
    return dx / cache.gamma, dgamma, dbeta


@broken_pair("batch_norm", "dgamma-not-normal")
def scale_gradient_of_x() -> Pair:
    """Multiplies dy by x, where it must be the normalised x."""

    def forward(x: Array, gamma: Array, beta: Array) -> Any:
        y, cache = batch_norm_forward(x, gamma, beta)
        return y, (x, cache)

    def backward(dy: Array, both: Any) -> Any:
        x, cache = both
        dx, _, dbeta = batch_norm_backward(dy, cache)
        return dx, (dy * x).sum(axis=(0, 1, 2)), dbeta

    return Pair(forward, backward)


@broken_backward("batch_norm", "dgamma-not-normal")
def scale_gradient_of_gamma_x(dy: Array, cache: BatchNormCache) -> Any:
    """Multiplies dy by gamma times the normalised x."""
    dx, dgamma, dbeta = batch_norm_backward(dy, cache)
    return dx, dgamma * cache.gamma, dbeta


@broken_backward("batch_norm", "bias-averaged")
def shift_gradient_averaged(dy: Array, cache: BatchNormCache) -> Any:
    """Averages dbeta over examples and pixels."""
    dx, dgamma, dbeta = batch_norm_backward(dy, cache)
    return dx, dgamma, dbeta / (dy.size // dy.shape[-1])


@broken_backward("batch_norm", "eps-missing", eps=1e-3)
def eps_forgotten(dy: Array, cache: BatchNormCache) -> Any:
    """Takes the standard deviation without eps going back."""
    variance = 1 / cache.scale**2 - 1e-3
    without = cache._replace(scale=variance**-0.5, normal=cache.normal / cache.scale / np.sqrt(variance))
    return batch_norm_backward(dy, without)[0], *OPS["batch_norm"].backward(dy, cache)[1:]


@broken_backward("batch_norm", "blocks-swapped")
def scale_and_shift_exchanged(dy: Array, cache: BatchNormCache) -> Any:
    """Returns dbeta before dgamma."""
    dx, dgamma, dbeta = batch_norm_backward(dy, cache)
    return dx, dbeta, dgamma
