"""Pooling and unpooling: to whom a window's gradient goes, and how much of it."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.diagnosis.images import LETTERS, Pooling, arranged, misplaced
from miniae.ops.max_pool2d import put
from miniae.ops.windows import Windows


def pooling(clues: Clues) -> Iterator[Explanation]:
    """The mistakes of max and mean alike, then those of each."""
    for pool in clues.poolings:
        for place, (k, l) in enumerate(pool.at.positions()):
            switches = np.full(pool.y.shape, place)
            text = f"d{pool.name} gives dy to the element [{k}, {l}] of every window, whatever the values"
            yield Explanation("pool-wrong-element", text, pool.predicted(_put(pool.dy, switches, pool.at)))
        yield from _max(pool) if pool.kind == "max" else _mean(pool)


def _max(pool: Pooling) -> Iterator[Explanation]:
    name, at, dy = pool.name, pool.at, pool.dy
    size, number = f"{at.kernel[0]}x{at.kernel[1]}", at.kernel[0] * at.kernel[1]
    switches = _windows(pool, -np.inf).argmax(axis=3)
    for share in (dy, dy / number, dy / at.counts(dy)):
        text = f"d{name} gives dy to every element of a {size} window; only the largest made the output"
        yield Explanation("pool-to-all", text, pool.predicted(_shared(share, at)))
    ties = (_windows(pool, -np.inf) == pool.y[:, :, :, None]).reshape(*pool.y.shape[:3], *at.kernel, pool.y.shape[3])
    text = f"d{name} gives dy to all elements of a {size} window that tie for the largest, each time in full"
    yield Explanation("pool-ties-doubled", text, pool.predicted(_shared(dy, at, ties)))
    others = [(_windows(pool, np.inf).argmin(axis=3), "goes to the smallest element of every window, not the largest")]
    k, l = divmod(switches, at.kernel[1])
    if at.kernel[0] == at.kernel[1]:
        others.append((l * at.kernel[1] + k, "goes to the largest's place in the window with row and column exchanged"))
    others += [
        ((switches + by) % number, "goes to the place beside the largest: a position off by one") for by in (1, -1)
    ]
    for places, what in others:
        yield Explanation("pool-wrong-element", f"d{name}: dy {what}", pool.predicted(_put(dy, places, at)))
    for step, which in ((1, "the last"), (-1, "the first")):
        text = (
            f"d{name} keeps, of an element that is the largest of several windows, {which} one's dy alone: it was "
            "assigned where it must be added (= for +=)"
        )
        yield Explanation("assigned-not-added", text, pool.predicted(_assigned(dy, switches, at, step)))
    text = f"d{name} marks the largest elements: the local derivative was returned without multiplying by dy"
    yield Explanation("cotangent-ignored", text, pool.predicted(_put(np.ones_like(dy), switches, at)))
    for cause, what, moved in misplaced(at):
        text = f"d{name} is computed {what}"
        yield Explanation(cause, text, pool.predicted(_put(dy, switches, moved)))


def _mean(pool: Pooling) -> Iterator[Explanation]:
    name, at, dy = pool.name, pool.at, pool.dy
    counts, number = at.counts(dy), at.kernel[0] * at.kernel[1]
    size = f"{at.kernel[0]}x{at.kernel[1]}"
    text = f"d{name} is dy at every element of a {size} window; of a mean each gets 1/{number} of it"
    yield Explanation("pool-not-divided", text, pool.predicted(_shared(dy, at)))
    ways = [("counted", number), ("left out", counts)]
    (how, right), (otherwise, other) = ways if pool.kind == "mean of all" else ways[::-1]
    text = f"The padding is {how} in the forward's means and {otherwise} in d{name}"
    yield Explanation("pool-padding-counted", text, pool.predicted(_shared(dy / other, at)))
    share = dy / right
    for step, which in ((-1, "the last"), (1, "the first")):
        padded = np.zeros((len(dy), *at.padded, dy.shape[3]))
        for k, l in list(at.positions())[::step]:
            padded[at.pixels(k, l)] = share
        text = f"d{name} keeps, where windows overlap, {which} one's share alone: assigned, not added (= for +=)"
        yield Explanation("assigned-not-added", text, pool.predicted(padded[at.inside()]))
    text = f"The local derivative was returned as d{name} without multiplying by dy"
    yield Explanation("cotangent-ignored", text, pool.predicted(_shared(np.ones_like(dy) / right, at)))
    for cause, what, moved in misplaced(at):
        text = f"d{name} is computed {what}"
        yield Explanation(cause, text, pool.predicted(_shared(share, moved)))


def _windows(pool: Pooling, padding: float) -> np.ndarray:
    """The elements of each window in a row, (N, OH, OW, KH KW, C)."""
    view = pool.at.view(pool.at.pad(pool.x, padding))
    return view.reshape(*view.shape[:3], -1, view.shape[5])


def _put(dy: np.ndarray, switches: np.ndarray, at: Windows) -> np.ndarray:
    dx = np.zeros((len(dy), *at.size, dy.shape[3]))
    put(dy, switches, at, dx)
    return dx


def _shared(dy: np.ndarray, at: Windows, mask: np.ndarray | None = None) -> np.ndarray:
    """dy at all elements of its window, those of the mask (N, OH, OW, KH, KW, C) alone."""
    padded = np.zeros((len(dy), *at.padded, dy.shape[3]))
    for k, l in at.positions():
        padded[at.pixels(k, l)] += dy if mask is None else dy * mask[:, :, :, k, l]
    return padded[at.inside()]


def _assigned(dy: np.ndarray, switches: np.ndarray, at: Windows, step: int) -> np.ndarray:
    """dy at the chosen elements, the last window's where several chose one."""
    padded = np.zeros((len(dy), *at.padded, dy.shape[3]))
    n, c = np.indices((len(dy), dy.shape[3]))
    for i, j in list(product(*map(range, at.out)))[::step]:
        k, l = divmod(switches[:, i, j], at.kernel[1])
        padded[n, i * at.stride[0] + k, j * at.stride[1] + l, c] = dy[:, i, j]
    return padded[at.inside()]


