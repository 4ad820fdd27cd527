"""Broken versions of the activations with a corner: ReLU, leaky ReLU, ELU, SELU."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward, broken_pair
from miniae.ops import Pair, relu_backward
from miniae.ops.elu import EluCache
from miniae.ops.leaky_relu import LeakyReluCache
from miniae.ops.relu import ReluCache
from miniae.ops.selu import ALPHA, SCALE, SeluCache


@broken_backward("relu", "derivative-missing")
def lets_everything_back(dy: Array, cache: ReluCache) -> Array:
    """Asks y >= 0, which holds everywhere, since y is never negative."""
    return dy * (cache.y >= 0)


@broken_backward("relu", "mask-inverted")
def mask_inverted(dy: Array, cache: ReluCache) -> Array:
    """Lets the gradient through where the unit is off."""
    return dy * (cache.y == 0)


@broken_backward("relu", "wrong-factor")
def multiplied_by_the_output(dy: Array, cache: ReluCache) -> Array:
    """Multiplies by y itself instead of by its sign."""
    return dy * cache.y


@broken_backward("relu", "mask-of-the-cotangent")
def rectifies_the_cotangent(dy: Array, cache: ReluCache) -> Array:
    """Applies the ReLU to dy: masks by the sign of the gradient instead of that of the input."""
    return np.maximum(dy, 0)


@broken_backward("relu", "changes-its-argument")
def masks_in_place(dy: Array, cache: ReluCache) -> Array:
    """Sets its caller's dy to 0 where the unit is off."""
    dy[cache.y == 0] = 0
    return dy


@broken_pair("relu", "changes-its-argument")
def rectifies_in_place() -> Pair:
    """Rectifies its input in place going forward."""

    def forward(x: Array) -> Any:
        x[x < 0] = 0
        return x, ReluCache(x)

    return Pair(forward, relu_backward)


@broken_backward("leaky_relu", "derivative-other-activation", slope=0.2)
def leak_forgotten(dy: Array, cache: LeakyReluCache) -> Array:
    """Keeps ReLU's backward: no gradient where x is negative."""
    return dy * (cache.y > 0)


@broken_backward("leaky_relu", "derivative-other-activation", slope=0.2)
def slope_of_the_default(dy: Array, cache: LeakyReluCache) -> Array:
    """Writes the usual 0.01 into the backward, whatever slope the forward was given."""
    return dy * np.where(cache.y > 0, 1, 0.01)


@broken_backward("leaky_relu", "derivative-missing", slope=0.2)
def leaks_everything(dy: Array, cache: LeakyReluCache) -> Array:
    """Hands dy through on both sides."""
    return dy.copy()


@broken_backward("elu", "derivative-other-activation", alpha=2.0)
def alpha_taken_for_one(dy: Array, cache: EluCache) -> Array:
    """Writes y + 1 for y + alpha where x is negative: right only for the default alpha."""
    return dy * np.where(cache.y > 0, 1, cache.y + 1)


@broken_backward("elu", "derivative-incomplete", alpha=2.0)
def alpha_forgotten(dy: Array, cache: EluCache) -> Array:
    """Takes y for its own derivative where x is negative, as if it were alpha exp(x)."""
    return dy * np.where(cache.y > 0, 1, cache.y)


@broken_backward("elu", "condition-missing", alpha=2.0)
def negative_side_everywhere(dy: Array, cache: EluCache) -> Array:
    """Uses y + alpha on both sides."""
    return dy * (cache.y + cache.alpha)


@broken_backward("elu", "derivative-other-activation", alpha=2.0)
def rectified(dy: Array, cache: EluCache) -> Array:
    """Keeps ReLU's backward: no gradient where x is negative."""
    return dy * (cache.y > 0)


@broken_backward("selu", "constant-factor")
def scale_forgotten(dy: Array, cache: SeluCache) -> Array:
    """Differentiates the ELU inside and forgets the factor in front of it."""
    return dy * np.where(cache.y > 0, 1, cache.y / SCALE + ALPHA)


@broken_backward("selu", "derivative-incomplete")
def scale_forgotten_where_positive(dy: Array, cache: SeluCache) -> Array:
    """Takes the slope of the positive side for 1."""
    return dy * np.where(cache.y > 0, 1, cache.y + SCALE * ALPHA)


@broken_backward("selu", "derivative-incomplete")
def scale_forgotten_where_negative(dy: Array, cache: SeluCache) -> Array:
    """Adds alpha where it should add scale times alpha."""
    return dy * np.where(cache.y > 0, SCALE, cache.y + ALPHA)
