"""Pooling, upsampling, dropout and convolution: what can be told from a pair's arrays alone."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues, close
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.evidence import Compared
from miniae.gradcheck.numeric import linear_gradient

LARGEST = 2000  # entries of x up to which the pair is run again for each


def _only(clues: Clues) -> tuple[Compared, np.ndarray, np.ndarray] | None:
    """The one failing argument of a pair, its output and the cotangent."""
    if clues.pair is None or len(clues.wrong) != 1 or np.ndim(clues.pair.y) != clues.wrong[0].value.ndim:
        return None
    return clues.wrong[0], np.asarray(clues.pair.y), clues.pair.dy


def _ratio(large: tuple[int, ...], small: tuple[int, ...]) -> tuple[int, ...] | None:
    """How many elements of one array stand for one of another, along each axis."""
    if 0 in small or any(a % b for a, b in zip(large, small, strict=True)) or large == small:
        return None
    return tuple(a // b for a, b in zip(large, small, strict=True))


def _spread(x: np.ndarray, ratio: tuple[int, ...]) -> np.ndarray:
    """Every element repeated over its window."""
    for axis, times in enumerate(ratio):
        x = np.repeat(x, times, axis)
    return x


def _picked(x: np.ndarray, ratio: tuple[int, ...], offset: tuple[int, ...]) -> np.ndarray:
    """One element of every window."""
    return x[tuple(slice(o, None, r) for o, r in zip(offset, ratio, strict=True))]


def upsampling(clues: Clues) -> Iterator[Explanation]:
    """The output is larger than the input by whole factors."""
    found = _only(clues)
    ratio = found and _ratio(found[1].shape, found[0].value.shape)
    if found is None or not ratio:
        return
    compared, _, dy = found
    size = "x".join(str(r) for r in ratio if r > 1)
    for offset in product(*map(range, ratio)):
        text = f"d{compared.name} takes one element of every {size} window of dy where it must sum the window"
        yield Explanation("upsample-subsampled", text, {compared.name: _picked(dy, ratio, offset)})
    text = f"d{compared.name} averages every {size} window of dy where it must sum it"
    mean = compared.difference.gradient / np.prod(ratio)
    yield Explanation("upsample-averaged", text, {compared.name: mean})


def pooling(clues: Clues) -> Iterator[Explanation]:
    """The output is smaller than the input by whole factors."""
    found = _only(clues)
    ratio = found and _ratio(found[0].value.shape, found[1].shape)
    if found is None or not ratio:
        return
    compared, y, dy = found
    x, name, everywhere = compared.value, compared.name, _spread(dy, ratio)
    size, number = "x".join(str(r) for r in ratio if r > 1), int(np.prod(ratio))
    if close(everywhere / number, compared.difference.gradient, compared):
        text = f"d{name} is dy at every element of a {size} window; of a mean each gets 1/{number} of it"
        yield Explanation("pool-not-divided", text, {name: everywhere})
    elif np.array_equal(y, np.maximum.reduce([_picked(x, ratio, o) for o in product(*map(range, ratio))])):
        text = f"d{name} gives dy to every element of a {size} window; only the largest made the output"
        yield Explanation("pool-to-all", text, {name: everywhere})
        yield Explanation("pool-to-all", text, {name: everywhere / number})
        text = f"d{name} gives dy to all elements of a {size} window that tie for the largest, each time in full"
        yield Explanation("pool-ties-doubled", text, {name: everywhere * (x == _spread(y, ratio))})
        lowest = np.minimum.reduce([_picked(x, ratio, o) for o in product(*map(range, ratio))])
        text = f"d{name} gives dy to the smallest element of every {size} window, not to the largest"
        yield Explanation("pool-wrong-element", text, {name: everywhere * (x == _spread(lowest, ratio))})
    for offset in product(*map(range, ratio)):
        alone = np.zeros_like(x)
        _picked(alone, ratio, offset)[...] = dy
        where = ", ".join(str(o) for o, r in zip(offset, ratio, strict=True) if r > 1)
        text = f"d{name} gives dy to the element [{where}] of every {size} window, whatever the values"
        yield Explanation("pool-wrong-element", text, {name: alone})


def dropout(clues: Clues) -> Iterator[Explanation]:
    """The output is the input times 0 or one constant, and the sign of the input does not decide which."""
    found = _only(clues)
    if found is None or found[1].shape != found[0].value.shape or not found[0].value.all():
        return
    compared, y, dy = found
    x, name = compared.value, compared.name
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
    through = compared.analytic != 0
    if not through.all() and through.any() and not np.array_equal(through, kept):
        text = f"d{name} passes through a mask, but not the one of the forward pass: it was drawn anew"
        yield Explanation("mask-redrawn", text, {name: scale * dy * through})


def convolution(clues: Clues) -> Iterator[Explanation]:
    """dx with the kernel turned or transposed: the right gradient of the same pair with such a kernel."""
    if clues.pair is None or np.ndim(clues.pair.y) < 2 or clues.chain is not None:  # a dense op's w is no kernel
        return
    args, dy = clues.pair.args, clues.pair.dy
    (x_name, x), *rest = args.items()
    kernels = [(name, w) for name, w in rest if np.ndim(w) in (2, 4) and np.ndim(w) == np.ndim(x)]
    if x_name not in {c.name for c in clues.wrong} or not kernels or x.size > LARGEST:
        return
    (w_name, w), *_ = kernels
    for axes in [(0, 1)] if w.ndim == 2 else [(0, 1), (2, 3)]:
        for cause, what, changed in (
            ("kernel-not-flipped", "turned by 180 degrees", np.flip(w, axes)),
            ("h-w-swapped", "with height and width swapped", np.swapaxes(w, *axes)),
        ):
            if changed.shape == w.shape:
                text = f"d{x_name} went back through {w_name} {what}"
                predicted = _gradient_at(clues, {**args, w_name: np.ascontiguousarray(changed)}, x_name, dy)
                if predicted is not None:
                    yield Explanation(cause, text, {x_name: predicted})


def _gradient_at(clues: Clues, args: dict[str, np.ndarray], name: str, dy: np.ndarray) -> np.ndarray | None:
    """The numerical gradient of the pair with other arguments, where it is linear in ``name``."""
    pair = clues.pair
    assert pair is not None

    def cost(value: np.ndarray) -> float:
        given = (np.array(v) for v in {**args, name: value}.values())  # copies: it may change what it is given
        return float(np.sum(dy * pair.forward(*given)[0]))

    try:
        return linear_gradient(cost, args[name]).gradient
    except Exception:  # the user's own code, with arguments it was not made for
        return None
