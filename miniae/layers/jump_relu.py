"""The activation layer with thresholds to learn; the maths is in :mod:`miniae.ops.jump_relu`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from miniae.layers.base import Layer, Parameter


@dataclass(frozen=True)
class JumpReLU(Layer):
    """x where it exceeds a threshold of its own for each of ``features``, 0 elsewhere; they start at ``initial``."""

    features: int
    initial: float = 0.001
    bandwidth: float = 0.001
    op = "jump_relu"

    def parameters(self) -> dict[str, Parameter]:
        """The thresholds."""
        return {"threshold": Parameter((self.features,), lambda _, shape: np.full(shape, self.initial))}

    def options(self) -> dict[str, Any]:
        """Of the straight-through gradient."""
        return {"bandwidth": self.bandwidth}
