"""Callbacks for :func:`miniae.training.fit`: any function of an :class:`~miniae.training.Epoch` will do."""

from dataclasses import dataclass, field

import numpy as np

from miniae.arrays import Array
from miniae.training import Epoch, History


@dataclass
class EarlyStopping:
    """Stop when a recorded figure has not got better for some epochs, and go back to the best theta.

    Args:
        patience: epochs without a new best before training stops.
        monitor: what to watch, a name in the history: ``"validation_cost"`` or ``"cost"``.
        min_delta: how much smaller counts as better.

    Raises:
        ValueError: if ``patience`` is below 1, or, before training, if nothing of that name is recorded.

    >>> import numpy as np
    >>> from miniae.models import SoftmaxRegression
    >>> from miniae.training import fit
    >>> x, labels = np.eye(4), np.arange(4)
    >>> model, stopping = SoftmaxRegression(4, 4, weight_decay=1.0), EarlyStopping(3, "cost", min_delta=1e-3)
    >>> history = fit(model, x, labels, epochs=1000, optimizer="sgd", callbacks=[stopping], progress=False)
    >>> len(history["cost"]) < 1000, history.stopped.split(":")[0]
    (True, 'early stopping')
    """

    patience: int = 5
    monitor: str = "validation_cost"
    min_delta: float = 0.0
    _best: float = field(default=np.inf, init=False, repr=False)
    _best_epoch: int = field(default=0, init=False, repr=False)
    _best_theta: Array | None = field(default=None, init=False, repr=False)
    _best_buffers: Array | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.patience >= 1:
            raise ValueError(f"EarlyStopping: patience must be at least 1, got {self.patience}")

    def before(self, history: History) -> None:
        """Refuse to watch what is not recorded, before training begins."""
        if self.monitor not in history:
            known = ", ".join(history)
            raise ValueError(
                f"EarlyStopping: {self.monitor!r} is not recorded (recorded: {known}); pass validation= for "
                "'validation_cost', or another monitor"
            )

    def __call__(self, epoch: Epoch) -> None:
        """Note a new best, or stop."""
        if epoch.number == 1:
            self._best = np.inf
        model, value = epoch.model, epoch.history[self.monitor][-1]
        if value < self._best - self.min_delta:
            self._best, self._best_epoch = value, epoch.number
            self._best_theta, self._best_buffers = model.theta.copy(), model.buffers.copy()
        elif epoch.number - self._best_epoch >= self.patience:
            model.theta[...], model.buffers[...] = self._best_theta, self._best_buffers
            epoch.stop = f"early stopping: {self.monitor} was best ({self._best:.6g}) after epoch {self._best_epoch}"
