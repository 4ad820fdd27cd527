"""Activation functions by their textbook formulas, for rebuilding a gradient with a mistake in it.

They are written out again, apart from the ops: an op may be the very thing under test.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Elementwise = Callable[[np.ndarray], np.ndarray]
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


class Curve(NamedTuple):
    """An activation function a = f(z).

    Attributes:
        name: as learners call it.
        f: the function.
        slope: f'(z), from the input.
        from_output: the same slope written for the output, g(a) = f'(z); None where nobody writes it so.
        incomplete: the slope with a factor or a term forgotten, from z and a.
    """

    name: str
    f: Elementwise
    slope: Elementwise
    from_output: Elementwise | None = None
    incomplete: tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], ...] = ()


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), by a form that does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def leaky_relu(slope: float = 0.01) -> Curve:
    """z where positive, ``slope`` times z elsewhere."""
    return Curve(
        "leaky ReLU",
        lambda z: np.where(z > 0, z, slope * z),
        lambda z: np.where(z > 0, 1.0, slope),
        lambda a: np.where(a > 0, 1.0, slope),
    )


def elu(alpha: float = 1.0, scale: float = 1.0, name: str = "ELU") -> Curve:
    """Scaled exponential below zero, scaled identity above."""
    bottom = scale * alpha  # how far down it goes
    return Curve(
        name,
        lambda z: np.where(z > 0, scale * z, bottom * np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, scale, bottom * np.exp(np.minimum(z, 0))),
        lambda a: np.where(a > 0, scale, a + bottom),
        (
            lambda z, a: np.where(z > 0, scale, a),
            lambda z, a: np.where(z > 0, scale, np.exp(np.minimum(z, 0))),
            lambda z, a: np.where(z > 0, 1.0, a + bottom),
            lambda z, a: np.where(z > 0, scale, a + alpha),
        ),
    )


CURVES: dict[str, Callable[..., Curve]] = {
    "sigmoid": lambda: Curve(
        "sigmoid",
        sigmoid,
        lambda z: sigmoid(z) * (1 - sigmoid(z)),
        lambda a: a * (1 - a),
        (lambda z, a: a, lambda z, a: 1 - a),
    ),
    "tanh": lambda: Curve(
        "tanh",
        np.tanh,
        lambda z: 1 - np.tanh(z) ** 2,
        lambda a: 1 - a**2,
        (lambda z, a: 1 - a, lambda z, a: a**2, lambda z, a: 1 + a**2),
    ),
    "relu": lambda: Curve("ReLU", lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0), lambda a: 1.0 * (a > 0)),
    "identity": lambda: Curve("identity", lambda z: z, np.ones_like, np.ones_like),
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": lambda: elu(SELU_ALPHA, SELU_SCALE, "SELU"),
    "softplus": lambda: Curve(
        "softplus",
        lambda z: np.logaddexp(0, z),
        sigmoid,
        lambda a: -np.expm1(-a),
        (lambda z, a: np.exp(-a), lambda z, a: np.exp(z), lambda z, a: 1 / (1 + np.exp(z))),
    ),
}
