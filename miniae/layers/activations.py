"""Activation layers: no parameters, one op each; the maths is in the op's file of the same name."""

from dataclasses import dataclass
from typing import Any

from miniae.layers.base import Layer


@dataclass(frozen=True)
class Identity(Layer):
    """Passes its input on: a linear unit."""

    op = "identity"


@dataclass(frozen=True)
class Sigmoid(Layer):
    """1 / (1 + exp(-x)), in (0, 1)."""

    op = "sigmoid"


@dataclass(frozen=True)
class Tanh(Layer):
    """Hyperbolic tangent, in (-1, 1)."""

    op = "tanh"


@dataclass(frozen=True)
class ReLU(Layer):
    """max(x, 0)."""

    op = "relu"


@dataclass(frozen=True)
class LeakyReLU(Layer):
    """x where positive, ``slope`` times x elsewhere."""

    slope: float = 0.01
    op = "leaky_relu"

    def options(self) -> dict[str, Any]:
        """The slope."""
        return {"slope": self.slope}


@dataclass(frozen=True)
class ELU(Layer):
    """x where positive, ``alpha`` (exp(x) - 1) elsewhere."""

    alpha: float = 1.0
    op = "elu"

    def options(self) -> dict[str, Any]:
        """The value that very negative inputs approach, with its sign turned."""
        return {"alpha": self.alpha}


@dataclass(frozen=True)
class SELU(Layer):
    """The scaled ELU that keeps mean 0 and variance 1 through depth."""

    op = "selu"


@dataclass(frozen=True)
class Softplus(Layer):
    """log(1 + exp(x)), a smooth ReLU."""

    op = "softplus"


@dataclass(frozen=True)
class Softmax(Layer):
    """exp(x) over its sum along the last axis: class probabilities."""

    op = "softmax"


@dataclass(frozen=True)
class TopK(Layer):
    """The ``k`` largest of each example, and 0 for the others."""

    k: int
    op = "top_k"

    def options(self) -> dict[str, Any]:
        """How many."""
        return {"k": self.k}
