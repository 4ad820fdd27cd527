"""fit: train a model on mini-batches."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from tqdm.auto import tqdm

from miniae import optimizers
from miniae.arrays import Array
from miniae.data.checks import check_finite_floats
from miniae.layers import Sigmoid
from miniae.models.base import Model
from miniae.models.network_model import NetworkModel
from miniae.optimizers import Optimizer
from miniae.steps import Steps


class History(dict[str, list[float]]):
    """What training recorded: ``history["cost"]`` and the like, one number an epoch (or iteration).

    Attributes:
        seconds: how long each epoch took.
        stopped: why training ended before its time, or ``""``.
    """

    def __init__(self, **curves: list[float]) -> None:
        super().__init__(curves)
        self.seconds: list[float] = []
        self.stopped = ""


@dataclass
class Epoch:
    """What a callback is told after every epoch, and how it says that training shall stop.

    Attributes:
        number: 1 after the first epoch.
        model: the model in training.
        history: everything recorded so far.
        stop: set it to a reason, and training ends here.
    """

    number: int
    model: Model
    history: History
    stop: str = ""


Callback = Callable[[Epoch], Any]


@runtime_checkable
class Prepared(Protocol):
    """A callback that looks at what will be recorded before training begins, and may refuse it."""

    def before(self, history: History) -> None:
        """``history`` has its names, and no number yet."""


def fit(
    model: Model,
    x: Array,
    target: Array | None = None,
    *,
    epochs: int = 10,
    batch_size: int = 128,
    optimizer: str | Optimizer = "adam",
    validation: float | tuple[Array, Array | None] = 0.0,
    clip_norm: float | None = None,
    callbacks: Sequence[Callback] = (),
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Train a model on shuffled mini-batches; ``model.theta`` is changed in place.

    The last batch of an epoch may be smaller than the others. It is used, and an epoch's cost is the mean over
    examples, not over batches.

    A network that ends in a sigmoid cannot reach targets outside [0, 1], such as pixels up to 255; a warning says so.

    Ctrl-C ends training after the last complete step: the model is usable and the history is returned, with
    ``history.stopped`` saying so.

    Args:
        model: the model.
        x: training examples, (N, features), of the model's dtype.
        target: what the output should be; the model says what stands in for None (an autoencoder: ``x``).
        epochs: passes over the data.
        batch_size: examples in a step.
        optimizer: a name of :data:`miniae.optimizers.OPTIMIZERS`, or an instance with its settings.
        validation: the fraction of the examples to hold out, or a pair ``(x, target)`` of held-out data.
        clip_norm: the longest gradient to step along; longer ones are shortened to it.
        callbacks: called with an :class:`Epoch` after every epoch; see :class:`Prepared` too.
        seed: of the shuffles, of the validation split and of noise layers.
        progress: whether to show a progress bar.

    Returns:
        The history: ``cost`` (or what the model's ``turns`` are called) and, with validation, ``validation_cost``, one
        number an epoch.

    Raises:
        TypeError, ValueError: if an argument does not fit; nothing has been changed then.
        TrainingDiverged: if the cost or the gradient is no longer finite; it says where, and ``model.theta`` is as
            the last finite step left it.

    >>> import numpy as np
    >>> from miniae.models import SparseAutoencoder
    >>> x = np.random.default_rng(0).uniform(size=(100, 16))
    >>> history = fit(SparseAutoencoder(16, 4, rho=0.1, beta=0.1), x, epochs=20, batch_size=32, progress=False)
    >>> len(history["cost"]), history["cost"][-1] < history["cost"][0]
    (20, True)
    """
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    if not isinstance(model, Model):
        raise TypeError(f"model must be a Model, got {type(model).__name__}, which fit cannot train")
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number of at least 0, got {seed!r}")
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm must be a positive number or None, got {clip_norm!r}")
    if not isinstance(callbacks, Sequence) or any(isinstance(c, type) or not callable(c) for c in callbacks):
        raise TypeError(f"callbacks must be a list of functions of an Epoch, got {callbacks!r}")
    x, target, held_out = _prepare(model, x, target, validation, seed)
    _warn_if_out_of_reach(model, target)
    rule = optimizers.optimizer(optimizer)
    steps = (model.backend.steps or Steps)(model, x, target, rule, clip_norm, seed)
    rng = np.random.default_rng(seed)
    history = History(**{name: [] for name in model.turns}, **({"validation_cost": []} if held_out else {}))
    for callback in callbacks:
        if isinstance(callback, Prepared):
            callback.before(history)
    batches, count = -(-len(x) // batch_size), 0
    bar = tqdm(total=epochs * batches, disable=not progress, unit="step", dynamic_ncols=True)
    try:
        for number in range(1, epochs + 1):
            start = time.perf_counter()
            bar.set_description(f"epoch {number}/{epochs}")
            steps.begin(rng.permutation(len(x)), batch_size)
            for _ in range(batches):
                steps.step()
                count += 1
                bar.update()
            for name, cost in steps.end().items():
                history[name].append(cost)
            history.seconds.append(time.perf_counter() - start)
            if held_out:
                history["validation_cost"].append(_mean_cost(model, *held_out, batch_size))
            bar.set_postfix({name: f"{values[-1]:.5g}" for name, values in history.items()})
            epoch = Epoch(number, model, history)
            for callback in callbacks:
                callback(epoch)
            if epoch.stop:
                history.stopped = epoch.stop
                break
    except KeyboardInterrupt:
        history.stopped = f"interrupted after {count} steps"
    finally:
        bar.close()
    return history


def _prepare(
    model: Model, x: Array, target: Array | None, validation: float | tuple[Array, Array | None], seed: int
) -> tuple[Array, Array, tuple[Array, Array] | None]:
    """Check all data, and split what is to be held out from it."""
    x, target = _checked(model, "x", x, target)
    if isinstance(validation, tuple) and len(validation) == 2:
        return x, target, _checked(model, "validation x", *validation)
    if not isinstance(validation, int | float) or not 0 <= validation < 1:
        raise ValueError(f"validation must be a fraction in [0, 1) or a pair (x, target), got {_brief(validation)}")
    if not validation:
        return x, target, None
    count = round(validation * len(x))
    if not 0 < count < len(x):
        raise ValueError(f"validation={validation} of {len(x)} examples would leave a part empty")
    order = np.random.default_rng([seed, 1]).permutation(len(x))
    kept, held = (model.backend.xp.asarray(np.sort(part)) for part in (order[count:], order[:count]))
    if target is x:
        x, x_held = x[kept], x[held]
        return x, x, (x_held, x_held)
    return x[kept], target[kept], (x[held], target[held])


def _brief(value: object) -> str:
    """A value for an error message: a number as it is, anything larger by its type."""
    return repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"


def _checked(model: Model, name: str, x: Array, target: Array | None) -> tuple[Array, Array]:
    check_finite_floats(name, x)
    return model.checked(model.theta, x, target)


def _warn_if_out_of_reach(model: Model, target: Array) -> None:
    """Say that a sigmoid cannot give such values. (0 and 1 are its limits, and common targets.)"""
    if not isinstance(model, NetworkModel) or not isinstance(model.network.layers[-1], Sigmoid):
        return
    low, high = float(target.min()), float(target.max())
    if target.dtype.kind == "f" and (low < 0 or high > 1):  # whole numbers are labels
        warnings.warn(
            f"target has values from {low:g} to {high:g} but the network ends in a sigmoid, whose outputs lie in "
            "(0, 1): divide 8-bit images by 255, or end in a layer that gives such values",
            stacklevel=3,
        )


def _mean_cost(model: Model, x: Array, target: Array, batch_size: int) -> float:
    """The cost over all of x, a batch at a time so that memory stays bounded; the mean over examples."""
    total = 0.0
    for first in range(0, len(x), batch_size):
        part = slice(first, first + batch_size)
        total += model.cost(model.theta, x[part], target[part]) * len(x[part])
    return total / len(x)
