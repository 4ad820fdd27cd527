"""A convolution or a pooling, found in a pair by what it computes, and the ways its windows may be misplaced.

Which axis is which, where the windows lie and whether the kernel is turned nobody says: all of it is tried, and what
reproduces the pair's own output is believed.

Letters name axes: N batch, H W height and width, C channels of the image, O channels of a window's result.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from miniae.gradcheck.contract import same
from miniae.gradcheck.evidence import Evidence
from miniae.ops.convolution import correlate, kernel_gradient, spread
from miniae.ops.windows import Windows

LARGEST = 20_000  # entries of x up to which geometries are tried
MOST = 6  # pixels of a pooling's window along an axis

# axes of the image, of the kernel and of what comes of the windows, in the conventions of libraries and courses
CONVENTIONS = (
    ("NHWC", "HWCO", "NHWO"),
    ("NHWC", "OHWC", "NHWO"),
    ("NCHW", "OCHW", "NOHW"),
    ("HWC", "HWCO", "HWO"),
    ("CHW", "OCHW", "OHW"),
    ("NHW", "HWO", "NHWO"),
    ("NHW", "OHW", "NOHW"),
    ("NHW", "HW", "NHW"),
    ("HW", "HWO", "HWO"),
    ("HW", "OHW", "OHW"),
    ("HWN", "HWO", "HWON"),  # UFLDL's
    ("HW", "HW", "HW"),
    ("NW", "W", "NW"),
    ("W", "W", "W"),
)
LETTERS = {4: ("NHWC", "NCHW"), 3: ("NHW", "HWC"), 2: ("HW", "NW"), 1: ("W",)}


def arranged(a: np.ndarray, axes: str, order: str) -> np.ndarray:
    """``a`` with its axes in another order; an axis that is new has length 1, and so must one that goes.

    >>> arranged(np.zeros((2, 3)), "HW", "NHWC").shape, arranged(np.zeros((1, 2, 3, 1)), "NHWC", "HW").shape
    ((1, 2, 3, 1), (2, 3))
    """
    a = a.squeeze(tuple(k for k, letter in enumerate(axes) if letter not in order))
    axes = "".join(letter for letter in axes if letter in order)
    moved = a.transpose([axes.index(letter) for letter in order if letter in axes])
    return np.expand_dims(moved, [k for k, letter in enumerate(order) if letter not in axes])


class Convolution(NamedTuple):
    """A convolution, or the transpose of one, with its arrays channels last: (N, H, W, C) and (KH, KW, C, O).

    Attributes:
        names: of the arguments x, w and, or "", b.
        axes: of the user's x and w.
        x, w, dy: argument, kernel, and cotangent.
        at: the windows: over x, or, of a transposed convolution, over the output.
        transposed: whether it is one.
        turned: whether the user's kernel is ``w`` turned by 180 degrees, as mathematics has it.
    """

    names: tuple[str, str, str]
    axes: tuple[str, str]
    x: np.ndarray
    w: np.ndarray
    dy: np.ndarray
    at: Windows
    transposed: bool
    turned: bool

    def __str__(self) -> str:
        kind = "transposed convolution" if self.transposed else "convolution"
        turned = ", its kernel turned by 180 degrees" if self.turned else ""
        return f"a {kind} with {_said(self.at)}{turned}"

    @property
    def letters(self) -> dict[str, str]:
        """The axes of x and w by their names."""
        return dict(zip(self.names, self.axes, strict=False))

    @property
    def image(self) -> np.ndarray:
        """What the windows lie over: x, or dy."""
        return self.dy if self.transposed else self.x

    @property
    def values(self) -> np.ndarray:
        """What there is one of for each window: dy, or x."""
        return self.x if self.transposed else self.dy

    def back(
        self, *, w: np.ndarray | None = None, dy: np.ndarray | None = None, at: Windows | None = None
    ) -> np.ndarray:
        """dx, by another kernel, cotangent or geometry than the right ones."""
        w, dy, at = self.w if w is None else w, self.dy if dy is None else dy, self.at if at is None else at
        dx = np.zeros(self.x.shape)
        (correlate if self.transposed else spread)(dy, w, at, dx)
        return dx

    def kernel(
        self, *, image: np.ndarray | None = None, values: np.ndarray | None = None, at: Windows | None = None
    ) -> np.ndarray:
        """dw, likewise."""
        image, values = self.image if image is None else image, self.values if values is None else values
        dw = np.zeros(self.w.shape)
        kernel_gradient(image, values, self.at if at is None else at, dw)
        return dw

    def predicted(self, *, dx: np.ndarray | None = None, dw: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Gradients by the user's names, with axes and kernel the user's way round."""
        found = {}
        if dx is not None:
            found[self.names[0]] = arranged(dx, "NHWO" if self.transposed else "NHWC", self.axes[0])
        if dw is not None:
            found[self.names[1]] = arranged(_turned(dw) if self.turned else dw, "HWCO", self.axes[1])
        return found


