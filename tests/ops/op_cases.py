"""The cases on which every op is tested. A new op is tested by one entry in ``CASES``.

A case says which arguments the op takes and who else can compute it (PyTorch). The tests that read the table are
``test_every_op.py``, ``test_op_gradients.py`` and ``test_op_bad_input.py``; hand-computed values are in a file for each
op.
"""

import inspect
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from miniae.ops import OPS

MARGIN = 1e-2  # the distance kept from kinks: more than any step of a difference quotient

sides = st.integers(1, 4)


def elementwise_shapes() -> st.SearchStrategy:
    return hnp.array_shapes(min_dims=1, max_dims=3, max_side=4).map(lambda shape: {"x": shape})


def dense_shapes(*names: str) -> st.SearchStrategy:
    def shapes(n, d, o):
        every = {"x": (n, d), "w": (d, o), "b": (o,)}
        return {name: every[name] for name in names}

    return st.builds(shapes, sides, sides, sides)


class Case(NamedTuple):
    """How to test one op.

    ``torch(torch, **tensors)`` is the same function in PyTorch, ``shapes`` draws shapes of the arguments, ``sample``
    are shapes for tests that need no variety, ``span`` bounds the arguments' absolute values.
    """

    op: str
    torch: Callable[..., Any]
    shapes: st.SearchStrategy = elementwise_shapes()
    sample: Mapping[str, tuple[int, ...]] = {"x": (3, 5)}
    span: float = 4.0
    options: Mapping[str, float] = {}

    def draw(self, data) -> dict[str, np.ndarray]:
        """Arguments whose shapes and values Hypothesis chooses, away from the op's kinks."""
        corners = [-self.span, *sorted(OPS[self.op].kinks), self.span]
        pieces = [
            st.floats(low + MARGIN * (low != -self.span), high - MARGIN * (high != self.span), allow_subnormal=False)
            for low, high in pairwise(corners)
        ]
        shapes = data.draw(self.shapes)
        return {
            name: data.draw(hnp.arrays(np.float64, shape, elements=st.one_of(pieces))) for name, shape in shapes.items()
        }

    def make(self, seed: int = 0) -> dict[str, np.ndarray]:
        """Arguments of the sample shapes, away from the op's kinks."""
        rng = np.random.default_rng(seed)
        arguments = {}
        for name, shape in self.sample.items():
            values = rng.uniform(-self.span, self.span, shape)
            for kink in OPS[self.op].kinks:
                values[np.abs(values - kink) < MARGIN] = kink + 2 * MARGIN
            arguments[name] = values
        return arguments

    def forward(self, arguments: Mapping[str, np.ndarray], **options: Any) -> Any:
        return OPS[self.op].forward(*arguments.values(), **self.options, **options)

    def backward(self, dy: np.ndarray, cache: Any, **options: Any) -> dict[str, Any]:
        """The gradients by the arguments' names."""
        gradients = OPS[self.op].backward(dy, cache, **options)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        return dict(zip(self.sample, gradients, strict=False))  # dense without a bias: None for db comes last

    @property
    def takes_needs(self) -> bool:
        """Whether the backward has several gradients: it takes ``needs=``, and ``out=`` by the arguments' names."""
        return "needs" in inspect.signature(OPS[self.op].backward).parameters

    def backward_out(self, memory: dict[str, np.ndarray]) -> Any:
        """The memory as the backward's ``out=`` wants it."""
        return memory if self.takes_needs else memory["x"]


def cotangent(y: np.ndarray, seed: int = 1) -> np.ndarray:
    """A random gradient with respect to the output."""
    return np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)


def run(
    case: Case, arguments: Mapping[str, np.ndarray], dy: np.ndarray | None = None
) -> tuple[Any, Any, dict[str, Any]]:
    """Output, cache and gradients; the cotangent is drawn at random where none is given."""
    y, cache = case.forward(arguments)
    return y, cache, case.backward(cotangent(y) if dy is None else dy, cache)


CASES = {
    "dense": Case(
        "dense",
        lambda torch, x, w, b: torch.nn.functional.linear(x, w.T, b),
        dense_shapes("x", "w", "b"),
        {"x": (3, 5), "w": (5, 4), "b": (4,)},
    ),
    "dense without bias": Case(
        "dense",
        lambda torch, x, w: torch.nn.functional.linear(x, w.T),
        dense_shapes("x", "w"),
        {"x": (3, 5), "w": (5, 4)},
    ),
    "elu": Case("elu", lambda torch, x: torch.nn.functional.elu(x)),
    "elu, alpha 0.5": Case("elu", lambda torch, x: torch.nn.functional.elu(x, 0.5), options={"alpha": 0.5}),
    "elu, alpha 3": Case("elu", lambda torch, x: torch.nn.functional.elu(x, 3.0), options={"alpha": 3.0}),
    "identity": Case("identity", lambda torch, x: 1 * x),
    "leaky_relu": Case("leaky_relu", lambda torch, x: torch.nn.functional.leaky_relu(x)),
    "leaky_relu, slope 0.3": Case(
        "leaky_relu", lambda torch, x: torch.nn.functional.leaky_relu(x, 0.3), options={"slope": 0.3}
    ),
    "relu": Case("relu", lambda torch, x: torch.relu(x)),
    "selu": Case("selu", lambda torch, x: torch.selu(x)),
    "sigmoid": Case("sigmoid", lambda torch, x: torch.sigmoid(x)),
    "softmax": Case("softmax", lambda torch, x: torch.softmax(x, dim=-1), span=3.0),
    "softplus": Case("softplus", lambda torch, x: torch.nn.functional.softplus(x)),
    "tanh": Case("tanh", lambda torch, x: torch.tanh(x)),
}
