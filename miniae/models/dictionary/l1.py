"""The L1 dictionary: sparse because every activation costs what it measures."""

from collections.abc import Mapping
from typing import Any

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context
from miniae.models.dictionary.base import Dictionary


class L1Dictionary(Dictionary):
    r"""A dictionary with ReLU units and a penalty on the sum of their activations.

    .. math::
        a = \max(z, 0), \qquad P = \frac{\lambda}{m} \sum_n \sum_h |a_{nh}|                             \tag{1}

    A unit pays lambda for each unit of length it adds, whatever it explains. Small activations are therefore not
    worth their price and become exactly 0; but the large ones pay too, and come out too small by about lambda. The
    reconstruction shrinks.

    Args:
        in_features: inputs of an example.
        hidden: number of units.
        strength: lambda, at least 0.
        seed, dtype, backend: see :class:`~miniae.models.dictionary.base.Dictionary`.

    Raises:
        ValueError: if a size is below 1, or ``strength`` negative or not finite.

    >>> import numpy as np
    >>> model = L1Dictionary(8, 32, strength=0.1)
    >>> model.layout
    Layout(w1 (8, 32), b1 (32,), w2 (32, 8), b2 (8,))
    >>> x = np.random.default_rng(0).normal(size=(5, 8))
    >>> model.encode(x).shape, bool((model.encode(x) >= 0).all())
    ((5, 32), True)

    Source: Bricken et al. (2023), "Towards monosemanticity: decomposing language models with dictionary learning".
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        *,
        strength: float,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if not 0 <= strength < float("inf"):
            raise ValueError(f"L1Dictionary: strength must be finite and not negative, got {strength}")
        super().__init__(in_features, hidden, seed=seed, dtype=dtype, backend=backend)
        self.strength = strength

    def activate(self, params: Mapping[str, Array], z: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """The ReLU, and P of (1); kept are the ReLU's cache and P's gradient."""
        a, relu = self.backend.pairs["relu"].forward(z)
        penalty, da = self.backend.costs["l1"](a, self.strength, reduce=ctx.reduce)
        return a, penalty, (relu, da)

    def activate_backward(self, da: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        """The penalty's gradient joins at the activations, before the ReLU's slope."""
        relu, da_penalty = cache
        return self.backend.pairs["relu"].backward(da + da_penalty, relu), {}
