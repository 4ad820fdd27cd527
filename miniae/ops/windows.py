"""Windows: where a kernel stands as it moves over an image, and how large the result is.

Shared by convolution and pooling. Along each axis, a kernel of K pixels moves in steps of S over H pixels, to which P
are added before and Q after:

    out = floor((H + P + Q - K) / S) + 1                                                                  (1)

and window i covers the pixels i S - P ... i S - P + K - 1 of the image.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np

from miniae.arrays import Array, array_module

Padding = Literal["valid", "same"] | int | tuple[int, int]


class Windows(NamedTuple):
    """The windows over images of one size, (height, width) each.

    Attributes:
        size: of the image.
        kernel: of a window.
        stride: from one window to the next.
        before, after: pixels of padding on each side.
        out: how many windows there are.
    """

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    out: tuple[int, int]

    @property
    def padded(self) -> tuple[int, int]:
        """Size of the image with its padding."""
        return tuple(a + n + b for a, n, b in zip(self.before, self.size, self.after, strict=True))  # type: ignore[return-value]

    def pad(self, x: Array, value: float = 0.0) -> Array:
        """The images (N, H, W, C) with their padding."""
        if self.padded == self.size:
            return x
        padded = array_module(x).full((x.shape[0], *self.padded, x.shape[-1]), value, x.dtype)
        padded[self.inside()] = x
        return padded

    def inside(self) -> tuple[slice, ...]:
        """Where the image lies inside the padding."""
        return (slice(None), *(slice(a, a + n) for a, n in zip(self.before, self.size, strict=True)))

    def view(self, padded: Array) -> Array:
        """All windows of padded images as a view, (N, OH, OW, KH, KW, C): no pixel is copied."""
        n, h, w, c = padded.strides
        shape = (padded.shape[0], *self.out, *self.kernel, padded.shape[-1])
        strides = (n, h * self.stride[0], w * self.stride[1], h, w, c)
        return array_module(padded).lib.stride_tricks.as_strided(padded, shape, strides)

    def positions(self) -> Iterator[tuple[int, int]]:
        """The places in a window, row after row."""
        return product(range(self.kernel[0]), range(self.kernel[1]))

    def pixels(self, k: int, l: int) -> tuple[slice, ...]:
        """Which pixels of padded images stand at (k, l) of their windows: (N, OH, OW, C) of them."""
        ends = ((n - 1) * s + 1 for n, s in zip(self.out, self.stride, strict=True))
        return (slice(None), *(slice(i, i + e, s) for i, e, s in zip((k, l), ends, self.stride, strict=True)))

    def add_up(self, parts: Iterable[Array], image: Array) -> None:
        """Write to ``image`` (N, H, W, C) what its pixels collect from all windows that they stand in.

        Args:
            parts: for each of :meth:`positions` what the windows give to the pixel there, (N, OH, OW, C).
            image: where to write the sums; what falls on the padding is dropped.
        """
        whole = image
        if self.padded != self.size:
            whole = array_module(image).empty((image.shape[0], *self.padded, image.shape[-1]), image.dtype)
        whole[...] = 0
        for (k, l), part in zip(self.positions(), parts, strict=True):
            # The windows overlap, but not the pixels at the same place of each: what is added lies side by side.
            whole[self.pixels(k, l)] += part
        if whole is not image:
            image[...] = whole[self.inside()]

    def counts(self, like: Array) -> Array:
        """How many pixels of each window lie inside the image, (OH, OW, 1), of the dtype of ``like``."""
        xp = array_module(like)
        along = []
        for n, k, s, p, o in zip(self.size, self.kernel, self.stride, self.before, self.out, strict=True):
            first = xp.arange(o) * s - p
            along.append(xp.minimum(first + k, n) - xp.maximum(first, 0))
        return (along[0][:, None, None] * along[1][:, None]).astype(like.dtype)


def pair_of(op: str, name: str, value: Any, least: int) -> tuple[int, int]:
    """A number for both axes, or one for each: (height, width).

    Raises:
        ValueError: if it is neither, or below ``least``.
    """
    both = value if isinstance(value, tuple) else (value, value)
    if len(both) != 2 or any(not isinstance(n, int | np.integer) or n < least for n in both):
        raise ValueError(f"{op}: {name} must be a whole number of at least {least}, or two of them, got {value!r}")
    return int(both[0]), int(both[1])


def windows(op: str, size: tuple[int, int], kernel: Any, stride: Any, padding: Padding) -> Windows:
    """Lay windows over an image.

    Args:
        op: name of the operation, the first word of messages.
        size: of the image, (H, W).
        kernel, stride: a number, or one for each axis.
        padding: ``"valid"`` none; ``"same"`` so that out = ceil(size / stride), an odd pixel of it at the end; or a
            number of pixels for every side, or one for each axis.

    Raises:
        ValueError: if a number is no such number, or no window fits; the message shows the arithmetic.

    >>> windows("conv2d", (28, 28), 3, 1, "valid").out, windows("conv2d", (28, 28), 3, 2, "same").out
    ((26, 26), (14, 14))
    """
    k, s = pair_of(op, "kernel_size", kernel, 1), pair_of(op, "stride", stride, 1)
    if padding == "same":
        total = tuple(max((-(-n // t) - 1) * t + m - n, 0) for n, m, t in zip(size, k, s, strict=True))
        before, after = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
    elif padding == "valid":
        before = after = (0, 0)
    elif isinstance(padding, str):
        raise ValueError(f"{op}: padding must be 'valid', 'same', or whole numbers, got {padding!r}")
    else:
        before = after = pair_of(op, "padding", padding, 0)
    out = []
    for axis, n, p, q, m, t in zip(("height", "width"), size, before, after, k, s, strict=True):
        out.append((n + p + q - m) // t + 1)
        if n < 1 or out[-1] < 1:
            sums = f"{n} + {p} + {q} - {m}"
            raise ValueError(
                f"{op}: no window of {m} fits into an image's {axis} of {n}: output {axis} = "
                f"floor(({sums}) / {t}) + 1 = {out[-1]}"
            )
    return Windows(size, k, s, before, after, (out[0], out[1]))  # type: ignore[arg-type]


def check_images(op: str, x: Array, channels: int | None = None) -> None:
    """Refuse what is no batch of images (N, H, W, C), or has another number of channels than the kernel.

    Raises:
        ValueError: with the shape; if it looks like channels first, with the line that moves them.
    """
    if x.ndim != 4:
        hint = "; one image is x[None], one channel x[..., None]" if x.ndim in (2, 3) else ""
        raise ValueError(f"{op}: x must have shape (N, H, W, C), got {x.shape}{hint}")
    if channels is not None and x.shape[3] != channels:
        hint = ""
        if x.shape[1] == channels:
            hint = "; are the channels first? Then pass x.transpose(0, 2, 3, 1)"
        raise ValueError(f"{op}: w takes {channels} channels but x {x.shape} has {x.shape[3]} (its last axis){hint}")


def check_kernel(op: str, w: Array, b: Array | None, into: str = "C") -> None:
    """Refuse a kernel that is not (KH, KW, C, O), and a bias that does not fit the channels coming out.

    Args:
        op: name of the operation, the first word of messages.
        w: the kernel.
        b: the bias, or None.
        into: which of C and O goes in; the other comes out and has the bias.

    Raises:
        ValueError: with both shapes.
    """
    if w.ndim != 4 or min(w.shape) < 1:
        raise ValueError(f"{op}: w must have shape (KH, KW, C, O), at least 1 of each, got {w.shape}")
    outof, channels = ("O", w.shape[3]) if into == "C" else ("C", w.shape[2])
    if b is not None and b.shape != (channels,):
        raise ValueError(f"{op}: b must have shape ({outof},) = ({channels},) to fit w {w.shape}, got {b.shape}")


def transposed_windows(
    op: str, places: tuple[int, int], kernel: Any, stride: Any, padding: Padding, output_padding: Any
) -> Windows:
    """The windows over an image that has ``places`` of them: the image's size, seen from its windows.

    Args:
        op: name of the operation, the first word of messages.
        places: how many windows there are, (OH, OW).
        kernel, stride, padding: as for :func:`windows`.
        output_padding: how much larger than the smallest such image, 0 to stride - 1; None for the smallest, with
            "same" for stride times ``places``.

    Raises:
        ValueError: as :func:`windows`, or if ``output_padding`` is not less than the stride.

    >>> transposed_windows("conv_transpose2d", (14, 14), 3, 2, "same", None).size
    (28, 28)
    >>> transposed_windows("conv_transpose2d", (13, 13), 3, 2, "valid", 1).size
    (28, 28)
    """
    k, s = pair_of(op, "kernel_size", kernel, 1), pair_of(op, "stride", stride, 1)
    if output_padding is None:
        more = tuple(n - 1 for n in s) if padding == "same" else (0, 0)
    else:
        more = pair_of(op, "output_padding", output_padding, 0)
    if any(m >= n for m, n in zip(more, s, strict=True)):
        raise ValueError(f"{op}: output_padding must be less than the stride {s}, got {more}")
    if isinstance(padding, str):
        # What "same" pads is taken from the size, so that the smallest image with so many windows is (n - 1) S + 1.
        least = (1, 1) if padding == "same" else k
        p = (0, 0)
    else:
        least, p = k, pair_of(op, "padding", padding, 0)
    size = tuple((n - 1) * t + j - 2 * q + m for n, t, j, q, m in zip(places, s, least, p, more, strict=True))
    for axis, n, t, j, q, m, total in zip(("height", "width"), places, s, least, p, more, size, strict=True):
        if n < 1 or total < 1:
            sums = f"({n} - 1) {t} + {j} - {2 * q} + {m}"
            raise ValueError(f"{op}: nothing is left of the image: output {axis} = {sums} = {total}")
    return windows(op, (size[0], size[1]), k, s, padding)


def pooling_windows(op: str, size: tuple[int, int], kernel: Any, stride: Any, padding: Padding) -> Windows:
    """The windows of a pooling: side by side where ``stride`` is None, none of them in the padding altogether.

    Raises:
        ValueError: as :func:`windows`, or if the padding is as wide as a window.
    """
    at = windows(op, size, kernel, kernel if stride is None else stride, padding)
    if any(p >= k for p, k in zip(at.before, at.kernel, strict=True)):
        raise ValueError(f"{op}: padding must be less than kernel_size {at.kernel}, got {padding}: a window of padding")
    return at
