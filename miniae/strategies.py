"""Hypothesis strategies: arrays that keep away from kinks, layers, and small networks with data.

They shrink as one would by hand: to fewer layers, features and examples. Hypothesis is imported when the first of them
is called.
"""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from miniae import layers as kinds
from miniae.models import NetworkModel
from miniae.ops import OPS
from miniae.optional import require

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

MARGIN = 1e-2  # the distance kept from kinks: more than any step of a difference quotient
SMOOTH = (kinds.Sigmoid, kinds.Tanh, kinds.Softplus, kinds.Identity)
KINKED = (kinds.ReLU, kinds.LeakyReLU, kinds.ELU, kinds.SELU)


class Network(NamedTuple):
    """A model and what its cost is computed on: ``check(network.model, *network.data)``."""

    model: NetworkModel
    data: tuple[np.ndarray, ...]


def arrays(
    shape: "int | tuple[int, ...] | SearchStrategy[Any]",
    *,
    low: float = -4.0,
    high: float = 4.0,
    margin_from: Sequence[float] = (),
    margin: float = MARGIN,
    dtype: Any = np.float64,
) -> "SearchStrategy[np.ndarray]":
    """Arrays of numbers between ``low`` and ``high``, none of them near a kink.

    Args:
        shape: of the array, or a strategy for shapes.
        low, high: the range.
        margin_from: values to keep away from, inside the range: ``(0.0,)`` for a ReLU.
        margin: how far.
        dtype: float64 or float32.

    Raises:
        ImportError: if Hypothesis is not installed.
        ValueError: if the margins leave no number.

    >>> from hypothesis import given
    >>> @given(arrays((2, 3), margin_from=(0.0,)))
    ... def relu_has_a_slope(x):
    ...     assert (abs(x) >= 0.01).all()
    >>> relu_has_a_slope()
    """
    st, hnp = _hypothesis()
    corners = [low - margin, *sorted(margin_from), high + margin]
    width = 8 * np.dtype(dtype).itemsize
    bounds = [tuple(float(np.dtype(dtype).type(v)) for v in (a + margin, b - margin)) for a, b in pairwise(corners)]
    pieces = [st.floats(a, b, allow_subnormal=False, width=width) for a, b in bounds if a <= b]
    if not pieces:
        raise ValueError(f"arrays: between {low} and {high} nothing is {margin} away from {tuple(margin_from)}")
    return hnp.arrays(dtype, shape, elements=st.one_of(pieces))


def layers(in_features: int = 3, *, smooth: bool = False) -> "SearchStrategy[kinds.Layer]":
    """Single layers that take ``in_features`` features: any activation, or a dense layer of one to four units.

    Args:
        in_features: number of inputs.
        smooth: whether to leave out layers with kinks.
    """
    st, _ = _hypothesis()
    activations = [*SMOOTH, kinds.Softmax, *(() if smooth else KINKED)]
    return st.one_of(
        st.builds(kinds.Dense, st.just(in_features), st.integers(1, 4), bias=st.booleans()),
        st.sampled_from(activations).map(lambda kind: kind()),
    )


def networks(
    *, smooth: bool = False, max_layers: int = 3, max_features: int = 4, max_examples: int = 4
) -> "SearchStrategy[Network]":
    """Random small models with data: dense layers, activations, sparsity, any loss, with or without weight decay.

    The numbers come from a seed that is drawn; shapes and kinds of layers are drawn one by one, so that a failing
    example shrinks to a small network. Wherever a layer has a kink, its inputs keep :data:`MARGIN` away.

    Args:
        smooth: whether to leave out layers with kinks.
        max_layers: the most dense layers.
        max_features: the most inputs, outputs and hidden units.
        max_examples: the most examples.

    >>> from hypothesis import given
    >>> from miniae import check
    >>> @given(networks(max_layers=1))
    ... def every_gradient_is_right(network):
    ...     names = tuple(slot.name for slot in network.model.layout)
    ...     assert check(network.model, *network.data, zero=names).verdict != "fail"
    >>> every_gradient_is_right()
    """
    st, _ = _hypothesis()
    hypothesis = require("hypothesis", extra="test")
    units, kind = st.integers(1, max_features), st.sampled_from((*SMOOTH, *(() if smooth else KINKED)))

    def draw_network(draw: "DrawFn") -> Network:
        sizes = draw(st.lists(units, min_size=2, max_size=max_layers + 1))
        stack: list[kinds.Layer] = []
        for inputs, outputs in pairwise(sizes):
            if stack:
                stack.append(draw(kind)())
                if isinstance(stack[-1], kinds.Sigmoid) and draw(st.booleans()):
                    stack.append(draw(st.sampled_from([kinds.KLSparsity(0.2, 0.5), kinds.L1Sparsity(0.3)])))
            stack.append(kinds.Dense(inputs, outputs))
        loss = draw(st.sampled_from(sorted(TARGETS)))
        # Building a model draws nothing at random; but where shapes are enforced, the library that does so picks with
        # `random` the elements it looks at, which Hypothesis takes for a strategy that cannot be repeated.
        state = random.getstate()
        m, seed = draw(st.integers(1, max_examples)), draw(st.integers(0, 2**16))
        model = NetworkModel(stack, loss, weight_decay=draw(st.sampled_from([0.0, 0.1])), seed=seed)
        rng = np.random.default_rng(seed)
        model.theta = model.theta + 0.3 * rng.standard_normal(model.theta.shape)
        x = rng.standard_normal((m, sizes[0]))
        far = _far_from_kinks(model, x)
        random.setstate(state)
        hypothesis.assume(far)
        return Network(model, (x, TARGETS[loss](rng, (m, sizes[-1]))))

    return st.composite(draw_network)()


TARGETS: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "binary_cross_entropy_with_logits": lambda rng, shape: rng.uniform(size=shape),
    "mean_squared_error": lambda rng, shape: rng.standard_normal(shape),
    "softmax_cross_entropy": lambda rng, shape: rng.integers(0, shape[1], shape[0]),
    "squared_error": lambda rng, shape: rng.standard_normal(shape),
}


def _far_from_kinks(model: NetworkModel, x: np.ndarray) -> bool:
    """Whether nothing that enters a layer lies near a kink of that layer."""
    for step, y, _, _ in model.network.run(model.theta, x, model.network.context(model.buffers)):
        op = getattr(step.layer, "op", "")
        if any((np.abs(x - kink) < MARGIN).any() for kink in (OPS[op].kinks if op in OPS else ())):
            return False
        x = y
    return True


def _hypothesis() -> tuple[Any, Any]:
    """Hypothesis's strategies, and those for arrays."""
    return require("hypothesis.strategies", extra="test"), require("hypothesis.extra.numpy", extra="test")
