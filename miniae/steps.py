"""Steps: the gradient steps of one epoch, a batch at a time, in memory that is kept from one to the next."""

from collections.abc import Callable
from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.clipping import clip_by_norm
from miniae.context import Workspace
from miniae.diverged import TrainingDiverged, explain
from miniae.models.base import Model
from miniae.optimizers import Optimizer
from miniae.schedules import rate_at


class Steps:
    """Steps on one batch after the other, at once for each of the model's turns.

    A backend may bring steps of its own; :func:`~miniae.training.fit` sees nothing but these three methods.

    Args:
        model: what is trained; ``theta`` and ``buffers`` change in place.
        x: all training examples.
        target: their targets.
        optimizer: the rule, whose state is kept here.
        clip_norm: the longest gradient to step along, or None.
        seed: of the noise layers.
    """

    def __init__(
        self, model: Model, x: Array, target: Array, optimizer: Optimizer, clip_norm: float | None, seed: int
    ) -> None:
        self.turns = {name: Turn(turn, x, target, optimizer, clip_norm, seed) for name, turn in model.turns.items()}

    def begin(self, order: np.ndarray, batch_size: int) -> None:
        """Begin an epoch: the examples in this order, so many a batch; the last one has what is left."""
        self.order, self.batch_size, self.first = order, batch_size, 0
        self.totals = dict.fromkeys(self.turns, 0.0)

    def step(self) -> None:
        """Take the next batch.

        Raises:
            TrainingDiverged: if the cost or the gradient is not finite; theta is as the step before left it.
        """
        chosen = self.order[self.first : self.first + self.batch_size]
        for name, turn in self.turns.items():
            self.totals[name] += turn.step(chosen) * len(chosen)
        self.first += len(chosen)

    def end(self) -> dict[str, float]:
        """The mean cost over the examples of the epoch, by the name of the turn."""
        return {name: total / len(self.order) for name, total in self.totals.items()}


class Turn:
    """What one of the model's turns needs for its steps; the arguments are those of :class:`Steps`.

    Attributes:
        state: the optimiser's.
        gradient: of the last step.
        count: steps taken.
    """

    def __init__(
        self, model: Model, x: Array, target: Array, optimizer: Optimizer, clip_norm: float | None, seed: int
    ) -> None:
        self.model, self.x, self.target = model, x, target
        self.optimizer, self.clip_norm, self.seed = optimizer, clip_norm, seed
        xp = model.backend.xp
        trained = [slot.name for slot in model.layout if slot.decays and slot.name not in model.frozen]
        self.state = optimizer.start(model.theta, xp.asarray(model.layout.mask(trained)))
        self.gradient = xp.empty_like(model.theta)
        self.new_buffers = model.buffers.copy()
        self.workspace = Workspace()
        self.update: Callable[..., None] = model.backend.updates.get(type(optimizer), type(optimizer).update)
        self.count = 0

    def cost(self, x: Array, target: Array, step: Any, *, decay: bool = True) -> Any:
        """The cost of a batch, a 0-d array; its gradient is left in ``gradient``. Both with weight decay or without."""
        ctx = self.model.context(
            self.model.buffers, self.new_buffers, training=True, seed=self.seed, step=step, workspace=self.workspace
        )
        run = self.model.backpropagate if decay else self.model.backpropagate_examples
        return run(self.model.theta, x, target, ctx, self.gradient)

    def step(self, chosen: np.ndarray) -> float:
        """One step on the examples chosen; the cost before it."""
        model, indices = self.model, self.model.backend.xp.asarray(chosen)
        x = self.gather("x", self.x, indices)
        target = x if self.target is self.x else self.gather("target", self.target, indices)
        with np.errstate(all="ignore"):  # what leaves the finite numbers is told below, with where and why
            cost = float(self.cost(x, target, self.count))
            finite = np.isfinite(cost) and np.isfinite(float(self.gradient.sum()))
        if not finite:
            raise self.diverged(x, cost, self.count)
        if self.clip_norm is not None:
            clip_by_norm(self.gradient, self.clip_norm)
        self.update(self.optimizer, model.theta, self.gradient, self.state)
        model.buffers[...] = self.new_buffers
        self.count += 1
        return cost

    def diverged(self, x: Array, cost: float, step: int) -> TrainingDiverged:
        """The error for a step whose cost or gradient, left in ``gradient``, is not finite."""
        model, rate = self.model, rate_at(self.optimizer.learning_rate, step)
        ctx = model.context(model.buffers, self.new_buffers, training=True, seed=self.seed, step=step)
        return TrainingDiverged(explain(model, x, ctx, cost, self.gradient, step, rate))

    def gather(self, name: str, data: Array, indices: Array) -> Array:
        """The chosen examples, in memory of the workspace."""
        xp = self.model.backend.xp
        out = self.workspace.array(xp, (), name, (len(indices), *data.shape[1:]), data.dtype)
        if xp is np:
            return np.take(data, indices, axis=0, out=out, mode="clip")  # "clip" spares a buffer; none is outside
        return xp.take(data, indices, axis=0, out=out)
