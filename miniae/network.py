"""Sequential: a chain of layers over one flat vector of parameters."""

import copy
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from miniae import backends
from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context, Shape
from miniae.layers.base import Layer, Parameter
from miniae.layers.fused import fuse
from miniae.layout import Layout


class Parameters:
    """Named arrays in one flat vector: their layout, and how each of them starts.

    Args:
        described: shape, initialiser and decay of each, by its name.

    >>> from miniae.init import initializer
    >>> w, b = Parameter((2, 3), initializer("glorot_uniform"), decays=True), Parameter((3,))
    >>> parameters = Parameters({"w": w, "b": b})
    >>> parameters.layout, parameters.initial(seed=0).shape
    (Layout(w (2, 3), b (3,)), (9,))
    """

    def __init__(self, described: Mapping[str, Parameter]) -> None:
        shapes = {name: parameter.shape for name, parameter in described.items()}
        self.layout = Layout.of(shapes, not_decaying=[name for name, p in described.items() if not p.decays])
        self._described = described

    def initial(self, seed: int = 0, dtype: Any = "float64", xp: Any = np) -> Array:
        """A fresh vector, an array of the module ``xp``. Drawn in float64 whatever ``dtype``: one seed, one vector."""
        rng, vector = np.random.default_rng(seed), np.zeros(self.layout.size)
        for name, view in self.layout.views(vector).items():
            view[...] = self._described[name].init(rng, view.shape)
        return xp.asarray(vector.astype(dtype))


class Step(NamedTuple):
    """A layer as the network runs it: its place in the chain, and its parameters' and buffers' names in the layout."""

    place: int
    layer: Layer
    parameters: dict[str, str]
    buffers: dict[str, str]


class Record(NamedTuple):
    """What the forward pass leaves to the backward pass of one step: the op's cache and the shape that went in."""

    cache: Any
    x_shape: Shape


