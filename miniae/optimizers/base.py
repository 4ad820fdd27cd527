"""What all optimisers share: a learning rate, a fresh state, and the checks with which an update begins."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from miniae.arrays import Array, array_module, check_floats
from miniae.schedules import Rate, check_rate, rate_at

State = dict[str, Array]


@dataclass(frozen=True)
class Optimizer(ABC):
    """Hyperparameters, and the rule by which they turn gradients into steps.

    An optimiser remembers nothing. What must be known of the past (a velocity, running averages, the number of steps)
    is the *state*, a plain dict of arrays beside theta: copy it, save it, load it, and the run goes on as if nothing
    had been. Its entries are

    - ``"step"``: how many updates there were, a 0-d int64 NumPy array;
    - an array like theta for each name in ``memory``;
    - an array like theta for each name in ``scratch``: room for intermediate results, so that an update allocates
      nothing. What it holds between updates means nothing.

    In every subclass the last array operation of ``update`` is the one that changes theta. An interrupt before it
    leaves theta as it was (the state may be ahead of it by then), one after it finds theta complete.

    Args:
        learning_rate: a number, or a schedule (:mod:`miniae.schedules`): a function from the step, counted from 0.
    """

    memory: ClassVar[tuple[str, ...]] = ()
    scratch: ClassVar[tuple[str, ...]] = ("scratch",)

    learning_rate: Rate = 0.01

    def __post_init__(self) -> None:
        check_rate(type(self).__name__, "learning_rate", self.learning_rate)

    def start(self, theta: Float[Array, "..."], decays: Bool[Array, "..."] | None = None) -> State:
        """The state before the first update.

        Args:
            theta: the parameters; the state's arrays get its shape, dtype and array module.
            decays: True where weight decay applies, shaped like ``theta``; None for everywhere. Only optimisers with
                weight decay look at it.

        Returns:
            A fresh state.

        Raises:
            TypeError: if ``theta`` is neither float32 nor float64, or ``decays`` is not boolean.
            ValueError: if ``decays`` has another shape than ``theta``.
        """
        name = type(self).__name__
        check_floats(name, theta=theta)
        if decays is not None:
            dtype = getattr(decays, "dtype", type(decays).__name__)
            if dtype != np.bool_:
                raise TypeError(f"{name}: decays must be a boolean array, got {dtype}")
            if decays.shape != theta.shape:
                raise ValueError(f"{name}: decays has shape {decays.shape} but theta has shape {theta.shape}")
        xp = array_module(theta)
        arrays = {entry: xp.zeros_like(theta) for entry in (*self.memory, *self.scratch)}
        return {"step": np.zeros((), np.int64), **arrays}

    @abstractmethod
    def update(self, theta: Float[Array, "..."], gradient: Float[Array, "..."], state: State) -> None:
        """Take one step: change ``theta`` and ``state`` in place.

        Args:
            theta: the parameters.
            gradient: of the cost with respect to ``theta``, shaped like it; only read.
            state: from :meth:`start`.

        Raises:
            TypeError: if the arrays are not float32 or float64, all alike.
            ValueError: if ``gradient`` or an array of the state has not the shape of ``theta``, the state lacks an
                entry, or the schedule gives a rate that is negative or not finite.
        """

    def _begin(self, theta: Array, gradient: Array, state: State) -> float:
        """Check what an update was given, count the step, and return its learning rate."""
        name = type(self).__name__
        entries = *self.memory, *self.scratch
        missing = {"step", *entries} - state.keys()
        if missing:
            raise ValueError(f"{name}: the state lacks {', '.join(sorted(missing))}; it holds {', '.join(state)}")
        arrays = {"gradient": gradient, **{f"state {entry}": state[entry] for entry in entries}}
        check_floats(name, theta=theta, **arrays)
        for argument, array in arrays.items():
            if array.shape != theta.shape:
                raise ValueError(f"{name}: {argument} has shape {array.shape} but theta has shape {theta.shape}")
        rate = rate_at(self.learning_rate, int(state["step"]))
        state["step"] += 1
        return rate
