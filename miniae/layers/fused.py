"""Several layers in a row as one: how a backend's fused ops take the place of the layers they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from miniae.arrays import Array
from miniae.context import Shape
from miniae.layers.base import Layer, Parameter


@dataclass(frozen=True)
class Fused(Layer):
    """The layers ``members``, run by the one op ``op``.

    The op takes the members' parameters and options, all together; their names must differ.
    """

    op: str = ""
    members: tuple[Layer, ...] = ()

    def parameters(self) -> dict[str, Parameter]:
        """Those of all members."""
        return {name: parameter for member in self.members for name, parameter in member.parameters().items()}

    def options(self) -> dict[str, Any]:
        """Those of all members."""
        return {name: value for member in self.members for name, value in member.options().items()}

    def turned(self, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """As each member has its own."""
        return reduce(lambda arrays, member: member.turned(arrays), self.members, arrays)

    def output_shape(self, shape: Shape) -> Shape:
        """Through all members in turn."""
        return reduce(lambda shape, member: member.output_shape(shape), self.members, shape)


def fuse(layers: Sequence[Layer], table: Mapping[tuple[str, ...], str]) -> list[tuple[range, Layer]]:
    """Replace every sequence of layers whose ops stand in ``table`` by one fused layer, the longest first.

    Returns:
        The layers to run, each with the places in ``layers`` that it stands for.

    >>> from miniae.layers import Dense, Sigmoid
    >>> for places, layer in fuse([Dense(2, 3), Sigmoid(), Dense(3, 2)], {("dense", "sigmoid"): "dense_sigmoid"}):
    ...     print(places, layer.op)
    range(0, 2) dense_sigmoid
    range(2, 3) dense
    """
    steps: list[tuple[range, Layer]] = []
    i = 0
    while i < len(layers):
        ops = tuple(layer.op for layer in layers[i:])
        length = max((len(sequence) for sequence in table if sequence == ops[: len(sequence)]), default=1)
        members = tuple(layers[i : i + length])
        steps.append((range(i, i + length), Fused(table[ops[:length]], members) if length > 1 else layers[i]))
        i += length
    return steps
