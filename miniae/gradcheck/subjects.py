"""``check``: the gradients of what miniae is made of, each turned into a cost of named blocks."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from miniae.arrays import Array, array_module
from miniae.context import Context
from miniae.gradcheck.checker import check_function, on_host
from miniae.gradcheck.compare import ELEMENTWISE, PROJECTIONS, name_of
from miniae.gradcheck.numeric import STEPS, generator
from miniae.gradcheck.report import Report
from miniae.layout import Layout


class Subject(NamedTuple):
    """A cost of a flat theta whose parts have names, and what the diagnosis may know of it.

    Attributes:
        cost_and_grad: ``theta -> (cost, gradient)``.
        cost: ``theta -> cost``.
        theta: where.
        layout: names and shapes of its parts.
        called: what stands for the subject in the line that repeats the check.
        model: the model or network.
        data: what its cost is computed on.
        context: of a function, its other arguments by name.
    """

    cost_and_grad: Callable[[Array], tuple[Any, Array]]
    cost: Callable[[Array], Any]
    theta: Array
    layout: Layout
    called: str
    model: Any = None
    data: tuple[Any, ...] = ()
    context: Mapping[str, Any] = {}


def check(
    subject: Any,
    *data: Any,
    theta: Array | None = None,
    tolerance: float = 1e-9,
    steps: Sequence[float] = STEPS,
    zero: tuple[str, ...] = (),
    kinks: float = 0.0,
    elementwise: int = ELEMENTWISE,
    projections: int = PROJECTIONS,
    seed: int = 0,
) -> Report:
    r"""Check the gradients of a model, a network, a layer, a loss or a penalty.

    - ``check(model, x)`` or ``check(model, x, target)``: anything with ``layout``, ``cost`` and ``cost_and_grad``; a
      block for each of its parameters. Some ten examples are enough.
    - ``check(network, x)`` and ``check(layer, x)``: of a :class:`~miniae.network.Sequential` or a layer. Its cost is
      :math:`J = \sum dy \cdot y` with a random cotangent ``dy``, and whatever its layers themselves add; a block for
      the input ``x`` and each parameter.
    - ``check(loss, y, target)``, ``check(penalty, a, rho, beta)``: a function that returns (cost, gradient with respect
      to its first argument); that argument is the block.

    A model or network on the GPU is checked there, kernels and all, on data that is there too:
    ``check(model, cupy.asarray(x))``. It has to compute in float64; what it does in float32 is a matter for
    :func:`~miniae.gradcheck.against.check_against`.

    Args:
        subject: what to check.
        data: what it is computed on, float64.
        theta: where, for a model, network or layer; ``model.theta`` or ``network.initial()`` when None.
        tolerance, steps, zero, kinks, elementwise, projections: as for
            :func:`~miniae.gradcheck.checker.check_function`.
        seed: of the cotangent and of random directions.

    Returns:
        The report.

    Raises:
        TypeError: if ``subject`` is none of these, or an array not float64.
        ValueError: if the data does not fit it.

    >>> from miniae.layers import Dense
    >>> from miniae.losses import squared_error
    >>> from miniae.models import SparseAutoencoder
    >>> x = np.random.default_rng(0).uniform(size=(10, 4))
    >>> [block.name for block in check(SparseAutoencoder(4, 2), x).blocks]
    ['w1', 'b1', 'w2', 'b2']
    >>> [block.name for block in check(Dense(4, 3), x).blocks]
    ['x', 'w', 'b']
    >>> check(squared_error, x, 1 - x)["y"].verdict
    'pass'
    """
    found = _subject(subject, data, theta, seed)
    report = check_function(
        found.cost_and_grad,
        found.theta,
        cost=found.cost,
        layout=found.layout,
        tolerance=tolerance,
        steps=steps,
        zero=zero,
        kinks=kinks,
        context=found.context,
        elementwise=elementwise,
        projections=projections,
        seed=seed,
    )
    random = report.seed is not None or (seed and found.called in ("network", "layer"))
    words = [found.called, "*data"] + ([f"seed={seed}"] if random else [])
    evidence = replace(report.evidence, model=found.model, data=tuple(map(on_host, found.data)))
    return replace(report, evidence=evidence, reproduce=f"check({', '.join(words)})")


def has_parameters(subject: Any) -> bool:
    """Whether it is a model, a network or a layer, not a function."""
    return _is_model(subject) or _is_network(subject) or _is_layer(subject)


# They are known by what they can do, not by their classes: whoever writes another kind can have it checked too.


def _is_model(subject: Any) -> bool:
    return all(hasattr(subject, name) for name in ("layout", "cost", "cost_and_grad"))


def _is_network(subject: Any) -> bool:
    return all(hasattr(subject, name) for name in ("layout", "layers", "forward", "backward", "context"))


def _is_layer(subject: Any) -> bool:
    return all(hasattr(subject, name) for name in ("parameters", "buffers", "forward", "backward"))


def _subject(subject: Any, data: tuple[Any, ...], theta: Array | None, seed: int) -> Subject:
    """What kind of thing it is."""
    if isinstance(subject, type) or not (callable(subject) or has_parameters(subject)):
        kind = f"the class {subject.__name__}" if isinstance(subject, type) else type(subject).__name__
        raise TypeError(f"check: expected a model, network, layer, loss or penalty, got {kind}")
    if _is_model(subject):
        return _of_model(subject, data, theta)
    if not has_parameters(subject):
        return _of_function(subject, data)
    if len(data) != 1:
        raise ValueError(f"check: a network or layer takes one input x, got {len(data)} arguments")
    x = _float64(data[0], "x")
    return _of_network(subject, x, theta, seed) if _is_network(subject) else _of_layer(subject, x, theta, seed)


def _of_model(model: Any, data: tuple[Any, ...], theta: Array | None) -> Subject:
    """Its cost; where blocks are frozen, as a function of the others: theirs is a gradient of 0 on purpose."""
    theta = model.theta if theta is None else theta
    frozen = getattr(model, "frozen", ())
    if frozen:
        trained = np.flatnonzero(~model.layout.mask(frozen))

        def at(part: Array) -> Array:
            point = theta.copy()
            point[trained] = part
            return point

        def cost_and_grad(part: Array) -> tuple[Any, Array]:
            cost, gradient = model.cost_and_grad(at(part), *data)
            return cost, gradient[trained]

        layout = Layout.of({slot.name: slot.shape for slot in model.layout if slot.name not in frozen})
        return Subject(cost_and_grad, lambda part: model.cost(at(part), *data), theta[trained], layout, "model")
    return Subject(
        lambda t: model.cost_and_grad(t, *data),
        lambda t: model.cost(t, *data),
        theta,
        model.layout,
        "model",
        model,
        data,
    )


def _of_network(network: Any, x: Array, theta: Array | None, seed: int) -> Subject:
    theta = network.initial() if theta is None else theta
    network.layout.check("theta", theta)

    def run(theta: Array, x: Array) -> Run:
        ctx = network.context(network.initial_buffers())
        y, records, cost = network.forward(theta, x, ctx)

        def back(dy: Array) -> tuple[Any, Array]:
            gradient = array_module(theta).zeros(network.layout.size)
            dx = network.backward(dy, records, gradient, ctx, needs_x=True)
            return dx, gradient

        return Run(y, cost, back)

    shapes = {slot.name: slot.shape for slot in network.layout}
    return _of_output(run, x, theta, shapes, seed)._replace(called="network", model=network)


def _of_layer(layer: Any, x: Array, theta: Array | None, seed: int) -> Subject:
    if array_module(x) is not np:
        raise TypeError(
            "check: a layer alone is checked on NumPy arrays; on the GPU: check(Sequential([layer], 'cuda'), x)"
        )
    rng = np.random.default_rng(0)
    shapes = {name: parameter.shape for name, parameter in layer.parameters().items()}
    layout = Layout.of(shapes)
    if theta is None:
        theta = np.zeros(layout.size)
        for name, view in layout.views(theta).items():
            view[...] = layer.parameters()[name].init(rng, view.shape)
    layout.check("theta", theta)
    kept = {name: buffer.init(rng, buffer.shape) for name, buffer in layer.buffers().items()}

    def run(theta: Array, x: Array) -> Run:
        ctx = Context(buffers=kept, new_buffers={name: array.copy() for name, array in kept.items()}).at(0)
        y, cache, cost = layer.forward(layout.views(theta), x, ctx)

        def back(dy: Array) -> tuple[Any, Array]:
            gradient = np.zeros(layout.size)
            return layer.backward(dy, cache, layout.views(gradient), replace(ctx, x_shape=x.shape)), gradient

        return Run(y, cost, back)

    alone = SimpleNamespace(layers=(layer,))
    return _of_output(run, x, theta, shapes, seed)._replace(called="layer", model=alone)


class Run(NamedTuple):
    """A forward pass: the output, the layers' own cost, and ``back(dy) -> (dx, gradient of theta)``."""

    y: Array
    cost: Any
    back: Callable[[Array], tuple[Any, Array]]


