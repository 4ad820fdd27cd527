"""What a check has in hand: both gradients of every block, and whatever else it was given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from miniae.gradcheck.complex_step import ComplexStep
from miniae.gradcheck.numeric import Difference
from miniae.gradcheck.projections import Projected


class Compared(NamedTuple):
    """One argument or parameter with its two gradients.

    Attributes:
        name: of the argument or parameter.
        value: where the gradients were taken.
        analytic: the gradient under test, shaped like ``value`` if it is any good.
        difference: the numerical gradient with its uncertainty, shaped like ``value``.
        tolerance: the largest relative error that passes.
        scatter: noise in the cost, as a fraction of its value.
        beside: in words, what gave the other gradient.
        projected: of a block too large to be measured entry by entry, what random projections found; ``difference``
            then repeats ``analytic`` wherever no entry was measured.
    """

    name: str
    value: np.ndarray
    analytic: np.ndarray
    difference: Difference
    tolerance: float
    scatter: float = 0.0
    projected: Projected | None = None
    beside: str = "central differences of the cost give"


class Breach(NamedTuple):
    """A rule of good behaviour that a function under test breaks: the block it concerns, and the sentence that says so.

    The name is empty where every block is concerned. ``numeric`` marks one that says no more than wrong numbers do.
    """

    name: str
    text: str
    numeric: bool = False


class PairCall(NamedTuple):
    """A forward/backward pair with the call under test: ``y, cache = forward(*args.values())``, cotangent ``dy``."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    args: Mapping[str, np.ndarray]
    y: np.ndarray
    dy: np.ndarray


@dataclass(frozen=True)
class Evidence:
    """Everything a diagnosis may look at.

    Attributes:
        compared: every block.
        context: of a cost function, what its author offers: ``{"x": x, "rho": 0.01, "beta": 3.0, "lam": 1e-4}``.
        pair: of a forward/backward pair, the call.
        model: of a model, the model itself.
        data: what the model's cost was computed on.
        broken: rules that the functions under test break, whatever their numbers.
        complex_step: a second opinion on the numerical gradient, by the block's name, where it was asked for.
        cost: ``cost(name, value)``, the cost with the named block at another value and all else as it was; None where
            a report was put together without one.
        again: ``again()``, the gradients by name when the functions under test are called once more; None as for
            ``cost``.
    """

    compared: tuple[Compared, ...]
    context: Mapping[str, Any] = field(default_factory=dict)
    pair: PairCall | None = None
    model: Any = None
    data: tuple[np.ndarray, ...] = ()
    broken: tuple[Breach, ...] = ()
    complex_step: Mapping[str, ComplexStep] = field(default_factory=dict)
    cost: Callable[[str, np.ndarray], float] | None = None
    again: Callable[[], Mapping[str, Any]] | None = None
