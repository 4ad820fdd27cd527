"""Where the errors of a block are, for when nothing is known that explains them."""

from collections.abc import Iterator

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.evidence import Compared

AXES = {"N": "example", "H": "row", "W": "column", "C": "channel", "O": "channel"}


def where(compared: Compared, clues: Clues) -> str:
    """One phrase: ``"the errors are confined to row 3"``; empty where the report's other lines say it all."""
    numeric, uncertainty, _ = compared.difference
    if compared.analytic.shape != numeric.shape:
        return f"the gradient has shape {compared.analytic.shape}, the argument {numeric.shape}"
    error = np.abs(compared.analytic - numeric)
    scale = float(np.abs(numeric).max(initial=0.0)) or 1.0
    wrong = ~(error <= np.maximum(compared.tolerance * scale, 10 * uncertainty))
    if wrong.all() or wrong.sum() <= 1:
        return ""
    for place, mask in _places(compared, clues):
        if mask.any() and not mask.all() and not wrong[~mask].any():
            share = "" if wrong[mask].all() else f" ({wrong.sum()} of {mask.sum()} entries there)"
            return f"the errors are confined to {place}{share}"
    return f"{wrong.sum()} of {wrong.size} entries are wrong, in no pattern that is known"


def _places(compared: Compared, clues: Clues) -> Iterator[tuple[str, np.ndarray]]:
    """Places that errors are often confined to, the narrowest first."""
    shape, value = compared.value.shape, compared.value
    index = np.indices(shape)
    for axis, length in enumerate(shape):
        for k in range(length) if length > 1 and len(shape) > 1 else ():
            yield _slab(compared, clues, axis, k), index[axis] == k
    for i, j in _spatial(compared, clues):
        if min(shape[i], shape[j]) > 2:
            edge = (index[i] % (shape[i] - 1) == 0) | (index[j] % (shape[j] - 1) == 0)
            yield ("the border pixels" if len(shape) > 2 else "the border of the array"), edge
    yield "entries where the argument is 0", value == 0
    yield "entries where the argument is negative", value < 0
    yield "entries where the argument is positive", value > 0
    if clues.pair is not None and np.shape(clues.pair.y) == shape:
        yield "entries where the output is 0", np.asarray(clues.pair.y) == 0
    yield "entries where the right gradient is 0", compared.difference.gradient == 0
    if len(shape) == 1:
        yield "the first entry and its neighbours", index[0] < max(1, shape[0] // 4)
        yield "the last entries", index[0] >= shape[0] - max(1, shape[0] // 4)


def _spatial(compared: Compared, clues: Clues) -> list[tuple[int, int]]:
    """Which two axes are height and width: those of a known image, or where they usually are."""
    axes = clues.axes(compared.name)
    if "H" in axes and "W" in axes:
        return [(axes.index("H"), axes.index("W"))]
    return {2: [(0, 1)], 3: [(0, 1), (1, 2)], 4: [(1, 2), (2, 3)]}.get(compared.value.ndim, [])


def _slab(compared: Compared, clues: Clues, axis: int, k: int) -> str:
    """A name for what has the index k along an axis."""
    length, dims, axes = compared.value.shape[axis], compared.value.ndim, clues.axes(compared.name)
    last = " (the last)" if k == length - 1 else ""
    if axes:
        return f"{AXES[axes[axis]]} {k}{last}"
    if axis == 0 and clues.pair is not None and length == len(np.atleast_1d(clues.pair.y)):
        return f"example {k}{last}"
    if dims == 2:
        return f"{'row' if axis == 0 else 'column'} {k}{last}"
    return f"index {k}{last} of axis {axis}"