def _of_output(
    run: Callable[[Array, Array], Run],
    x: Array,
    theta: Array,
    shapes: Mapping[str, tuple[int, ...]],
    seed: int,
) -> Subject:
    """The sum of dy times the output and of the layers' own costs, as a function of the input and the parameters."""
    xp = array_module(x)
    dy = xp.asarray(generator(seed).standard_normal(run(theta, x).y.shape))

    def at(point: Array) -> Run:
        return run(point[x.size :], point[: x.size].reshape(x.shape))

    def cost(point: Array) -> Any:
        found = at(point)
        return (dy * found.y).sum() + found.cost

    def cost_and_grad(point: Array) -> tuple[Any, Array]:
        found = at(point)
        dx, gradient = found.back(dy.copy())
        return (dy * found.y).sum() + found.cost, xp.concatenate([xp.ravel(dx), gradient])

    point = xp.concatenate([x.ravel(), theta])
    return Subject(cost_and_grad, cost, point, Layout.of({"x": x.shape, **shapes}), "", data=(x, dy))


def _of_function(function: Callable[..., Any], data: tuple[Any, ...]) -> Subject:
    """A loss or a penalty; one row of a gradient that is the same for all examples stands for them all."""
    called = name_of(function, "function")
    try:
        arguments = inspect.signature(function).bind(*data).arguments
    except TypeError as error:
        raise TypeError(f"check: {called} cannot be called with {len(data)} arguments: {error}") from None
    if not arguments:
        raise ValueError(f"check: {called} is given nothing to differentiate")
    name, value = next(iter(arguments.items()))
    value = _float64(value, name)

    def cost_and_grad(first: Array) -> tuple[Any, Array]:
        cost, gradient = function(first, *data[1:])
        one_row = np.shape(on_host(gradient)) == value.shape[1:] != value.shape
        return cost, array_module(value).broadcast_to(gradient, value.shape) if one_row else gradient

    others = {key: argument for key, argument in arguments.items() if key != name}
    layout = Layout.of({name: value.shape})
    return Subject(cost_and_grad, lambda t: function(t, *data[1:])[0], value, layout, called, context=others)


def _float64(array: Any, name: str) -> Array:
    """Refuse what no difference can be taken of; on the GPU it stays there."""
    dtype = getattr(array, "dtype", None)
    if dtype != np.float64:
        raise TypeError(f"check: {name} must be a float64 array, got {dtype or type(array).__name__}")
    return array if array_module(array).__name__ == "cupy" else np.asarray(array)
