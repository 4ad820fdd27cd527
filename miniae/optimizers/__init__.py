"""Optimisers: each a frozen dataclass of hyperparameters with ``start(theta)`` and ``update(theta, gradient, state)``.

``OPTIMIZERS`` is the table of all of them. A new optimiser is one new file beside this one and one entry here.
(L-BFGS, which evaluates the cost as often as it likes rather than once a step, is in :mod:`miniae.lbfgs`.)
"""

from miniae.optimizers.adam import Adam
from miniae.optimizers.adamw import AdamW
from miniae.optimizers.base import Optimizer, State
from miniae.optimizers.momentum import Momentum
from miniae.optimizers.nesterov import Nesterov
from miniae.optimizers.rmsprop import RMSProp
from miniae.optimizers.sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "State",
    "optimizer",
]

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": AdamW,
}


def optimizer(name: str | Optimizer) -> Optimizer:
    """Look an optimiser up by its name, with its default settings; an instance is passed through.

    Raises:
        TypeError: if it is a class.
        ValueError: if the name is unknown; the message lists the known ones.

    >>> optimizer("adam")
    Adam(learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-08)
    """
    if isinstance(name, Optimizer):
        return name
    if isinstance(name, type):
        raise TypeError(f"optimizer: got the class {name.__name__}; pass an instance, {name.__name__}()")
    if name not in OPTIMIZERS:
        raise ValueError(f"optimizer: {name!r} is unknown; known: {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name]()