class Sequential:
    """Layers in a row; the output of each is the input of the next.

    The network holds no parameters. ``layout`` says where each one lies in a flat vector theta, named after the op's
    argument and the layer's number among those that have any: ``w1, b1, w2, b2`` as in the textbook. Whatever theta is
    passed is what is used.

    Args:
        layers: in order.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if there is no layer or the backend is unknown.

    >>> from miniae.layers import Dense, Sigmoid
    >>> network = Sequential([Dense(64, 25), Sigmoid(), Dense(25, 64), Sigmoid()])
    >>> network.layout
    Layout(w1 (64, 25), b1 (25,), w2 (25, 64), b2 (64,))
    >>> network(network.initial(seed=0), np.zeros((10, 64))).shape
    (10, 64)
    """

    def __init__(self, layers: Sequence[Layer], backend: str | Backend = "numpy") -> None:
        if not layers:
            raise ValueError("Sequential: needs at least one layer, got none")
        self.layers = tuple(layers)
        self.backend = backends.backend(backend)
        parameters: dict[str, Parameter] = {}
        buffers: dict[str, Parameter] = {}
        names: list[dict[str, str]] = []  # of each layer's arrays, in the layout
        number = 0
        for layer in self.layers:
            own, kept = layer.parameters(), layer.buffers()
            number += bool(own or kept)
            names.append({name: f"{name}{number}" for name in (*own, *kept)})
            for name, parameter in own.items():
                if parameter.shared:
                    names[-1][name] = _shared(layer, name, parameter, parameters)
                else:
                    parameters[names[-1][name]] = parameter
            buffers |= {names[-1][name]: parameter for name, parameter in kept.items()}
        self._names, self._places = names, range(len(self.layers))
        self.use(self.backend)
        self.parameters, self.buffers = Parameters(parameters), Parameters(buffers)
        self.layout = self.parameters.layout

    def use(self, backend: str | Backend) -> None:
        """From now on run on this backend, which may do several layers at once."""
        self.backend = backends.backend(backend)
        self.steps = []
        for among, layer in fuse([self.layers[place] for place in self._places], self.backend.fused):
            places = [self._places[k] for k in among]
            known = {name: full for place in places for name, full in self._names[place].items()}
            own, kept = layer.parameters(), layer.buffers()
            self.steps.append(Step(places[0], layer, {k: known[k] for k in own}, {k: known[k] for k in kept}))

    def part(self, start: int, stop: int) -> "Sequential":
        """The layers from ``start`` to before ``stop`` as a network on the same theta and buffers.

        >>> from miniae.layers import Dense, Sigmoid
        >>> network = Sequential([Dense(8, 3), Sigmoid(), Dense(3, 8)])
        >>> network.part(0, 2)(network.initial(), np.zeros((5, 8))).shape
        (5, 3)
        """
        part = copy.copy(self)
        part._places = range(start, stop)
        part.use(self.backend)
        return part

    def initial(self, seed: int = 0, dtype: Any = "float64") -> Array:
        """A fresh theta."""
        return self.parameters.initial(seed, dtype, self.backend.xp)

    def initial_buffers(self, dtype: Any = "float64") -> Array:
        """A fresh vector of buffers: what layers keep beside theta, without a gradient."""
        return self.buffers.initial(0, dtype, self.backend.xp)

    def __call__(self, theta: Array, x: Array, buffers: Array | None = None) -> Array:
        """The network's output for a batch, noise and the like switched off; ``buffers`` as they start when None."""
        return self.forward(theta, x, self.context(self.initial_buffers(theta.dtype) if buffers is None else buffers))[
            0
        ]

    def context(self, buffers: Array, new_buffers: Array | None = None, **options: Any) -> Context:
        """A :class:`~miniae.context.Context` on this network's backend.

        Args:
            buffers: the vector of buffers to read.
            new_buffers: where the layers leave what the buffers shall be; a copy of ``buffers`` when None.
            options: the context's other fields.
        """
        new_buffers = buffers.copy() if new_buffers is None else new_buffers
        views = self.buffers.layout.views
        return Context(backend=self.backend, buffers=views(buffers), new_buffers=views(new_buffers), **options)

    def run(self, theta: Array, x: Array, ctx: Context) -> Iterator[tuple[Step, Array, Any, Any]]:
        """Go through the layers, yielding each step with its output, cache and cost."""
        views = self.layout.views(theta)
        for step in self.steps:
            here = ctx.at(
                step.place,
                buffers={own: ctx.buffers[name] for own, name in step.buffers.items()},
                new_buffers={own: ctx.new_buffers[name] for own, name in step.buffers.items()},
            )
            params = {own: views[name] for own, name in step.parameters.items()}
            x, cache, cost = step.layer.forward(params, x, here)
            yield step, x, cache, cost

    def forward(self, theta: Array, x: Array, ctx: Context) -> tuple[Array, list[Record], Any]:
        """Run a batch forward.

        Args:
            theta: all parameters, (layout.size,).
            x: the batch.
            ctx: from :meth:`context`.

        Returns:
            The output, the records for :meth:`backward`, and the sum of the layers' own costs.

        Raises:
            ValueError: if theta has another shape than the layout's.
        """
        records: list[Record] = []
        costs: list[Any] = []
        y = x
        for _, output, cache, cost in self.run(theta, x, ctx):
            records.append(Record(cache, y.shape))
            costs.append(cost)
            y = output
        return y, records, added(*costs)

    def backward(
        self,
        dy: Array,
        records: Sequence[Record],
        gradient: Array,
        ctx: Context,
        *,
        frozen: Collection[str] = (),
        needs_x: bool = False,
        fresh: bool = False,
    ) -> Array | None:
        """Run a gradient back through the layers, in reverse order.

        Args:
            dy: gradient of the cost with respect to the output.
            records: from :meth:`forward`.
            gradient: of theta, (layout.size,); each layer adds its part.
            ctx: the one used going forward.
            frozen: names of parameters whose gradients are not wanted.
            needs_x: whether the gradient with respect to the input is.
            fresh: whether ``gradient`` is zero and this is the only pass that adds to it, so that layers whose
                parameters are theirs alone may write to it instead.

        Returns:
            The gradient with respect to the network's input, or None.
        """
        views = self.layout.views(gradient)
        wanted = [{own: views[n] for own, n in s.parameters.items() if n not in frozen} for s in self.steps]
        first = next((i for i, grads in enumerate(wanted) if grads), len(wanted))
        users = Counter(name for step in self.steps for name in step.parameters.values())
        dx: Array | None = dy
        for i in reversed(range(len(self.steps))):
            if dx is None or (i < first and not needs_x):
                return None  # nothing further down wants a gradient
            step, record = self.steps[i], records[i]
            alone = fresh and all(users[name] == 1 for name in step.parameters.values())
            here = ctx.at(step.place, x_shape=record.x_shape, needs_x=needs_x or i > first, fresh=alone)
            dx = step.layer.backward(dx, record.cache, wanted[i], here)
        return dx


def added(*costs: Any) -> Any:
    """The sum of costs. The 0.0 of a part that has none is left out: on a GPU, to add it would be a launch.

    >>> added(0.0, np.float32(2), 0.0, np.float32(1)), added(0.0, 0.0)
    (np.float32(3.0), 0.0)
    """
    there = [cost for cost in costs if not (type(cost) is float and cost == 0)]
    return sum(there[1:], there[0]) if there else 0.0


def _shared(layer: Layer, name: str, parameter: Parameter, known: Mapping[str, Parameter]) -> str:
    """The name of an earlier layer's parameter, if there is one of the right shape.

    Raises:
        ValueError: if there is none; the message lists what there is.
    """
    earlier = known.get(parameter.shared)
    if earlier is None or earlier.shape != parameter.shape:
        there = ", ".join(f"{key} {p.shape}" for key, p in known.items()) or "none"
        raise ValueError(
            f"{layer}: no earlier parameter {parameter.shared!r} of shape {parameter.shape} to share as its {name}; "
            f"before it there are: {there}"
        )
    return parameter.shared
