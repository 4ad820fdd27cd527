"""What a target must be, looked at once, before training.

The losses themselves check shapes and dtypes at every step, which costs nothing. Looking at the values means reading
the whole array, and on a GPU waiting for it, so that is done here, once.

Each check takes the target and the shape of a batch of the network's outputs. The number of examples is not compared:
the target may be that of a whole data set.
"""

from typing import Any

import numpy as np

from miniae.arrays import FLOATS, Array, array_module

IMAGES = "for 8-bit images: target / 255.0"


def check_values(target: Array, output_shape: tuple[int, ...]) -> None:
    """Refuse a target that is not one finite number for each output.

    Args:
        target: (examples, ...), float32 or float64.
        output_shape: of a batch of outputs, (N, ...).

    Raises:
        TypeError: if it is no float32 or float64 array.
        ValueError: if the features have another shape than the outputs', or a value is not finite.

    >>> check_values(np.array([[0.0, np.nan]]), (10, 2))
    Traceback (most recent call last):
    ...
    ValueError: target must be finite, got nan at index (0, 1)
    """
    _check_real(target, output_shape, "float32 or float64")
    _refuse(target, ~array_module(target).isfinite(target), "target must be finite")


def check_probabilities(target: Array, output_shape: tuple[int, ...]) -> None:
    """Refuse a target that is not one probability for each output.

    Args:
        target: (examples, ...), float32 or float64, in [0, 1].
        output_shape: of a batch of outputs, (N, ...).

    Raises:
        TypeError: if it is no float32 or float64 array.
        ValueError: if the features have another shape than the outputs', or a value is outside [0, 1] or NaN.

    >>> check_probabilities(np.array([[0, 128, 255]], np.uint8), (10, 3))
    Traceback (most recent call last):
    ...
    TypeError: target must be float32 or float64 in [0, 1], got uint8; for 8-bit images: target / 255.0
    >>> check_probabilities(np.array([[0.0, 0.5, 254.0]]), (10, 3))
    Traceback (most recent call last):
    ...
    ValueError: target must lie in [0, 1] (8-bit images must be divided by 255), got 254.0 at index (0, 2)
    """
    _check_real(target, output_shape, "float32 or float64 in [0, 1]")
    inside = (target >= 0) & (target <= 1)  # False for NaN
    _refuse(target, ~inside, "target must lie in [0, 1] (8-bit images must be divided by 255)")


def check_labels(target: Array, output_shape: tuple[int, ...]) -> None:
    """Refuse a target that is not one class label for each example.

    Args:
        target: (examples,), integers from 0 to K - 1.
        output_shape: of a batch of outputs, (N, K).

    Raises:
        TypeError: if it is no array of integers.
        ValueError: if it is not one label for each example, or one is not a class.

    >>> check_labels(np.array([0, 9, -1]), (100, 10))
    Traceback (most recent call last):
    ...
    ValueError: target must hold labels from 0 to 9, got -1 at index (2,)
    """
    dtype = getattr(target, "dtype", None)
    if dtype is None or dtype.kind not in "iu":
        raise TypeError(f"target must be an array of integer labels, got {_describe(target)}")
    if target.ndim != 1:
        raise ValueError(
            f"target must have shape (examples,), one label for each, got {target.shape}; "
            "for one-hot rows: target.argmax(axis=1)"
        )
    classes = output_shape[-1]
    _refuse(target, (target < 0) | (target >= classes), f"target must hold labels from 0 to {classes - 1}")


def _check_real(target: Array, output_shape: tuple[int, ...], expected: str) -> None:
    """Refuse another dtype than float32 and float64, or another shape of the features than the outputs'."""
    dtype = getattr(target, "dtype", None)
    if dtype not in FLOATS:
        advice = f"; {IMAGES}" if dtype is not None and dtype.kind in "iu" else ""
        raise TypeError(f"target must be {expected}, got {_describe(target)}{advice}")
    if target.shape[1:] != output_shape[1:] or target.ndim == 0:
        raise ValueError(
            f"target must have shape (examples, ...) with the features of the output, {output_shape[1:]}; "
            f"got {target.shape}"
        )


def _describe(target: Any) -> str:
    return str(getattr(target, "dtype", type(target).__name__))


def _refuse(target: Array, bad: Array, message: str) -> None:
    """Raise ``message`` with the first value marked in ``bad`` and where it stands, if there is one."""
    if bad.any():
        index = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
        raise ValueError(f"{message}, got {target[index].item()} at index {index}")
