"""What the layers for images have in common: their input's shape, and its message when it does not fit."""

from typing import Any

from miniae.context import Shape
from miniae.layers.base import Layer


def image_shape(layer: Layer, shape: Shape, channels: int | None = None) -> Shape:
    """``shape``, if it is (N, H, W, C) with as many channels as the layer takes.

    Raises:
        ValueError: naming the layer; if it looks like channels first or like rows of pixels, with what to write.
    """
    wanted = f"(N, H, W, {'C' if channels is None else channels})"
    if len(shape) == 4 and channels in (None, shape[3]):
        return shape
    hint = ""
    if len(shape) == 4 and shape[1] == channels:
        hint = "; are the channels first? Then pass x.transpose(0, 2, 3, 1)"
    elif len(shape) == 3:
        hint = "; images of one channel are x[..., None]"
    elif len(shape) == 2:
        hint = "; rows of pixels become images by x.reshape(len(x), H, W, C) or a Reshape layer"
    raise ValueError(f"{layer}: the input must have shape {wanted}, got {shape}{hint}")


def whole(layer: str, **numbers: Any) -> None:
    """Refuse fields that are not whole numbers of at least 1.

    Raises:
        ValueError: naming the field and its value.
    """
    for name, value in numbers.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{layer}: {name} must be a whole number of at least 1, got {value!r}")
