"""Convolution and its transpose: the kernel turned, windows misplaced, sums that are none, the border."""

from collections.abc import Callable, Iterator

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.diagnosis.images import Convolution, misplaced
from miniae.gradcheck.numeric import linear_gradient

LARGEST = 2000  # entries of x up to which the pair is run again for each

TURNS: tuple[tuple[str, str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("kernel-not-flipped", "turned by 180 degrees", lambda w: np.flip(w, (0, 1))),
    ("kernel-half-flipped", "flipped top to bottom", lambda w: np.flip(w, 0)),
    ("kernel-half-flipped", "flipped left to right", lambda w: np.flip(w, 1)),
    ("kernel-half-flipped", "turned by 90 degrees", np.rot90),
    ("kernel-half-flipped", "turned by 90 degrees the other way", lambda w: np.rot90(w, -1)),
    ("h-w-swapped", "with height and width swapped", lambda w: np.swapaxes(w, 0, 1)),
    ("channels-swapped", "with its channels in and out exchanged", lambda w: np.swapaxes(w, 2, 3)),
    (
        "channels-swapped",
        "turned by 180 degrees, and with its channels in and out exchanged",
        lambda w: np.flip(w, (0, 1)).swapaxes(2, 3),
    ),
    (
        "channels-swapped",
        "with its channels reshaped where they must be transposed",
        lambda w: w.reshape(*w.shape[:2], w.shape[3], w.shape[2]).swapaxes(2, 3),
    ),
)


def _each(cause: str, conv: Convolution, dx: np.ndarray, dw: np.ndarray, how: str) -> Iterator[Explanation]:
    """The same mistake in both gradients, and in one."""
    x, w, _ = conv.names
    yield Explanation(cause, f"d{x} and d{w} are computed {how}", conv.predicted(dx=dx, dw=dw))
    yield Explanation(cause, f"d{x} is computed {how}", conv.predicted(dx=dx))
    yield Explanation(cause, f"d{w} is computed {how}", conv.predicted(dw=dw))


def kernel_turned(clues: Clues) -> Iterator[Explanation]:
    """dx through a kernel that is turned, flipped or transposed; dw that is."""
    conv = clues.convolution
    if conv is None:
        return
    x, w, _ = conv.names
    for cause, what, turn in TURNS:
        turned = np.ascontiguousarray(turn(conv.w))
        if turned.shape == conv.w.shape:
            text = f"d{x} went back through {w} {what}"
            dx, dw = conv.back(w=turned), turn(conv.kernel())
            yield Explanation(cause, text, conv.predicted(dx=dx))
            if cause == "h-w-swapped":
                continue  # of a kernel's gradient that is a transpose, which has a name of its own
            other = f"d{w} is the right gradient {what}"
            yield Explanation(cause, other, conv.predicted(dw=dw))
            yield Explanation(cause, f"{text}, and {other}", conv.predicted(dx=dx, dw=dw))


def windows_misplaced(clues: Clues) -> Iterator[Explanation]:
    """Another stride or padding going back than going forward."""
    conv = clues.convolution
    if conv is None:
        return
    for cause, what, at in misplaced(conv.at):
        yield from _each(cause, conv, conv.back(at=at), conv.kernel(at=at), what)


def assigned(clues: Clues) -> Iterator[Explanation]:
    """= for +=: what is left is that of the last window, or of the last example or channel."""
    conv = clues.convolution
    if conv is None:
        return
    x, w, b = conv.names
    masks = {}
    for n, which in ((-1, "last"), (0, "first")):
        place, example = np.zeros(conv.values.shape), np.zeros(conv.values.shape)
        place[:, n, n] = example[n] = 1
        masks["assigned-not-added", f"the {which} window"] = place
        masks["one-example-only", f"the {which} example"] = example
        masks["assigned-not-added", f"the {which} window of the {which} example"] = place * example
    for (cause, what), mask in masks.items():
        blocks = conv.predicted(dw=conv.kernel(values=conv.values * mask))
        left = "it was assigned where it must be added (= for +=)"
        left = left if cause == "assigned-not-added" else "the sum over the batch is missing"
        if b and not conv.transposed:
            blocks[b] = (conv.values * mask).sum(axis=(0, 1, 2)).reshape(clues.pair.args[b].shape)  # type: ignore[union-attr]
        for names in ((w, b), (w,), (b,)):
            if all(name in blocks for name in names):
                of = " and ".join(f"d{name}" for name in names)
                text = f"{of}: that of {what} alone; {left}"
                yield Explanation(cause, text, {name: blocks[name] for name in names})
    for dx, what in _assigned_back(conv):
        text = f"d{x} keeps only what {what} brings: it was assigned where it must be added (= for +=)"
        yield Explanation("assigned-not-added", text, conv.predicted(dx=dx))


def _assigned_back(conv: Convolution) -> Iterator[tuple[np.ndarray, str]]:
    """dx of the last channel alone, and where every window overwrites what others left, in either order."""
    last = np.zeros_like(conv.w)
    if conv.transposed:
        last[:, :, -1] = conv.w[:, :, -1]
    else:
        last[..., -1] = conv.w[..., -1]
    yield conv.back(w=last), "the last channel"
    if conv.transposed:
        return
    for w, more in (conv.w, ""), (last, " and channel"):
        for step, which in (-1, "the last window"), (1, "the first window"):
            padded = np.zeros((len(conv.x), *conv.at.padded, conv.x.shape[3]))
            for k, l in list(conv.at.positions())[::step]:
                padded[conv.at.pixels(k, l)] = conv.dy @ w[k, l].T
            yield padded[conv.at.inside()], which + more


def border(clues: Clues) -> Iterator[Explanation]:
    """Pixels at the border left out; windows that reach into the padding; a padding that is not of zeros."""
    conv = clues.convolution
    if conv is None:
        return
    at, right = conv.at, conv.back()
    for width in range(1, max(max(at.kernel), 2)):
        if min(right.shape[1:3]) > 2 * width:
            inner = np.zeros_like(right)
            inside = (slice(None), slice(width, -width), slice(width, -width))
            inner[inside] = right[inside]
            text = f"d{conv.names[0]} is zero along the border, {width} wide, and right inside"
            yield Explanation("border-wrong", text, conv.predicted(dx=inner))
    if at.padded == at.size:
        return
    whole = (at.counts(conv.w) == at.kernel[0] * at.kernel[1]).astype(float)
    dx = right * whole if conv.transposed else conv.back(dy=conv.dy * whole)
    dw = conv.kernel(values=conv.values * whole)
    yield from _each("border-wrong", conv, dx, dw, "without the windows that reach into the padding")
    sides = ((0, 0), *zip(at.before, at.after, strict=True), (0, 0))
    all_ = at._replace(size=at.padded, before=(0, 0), after=(0, 0))
    for mode, what in (("edge", "repeats the border"), ("reflect", "mirrors the image"), ("wrap", "wraps around")):
        try:
            filled = np.pad(conv.image, sides, mode=mode)  # type: ignore[call-overload]
        except ValueError:  # there is too little to mirror
            continue
        text = f"d{conv.names[1]} is taken with a padding that {what} where the forward pads with zeros"
        yield Explanation("border-wrong", text, conv.predicted(dw=conv.kernel(image=filled, at=all_)))


def biases(clues: Clues) -> Iterator[Explanation]:
    """db, a sum over examples and pixels: a mean, or over other axes."""
    conv = clues.convolution
    if conv is None or not conv.names[2] or clues.pair is None:
        return
    b, dy, shape = conv.names[2], conv.dy, clues.pair.args[conv.names[2]].shape
    db, (n, h, w, o) = dy.sum(axis=(0, 1, 2)), dy.shape
    for number, over in ((n * h * w, "examples and pixels"), (h * w, "the pixels"), (n, "the examples")):
        text = f"d{b} is 1/{number} of the right gradient: it was averaged over {over}, not summed"
        yield Explanation("bias-averaged", text, {b: (db / number).reshape(shape)})
    for axis, over in ((0, "examples"), (1, "height"), (2, "width")):
        if dy.shape[axis] == o:
            text = f"d{b} has one sum for each index of the {over}, not one for each channel"
            others = tuple(k for k in range(4) if k != axis)
            yield Explanation("bias-wrong-axis", text, {b: dy.sum(axis=others).reshape(shape)})
    text = f"d{b} is summed over everything; it must be summed for each channel"
    yield Explanation("bias-wrong-axis", text, {b: np.full(shape, dy.sum())})


def without_cotangent(clues: Clues) -> Iterator[Explanation]:
    """dx or dw with ones in place of dy."""
    conv = clues.convolution
    if conv is None:
        return
    ones, text = np.ones_like(conv.dy), "The local derivative was returned without multiplying by dy"
    yield Explanation("cotangent-ignored", text, conv.predicted(dx=conv.back(dy=ones)))
    dw = conv.kernel(image=ones) if conv.transposed else conv.kernel(values=ones)
    yield Explanation("cotangent-ignored", text, conv.predicted(dw=dw))


def forward_with_other_kernel(clues: Clues) -> Iterator[Explanation]:
    """dx of a pair that is no plain convolution: the right gradient of the same pair with its kernel turned."""
    if clues.pair is None or np.ndim(clues.pair.y) < 2 or clues.chain is not None or clues.convolution is not None:
        return
    args, dy = clues.pair.args, clues.pair.dy
    (x_name, x), *rest = args.items()
    kernels = [(n, w) for n, w in rest if isinstance(w, np.ndarray) and w.ndim in (2, 4) and w.ndim == np.ndim(x)]
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