class Pooling(NamedTuple):
    """A pooling with its arrays channels last.

    Attributes:
        name: of the argument.
        axes: of the user's arrays.
        x, y, dy: argument, output, and cotangent.
        at: the windows.
        kind: ``"max"``; ``"mean"``, of the pixels inside the image; or ``"mean of all"``, the padding counted.
    """

    name: str
    axes: str
    x: np.ndarray
    y: np.ndarray
    dy: np.ndarray
    at: Windows
    kind: str

    def __str__(self) -> str:
        kind = self.kind.removesuffix(" of all")
        return f"{kind} pooling with windows of {_words(self.at.kernel, 'x')}, {_said(self.at)}"

    @property
    def letters(self) -> dict[str, str]:
        """The axes of x by its name."""
        return {self.name: self.axes}

    def predicted(self, dx: np.ndarray) -> dict[str, np.ndarray]:
        """The gradient by the user's name, with axes the user's way round."""
        return {self.name: arranged(dx, "NHWC", self.axes)}


def find_convolution(evidence: Evidence) -> Convolution | None:
    """The convolution that ``forward(x, w)`` or ``forward(x, w, b)`` is, or None."""
    arrays = _arrays(evidence, 2, 3)
    if arrays is None:
        return None
    (names, (x, w, *bias)), y, dy = arrays
    for (image, kernel, result), transposed, turned in product(CONVENTIONS, (False, True), (False, True)):
        of_x, of_y = (result, image) if transposed else (image, result)
        if (x.ndim, w.ndim, y.ndim) != (len(of_x), len(kernel), len(of_y)):
            continue
        full_x, full_y = ("NHWO", "NHWC") if transposed else ("NHWC", "NHWO")
        x4, y4, dy4 = arranged(x, of_x, full_x), arranged(y, of_y, full_y), arranged(dy, of_y, full_y)
        w4 = arranged(w, kernel, "HWCO")
        w4 = np.ascontiguousarray(_turned(w4) if turned else w4)
        c, o = w4.shape[2:]
        if len(x4) != len(y4) or (x4.shape[3], y4.shape[3]) != ((o, c) if transposed else (c, o)):
            continue
        if bias:
            if bias[0].size not in (1, y4.shape[3]):
                continue
            y4 = y4 - bias[0].ravel()
        over, places = (y4, x4) if transposed else (x4, y4)
        for at in _windows(over.shape[1:3], places.shape[1:3], w4.shape[:2]):
            again = np.zeros(y4.shape)
            (spread if transposed else correlate)(x4, w4, at, again)
            if same(again, y4):
                b_name = names[2] if bias else ""
                return Convolution((names[0], names[1], b_name), (of_x, kernel), x4, w4, dy4, at, transposed, turned)
    return None


def find_poolings(evidence: Evidence) -> list[Pooling]:
    """The poolings that ``forward(x)`` may be, the plainest first; few numbers may leave it open which one it is."""
    arrays, found = _arrays(evidence, 1, 1), []
    if arrays is None:
        return []
    (names, (x,)), y, dy = arrays
    for axes in LETTERS.get(x.ndim, ()) if x.ndim == y.ndim else ():
        x4, y4, dy4 = (np.ascontiguousarray(arranged(a, axes, "NHWC")) for a in (x, y, dy))
        if (len(x4), x4.shape[3]) != (len(y4), y4.shape[3]):
            continue
        one, goal = np.ascontiguousarray(x4[:1, ..., :1]), y4[:1, ..., :1]  # most ways are ruled out by one channel
        sides = (range(1, min(MOST, n) + 1) for n in x4.shape[1:3])
        for kernel in list(product(*sides))[1:]:  # a window of one pixel pools nothing
            for at in _windows(x4.shape[1:3], y4.shape[1:3], kernel):
                for kind in ("max", "mean", "mean of all"):
                    if same(_pooled(one, at, kind), goal) and same(_pooled(x4, at, kind), y4):
                        found.append(Pooling(names[0], axes, x4, y4, dy4, at, kind))
    return sorted(found, key=lambda pool: _oddity(pool.at))


def _oddity(at: Windows) -> tuple[int, int, int]:
    """How far windows are from square, strides from equal, and padding from the same on all sides."""
    (k, l), (s, t), sides = at.kernel, at.stride, (*at.before, *at.after)
    return abs(k - l), abs(s - t), max(sides) - min(sides)


