"""Arrays that watch what a kernel does with them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from miniae_kernels.threads.errors import OutOfBounds, Uninitialised
from miniae_kernels.threads.ledger import Ledger
from miniae_kernels.threads.scalars import scalar_type
from miniae_kernels.threads.threads import Launch

POISON = 0xA5  # the bytes of integers that nobody has written; floats are NaN


class Memory:
    """The elements of one array in a row, and what is known about them.

    Args:
        flat: where they are kept.
        shape: of the array, for messages.
        name: of the array, for messages.
        launch: that uses it.
        advice: for who reads an element before it is written (shared and local memory); None if all have values.
    """

    def __init__(
        self, flat: np.ndarray, shape: tuple[int, ...], name: str, launch: Launch, advice: str | None = None
    ) -> None:
        self.flat, self.shape, self.name, self.launch = flat, shape, name, launch
        self.scalar = scalar_type(flat.dtype)
        self.ledger = Ledger(launch)
        self.advice, self.written = advice, bytearray(flat.size)
        if advice is not None:
            flat.view(np.uint8)[:] = POISON
            if flat.dtype.kind == "f":
                flat[:] = np.nan

    def read(self, element: int) -> Any:
        """The value of an element, as a scalar of the device.

        Raises:
            Uninitialised: if nothing was written there.
            Race: if another thread may be writing there.
            NeverEnding: if the thread has used memory too often.
        """
        self.launch.count_access()
        self._demand_written("reads", element)
        self.ledger.note("reads", element, self.show)
        return self._load(element)

    def write(self, element: int, value: Any) -> None:
        """Give an element a value, converted to its type.

        Raises:
            Race: if another thread may be using it.
            NeverEnding: if the thread has used memory too often.
        """
        self.launch.count_access()
        self.ledger.note("writes", element, self.show)
        self.written[element] = True
        self.flat[element] = self.scalar(value)

    def update(self, element: int, operation: Callable[[Any, Any], Any], value: Any) -> Any:
        """Replace an element by ``operation(element, value)``, atomically.

        Returns:
            its old value.

        Raises:
            Uninitialised: if nothing was written there.
            Race: if another thread may be using it, but for another atomic operation.
            NeverEnding: if the thread has used memory too often.
        """
        self.launch.count_access()
        self._demand_written("updates", element)
        self.ledger.note("updates", element, self.show)
        old = self._load(element)
        self.flat[element] = self.scalar(operation(old, self.scalar(value)))
        return old

    def _demand_written(self, verb: str, element: int) -> None:
        if self.advice is not None and not self.written[element]:
            what = f"{verb} {self.show(element)} before anything is written there"
            raise Uninitialised(f"{self.launch.where()}: {what}; {self.advice}")

    def _load(self, element: int) -> Any:
        return self.scalar(self.flat[element]) if self.flat.dtype.kind in "iu" else self.flat[element]

    def show(self, element: int) -> str:
        """``x[3, 1]``."""
        index = np.unravel_index(element, self.shape)
        return f"{self.name}[{', '.join(map(str, index))}]"


class WatchedArray:
    """An array as a kernel sees it: ``x[i, j]``, ``x.shape``, ``x.dtype``, and ``x[i]`` for a row."""

    def __init__(self, memory: Memory, shape: tuple[int, ...], start: int = 0) -> None:
        self.memory, self.shape, self.start = memory, shape, start
        self.ndim, self.dtype = len(shape), memory.flat.dtype

    @property
    def size(self) -> int:
        """How many elements it has."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        element, rest = self.locate(index, "reads")
        return WatchedArray(self.memory, rest, element) if rest else self.memory.read(element)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __array__(self, *_: object, **__: object) -> NoReturn:
        memory = self.memory
        raise TypeError(f"{memory.launch.where()}: {memory.name} is an array, not a number: write a loop over it")

    def __setitem__(self, index: Any, value: Any) -> None:
        self.memory.write(self.element(index, "writes"), value)

    def element(self, index: Any, verb: str) -> int:
        """Where in the memory one element is.

        Raises:
            TypeError: if the index is that of a row, or no integer.
            OutOfBounds: if the array has no such element.
        """
        element, rest = self.locate(index, verb)
        if rest:
            raise TypeError(f"{self.memory.name}: an index of {self.ndim} integers is needed here, got {index}")
        return element

    def locate(self, index: Any, verb: str) -> tuple[int, tuple[int, ...]]:
        """Where in the memory an element or row begins, and the shape of the row.

        Raises:
            TypeError: if the index is not made of integers, or of too many.
            OutOfBounds: if the array has no such element.
        """
        if type(index) is not tuple:
            index = (index,)
        if len(index) > self.ndim:
            raise TypeError(f"{self.memory.name}: has {self.ndim} axes, got the index {index}")
        element = 0
        for i, length in zip(index, self.shape, strict=False):
            try:
                i = operator.index(i)
            except TypeError:
                where = f"{self.memory.launch.where()}: {self.memory.name}"
                raise TypeError(f"{where}: an index is made of integers here, got {i!r}") from None
            if not 0 <= i < length:
                raise self._out_of_bounds(index, verb)
            element = element * length + i
        rest = self.shape[len(index) :]
        for length in rest:
            element *= length
        return self.start + element, rest

    def _out_of_bounds(self, index: tuple[int, ...], verb: str) -> OutOfBounds:
        memory = self.memory
        shown = f"{memory.name}[{', '.join(map(str, index))}]"
        if self.shape != memory.shape:
            shown += f" of the part that begins at {memory.show(self.start)}"
        return OutOfBounds(f"{memory.launch.where()}: {verb} {shown}, but its shape is {self.shape}")
