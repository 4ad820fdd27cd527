"""Activation layers: one op each, without parameters but for JumpReLU; the maths is in the op's file of that name."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from miniae.context import Shape
from miniae.layers.base import Layer, Parameter
from miniae.layers.images import whole


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

    def __post_init__(self) -> None:
        whole("TopK", k=self.k)

    def options(self) -> dict[str, Any]:
        """How many."""
        return {"k": self.k}

    def output_shape(self, shape: Shape) -> Shape:
        """The same.

        Raises:
            ValueError: if there are fewer than k features.
        """
        if shape[-1] < self.k:
            raise ValueError(f"TopK: k must be at most the number of features, got k = {self.k} for {shape[-1]}")
        return shape


@dataclass(frozen=True)
class JumpReLU(Layer):
    """x where it exceeds a threshold learned for each of ``features``, 0 elsewhere; thresholds start at ``initial``."""

    features: int
    initial: float = 0.001
    bandwidth: float = 0.001
    op = "jump_relu"

    def __post_init__(self) -> None:
        whole("JumpReLU", features=self.features)

    def parameters(self) -> dict[str, Parameter]:
        """The thresholds."""
        return {"threshold": Parameter((self.features,), lambda _, shape: np.full(shape, self.initial))}

    def options(self) -> dict[str, Any]:
        """Of the straight-through gradient."""
        return {"bandwidth": self.bandwidth}