def _pooled(x: np.ndarray, at: Windows, kind: str) -> np.ndarray:
    if kind == "max":
        return np.asarray(at.view(at.pad(x, -np.inf)).max(axis=(3, 4)))
    total = at.view(at.pad(x)).sum(axis=(3, 4))
    return np.asarray(total / (at.counts(x) if kind == "mean" else at.kernel[0] * at.kernel[1]))


def _arrays(evidence: Evidence, least: int, most: int) -> tuple[Any, np.ndarray, np.ndarray] | None:
    """Names and values of the pair's arguments, if they are so many float arrays, and y and dy."""
    if evidence.pair is None:
        return None
    names, values = list(evidence.pair.args), list(evidence.pair.args.values())
    arrays = [v for v in values if isinstance(v, np.ndarray) and v.dtype == np.float64 and v.size]
    y = np.asarray(evidence.pair.y)
    if not least <= len(values) <= most or len(arrays) < len(values) or values[0].size > LARGEST or not y.size:
        return None
    return (names, values), y, evidence.pair.dy


def _windows(size: tuple[int, ...], places: tuple[int, ...], kernel: tuple[int, ...]) -> Iterator[Windows]:
    """Every way to lay so many windows over an image, a padding that is the same on both sides first."""
    along = [list(_along(*axis)) for axis in zip(size, places, kernel, strict=True)]
    for (s, p, q), (t, u, v) in product(*along):
        yield Windows(size, kernel, (s, t), (p, u), (q, v), places)  # type: ignore[arg-type]


def _along(n: int, places: int, k: int) -> list[tuple[int, int, int]]:
    """Stride and padding before and after by which so many windows of k fit over n pixels."""
    found = []
    for s in range(1, max(k, 4) + 1) if places > 1 else (n + k,):
        for p in range(k):
            q = (places - 1) * s + k - p - n
            if -s < q < k:
                found.append((s, p, p if q <= p < q + s else max(q, 0)))  # what is left over is no window
    return sorted(found, key=lambda way: (abs(way[1] - way[2]), way[1]))


def misplaced(at: Windows) -> Iterator[tuple[str, str, Windows]]:
    """Cause, words, and the windows where stride or padding is another than the right one."""
    padded = at.padded != at.size
    (s, t), (p, u) = at.stride, at.before
    strides = {(k, k): "stride-wrong" for k in range(1, max(at.stride) + 2)}
    strides |= {(s + 1, t): "stride-wrong", (s, t + 1): "stride-wrong", (t, s): "h-w-swapped"}
    for stride, cause in strides.items():
        if stride != at.stride and min(at.out) > 1:
            words = f"with stride {_beside(stride, at.stride)} where the forward has {_beside(at.stride, stride)}"
            yield cause, words, _moved(at, stride=stride)
    others = {(u, p): "h-w-swapped"}
    full = tuple(k - 1 - b for k, b in zip(at.kernel, at.before, strict=True))
    steps = [(a, b) for a, b in product((-2, -1, 0, 1, 2), repeat=2) if a == b or 0 in (a, b)]
    for before in ((0, 0), at.after, full, *((p + a, u + b) for a, b in steps)):
        others.setdefault(before, "padding-wrong" if padded else "shifted")  # type: ignore[arg-type]
    for before, cause in others.items():
        if before != at.before and min(before) >= 0:
            words = f"with a padding of {_beside(before, at.before)} before the image where the forward has "
            words += _beside(at.before, before)
            yield cause, words, _moved(at, before=before)


def _moved(at: Windows, stride: tuple[int, int] | None = None, before: tuple[int, int] | None = None) -> Windows:
    """As many windows elsewhere; as much padding behind as they need."""
    stride, before = stride or at.stride, before or at.before
    ends = [(o - 1) * s + k for o, s, k in zip(at.out, stride, at.kernel, strict=True)]
    after = [max(e - p - n, 0) for e, p, n in zip(ends, before, at.size, strict=True)]
    return at._replace(stride=stride, before=before, after=(after[0], after[1]))


def _said(at: Windows) -> str:
    """Stride and padding in words."""
    after = "" if at.after == at.before else f" before and {_words(at.after)} behind"
    return f"stride {_words(at.stride)} and padding {_words(at.before)}{after}"


def _beside(both: tuple[int, int], other: tuple[int, int]) -> str:
    """One number for both axes if both pairs allow it, so that like is said beside like."""
    even = both[0] == both[1] and other[0] == other[1]
    return str(both[0]) if even else f"({both[0]}, {both[1]})"


def _words(both: tuple[int, int], between: str = " and ") -> str:
    return str(both[0]) if both[0] == both[1] and between != "x" else f"{both[0]}{between}{both[1]}"


def _turned(w: np.ndarray) -> np.ndarray:
    return np.flip(w, (0, 1))
