"""Gradients that are none: zeros, whole numbers, single precision, NaN, another shape."""

from collections.abc import Iterator

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues, is_bias
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.evidence import Compared
from miniae.gradcheck.judge import RANDOM, errors
from miniae.gradcheck.words import with_verb


def wrong_shape(clues: Clues) -> Iterator[Explanation]:
    """Another shape than the argument's."""
    for c in clues.compared:
        if c.analytic.shape != c.value.shape:
            text = f"d{c.name} has shape {c.analytic.shape}, but {c.name} has shape {c.value.shape}"
            yield Explanation("wrong-shape", text, {c.name: c.analytic}, observed=True, general=True)


def not_finite(clues: Clues) -> Iterator[Explanation]:
    """NaN or infinity in it."""
    for c in clues.compared:
        bad = np.flatnonzero(~np.isfinite(c.analytic))
        if bad.size and c.analytic.shape == c.value.shape:
            index = ", ".join(str(int(i)) for i in np.unravel_index(bad[0], c.analytic.shape))
            text = (
                f"d{c.name} is {c.analytic.flat[bad[0]]} at [{index}] and not finite in {bad.size} of "
                f"{c.analytic.size} entries: look for a division by 0 or the logarithm of 0"
            )
            yield Explanation("not-finite", text, {c.name: c.analytic}, observed=True)


def _nothing(c: Compared) -> bool:
    """Whether the gradient is zero, but for rounding, where the right one is not."""
    return bool(np.abs(c.analytic).max() <= 1e-9 * np.abs(c.difference.gradient).max())


def bias_missing(clues: Clues) -> Iterator[Explanation]:
    """Only the biases' gradients are zero."""
    zero = [c for c in clues.wrong if _nothing(c) and is_bias(c)]
    if zero and len(zero) < len(clues.compared) and any(c.analytic.any() for c in clues.compared):
        are = with_verb(("d" + c.name for c in zero), "is", "are")
        text = f"{are} zero throughout: the gradient with respect to the bias was never computed, or not handed back"
        yield Explanation("bias-missing", text, {c.name: np.zeros(c.value.shape) for c in zero})


def zero_gradient(clues: Clues) -> Iterator[Explanation]:
    """Zero throughout where the right one is not."""
    zero = [c for c in clues.wrong if _nothing(c)]
    if zero:
        are = with_verb(("d" + c.name for c in zero), "is", "are")
        text = f"{are} zero throughout: it was not computed, not handed back, or lost in an integer division"
        yield Explanation("zero-gradient", text, {c.name: np.zeros(c.value.shape) for c in zero}, general=True)


def unused(clues: Clues) -> Iterator[Explanation]:
    """The numerical gradient is zero but for noise: the cost does not depend on this."""
    still = [
        c
        for c in clues.wrong
        if c.scatter < RANDOM and (np.abs(c.difference.gradient) <= 10 * c.difference.uncertainty).all()
    ]
    if still and len(still) == len(clues.compared):
        text = "The cost does not change with its arguments at all, so its gradient is zero: is a term missing from it?"
        yield Explanation("cost-constant", text, {c.name: c.analytic for c in still}, observed=True)
    for c in still if len(still) < len(clues.compared) else ():
        text = f"The cost does not change with {c.name}, so d{c.name} should be zero: is {c.name} used at all?"
        yield Explanation("argument-unused", text, {c.name: c.analytic}, observed=True)


def integer_division(clues: Clues) -> Iterator[Explanation]:
    """Whole numbers where the right gradient has fractions."""
    for c in clues.wrong:
        numeric, whole = c.difference.gradient, c.analytic.dtype.kind in "iu"
        if not whole and _nothing(c):
            continue  # zeros have other explanations as well
        for cut, how in ((np.trunc, "cut off"), (np.floor, "rounded down"), (np.rint, "rounded")):
            text = f"d{c.name} holds whole numbers, the right gradient with its fractions {how}: look for //"
            yield Explanation("integer-division", text, {c.name: cut(numeric)})


def float32(clues: Clues) -> Iterator[Explanation]:
    """Right to seven digits, not to more, and every entry a single-precision number."""
    blocks = {}
    for c in clues.wrong:
        numeric = c.difference.gradient
        near = np.abs(c.analytic - numeric).max() <= 1e-4 * np.abs(numeric).max()
        if near and errors(c).wrong.any() and np.array_equal(c.analytic, c.analytic.astype(np.float32)):
            blocks[c.name] = c.analytic
    if blocks:
        are = with_verb(("d" + name for name in blocks), "is", "are")
        text = f"{are} right to about 7 digits and every entry is a float32 number: compute in float64 to check it"
        yield Explanation("float32", text, blocks, observed=True)
