"""What takes part in a benchmark: something that trains one of the workloads, a step at a time."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")


class Contender(ABC):
    """A model in training on one batch, with its optimiser, from the same theta as all others.

    How it keeps its parameters is its own affair, and part of what is measured. What it shows of them is laid out as
    miniae's theta.

    Attributes:
        name: what a table calls it.
    """

    name: str

    @abstractmethod
    def cost_and_grad(self) -> tuple[float, NDArray[np.floating]]:
        """The cost at the current theta and its gradient, (layout.size,); nothing is trained."""

    @abstractmethod
    def step(self) -> None:
        """One training step: forward, backward, optimiser. It may return before the device is done."""

    @abstractmethod
    def wait(self) -> None:
        """Return when all steps so far are done."""

    @abstractmethod
    def theta(self) -> NDArray[np.floating]:
        """A copy of the current theta, (layout.size,)."""

    def close(self) -> None:  # noqa: B027 - most have nothing to do
        """Give up what its library keeps beyond its life: called when all contenders of a row have been timed."""


def counterpart(peer: str, table: Mapping[Any, Value], key: Any) -> Value:
    """What stands in a peer's table for a layer, a loss or an optimiser of miniae's.

    Raises:
        ValueError: if nothing does.

    >>> counterpart("torch", {"squared_error": "MSELoss"}, "l1")
    Traceback (most recent call last):
    ...
    ValueError: torch: nothing stands for l1; known: squared_error
    """
    if key not in table:
        name, *known = (getattr(entry, "__name__", entry) for entry in (key, *table))
        raise ValueError(f"{peer}: nothing stands for {name}; known: {', '.join(known)}")
    return table[key]
