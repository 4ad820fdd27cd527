"""What a system is: a title, its data, and a function that trains it and returns its figures."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from miniae import data
from miniae.data import Dataset

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

T = TypeVar("T")
QUICK_TEST = 500  # of the 1,797 small digits


@dataclass(frozen=True)
class Run:
    """How a system is run: where its pictures go, and whether in earnest or quickly, on small data.

    Attributes:
        out: folder for pictures.
        quick: whether all shall be done in seconds, with the small digits that come along in place of MNIST. The
            figures are then others, and so are their targets.
    """

    out: Path
    quick: bool = False

    def pick(self, full: T, quick: T) -> T:
        """The one of two settings that applies.

        >>> Run(Path(), quick=True).pick(400, 20)
        20
        """
        return quick if self.quick else full

    def digits(self, dtype: str = "float64") -> Dataset:
        """MNIST; quickly, the small digits, the last 500 of them to be tested on.

        >>> Run(Path(), quick=True).digits().x_train.shape
        (1297, 64)
        """
        return _small_digits(dtype) if self.quick else data.mnist(dtype=dtype)

    def garments(self, dtype: str = "float64") -> Dataset:
        """Fashion-MNIST; quickly, the small digits."""
        return _small_digits(dtype) if self.quick else data.fashion_mnist(dtype=dtype)

    def save(self, picture: "Picture", name: str) -> None:
        """Write a picture to ``name``.png in the folder."""
        picture.savefig(self.out / f"{name}.png")


def _small_digits(dtype: str) -> Dataset:
    x, y = data.digits()
    x = x.astype(dtype)
    return Dataset(x[:-QUICK_TEST], y[:-QUICK_TEST], x[-QUICK_TEST:], y[-QUICK_TEST:])


class Figure(NamedTuple):
    """A measured number and the range it has to lie in; without one it is merely reported."""

    metric: str
    measured: float
    low: float = -inf
    high: float = inf

    @property
    def met(self) -> bool:
        """Whether it lies there. NaN does not.

        >>> Figure("cost", 0.415, 0.40, 0.43).met
        True
        """
        return self.low <= self.measured <= self.high


class System(NamedTuple):
    """A whole training on real data; ``run`` writes pictures and returns the figures."""

    title: str
    data: str
    run: Callable[[Run], list[Figure]]
