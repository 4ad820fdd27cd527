"""The right numbers in the wrong place: transposed, reversed, shifted, swapped."""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues, close, is_bias
from miniae.gradcheck.diagnosis.explanation import Explanation


def kernel_not_flipped(clues: Clues) -> Iterator[Explanation]:
    """A kernel's gradient turned by 180 degrees: its two spatial axes reversed together."""
    for c in clues.wrong:
        for axes in {2: [(0, 1)], 3: [(0, 1), (1, 2)], 4: [(0, 1), (2, 3)]}.get(c.value.ndim, []):
            if c.name.lower()[0] in "wk":
                text = f"d{c.name} is the right gradient turned by 180 degrees: the kernel is flipped, or should be"
                yield Explanation("kernel-not-flipped", text, {c.name: np.flip(c.difference.gradient, axes)})


def transposed(clues: Clues) -> Iterator[Explanation]:
    """A matrix and its transpose, or one unrolled by rows and read by columns."""
    for c in clues.compared:
        numeric = c.difference.gradient
        if c.name not in clues.failing or numeric.ndim != 2:
            continue
        text = f"d{c.name} is the transpose of the right gradient"
        if c.analytic.shape == numeric.T.shape != numeric.shape and close(c.analytic.T, numeric, c):
            yield Explanation("transposed", text, {c.name: numeric.T}, observed=True)
        yield Explanation("transposed", text, {c.name: numeric.T})
        text = f"d{c.name} holds the right numbers, but unrolled by columns where {c.name} is unrolled by rows"
        yield Explanation("transposed", text, {c.name: numeric.T.reshape(numeric.shape)})
        yield Explanation("transposed", text, {c.name: numeric.reshape(numeric.shape[::-1]).T})


def reading_order(clues: Clues) -> Iterator[Explanation]:
    """The numbers of images read or laid out column by column (Fortran's order), or channels first."""
    for c in clues.wrong:
        numeric = c.difference.gradient
        if numeric.ndim < 3:
            continue
        shape, rows = numeric.shape, numeric.reshape(len(numeric), -1)
        by_columns = [
            numeric.reshape(shape, order="F"),
            numeric.ravel().reshape(shape, order="F"),
            numeric.ravel(order="F").reshape(shape),
            rows.reshape(shape, order="F"),
            np.stack([row.reshape(shape[1:], order="F") for row in rows]),
            np.stack([example.ravel(order="F").reshape(shape[1:]) for example in numeric]),
        ]
        text = f"d{c.name} holds the right numbers, but laid out column by column (Fortran's order), not row by row"
        for numbers in by_columns:
            yield Explanation("reading-order", text, {c.name: numbers})
        text = f"d{c.name} holds the right numbers, but read or laid out with another axis for the channels"
        first = shape[0], shape[-1], *shape[1:-1]
        yield Explanation("reading-order", text, {c.name: np.moveaxis(rows.reshape(first), 1, -1)})
        yield Explanation("reading-order", text, {c.name: np.moveaxis(numeric, -1, 1).reshape(shape)})


def axes_swapped(clues: Clues) -> Iterator[Explanation]:
    """Two axes of the same length exchanged."""
    for c in clues.wrong:
        numeric = c.difference.gradient
        if numeric.ndim < 3:
            continue
        for i, j in combinations(range(numeric.ndim), 2):
            axes = clues.axes(c.name)
            likely = numeric.ndim == 4 and (i, j) in ((0, 1), (1, 2), (2, 3))
            spatial = {axes[i], axes[j]} == {"H", "W"} if axes else likely
            cause, what = ("h-w-swapped", "height and width") if spatial else ("axes-swapped", "two axes")
            text = f"d{c.name} is the right gradient with its axes {i} and {j} swapped: {what} were exchanged"
            yield Explanation(cause, text, {c.name: np.swapaxes(numeric, i, j)})


def reversed_order(clues: Clues) -> Iterator[Explanation]:
    """The order along an axis turned round."""
    for c in clues.wrong:
        numeric = c.difference.gradient
        for axis in range(numeric.ndim):
            text = f"d{c.name} is the right gradient in reverse order along axis {axis}"
            yield Explanation("reversed", text, {c.name: np.flip(numeric, axis)})
        if numeric.ndim > 1:
            text = f"d{c.name} is the right gradient in reverse order along all axes"
            yield Explanation("reversed", text, {c.name: np.flip(numeric)})


def shifted(clues: Clues) -> Iterator[Explanation]:
    """Everything one place further along one or two axes; what is left free is zero, or what fell off the end."""
    for c in clues.wrong:
        numeric = c.difference.gradient
        groups = [(axis,) for axis in range(numeric.ndim)] + list(combinations(range(numeric.ndim), 2))
        for axes in groups:
            for by in (1, -1):
                rolled = np.roll(numeric, by, axes)
                text = (
                    f"d{c.name} is the right gradient shifted by {by:+d} along {'axis' if len(axes) == 1 else 'axes'} "
                    f"{' and '.join(map(str, axes))}: an index, stride or padding is off by one"
                )
                yield Explanation("shifted", text, {c.name: rolled})
                filled = rolled.copy()
                for axis in axes:
                    np.moveaxis(filled, axis, 0)[0 if by == 1 else -1] = 0
                yield Explanation("shifted", text, {c.name: filled})


def blocks_swapped(clues: Clues) -> Iterator[Explanation]:
    """Gradients handed back in another order than the arguments, or unrolled in another order than theta."""
    blocks = clues.compared
    for a, b in combinations(blocks, 2):
        if a.name in clues.failing and b.name in clues.failing and a.value.size == b.value.size:
            one, other = a.difference.gradient, b.difference.gradient
            text = f"d{a.name} is the right d{b.name} and the other way round: the two were exchanged"
            if a.value.shape == b.value.shape:
                yield Explanation("blocks-swapped", text, {a.name: other, b.name: one})
    if not len(blocks) >= 2 or any(c.analytic.shape != c.value.shape for c in blocks):
        return
    orders = list(permutations(range(len(blocks)))) if len(blocks) <= 4 else [_weights_first(clues)]
    ends = np.cumsum([c.value.size for c in blocks])[:-1]
    for order in orders[len(blocks) <= 4 :]:  # the first permutation is the right order
        joined = np.concatenate([blocks[k].difference.gradient.ravel() for k in order])
        parts = np.split(joined, ends)
        text = (
            f"The gradients are unrolled in the order {', '.join(blocks[k].name for k in order)}, theta in the order "
        )
        text += ", ".join(c.name for c in blocks)
        predicted = {c.name: part.reshape(c.value.shape) for c, part in zip(blocks, parts, strict=True)}
        yield Explanation("blocks-swapped", text, predicted)


def _weights_first(clues: Clues) -> tuple[int, ...]:
    """UFLDL's order: all weights, then all biases."""
    return tuple(sorted(range(len(clues.compared)), key=lambda k: is_bias(clues.compared[k])))
