"""Pooling and upsampling layers; the maths is in the ops of the same names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miniae.arrays import Array
from miniae.context import Context, Shape
from miniae.layers.base import Layer, Sight
from miniae.layers.images import image_shape
from miniae.ops.upsample2d import Mode
from miniae.ops.windows import Padding, pair_of, pooling_windows, transposed_windows


@dataclass(frozen=True)
class _Pool2d(Layer):
    """What both poolings have in common.

    Args:
        kernel_size: of the windows; one number, or (height, width).
        stride: from one window to the next; the kernel size when None: side by side.
        padding: ``"valid"``, ``"same"``, or a number of pixels less than the kernel size.
    """

    kernel_size: int | tuple[int, int] = 2
    stride: int | tuple[int, int] | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        pair_of(type(self).__name__, "kernel_size", self.kernel_size, 1)
        pair_of(type(self).__name__, "stride", self._stride, 1)

    @property
    def _stride(self) -> int | tuple[int, int]:
        return self.kernel_size if self.stride is None else self.stride

    def options(self) -> dict[str, Any]:
        """Kernel size, stride and padding."""
        return {"kernel_size": self.kernel_size, "stride": self.stride, "padding": self.padding}

    def output_shape(self, shape: Shape) -> Shape:
        """(N, H, W, C) becomes (N, OH, OW, C).

        Raises:
            ValueError: if ``shape`` is not (N, H, W, C), or no window fits; the message shows the arithmetic.
        """
        n, h, w, c = image_shape(self, shape)
        return (n, *pooling_windows(str(self), (h, w), self.kernel_size, self.stride, self.padding).out, c)

    def sight(self) -> Sight:
        """One window, one stride apart."""
        name = type(self).__name__
        return Sight(pair_of(name, "kernel_size", self.kernel_size, 1), pair_of(name, "stride", self._stride, 1))


@dataclass(frozen=True)
class MaxPool2d(_Pool2d):
    """The largest value of each window.

    Args:
        kernel_size, stride, padding: as for every pooling.
        switches: a name under which a later :class:`MaxUnpool2d` finds where the largest values stood; "" for none.

    >>> MaxPool2d(2).output_shape((10, 28, 28, 16))
    (10, 14, 14, 16)
    """

    switches: str = ""
    op = "max_pool2d"

    def forward(self, params: Mapping[str, Array], x: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """As every layer's; the cache is kept under the name ``switches``."""
        y, cache, cost = super().forward(params, x, ctx)
        if self.switches:
            ctx.kept[self.switches] = (cache, x.shape)
        return y, cache, cost


@dataclass(frozen=True)
class MaxUnpool2d(Layer):
    """Puts every value back where an earlier max-pooling of the same network found its largest, zero elsewhere.

    It needs that pooling to have run in the same pass: a decoder that has one cannot decode a code alone.

    Args:
        switches: the name given to the pooling.
        kernel_size, stride, padding: the pooling's, to foretell the image's size; where several sizes lead
            to the same pooled one, the smallest.

    Source: Zeiler and Fergus (2014), "Visualizing and understanding convolutional networks".
    """

    switches: str
    kernel_size: int | tuple[int, int] = 2
    stride: int | tuple[int, int] | None = None
    padding: Padding = "valid"
    op = "max_unpool2d"

    def output_shape(self, shape: Shape) -> Shape:
        """(N, OH, OW, C) becomes (N, H, W, C)."""
        n, h, w, c = image_shape(self, shape)
        stride = self.kernel_size if self.stride is None else self.stride
        at = transposed_windows(str(self), (h, w), self.kernel_size, stride, self.padding, None)
        return (n, *at.size, c)

    def sight(self) -> Sight:
        """One value, moved."""
        stride = self.kernel_size if self.stride is None else self.stride
        tall, wide = pair_of("MaxUnpool2d", "stride", stride, 1)
        return Sight((1, 1), (1 / tall, 1 / wide))

    def forward(self, params: Mapping[str, Array], x: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """Put the values back.

        Raises:
            ValueError: if no pooling of that name has run in this pass.
        """
        if self.switches not in ctx.kept:
            raise ValueError(
                f"{self}: no pooling with switches={self.switches!r} has run in this pass; known: "
                f"{', '.join(ctx.kept) or 'none'}"
            )
        pool, shape = ctx.kept[self.switches]
        y, cache = ctx.backend.pairs[self.op].forward(x, pool, out=ctx.out("y", shape, x.dtype))
        return y, cache, 0.0


@dataclass(frozen=True)
class MeanPool2d(_Pool2d):
    """The mean of each window."""

    op = "mean_pool2d"


@dataclass(frozen=True)
class Upsample2d(Layer):
    """Images enlarged by a whole factor.

    Args:
        factor: how many times; one number, or (height, width).
        mode: ``"nearest"`` (pixels repeated) or ``"bilinear"``.

    >>> Upsample2d(2).output_shape((10, 14, 14, 16))
    (10, 28, 28, 16)
    """

    factor: int | tuple[int, int] = 2
    mode: Mode = "nearest"
    op = "upsample2d"

    def __post_init__(self) -> None:
        pair_of("Upsample2d", "factor", self.factor, 1)
        if self.mode not in ("nearest", "bilinear"):
            raise ValueError(f"Upsample2d: mode must be 'nearest' or 'bilinear', got {self.mode!r}")

    def options(self) -> dict[str, Any]:
        """Factor and mode."""
        return {"factor": self.factor, "mode": self.mode}

    def output_shape(self, shape: Shape) -> Shape:
        """(N, H, W, C) becomes (N, F H, F W, C)."""
        n, h, w, c = image_shape(self, shape)
        tall, wide = pair_of("Upsample2d", "factor", self.factor, 1)
        return (n, tall * h, wide * w, c)

    def sight(self) -> Sight:
        """One input, or two between which it interpolates; F outputs stand where one input stood."""
        tall, wide = pair_of("Upsample2d", "factor", self.factor, 1)
        window = 1 if self.mode == "nearest" else 2
        return Sight((window, window), (1 / tall, 1 / wide))
