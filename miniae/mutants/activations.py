"""Broken versions of the smooth activations: identity, sigmoid, tanh, softplus."""

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward, broken_pair
from miniae.ops import Pair, identity_forward, sigmoid_forward, tanh_forward
from miniae.ops.identity import IdentityCache
from miniae.ops.sigmoid import SigmoidCache
from miniae.ops.softplus import SoftplusCache
from miniae.ops.tanh import TanhCache


@broken_backward("identity", "wrong-sign")
def minus_the_cotangent(dy: Array, cache: IdentityCache) -> Array:
    """Writes target minus output, and turns the sign once more than needed."""
    return -dy


@broken_backward("identity", "missing-half")
def counted_twice(dy: Array, cache: IdentityCache) -> Array:
    """Adds the gradient of a skip connection that is not there."""
    return dy + dy


@broken_backward("identity", "cotangent-ignored")
def slope_without_cotangent(dy: Array, cache: IdentityCache) -> Array:
    """Returns the slope, 1, and forgets the chain rule."""
    return np.ones_like(dy)


@broken_pair("identity", "zero-gradient")
def detached() -> Pair:
    """Returns zeros, which a check with a cotangent of ones behind a softmax would let pass."""
    return Pair(identity_forward, lambda dy, cache: np.zeros_like(dy))


@broken_backward("sigmoid", "derivative-missing")
def derivative_missing(dy: Array, cache: SigmoidCache) -> Array:
    """Hands dy through as if the unit were linear."""
    return dy.copy()


@broken_pair("sigmoid", "derivative-at-z")
def derivative_at_z() -> Pair:
    """Puts the pre-activation z into y (1 - y), where the activation belongs."""
    return Pair(
        lambda x: (sigmoid_forward(x)[0], x),
        lambda dy, z: dy * z * (1 - z),
    )


@broken_backward("sigmoid", "derivative-at-a")
def squashed_twice(dy: Array, cache: SigmoidCache) -> Array:
    """Applies a sigmoid_prime of z to the activation: squashed once more before it is differentiated."""
    again, _ = sigmoid_forward(cache.y)
    return dy * again * (1 - again)


@broken_backward("sigmoid", "derivative-other-activation")
def derivative_of_tanh(dy: Array, cache: SigmoidCache) -> Array:
    """Uses tanh's slope, 1 - y^2."""
    return dy * (1 - cache.y**2)


@broken_backward("sigmoid", "wrong-sign")
def one_minus_the_wrong_way_round(dy: Array, cache: SigmoidCache) -> Array:
    """Writes y (y - 1)."""
    return dy * cache.y * (cache.y - 1)


@broken_backward("sigmoid", "cotangent-ignored")
def local_slope_only(dy: Array, cache: SigmoidCache) -> Array:
    """Returns the slope without multiplying by dy."""
    return cache.y * (1 - cache.y)


@broken_backward("sigmoid", "derivative-incomplete")
def factor_forgotten(dy: Array, cache: SigmoidCache) -> Array:
    """Multiplies by y and leaves out 1 - y."""
    return dy * cache.y


@broken_backward("sigmoid", "changes-its-argument")
def multiplies_in_place(dy: Array, cache: SigmoidCache) -> Array:
    """Writes dx into its caller's dy."""
    dy *= cache.y * (1 - cache.y)
    return dy


@broken_backward("tanh", "derivative-missing")
def tanh_derivative_missing(dy: Array, cache: TanhCache) -> Array:
    """Hands dy through as if the unit were linear."""
    return dy.copy()


@broken_backward("tanh", "derivative-incomplete")
def square_forgotten(dy: Array, cache: TanhCache) -> Array:
    """Writes 1 - y for 1 - y^2."""
    return dy * (1 - cache.y)


@broken_backward("tanh", "derivative-other-activation")
def derivative_of_the_sigmoid(dy: Array, cache: TanhCache) -> Array:
    """Keeps the sigmoid's slope, y (1 - y), after the activation was changed to tanh."""
    return dy * cache.y * (1 - cache.y)


@broken_pair("tanh", "derivative-at-z")
def tanh_derivative_at_z() -> Pair:
    """Puts the pre-activation z into 1 - y^2, where the activation belongs."""
    return Pair(
        lambda x: (tanh_forward(x)[0], x),
        lambda dy, z: dy * (1 - z**2),
    )


@broken_backward("tanh", "derivative-at-a")
def tanh_squashed_twice(dy: Array, cache: TanhCache) -> Array:
    """Applies a tanh_prime of z to the activation."""
    return dy * (1 - np.tanh(cache.y) ** 2)


@broken_backward("softplus", "derivative-at-a")
def sigmoid_of_the_output(dy: Array, cache: SoftplusCache) -> Array:
    """Takes the slope, a sigmoid, at y instead of x."""
    return dy * sigmoid_forward(cache.y)[0]


@broken_backward("softplus", "derivative-other-activation")
def corner_kept(dy: Array, cache: SoftplusCache) -> Array:
    """Uses ReLU's slope: 1 where x is positive, that is where y is above log 2."""
    return dy * (cache.y > np.log(2))


@broken_backward("softplus", "derivative-incomplete")
def one_minus_forgotten(dy: Array, cache: SoftplusCache) -> Array:
    """Writes exp(-y) for 1 - exp(-y): the slope of the mirrored softplus."""
    return dy * np.exp(-cache.y)


@broken_backward("softplus", "derivative-missing")
def softplus_derivative_missing(dy: Array, cache: SoftplusCache) -> Array:
    """Hands dy through as if the unit were linear."""
    return dy.copy()
