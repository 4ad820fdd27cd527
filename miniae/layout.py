"""Layout: where each named parameter lies in one flat vector.

A network has no arrays of its own. All its parameters are slices of one vector theta (UFLDL's "unrolled" parameters),
and a layout says which: name, shape, offset. An optimiser, a gradient check or a file of weights then needs one
vector and nothing else, and two layers that share weights name the same slice.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from miniae.arrays import Array


class Slot(NamedTuple):
    """One named array in a flat vector; ``decays`` marks what weight decay applies to (weights, never biases)."""

    name: str
    shape: tuple[int, ...]
    offset: int
    decays: bool = True

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def slice(self) -> slice:
        """Where the elements lie in the flat vector."""
        return slice(self.offset, self.offset + self.size)


class Layout:
    """An ordered table of named slots in a flat vector of ``size`` elements.

    Args:
        slots: the slots, names all different.

    Raises:
        ValueError: if a name stands twice.

    >>> layout = Layout.of({"w1": (2, 3), "b1": (3,)})
    >>> layout.size, layout["b1"].slice
    (9, slice(6, 9, None))
    >>> layout.views(np.arange(9.0))["w1"]
    array([[0., 1., 2.],
           [3., 4., 5.]])
    """

    def __init__(self, slots: Iterable[Slot]) -> None:
        self._slots: dict[str, Slot] = {}
        for slot in slots:
            if slot.name in self._slots:
                raise ValueError(f"layout: the name {slot.name!r} stands twice")
            self._slots[slot.name] = slot
        self.size = max((slot.offset + slot.size for slot in self), default=0)

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]], not_decaying: Collection[str] = ()) -> "Layout":
        """Lay arrays of the given shapes one behind the other.

        >>> [(slot.name, slot.offset) for slot in Layout.of({"w1": (2, 3), "b1": (3,)})]
        [('w1', 0), ('b1', 6)]
        """
        slots, offset = [], 0
        for name, shape in shapes.items():
            slots.append(Slot(name, tuple(shape), offset, name not in not_decaying))
            offset += slots[-1].size
        return cls(slots)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots.values())

    def __len__(self) -> int:
        return len(self._slots)

    def __getitem__(self, name: str) -> Slot:
        if name not in self._slots:
            raise ValueError(f"layout: no parameter is named {name!r}; known: {', '.join(self._slots) or 'none'}")
        return self._slots[name]

    def __repr__(self) -> str:
        return f"Layout({', '.join(f'{slot.name} {slot.shape}' for slot in self)})"

    def views(self, vector: Array) -> dict[str, Array]:
        """The named arrays as views into ``vector``, which has shape (size,).

        Raises:
            ValueError: if ``vector`` has another shape.
        """
        self.check("theta", vector)
        return {slot.name: vector[slot.slice].reshape(slot.shape) for slot in self}

    def check(self, name: str, vector: Array) -> None:
        """Refuse a vector, called ``name`` in the message, that is not of shape (size,)."""
        got = getattr(vector, "shape", type(vector).__name__)
        if got != (self.size,):
            raise ValueError(f"{name} must be an array of shape ({self.size},) to fit {self!r}, got {got}")

    def mask(self, names: Collection[str]) -> np.ndarray:
        """A boolean vector, True where one of the named arrays lies.

        >>> Layout.of({"w1": (2,), "b1": (1,)}).mask(["b1"])
        array([False, False,  True])
        """
        mask = np.zeros(self.size, bool)
        for name in names:
            mask[self[name].slice] = True
        return mask
