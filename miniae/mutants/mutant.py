"""Mutant: something broken on purpose, that knows what is wrong with it and how to have itself checked."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from miniae.arrays import Array
from miniae.backends import Backend, backend
from miniae.gradcheck import Report, check, check_function, check_pair
from miniae.models.base import Model
from miniae.mutants.arguments import checkable, cost_arguments, pair_arguments
from miniae.ops import OPS, Pair

Kind = Literal["pair", "function", "model"]
Backward = Callable[..., Any]
Cost = Callable[..., tuple[Any, Any]]


class Mutant(NamedTuple):
    """A broken implementation.

    Attributes:
        name: what it breaks and how, ``"dense/bias_gradient_averaged"``.
        breaks: the op, loss, penalty or model.
        kind: what a checker is given: a forward/backward ``pair``, a cost ``function`` or a ``model``.
        cause: what a diagnosis should call it.
        text: the mistake in a sentence.
        run: from a random generator to the report of a check with what it draws.
    """

    name: str
    breaks: str
    kind: Kind
    cause: str
    text: str
    run: Callable[[np.random.Generator], Report]

    def check(self, seed: int = 0) -> Report:
        """Have it checked, as a user would: with arguments drawn anew."""
        return self.run(np.random.default_rng(seed))


def mutant(
    breaks: str, kind: Kind, cause: str, function: Callable[..., Any], run: Callable[[np.random.Generator], Report]
) -> Mutant:
    """A mutant named after the function that carries the mistake; the function's docstring says what it is."""
    text = (function.__doc__ or "").strip().partition("\n")[0]
    return Mutant(f"{breaks}/{function.__name__}", breaks, kind, cause, text, run)


def broken_pair(op: str, cause: str, *, square: bool = False, **options: Any) -> Callable[[Callable[[], Pair]], Mutant]:
    """Turn a function that makes a broken forward and backward into a mutant of ``op``.

    It is called anew for every check, so that what the pair keeps between calls does not outlive the check.

    Args:
        op: a name of :data:`miniae.ops.OPS`.
        cause: what a diagnosis should say.
        square: whether to draw arrays that are as high as they are wide, where a transpose has the right shape.
        options: what the forward takes by keyword.
    """

    def decorate(make: Callable[[], Pair]) -> Mutant:
        def run(rng: np.random.Generator) -> Report:
            forward, backward, *_ = make()
            args = pair_arguments(op, rng, square)
            wrt, backward = checkable(op, args, backward)
            seed = int(rng.integers(1000))
            return check_pair(
                lambda *given: forward(*given, **options),
                backward,
                args,
                wrt=wrt,
                linear=OPS[op].linear,
                seed=seed,
            )

        return mutant(op, "pair", cause, make, run)

    return decorate


def broken_backward(op: str, cause: str, *, square: bool = False, **options: Any) -> Callable[[Backward], Mutant]:
    """Turn a broken backward into a mutant of ``op``, with the right forward; arguments as for :func:`broken_pair`."""

    def decorate(backward: Backward) -> Mutant:
        def make() -> Pair:
            return Pair(OPS[op].forward, backward)

        make.__name__, make.__doc__ = backward.__name__, backward.__doc__
        return broken_pair(op, cause, square=square, **options)(make)

    return decorate


def broken_cost(name: str, cause: str, *, square: bool = False) -> Callable[[Cost], Mutant]:
    """Turn a broken loss or penalty, ``cost, gradient = f(first argument, ...)``, into a mutant of ``name``.

    The cost function that is checked is one of the first argument; the others are offered as context.
    """

    def decorate(function: Cost) -> Mutant:
        def run(rng: np.random.Generator) -> Report:
            first, others = cost_arguments(name, rng, square)
            ((argument, value),) = first.items()
            return check_function(
                lambda theta: function(theta, **others), value, layout={argument: value.shape}, context=others
            )

        return mutant(name, "function", cause, function, run)

    return decorate


def broken_model(
    breaks: str, cause: str, make: Callable[[Backend, np.random.Generator], tuple[Model, tuple[Array, ...]]]
) -> Callable[[Callable[..., Any]], Mutant]:
    """Turn a broken backward or cost into a mutant of a model built on it.

    Args:
        breaks: the op, loss or penalty of the model that is replaced.
        cause: what a diagnosis should say.
        make: from a backend, with the broken part in its tables, to a model and the data to check it on.
    """

    def decorate(function: Callable[..., Any]) -> Mutant:
        right = backend("numpy")
        pairs, costs = dict(right.pairs), dict(right.costs)
        if breaks in pairs:
            # Layers offer memory and say what they need; the mistake is in neither.
            pairs[breaks] = Pair(right.pairs[breaks].forward, lambda dy, cache, **_: function(dy, cache))
        else:
            costs[breaks] = lambda *args, out=None, **options: function(*args, **options)
        broken = Backend("broken", np, pairs, costs, {})

        def run(rng: np.random.Generator) -> Report:
            model, data = make(broken, rng)
            return check(model, *data)

        return mutant(breaks, "model", cause, function, run)

    return decorate
