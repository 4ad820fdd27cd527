"""Broken penalties: on activations (KL, L1) and on weights (L2)."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_cost
from miniae.penalties import kl_sparsity, l1, l2


def slope(rho: float, mean: Array) -> Array:
    """The derivative of KL(rho || mean) by the mean."""
    return -rho / mean + (1 - rho) / (1 - mean)


@broken_cost("kl_sparsity", "kl-not-divided-by-m")
def not_divided_by_m(a: Array, rho: float, beta: float) -> Any:
    """Forgets that each example moves the mean by 1/m only."""
    return kl_sparsity(a, rho, beta)[0], beta * slope(rho, a.mean(axis=0)) * np.ones_like(a)


@broken_cost("kl_sparsity", "kl-rho-hat-summed")
def activations_summed(a: Array, rho: float, beta: float) -> Any:
    """Sums the activations over the batch where their mean is meant."""
    return kl_sparsity(a, rho, beta)[0], beta / len(a) * slope(rho, a.sum(axis=0)) * np.ones_like(a)


@broken_cost("kl_sparsity", "kl-per-sample")
def each_example_its_own_mean(a: Array, rho: float, beta: float) -> Any:
    """Does not average over the batch at all: takes every activation for rho_hat."""
    return kl_sparsity(a, rho, beta)[0], beta / len(a) * slope(rho, a)


@broken_cost("kl_sparsity", "kl-running-average")
def running_average(a: Array, rho: float, beta: float) -> Any:
    """Takes the gradient at a running average of rho_hat, the cost at that of the batch."""
    mean = 0.9 * rho + 0.1 * a.mean(axis=0)
    return kl_sparsity(a, rho, beta)[0], beta / len(a) * slope(rho, mean) * np.ones_like(a)


@broken_cost("kl_sparsity", "cost-constant")
def clamped(a: Array, rho: float, beta: float) -> Any:
    """Clips the penalty to [0, 0]: the cost no longer depends on the activations."""
    cost, da = kl_sparsity(a, rho, beta)
    return np.clip(cost, 0, 0), da * np.ones_like(a)


@broken_cost("kl_sparsity", "kl-reversed")
def reversed_divergence(a: Array, rho: float, beta: float) -> Any:
    """Differentiates KL(rho_hat || rho), the divergence the other way round."""
    mean = a.mean(axis=0)
    turned = np.log(mean / rho) - np.log((1 - mean) / (1 - rho))
    return kl_sparsity(a, rho, beta)[0], beta / len(a) * turned * np.ones_like(a)


@broken_cost("kl_sparsity", "kl-wrong-sign")
def signs_swapped(a: Array, rho: float, beta: float) -> Any:
    """Writes rho / rho_hat - (1 - rho) / (1 - rho_hat)."""
    cost, da = kl_sparsity(a, rho, beta)
    return cost, -da * np.ones_like(a)


@broken_cost("kl_sparsity", "kl-without-beta")
def weight_forgotten(a: Array, rho: float, beta: float) -> Any:
    """Weights the cost with beta and the gradient not."""
    return kl_sparsity(a, rho, beta)[0], slope(rho, a.mean(axis=0)) / len(a) * np.ones_like(a)


@broken_cost("kl_sparsity", "kl-one-sided")
def only_the_active_half(a: Array, rho: float, beta: float) -> Any:
    """Differentiates the first term of the divergence and forgets the second."""
    return kl_sparsity(a, rho, beta)[0], -beta / len(a) * rho / a.mean(axis=0) * np.ones_like(a)


@broken_cost("kl_sparsity", "kl-missing")
def integer_division(a: Array, rho: float, beta: float) -> Any:
    """Divides by m in integers: 1 // m is 0 for every batch of more than one example."""
    return kl_sparsity(a, rho, beta)[0], beta * (1 // len(a)) * slope(rho, a.mean(axis=0)) * np.ones_like(a)


@broken_cost("kl_sparsity", "kl-wrong-axis")
def mean_over_units(a: Array, rho: float, beta: float) -> Any:
    """Averages the activations of an example over its units, instead of those of a unit over the examples."""
    mean = a.mean(axis=1, keepdims=True)
    return kl_sparsity(a, rho, beta)[0], beta / len(a) * slope(rho, mean) * np.ones_like(a)


@broken_cost("l1", "l1-sign-missing")
def sign_forgotten(a: Array, strength: float) -> Any:
    """Pushes every activation down, the negative ones away from zero."""
    return l1(a, strength)[0], np.full_like(a, strength / len(a))


@broken_cost("l1", "missing-1/m")
def mean_forgotten(a: Array, strength: float) -> Any:
    """Averages the cost over the examples, the gradient not."""
    return l1(a, strength)[0], strength * np.sign(a)


@broken_cost("l1", "l1-of-value")
def gradient_of_the_square(a: Array, strength: float) -> Any:
    """Pulls in proportion to the activation, as L2 does."""
    return l1(a, strength)[0], strength / len(a) * a


@broken_cost("l1", "l1-scaled")
def strength_forgotten(a: Array, strength: float) -> Any:
    """Weights the cost with lambda and the gradient not."""
    return l1(a, strength)[0], np.sign(a) / len(a)


@broken_cost("l2", "missing-half")
def half_cancelled_twice(w: Array, strength: float) -> Any:
    """Keeps the 2 of the derivative though the half of the cost cancels it."""
    return l2(w, strength)[0], 2 * strength * w


@broken_cost("l2", "wrong-sign")
def decays_upwards(w: Array, strength: float) -> Any:
    """Writes the shrinking of the weights, -lambda w, for the gradient."""
    return l2(w, strength)[0], -strength * w


@broken_cost("l2", "not-differentiated")
def not_differentiated(w: Array, strength: float) -> Any:
    """Adds the penalty, lambda / 2 w^2, to the gradient without differentiating it."""
    return l2(w, strength)[0], strength / 2 * w**2


@broken_cost("l2", "zero-gradient")
def penalty_without_gradient(w: Array, strength: float) -> Any:
    """Adds the penalty to the cost only."""
    return l2(w, strength)[0], np.zeros_like(w)
