"""The convolutional autoencoder: convolution and pooling down to a small image of features, and the way back."""

from collections.abc import Sequence
from typing import Any

from miniae.backends import Backend
from miniae.context import Shape
from miniae.layers import Conv2d, ConvTranspose2d, MaxPool2d, ReLU, Upsample2d
from miniae.layers.base import Layer
from miniae.models.autoencoder import Autoencoder


class ConvAutoencoder(Autoencoder):
    r"""Stages of convolution, ReLU and max-pooling, and a decoder that mirrors them.

    Each stage halves height and width. With two of them, and c_1, c_2 channels:

    .. math::
        (H, W, C) \to (H, W, c_1) \to (\tfrac H2, \tfrac W2, c_1) \to (\tfrac H2, \tfrac W2, c_2)
        \to (\tfrac H4, \tfrac W4, c_2)                                                                   \tag{1}

    The decoder goes back the same way: every stage doubles the image by repeating pixels, and its transposed
    convolution takes the channels back. *Tied*, the kernels of a stage back are those of the stage there, flipped in
    both directions and with their channels exchanged, as a transpose is. A shared kernel collects both gradients.

    Args:
        image: shape of an example, (height, width, channels).
        channels: of each stage; as many stages as numbers. Height and width must be divisible by 2 as often.
        kernel_size: of all convolutions.
        out_channels: of the output; those of the input when None. A network that colours has 1 in and 3 out, and its
            target is given to :func:`~miniae.fit`.
        tied: whether decoder kernels are the encoder's.
        loss: a name of :data:`miniae.losses.LOSSES`; with the default the output is logits while training.
        weight_decay, seed, dtype, backend: see :class:`~miniae.models.autoencoder.Autoencoder`.

    Raises:
        ValueError: if the image cannot be halved so often; the message shows the arithmetic. If tied kernels are to
            make another number of channels.

    >>> model = ConvAutoencoder((28, 28, 1), channels=(16, 8))
    >>> [slot.name for slot in model.layout]
    ['w1', 'b1', 'w2', 'b2', 'w3', 'b3', 'w4', 'b4']
    >>> tied = ConvAutoencoder((28, 28, 1), channels=(16, 8), tied=True)
    >>> [slot.name for slot in tied.layout]
    ['w1', 'b1', 'w2', 'b2', 'b3', 'b4']

    Source: Masci et al. (2011), "Stacked convolutional auto-encoders for hierarchical feature extraction".
    """

    def __init__(
        self,
        image: Shape,
        channels: Sequence[int] = (16, 8),
        *,
        kernel_size: int | tuple[int, int] = 3,
        out_channels: int | None = None,
        tied: bool = False,
        loss: str = "binary_cross_entropy_with_logits",
        weight_decay: float = 0.0,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if len(image) != 3:
            raise ValueError(f"ConvAutoencoder: image must be (height, width, channels), got {image}")
        factor = 2 ** len(channels)
        if not channels or any(n % factor for n in image[:2]):
            raise ValueError(
                f"ConvAutoencoder: {len(channels)} stages halve an image {len(channels)} times, but "
                f"{image[0]} x {image[1]} is not divisible by 2^{len(channels)} = {factor}; take fewer stages or pad"
            )
        if tied and out_channels not in (None, image[2]):
            raise ValueError(f"ConvAutoencoder: tied kernels give back {image[2]} channels, not {out_channels}")
        encoder: list[Layer] = []
        decoder: list[Layer] = []
        into = image[2]
        for stage, out in enumerate(channels, start=1):
            encoder += [Conv2d(into, out, kernel_size, padding="same", init="he_uniform"), ReLU(), MaxPool2d()]
            back = out_channels if stage == 1 and out_channels is not None else into
            own = ConvTranspose2d(
                out, back, kernel_size, padding="same", init="he_uniform", tied=f"w{stage}" if tied else ""
            )
            decoder[:0] = [Upsample2d(), own] + ([ReLU()] if stage > 1 else [])
            into = out
        super().__init__(encoder, decoder, loss, weight_decay=weight_decay, seed=seed, dtype=dtype, backend=backend)
