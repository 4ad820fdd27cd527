"""The cases on which every op is tested. A new op is tested by one entry in ``CASES``.

A case says which arguments the op takes and who else can compute it (PyTorch). The tests that read the table are
``test_every_op.py``, ``test_op_gradients.py`` and ``test_op_bad_input.py``; hand-computed values are in a file for each
op. The image operations in PyTorch are in ``image_oracles.py``.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

import image_oracles
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from miniae.ops import OPS, max_pool2d_forward

MARGIN = 1e-2  # the distance kept from kinks: more than any step of a difference quotient

sides = st.integers(1, 4)


def elementwise_shapes() -> st.SearchStrategy:
    return hnp.array_shapes(min_dims=1, max_dims=3, max_side=4).map(lambda shape: {"x": shape})


def dense_shapes(*names: str) -> st.SearchStrategy:
    def shapes(n, d, o):
        every = {"x": (n, d), "w": (d, o), "b": (o,)}
        return {name: every[name] for name in names}

    return st.builds(shapes, sides, sides, sides)


def image_shapes(least: int = 1) -> st.SearchStrategy:
    """Images of at least so many rows and columns."""
    size, few = st.integers(least, least + 2), st.integers(1, 2)
    return st.builds(lambda n, h, w, c: {"x": (n, h, w, c)}, few, size, size, few)


def norm_shapes() -> st.SearchStrategy:
    """At least 3 entries of each feature: nothing of 1 or 2 is left when mean and variance are taken out."""
    rows = st.one_of(st.tuples(st.integers(3, 6)), st.tuples(st.integers(2, 3), st.integers(2, 3), sides))
    return st.builds(lambda n, c: {"x": (*n, c), "gamma": (c,), "beta": (c,)}, rows, sides)


class Case(NamedTuple):
    """How to test one op.

    ``torch(torch, **tensors)`` is the same function in PyTorch, ``shapes`` draws shapes of the arguments, ``sample``
    are shapes for tests that need no variety, ``span`` bounds the arguments' absolute values.

    ``options`` are the op's keyword arguments; where they depend on the others (a cache of another op, say) a function
    that takes those and returns them. ``apart`` keeps the values of an argument at a distance from each other: for an
    op whose slope jumps where two are equal, or explodes where all are. ``averages``: the op takes a mean over the
    examples, and refuses a batch without any. ``beside`` is how many arrays of the size of its largest it may allocate
    beside its results. ``straight_through`` names arguments whose gradient is on purpose no derivative of the forward:
    PyTorch is held to the same formula, differences are not, and the op's own test says what the gradient is.
    """

    op: str
    torch: Callable[..., Any]
    shapes: st.SearchStrategy = elementwise_shapes()
    sample: Mapping[str, tuple[int, ...]] = {"x": (3, 5)}
    span: float = 4.0
    options: Mapping[str, Any] | Callable[..., Mapping[str, Any]] = MappingProxyType({})
    apart: bool = False
    averages: bool = False
    beside: int = 1
    straight_through: tuple[str, ...] = ()

    def draw(self, data) -> dict[str, np.ndarray]:
        """Arguments whose shapes and values Hypothesis chooses, away from the op's kinks."""
        return {name: data.draw(self.values(shape)) for name, shape in data.draw(self.shapes).items()}

    def values(self, shape: tuple[int, ...]) -> st.SearchStrategy:
        """Arrays of this shape."""
        if self.apart:
            return st.permutations(self.spread(shape)).map(lambda values: np.reshape(values, shape))
        corners = [-self.span, *sorted(OPS[self.op].kinks), self.span]
        pieces = [
            st.floats(low + MARGIN * (low != -self.span), high - MARGIN * (high != self.span), allow_subnormal=False)
            for low, high in pairwise(corners)
        ]
        return hnp.arrays(np.float64, shape, elements=st.one_of(pieces))

    def spread(self, shape: tuple[int, ...]) -> list[float]:
        """A value for each place, evenly from one end of the span to the other."""
        values, distance = np.linspace(-self.span, self.span, int(np.prod(shape)), retstep=True)
        assert not distance <= 2 * MARGIN, f"too many values for the span: {shape}"
        return list(values)

    def make(self, seed: int = 0) -> dict[str, np.ndarray]:
        """Arguments of the sample shapes, away from the op's kinks."""
        rng = np.random.default_rng(seed)
        arguments = {}
        for name, shape in self.sample.items():
            values = rng.uniform(-self.span, self.span, shape)
            if self.apart:
                values = rng.permutation(self.spread(shape)).reshape(shape)
            for kink in OPS[self.op].kinks:
                values[np.abs(values - kink) < MARGIN] = kink + 2 * MARGIN
            arguments[name] = values
        return arguments

    def make_large(self) -> dict[str, np.ndarray]:
        """Arguments a hundred times as long in every direction; images ten times as many, as high and as wide."""
        rng = np.random.default_rng(0)
        if len(self.sample["x"]) == 4:
            n, h, w, c = self.sample["x"]
            shapes = {**self.sample, "x": (10 * n, 10 * h, 10 * w, c)}
        else:
            shapes = {name: tuple(100 * n for n in shape) for name, shape in self.sample.items()}
        return {name: rng.uniform(MARGIN, 1, shape) for name, shape in shapes.items()}

    def options_for(self, arguments: Mapping[str, np.ndarray]) -> Mapping[str, Any]:
        """The op's keyword arguments beside these."""
        return self.options(**arguments) if callable(self.options) else self.options

    def forward(self, arguments: Mapping[str, np.ndarray], **options: Any) -> Any:
        return OPS[self.op].forward(*arguments.values(), **self.options_for(arguments), **options)

    def backward(self, dy: np.ndarray, cache: Any, **options: Any) -> dict[str, Any]:
        """The gradients by the arguments' names."""
        gradients = OPS[self.op].backward(dy, cache, **options)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        return dict(zip(self.sample, gradients, strict=False))  # without a bias: None for db comes last

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


