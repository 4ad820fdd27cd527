"""Indices with arrays in them, as CuPy understands them."""

from typing import Any, NamedTuple

import numpy as np

from standin.streams import refuse_while_capturing


def is_basic(key: Any) -> bool:
    """Whether an index makes a view: slices, whole numbers, ``...`` and None."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(p is None or p is ... or (isinstance(p, slice | int | np.integer) and p is not True) for p in parts)


def with_ellipsis(key: Any) -> tuple[Any, ...]:
    """The index so that NumPy gives a view even where a single element is left."""
    parts = key if isinstance(key, tuple) else (key,)
    return parts if any(p is ... for p in parts) else (*parts, ...)


class Index(NamedTuple):
    """An index with arrays in it, which are kept apart: ``None`` stands in their places.

    ``sizes`` are those of the axes that the parts go along: CuPy wraps around what is out of range.
    """

    parts: list[Any]
    sizes: list[int]
    is_array: list[bool]

    def __call__(self, places: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
        """The index as NumPy takes it, given what the arrays hold."""
        given, found = iter(places), []
        for part, size, is_array in zip(self.parts, self.sizes, self.is_array, strict=True):
            value = next(given) if is_array else part
            found.append(value % max(size, 1) if is_array and value.dtype != np.bool_ else value)
        return tuple(found)

    def put(self, to: np.ndarray, what: Any, places: tuple[np.ndarray, ...]) -> None:
        """Assign. Where a place is named twice CuPy leaves open which value stays: that is refused here."""
        index = self(places)
        named = np.arange(to.size).reshape(to.shape)[index]
        if len(np.unique(named)) != named.size:
            raise RuntimeError("an index names a place twice: which value is stored there is undefined")
        to[index] = what


def advanced(key: Any, shape: tuple[int, ...]) -> tuple[Index, list[Any]]:
    """The index, and the arrays in it: of the device, or of NumPy.

    CuPy copies NumPy's arrays and lists to the device, and counts the True of a mask on the host; neither is allowed
    while a stream captures.
    """
    parts = [np.asarray(p) if isinstance(p, list) else p for p in (key if isinstance(key, tuple) else (key,))]
    for part in parts:
        if isinstance(part, np.ndarray):
            refuse_while_capturing("H2D transfers")
        if _is_mask(part):
            refuse_while_capturing("synchronous API calls (the True in a mask are counted)")
    lengths = [0 if p is None or p is ... else p.ndim if _is_mask(p) else 1 for p in parts]  # axes it goes along
    lengths = [len(shape) - sum(lengths) if p is ... else n for p, n in zip(parts, lengths, strict=True)]
    starts = np.cumsum([0, *lengths])[:-1]
    sizes = [shape[start] if length else 0 for start, length in zip(starts, lengths, strict=True)]
    is_array = [hasattr(part, "shape") and not np.isscalar(part) for part in parts]
    arrays = [part for part, array in zip(parts, is_array, strict=True) if array]
    return Index([None if array else p for p, array in zip(parts, is_array, strict=True)], sizes, is_array), arrays


def _is_mask(part: Any) -> bool:
    return getattr(part, "dtype", None) == np.bool_
