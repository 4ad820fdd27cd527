"""Layers that lay the numbers of an example out anew; see :mod:`miniae.ops.reshape`."""

from dataclasses import dataclass
from typing import Any

from miniae.context import Shape
from miniae.layers.base import Layer
from miniae.ops.reshape import example_shape


@dataclass(frozen=True)
class Reshape(Layer):
    """Each example in another shape.

    Args:
        shape: of an example; one -1 stands for whatever is left.

    >>> Reshape((7, 7, -1)).output_shape((10, 98))
    (10, 7, 7, 2)
    """

    shape: tuple[int, ...]
    op = "reshape"

    def options(self) -> dict[str, Any]:
        """The shape."""
        return {"shape": self.shape}

    def output_shape(self, shape: Shape) -> Shape:
        """(N, ...) becomes (N, *shape).

        Raises:
            ValueError: if the numbers of elements differ.
        """
        try:
            return (shape[0], *example_shape(shape[1:], self.shape))
        except ValueError as error:
            raise ValueError(f"{self}: {str(error).partition(': ')[2]}") from None

    def sight(self) -> None:
        """Nothing: where its inputs stood is lost."""


@dataclass(frozen=True)
class Flatten(Reshape):
    """Each example as one row.

    >>> Flatten().output_shape((10, 7, 7, 2))
    (10, 98)
    """

    shape: tuple[int, ...] = (-1,)
