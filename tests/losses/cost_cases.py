"""The cases on which every loss and every penalty is tested. A new one is tested by one entry in ``CASES``.

Losses and penalties are alike: functions ``cost, gradient = f(first argument, ...)``. A case says what arguments one
takes, who else can compute it (PyTorch), and how it is normalised. The tests that read the table are
``test_every_cost.py``, ``test_cost_gradients.py`` and ``test_cost_scale.py``; hand-computed values are in a file for
each loss and penalty.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from miniae.losses import LOSSES
from miniae.penalties import PENALTIES

FUNCTIONS: Mapping[str, Callable[..., Any]] = {**{name: loss.function for name, loss in LOSSES.items()}, **PENALTIES}
MARGIN = 1e-2  # the distance kept from kinks: more than any step of a difference quotient

REAL, INSIDE, PROBABILITY = (-4.0, 4.0), (MARGIN, 1 - MARGIN), (0.0, 1.0)
Values = tuple[float, float] | Literal["labels"]


class Case(NamedTuple):
    """How to test one loss or penalty.

    ``arguments`` are the ranges of the arrays by their names, the first the one differentiated. ``torch(torch,
    **tensors)`` is the same function in PyTorch. ``over_features`` and ``over_examples`` say how the cost is
    normalised: whether twice as many of the same doubles it (sum) or leaves it as it is (mean).
    """

    arguments: Mapping[str, Values]
    torch: Callable[..., Any]
    options: Mapping[str, float] = {}
    over_features: Literal["sum", "mean", "one label"] = "sum"
    over_examples: Literal["sum", "mean"] = "mean"
    kinks: tuple[float, ...] = ()

    def draw(self, data) -> dict[str, np.ndarray]:
        """Arguments whose shapes and values Hypothesis chooses, away from kinks."""
        shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=4))
        return {name: data.draw(self._array(values, shape)) for name, values in self.arguments.items()}

    def _array(self, values: Values, shape: tuple[int, ...]) -> st.SearchStrategy:
        if values == "labels":
            return hnp.arrays(np.int64, shape[:1], elements=st.integers(0, shape[1] - 1))
        low, high = values
        pieces = [
            st.floats(left + MARGIN * (left != low), right - MARGIN * (right != high), allow_subnormal=False)
            for left, right in pairwise([low, *self.kinks, high])
        ]
        return hnp.arrays(np.float64, shape, elements=st.one_of(pieces))

    def make(self, seed: int = 0, shape: tuple[int, int] = (4, 3)) -> dict[str, np.ndarray]:
        """Arguments of the shape given, away from kinks."""
        rng = np.random.default_rng(seed)
        arguments = {}
        for name, values in self.arguments.items():
            if values == "labels":
                arguments[name] = rng.integers(0, shape[1], shape[0])
                continue
            arguments[name] = rng.uniform(*values, shape)
            for kink in self.kinks:
                near = np.abs(arguments[name] - kink) < MARGIN
                arguments[name][near] = kink + 2 * MARGIN
        return arguments


def kl_in_pytorch(torch, a, rho, beta):
    bernoulli = torch.distributions.Bernoulli
    asked, found = bernoulli(torch.tensor(rho, dtype=a.dtype)), bernoulli(a.mean(0))
    return beta * torch.distributions.kl_divergence(asked, found).sum()


CASES = {
    "binary_cross_entropy": Case(
        {"y": INSIDE, "target": PROBABILITY},
        lambda torch, y, target: torch.nn.functional.binary_cross_entropy(y, target),
        over_features="mean",
    ),
    "binary_cross_entropy_with_logits": Case(
        {"y": REAL, "target": PROBABILITY},
        lambda torch, y, target: torch.nn.functional.binary_cross_entropy_with_logits(y, target),
        over_features="mean",
    ),
    "mean_squared_error": Case(
        {"y": REAL, "target": REAL},
        lambda torch, y, target: torch.nn.functional.mse_loss(y, target),
        over_features="mean",
    ),
    "softmax_cross_entropy": Case(
        {"y": REAL, "target": "labels"},
        lambda torch, y, target: torch.nn.functional.cross_entropy(y, target),
        over_features="one label",
    ),
    "squared_error": Case(
        {"y": REAL, "target": REAL},
        lambda torch, y, target: torch.nn.functional.mse_loss(y, target, reduction="sum") / (2 * len(y)),
    ),
    "kl_sparsity": Case({"a": INSIDE}, kl_in_pytorch, options={"rho": 0.05, "beta": 3.0}),
    "l1": Case(
        {"a": REAL},
        lambda torch, a, strength: strength * torch.linalg.vector_norm(a, 1) / len(a),
        options={"strength": 0.3},
        kinks=(0.0,),
    ),
    "l2": Case(
        {"w": REAL},
        lambda torch, w, strength: strength / 2 * torch.linalg.vector_norm(w, 2) ** 2,
        options={"strength": 0.3},
        over_examples="sum",
    ),
}
