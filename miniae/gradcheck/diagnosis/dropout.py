"""Dropout and top-k: the mask of the forward pass, on the way back."""

from collections.abc import Iterator

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Explanation


def dropout(clues: Clues) -> Iterator[Explanation]:
    """The output is the input times 0 or one constant, and the sign of the input does not decide which."""
    if clues.pair is None or len(clues.wrong) != 1:
        return
    x, name, y, dy = clues.wrong[0].value, clues.wrong[0].name, np.asarray(clues.pair.y), clues.pair.dy
    if y.shape != x.shape or not x.all():
        return
    mask = y / x
    kept = mask != 0
    if kept.all() or not kept.any() or np.ptp(mask[kept]) > 1e-9 * abs(mask[kept][0]) or len(set((x > 0)[kept])) < 2:
        return
    scale = float(mask[kept][0])
    for times in {1.0, scale}:
        text = f"d{name} is not zero where the forward pass dropped the element: the mask was not applied to dy"
        yield Explanation("mask-not-applied", text, {name: times * dy})
    text = f"d{name} passes through the right mask but lacks its factor {scale:.4g}"
    yield Explanation("mask-not-scaled", text, {name: dy * kept})
    text = f"d{name} passes through where the forward pass dropped the element, and not where it kept it"
    yield Explanation("mask-inverted", text, {name: scale * dy * ~kept})
    through = clues.wrong[0].analytic != 0
    if not through.all() and through.any() and not (through == kept).all() and (through == kept).any():
        text = f"d{name} passes through a mask, but not the one of the forward pass: it was drawn anew"
        yield Explanation("mask-redrawn", text, {name: scale * dy * through})
