"""``check``: the gradients of what miniae is made of, each turned into a cost of named blocks."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from miniae.context import Context
from miniae.gradcheck.checker import check_function
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

    cost_and_grad: Callable[[np.ndarray], tuple[Any, np.ndarray]]
    cost: Callable[[np.ndarray], Any]
    theta: np.ndarray
    layout: Layout
    called: str
    model: Any = None
    data: tuple[Any, ...] = ()
    context: Mapping[str, Any] = {}


def check(
    subject: Any,
    *data: Any,
    theta: np.ndarray | None = None,
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
    evidence = replace(report.evidence, model=found.model, data=found.data)
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


def _subject(subject: Any, data: tuple[Any, ...], theta: np.ndarray | None, seed: int) -> Subject:
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


def _of_model(model: Any, data: tuple[Any, ...], theta: np.ndarray | None) -> Subject:
    """Its cost; where blocks are frozen, as a function of the others: theirs is a gradient of 0 on purpose."""
    frozen = getattr(model, "frozen", ())
    if frozen:
        whole = np.asarray(model.theta if theta is None else theta)
        trained = ~model.layout.mask(frozen)

        def at(part: np.ndarray) -> np.ndarray:
            point = whole.copy()
            point[trained] = part
            return point

        def cost_and_grad(part: np.ndarray) -> tuple[Any, np.ndarray]:
            cost, gradient = model.cost_and_grad(at(part), *data)
            return cost, gradient[trained]

        layout = Layout.of({slot.name: slot.shape for slot in model.layout if slot.name not in frozen})
        return Subject(cost_and_grad, lambda part: model.cost(at(part), *data), whole[trained], layout, "model")
    return Subject(
        lambda t: model.cost_and_grad(t, *data),
        lambda t: model.cost(t, *data),
        np.asarray(model.theta if theta is None else theta),
        model.layout,
        "model",
        model,
        data,
    )


def _of_network(network: Any, x: np.ndarray, theta: np.ndarray | None, seed: int) -> Subject:
    theta = network.initial() if theta is None else theta
    network.layout.check("theta", theta)

    def run(theta: np.ndarray, x: np.ndarray) -> Run:
        ctx = network.context(network.initial_buffers())
        y, records, cost = network.forward(theta, x, ctx)

        def back(dy: np.ndarray) -> tuple[Any, np.ndarray]:
            gradient = np.zeros(network.layout.size)
            dx = network.backward(dy, records, gradient, ctx, needs_x=True)
            return dx, gradient

        return Run(y, cost, back)

    shapes = {slot.name: slot.shape for slot in network.layout}
    return _of_output(run, x, theta, shapes, seed)._replace(called="network", model=network)


def _of_layer(layer: Any, x: np.ndarray, theta: np.ndarray | None, seed: int) -> Subject:
    rng = np.random.default_rng(0)
    shapes = {name: parameter.shape for name, parameter in layer.parameters().items()}
    layout = Layout.of(shapes)
    if theta is None:
        theta = np.zeros(layout.size)
        for name, view in layout.views(theta).items():
            view[...] = layer.parameters()[name].init(rng, view.shape)
    layout.check("theta", theta)
    kept = {name: buffer.init(rng, buffer.shape) for name, buffer in layer.buffers().items()}

    def run(theta: np.ndarray, x: np.ndarray) -> Run:
        ctx = Context(buffers=kept, new_buffers={name: array.copy() for name, array in kept.items()}).at(0)
        y, cache, cost = layer.forward(layout.views(theta), x, ctx)

        def back(dy: np.ndarray) -> tuple[Any, np.ndarray]:
            gradient = np.zeros(layout.size)
            return layer.backward(dy, cache, layout.views(gradient), replace(ctx, x_shape=x.shape)), gradient

        return Run(y, cost, back)

    alone = SimpleNamespace(layers=(layer,))
    return _of_output(run, x, theta, shapes, seed)._replace(called="layer", model=alone)


class Run(NamedTuple):
    """A forward pass: the output, the layers' own cost, and ``back(dy) -> (dx, gradient of theta)``."""

    y: np.ndarray
    cost: Any
    back: Callable[[np.ndarray], tuple[Any, np.ndarray]]


def _of_output(
    run: Callable[[np.ndarray, np.ndarray], Run],
    x: np.ndarray,
    theta: np.ndarray,
    shapes: Mapping[str, tuple[int, ...]],
    seed: int,
) -> Subject:
    """The sum of dy times the output and of the layers' own costs, as a function of the input and the parameters."""
    dy = generator(seed).standard_normal(run(theta, x).y.shape)

    def at(point: np.ndarray) -> Run:
        return run(point[x.size :], point[: x.size].reshape(x.shape))

    def cost(point: np.ndarray) -> Any:
        found = at(point)
        return (dy * found.y).sum() + found.cost

    def cost_and_grad(point: np.ndarray) -> tuple[Any, np.ndarray]:
        found = at(point)
        dx, gradient = found.back(dy.copy())
        return (dy * found.y).sum() + found.cost, np.concatenate([np.ravel(dx), gradient])

    point = np.concatenate([x.ravel(), theta])
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

    def cost_and_grad(first: np.ndarray) -> tuple[Any, np.ndarray]:
        cost, gradient = function(first, *data[1:])
        one_row = np.shape(gradient) == value.shape[1:] != value.shape
        return cost, np.broadcast_to(gradient, value.shape) if one_row else gradient

    others = {key: argument for key, argument in arguments.items() if key != name}
    layout = Layout.of({name: value.shape})
    return Subject(cost_and_grad, lambda t: function(t, *data[1:])[0], value, layout, called, context=others)


def _float64(array: Any, name: str) -> np.ndarray:
    """Refuse what no difference can be taken of."""
    dtype = getattr(array, "dtype", None)
    if dtype != np.float64:
        raise TypeError(f"check: {name} must be a float64 array, got {dtype or type(array).__name__}")
    return np.asarray(array)
