"""Sparsity layers: pass the activations through, and add a penalty on them to the cost.

Going forward the input comes out as it is, with the penalty as the layer's cost. Coming back, the penalty's gradient is
added to the one that arrives. Placed behind an activation, the layer so adds it *before* the activation's derivative
is applied, which is where UFLDL's sparsity term belongs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miniae.arrays import Array, array_module
from miniae.context import Context
from miniae.layers.base import Layer


@dataclass(frozen=True)
class PenaltyLayer(Layer):
    """What such layers have in common: the way back. The cache is the penalty's gradient."""

    def backward(self, dy: Array, cache: Any, grads: Mapping[str, Array], ctx: Context) -> Array | None:
        """Add the penalty's gradient to the one that arrives."""
        if not ctx.needs_x:
            return None
        return array_module(dy).add(dy, cache, out=ctx.out("dx", dy.shape, dy.dtype))


@dataclass(frozen=True)
class KLSparsity(PenaltyLayer):
    """Asks every unit to be active with mean ``rho``; the maths is in :mod:`miniae.penalties.kl_sparsity`.

    Args:
        rho: the mean activation asked for, in (0, 1).
        beta: weight of the penalty.
    """

    rho: float
    beta: float
    op = "kl_sparsity"

    def __post_init__(self) -> None:
        if not 0 < self.rho < 1:
            raise ValueError(f"KLSparsity: rho must lie in (0, 1), got {self.rho}")
        if not 0 <= self.beta < math.inf:
            raise ValueError(f"KLSparsity: beta must be finite and not negative, got {self.beta}")

    def options(self) -> dict[str, Any]:
        """Target and weight."""
        return {"rho": self.rho, "beta": self.beta}

    def forward(self, params: Mapping[str, Array], x: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """Return the input itself, the penalty's gradient for the way back, and the penalty."""
        cost, da = ctx.backend.costs[self.op](x, **self.options(), reduce=ctx.reduce)
        return x, da, cost


@dataclass(frozen=True)
class L1Sparsity(PenaltyLayer):
    """``strength`` times the sum of \\|a\\| over units, mean over examples; see :mod:`miniae.penalties.l1`.

    Args:
        strength: weight of the penalty.
    """

    strength: float
    op = "l1"

    def options(self) -> dict[str, Any]:
        """The weight."""
        return {"strength": self.strength}

    def forward(self, params: Mapping[str, Array], x: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """Return the input itself, the penalty's gradient for the way back, and the penalty."""
        out = ctx.out("da", x.shape, x.dtype)
        cost, da = ctx.backend.costs[self.op](x, **self.options(), reduce=ctx.reduce, out=out)
        return x, da, cost
