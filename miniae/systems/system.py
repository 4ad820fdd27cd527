"""What a system is: a title, its data, and a function that trains it and returns its figures."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Figure(NamedTuple):
    """A measured number and the range it has to lie in."""

    metric: str
    measured: float
    low: float
    high: float

    @property
    def met(self) -> bool:
        """Whether it lies there. NaN does not.

        >>> Figure("cost", 0.415, 0.40, 0.43).met
        True
        """
        return self.low <= self.measured <= self.high


class System(NamedTuple):
    """A whole training on real data; ``run(out)`` writes pictures to the folder ``out`` and returns the figures."""

    title: str
    data: str
    run: Callable[[Path], list[Figure]]