def image_case(op: str, least: int = 1, **options: Any) -> Case:
    """An op that takes one batch of images."""
    oracle, sample = partial(getattr(image_oracles, op), **options), {"x": (2, 5, 4, 3)}
    beside = 2 if "padding" in options else 1  # the image with its padding, and the shares of the windows
    return Case(op, oracle, image_shapes(least), sample, options=options, apart=op == "max_pool2d", beside=beside)


def conv_case(op: str, kernel: tuple[int, int], least: int = 1, bias: bool = True, **options: Any) -> Case:
    """A convolution, or its transpose, with a kernel of this size."""

    def with_kernel(image, c, o):
        goes_in, comes_out = (c, o) if op == "conv2d" else (o, c)
        shapes = {"x": (*image["x"][:3], goes_in), "w": (*kernel, c, o)}
        return {**shapes, "b": (comes_out,)} if bias else shapes

    shapes = st.builds(with_kernel, image_shapes(least), st.integers(1, 2), st.integers(1, 2))
    sample = with_kernel({"x": (2, 5, 4)}, 3, 2)
    return Case(op, partial(getattr(image_oracles, op), **options), shapes, sample, options=options)


def unpool_case(**options: Any) -> Case:
    """Unpooling of what a pooling with these options kept of some image."""

    def pool(x):
        return {"pool": max_pool2d_forward(image_oracles.pooled_image(x.shape, **options), **options)[1]}

    oracle = partial(image_oracles.max_unpool2d, **options)
    return Case("max_unpool2d", oracle, image_shapes(), {"x": (2, 3, 2, 3)}, options=pool)


def norm_case(rows: tuple[int, ...], given: bool = False) -> Case:
    """Batch normalisation, with the batch's own statistics or with given ones."""

    def statistics(x, gamma, beta):
        c = len(gamma)
        return {"statistics": (np.linspace(-1, 1, c, dtype=x.dtype), np.linspace(0.5, 2, c, dtype=x.dtype))}

    def oracle(torch, x, gamma, beta):
        options = statistics(x.detach().numpy(), gamma, beta) if given else {}
        return image_oracles.batch_norm(torch, x, gamma, beta, **options)

    sample = {"x": (*rows, 4), "gamma": (4,), "beta": (4,)}
    options = statistics if given else {}
    return Case("batch_norm", oracle, norm_shapes(), sample, options=options, apart=True, averages=not given)


def top_k(torch, x, k):
    values, places = torch.topk(x, k, dim=-1)
    return torch.zeros_like(x).scatter(-1, places, values)


def top_k_shapes(least: int) -> st.SearchStrategy:
    """At least so many features."""
    return st.builds(lambda rows, d: {"x": (*rows, d)}, st.lists(sides, max_size=2), st.integers(least, least + 3))