def unpooling(clues: Clues) -> Iterator[Explanation]:
    """The output is zero but for the input's numbers, one in each window: dx takes dy at other places."""
    if clues.pair is None or len(clues.wrong) != 1:
        return
    (c,), y, dy = clues.wrong, np.asarray(clues.pair.y), clues.pair.dy
    x = clues.pair.args[c.name]
    if y.ndim != x.ndim or not np.array_equal(np.sort(x, None), np.sort(y[y != 0], None)):
        return
    for axes in LETTERS.get(y.ndim, ()):
        x4, y4, dy4 = (arranged(a, axes, "NHWC") for a in (x, y, dy))
        (n, h, w, channels), (m, high, wide, same) = x4.shape, y4.shape
        if (n, channels) != (m, same) or high % h or wide % w or (high, wide) == (h, w):
            continue
        k, l = high // h, wide // w

        def in_windows(image: np.ndarray, h: int = h, w: int = w, k: int = k, l: int = l) -> np.ndarray:
            """(N, OH, OW, KH KW, C)."""
            parts = image.reshape(len(image), h, k, w, l, image.shape[3]).transpose(0, 1, 3, 2, 4, 5)
            return parts.reshape(len(image), h, w, k * l, image.shape[3])

        chosen, arrived = in_windows(y4) != 0, in_windows(dy4)
        if not (chosen.sum(axis=3) == 1).all():
            continue
        place = chosen.argmax(axis=3)
        ways = [
            (arrived.sum(axis=3), f"sums every {k}x{l} window of dy"),
            (arrived.mean(axis=3), f"averages every {k}x{l} window of dy"),
            (arrived.max(axis=3), f"takes the largest dy of every {k}x{l} window"),
        ]
        others = [np.full(place.shape, p) for p in range(k * l)] + [(place + by) % (k * l) for by in (1, -1)]
        others += [place % l * l + place // l] if k == l else []
        ways += [
            (
                np.take_along_axis(arrived, other[:, :, :, None], 3)[:, :, :, 0],
                "takes dy at another place of the window",
            )
            for other in others
        ]
        for dx, what in ways:
            text = f"d{c.name} {what}; the value went to one place alone, and has the gradient of that"
            yield Explanation("unpool-wrong-place", text, {c.name: arranged(dx, "NHWC", axes)})
