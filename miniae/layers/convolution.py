"""Convolution layers; the maths is in :mod:`miniae.ops.conv2d` and :mod:`miniae.ops.conv_transpose2d`."""

from dataclasses import dataclass
from typing import Any

from miniae.context import Shape
from miniae.init import initializer
from miniae.layers.base import Layer, Parameter, Sight
from miniae.layers.images import image_shape, whole
from miniae.ops.windows import Padding, pair_of, transposed_windows, windows


@dataclass(frozen=True)
class _Convolution(Layer):
    """What the two directions have in common."""

    in_channels: int
    out_channels: int
    kernel_size: int | tuple[int, int] = 3
    stride: int | tuple[int, int] = 1
    padding: Padding = "valid"
    bias: bool = True
    init: str = "glorot_uniform"

    def __post_init__(self) -> None:
        name = type(self).__name__
        whole(name, in_channels=self.in_channels, out_channels=self.out_channels)
        pair_of(name, "kernel_size", self.kernel_size, 1)
        pair_of(name, "stride", self.stride, 1)
        initializer(self.init)

    @property
    def kernel(self) -> tuple[int, int]:
        """(height, width) of a window."""
        return pair_of(type(self).__name__, "kernel_size", self.kernel_size, 1)

    @property
    def strides(self) -> tuple[int, int]:
        """(down, across)."""
        return pair_of(type(self).__name__, "stride", self.stride, 1)


@dataclass(frozen=True)
class Conv2d(_Convolution):
    """A weighted sum over every window of an image, the same weights everywhere.

    Args:
        in_channels: C, channels of the images going in.
        out_channels: O, channels coming out.
        kernel_size: of the windows; one number, or (height, width).
        stride: from one window to the next.
        padding: ``"valid"``, ``"same"``, or a number of pixels.
        bias: whether there is a ``b``.
        init: how ``w`` starts, a name of :data:`miniae.init.INITIALIZERS`; ``b`` starts at zero.

    >>> Conv2d(1, 16, 3, padding="same").output_shape((10, 28, 28, 1))
    (10, 28, 28, 16)
    """

    op = "conv2d"

    def parameters(self) -> dict[str, Parameter]:
        """``w`` (KH, KW, C, O), to which weight decay applies, and ``b`` (O,), to which it does not."""
        w = Parameter((*self.kernel, self.in_channels, self.out_channels), initializer(self.init), decays=True)
        return {"w": w, "b": Parameter((self.out_channels,))} if self.bias else {"w": w}

    def options(self) -> dict[str, Any]:
        """Stride and padding."""
        return {"stride": self.stride, "padding": self.padding}

    def output_shape(self, shape: Shape) -> Shape:
        """(N, H, W, C) becomes (N, OH, OW, O).

        Raises:
            ValueError: if ``shape`` is not (N, H, W, C), or no window fits; the message shows the arithmetic.
        """
        n, h, w, _ = image_shape(self, shape, self.in_channels)
        at = windows(str(self), (h, w), self.kernel, self.stride, self.padding)
        return (n, *at.out, self.out_channels)

    def multiply_adds(self, shape: Shape) -> int:
        """N OH OW KH KW C O."""
        n, h, w, o = self.output_shape(shape)
        return n * h * w * o * self.kernel[0] * self.kernel[1] * self.in_channels

    def sight(self) -> Sight:
        """One window, one stride apart."""
        return Sight(self.kernel, self.strides)


@dataclass(frozen=True)
class ConvTranspose2d(_Convolution):
    """Spreads every pixel over a window: the transpose of a convolution, which takes its shape back.

    Args:
        in_channels: channels going in; the O of the convolution.
        out_channels: channels coming out; the C of the convolution.
        kernel_size, stride, padding: of the convolution.
        bias: whether there is a ``b``.
        init: how ``w`` starts.
        output_padding: which of the sizes that the convolution would take to this one; see the op.
        tied: the name of an earlier convolution's kernel to use in place of one of its own, such as ``"w1"``: a decoder
            whose kernels are the encoder's, flipped in both directions and with channels in and out exchanged.

    >>> ConvTranspose2d(16, 1, 3, stride=2, padding="same").output_shape((10, 14, 14, 16))
    (10, 28, 28, 1)

    Source of the tied form: Masci et al. (2011), "Stacked convolutional auto-encoders".
    """

    output_padding: int | tuple[int, int] | None = None
    tied: str = ""
    op = "conv_transpose2d"

    def parameters(self) -> dict[str, Parameter]:
        """``w`` (KH, KW, out_channels, in_channels), as the convolution has it, and ``b`` (out_channels,)."""
        shape = (*self.kernel, self.out_channels, self.in_channels)
        w = Parameter(shape, initializer(self.init), decays=True, shared=self.tied)
        return {"w": w, "b": Parameter((self.out_channels,))} if self.bias else {"w": w}

    def options(self) -> dict[str, Any]:
        """Stride, padding and output padding."""
        return {"stride": self.stride, "padding": self.padding, "output_padding": self.output_padding}

    def output_shape(self, shape: Shape) -> Shape:
        """(N, H, W, in_channels) becomes (N, OH, OW, out_channels).

        Raises:
            ValueError: if ``shape`` is not (N, H, W, in_channels), or nothing is left of it.
        """
        n, h, w, _ = image_shape(self, shape, self.in_channels)
        at = transposed_windows(str(self), (h, w), self.kernel, self.stride, self.padding, self.output_padding)
        return (n, *at.size, self.out_channels)

    def multiply_adds(self, shape: Shape) -> int:
        """N H W KH KW times the channels in and out."""
        n, h, w, c = image_shape(self, shape, self.in_channels)
        return n * h * w * c * self.kernel[0] * self.kernel[1] * self.out_channels

    def sight(self) -> Sight:
        """ceil(K / S) inputs reach an output; S outputs stand where one input stood."""
        (k, l), (s, t) = self.kernel, self.strides
        return Sight((-(-k // s), -(-l // t)), (1 / s, 1 / t))