def jump_relu(torch, x, threshold, bandwidth):
    """With a backward pass of its own: what PyTorch makes of the step has no gradient in the threshold."""

    class JumpReLU(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, threshold):
            ctx.save_for_backward(x, threshold)
            return torch.where(x > threshold, x, torch.zeros_like(x))

        @staticmethod
        def backward(ctx, dy):
            x, threshold = ctx.saved_tensors
            near = (x > threshold - bandwidth / 2) & (x < threshold + bandwidth / 2)
            dthreshold = -(threshold / bandwidth) * near * dy
            return dy * (x > threshold), dthreshold.reshape(-1, len(threshold)).sum(0)

    return JumpReLU.apply(x, threshold)


def jump_relu_shapes() -> st.SearchStrategy:
    return st.builds(
        lambda rows, d: {"x": (*rows, d), "threshold": (d,)}, st.lists(sides, min_size=1, max_size=2), sides
    )


CASES = {
    "batch_norm": norm_case((6,)),
    "batch_norm of images": norm_case((2, 3, 4)),
    "batch_norm, statistics given": norm_case((6,), given=True),
    "conv2d": conv_case("conv2d", (3, 2), least=3),
    "conv2d without bias, 1x1": conv_case("conv2d", (1, 1), bias=False),
    "conv2d, same": conv_case("conv2d", (3, 3), padding="same"),
    "conv2d, same, even kernel, unequal strides": conv_case("conv2d", (4, 2), stride=(2, 3), padding="same"),
    "conv2d, padding, stride 2": conv_case("conv2d", (3, 3), stride=2, padding=1),
    "conv2d, unequal padding": conv_case("conv2d", (2, 5), stride=(1, 2), padding=(0, 3), bias=False, least=2),
    "conv_transpose2d": conv_case("conv_transpose2d", (3, 2)),
    "conv_transpose2d, same": conv_case("conv_transpose2d", (3, 3), stride=2, padding="same"),
    "conv_transpose2d, same, without bias": conv_case(
        "conv_transpose2d", (2, 3), stride=(3, 1), padding="same", bias=False
    ),
    "conv_transpose2d, output_padding": conv_case(
        "conv_transpose2d", (4, 3), stride=(2, 3), padding=1, output_padding=(1, 2)
    ),
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
    "jump_relu": Case(
        "jump_relu",
        partial(jump_relu, bandwidth=2.0),
        jump_relu_shapes(),
        {"x": (3, 5), "threshold": (5,)},
        options={"bandwidth": 2.0},
        straight_through=("threshold",),
    ),
    "leaky_relu": Case("leaky_relu", lambda torch, x: torch.nn.functional.leaky_relu(x)),
    "leaky_relu, slope 0.3": Case(
        "leaky_relu", lambda torch, x: torch.nn.functional.leaky_relu(x, 0.3), options={"slope": 0.3}
    ),
    "max_pool2d": image_case("max_pool2d", least=2),
    "max_pool2d, overlapping": image_case("max_pool2d", least=2, kernel_size=3, stride=2, padding=1),
    "max_pool2d, same": image_case("max_pool2d", kernel_size=(2, 3), stride=(1, 2), padding="same"),
    "max_unpool2d": unpool_case(kernel_size=2, stride=2),
    "max_unpool2d, overlapping": unpool_case(kernel_size=3, stride=2),
    "mean_pool2d": image_case("mean_pool2d", least=2),
    "mean_pool2d, overlapping": image_case("mean_pool2d", kernel_size=3, stride=(1, 2), padding=(2, 1)),
    "mean_pool2d, same": image_case("mean_pool2d", kernel_size=(3, 2), stride=2, padding="same"),
    "relu": Case("relu", lambda torch, x: torch.relu(x)),
    "reshape": image_case("reshape", shape=(-1,)),
    "reshape, same pixels": image_case("reshape", shape=(-1, 1)),
    "selu": Case("selu", lambda torch, x: torch.selu(x)),
    "sigmoid": Case("sigmoid", lambda torch, x: torch.sigmoid(x)),
    "softmax": Case("softmax", lambda torch, x: torch.softmax(x, dim=-1), span=3.0),
    "softplus": Case("softplus", lambda torch, x: torch.nn.functional.softplus(x)),
    "tanh": Case("tanh", lambda torch, x: torch.tanh(x)),
    "top_k, k 1": Case("top_k", partial(top_k, k=1), top_k_shapes(1), options={"k": 1}, apart=True),
    "top_k, k 3": Case("top_k", partial(top_k, k=3), top_k_shapes(3), options={"k": 3}, apart=True),
    "upsample2d": image_case("upsample2d", factor=(3, 2)),
    "upsample2d, bilinear": image_case("upsample2d", factor=(2, 3), mode="bilinear"),
}
