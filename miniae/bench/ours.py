"""miniae itself as a contender: the step that ``fit`` runs, in the memory that ``fit`` gives it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from miniae.arrays import Array
from miniae.bench.contender import Contender
from miniae.models.base import Model
from miniae.optimizers import Optimizer
from miniae.steps import Steps

EPOCH = 100  # steps of an epoch, or as many batches as there is room for
ROOM = 2**30  # bytes


class Miniae(Contender):
    """A model of miniae on one of its backends.

    Args:
        model: the model, on its backend.
        x: the batch, a NumPy array; it is taken to the backend's device.
        optimizer: with its settings.
    """

    def __init__(self, model: Model, x: Array, optimizer: Optimizer) -> None:
        self.name = f"miniae {model.backend.name}"
        self.model = model
        self.x = model.backend.xp.asarray(x)
        self._steps = fit_steps(model, x, optimizer)

    def cost_and_grad(self) -> tuple[float, NDArray[np.floating]]:
        """The model's own."""
        cost, gradient = self.model.cost_and_grad(self.model.theta, self.x)
        return cost, on_host(gradient)

    def step(self) -> None:
        """What ``fit`` does for each batch, the gathering of its examples included."""
        next(self._steps)

    def wait(self) -> None:
        """Wait for the device; NumPy has none."""
        if self.model.backend.xp is not np:
            self.model.backend.xp.cuda.Device().synchronize()

    def theta(self) -> NDArray[np.floating]:
        """The model's."""
        return on_host(self.model.theta).copy()


def fit_steps(model: Model, batch: Array, optimizer: Optimizer) -> Iterator[None]:
    """The steps that ``fit`` takes, without end, each on the examples of one batch in a shuffled order.

    What ``fit`` does once an epoch is done as often as there are steps in one: the order handed over, the costs read.
    The data set has room for an epoch, but only its first batch is ever chosen: the others work on one batch too.
    """
    xp, size = model.backend.xp, len(batch)
    epoch = max(1, min(EPOCH, ROOM // batch.nbytes))
    x = xp.zeros((epoch * size, *batch.shape[1:]), batch.dtype)
    x[:size] = xp.asarray(batch)
    rng = np.random.default_rng(0)
    order = np.concatenate([rng.permutation(size) for _ in range(epoch)])
    steps = (model.backend.steps or Steps)(model, x, x, optimizer, None, 0)
    while True:
        steps.begin(order, size)
        for _ in range(epoch):
            steps.step()
            yield
        steps.end()


def on_host(array: Array) -> NDArray[np.floating]:
    """A NumPy or CuPy array as a NumPy array."""
    return array if isinstance(array, np.ndarray) else array.get()
