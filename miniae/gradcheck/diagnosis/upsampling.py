"""Upsampling: every old element must sum what comes back from the new ones made of it."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from miniae.gradcheck.contract import same
from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.diagnosis.images import LETTERS, arranged
from miniae.ops.upsample2d import enlarging


def upsampling(clues: Clues) -> Iterator[Explanation]:
    """The output is the input enlarged by whole factors, in one of the usual ways."""
    if clues.pair is None or len(clues.wrong) != 1:
        return
    (c,), y, dy = clues.wrong, np.asarray(clues.pair.y), clues.pair.dy
    x = clues.pair.args[c.name]
    for axes in LETTERS.get(y.ndim, ()) if x.ndim == y.ndim else ():
        x4, y4, dy4 = (arranged(a, axes, "NHWC") for a in (x, y, dy))
        sizes = list(zip(x4.shape[1:3], y4.shape[1:3], strict=True))
        if any(new % old for old, new in sizes) or x4.size == y4.size:
            continue
        factors = (y4.shape[1] // x4.shape[1], y4.shape[2] // x4.shape[2])
        ways = {mode: [_matrix(mode, *size) for size in sizes] for mode in MODES}
        mode = next((mode for mode, ab in ways.items() if same(_both(x4, *ab), y4)), None)
        if mode is None:
            continue
        size = "x".join(str(f) for f in factors if f > 1)
        for i, j in product(*map(range, factors)):
            text = f"d{c.name} takes one element of every {size} window of dy where it must sum what was made of each"
            picked = dy4[:, i :: factors[0], j :: factors[1]]
            yield Explanation("upsample-subsampled", text, {c.name: arranged(picked, "NHWC", axes)})
        text = f"d{c.name} averages every {size} window of dy where it must sum it"
        a, b = ways[mode]
        mean = _both(dy4, a.T, b.T) / np.prod(factors)
        yield Explanation("upsample-averaged", text, {c.name: arranged(mean, "NHWC", axes)})
        for other, (a, b) in ways.items():
            dx = arranged(_both(dy4, a.T, b.T), "NHWC", axes)
            text = f"The forward is {MODES[mode]}, but d{c.name} is the gradient of {MODES[other]}"
            if other != mode:
                yield Explanation("upsample-other-mode", text, {c.name: dx})
                yield Explanation("upsample-other-mode", text + ", averaged", {c.name: dx / np.prod(factors)})
        a, b = (_tents(*size) for size in sizes)
        text = f"d{c.name} drops what the outermost pixels of dy bring: beyond the centres the forward copies"
        yield Explanation("border-wrong", text, {c.name: arranged(_both(dy4, a.T, b.T), "NHWC", axes)})
        return


MODES = {
    "nearest": "nearest-neighbour upsampling",
    "bilinear": "bilinear upsampling",
    "corners": "bilinear upsampling with the corners aligned",
}


def _matrix(mode: str, old: int, new: int) -> np.ndarray:
    """Which share of each old element every new one takes."""
    if mode != "corners":
        return np.asarray(enlarging(old, new // old, mode, np.zeros(0)))  # type: ignore[arg-type]
    t = np.linspace(0, old - 1, new)
    return np.maximum(0, 1 - np.abs(t[:, None] - np.arange(old)))


def _tents(old: int, new: int) -> np.ndarray:
    """The bilinear shares, without what lies beyond the outermost centres."""
    t = (np.arange(new) + 0.5) * old / new - 0.5
    return np.maximum(0, 1 - np.abs(t[:, None] - np.arange(old)))


def _both(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.einsum("ir,jq,nrqc->nijc", rows, columns, x)
