"""Walking a batch of images so that a thread stays at its place in the image.

Idea: walk the images (N, H, W, C) with a stride that is a whole number of images, as :mod:`miniae_kernels.cuda.columns`
walks a matrix in whole rows. A thread then meets the same row, column and channel in one image after another. What
depends on these alone (three divisions, the windows around the place, the weights of its neighbours) is worked out once
for all its images, and neighbouring threads still read and write neighbouring numbers.

A kernel launched by :func:`walk` sees each image as a row of numbers: (N, H W C). It finds its place in the first image
by :func:`place`, and goes on in steps::

    first, i, j, c = place(cuda.grid(1), oh, ow, channels)
    if first < step:  # the last block has threads to spare
        for n in range(first, y.shape[0], step):
            y[n, ...]

Places are counted with 32 bits, which take half the registers. Arithmetic makes 64 bits of them: where it shall not,
the result is converted back.

:func:`inside` and :func:`around` are the two ways to look at windows along one axis: which pixels a window holds, and
which windows a pixel stands in. :func:`windows_on` says where in them, too.
"""

import math
from collections.abc import Sequence
from typing import Any

from numba import int32, int64, uint32

from miniae.ops.windows import Windows
from miniae_kernels.cuda.columns import stride_for
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, device

MOST_NUMBERS = 2**32  # of one image

IMAGES = "real[:, :, :, ::1]"  # types of a kernel's arguments
ROWS = "real[:, ::1]"
FIVE, SIX, ELEVEN = (", ".join(["int32"] * count) for count in (5, 6, 11))


def window_numbers(at: Windows) -> tuple[int, ...]:
    """What kernels are told about windows: KH, KW, the strides SH, SW and the padding PH, PW.

    >>> from miniae.ops.windows import windows
    >>> window_numbers(windows("max_pool2d", (28, 28), (3, 2), 2, "same"))
    (3, 2, 2, 2, 0, 0)
    """
    return (*at.kernel, *at.stride, *at.before)


def all_numbers(at: Windows, channels: int) -> tuple[int, ...]:
    """What kernels are told that see images as rows: H, W, C, OH, OW, and the six of :func:`window_numbers`."""
    return (*at.size, channels, *at.out, *window_numbers(at))


@device
def divided(number, by):
    """Quotient and rest of whole numbers from 0 to 2^32 - 1: with 64 bits a division takes several times as long."""
    quotient = uint32(number) // uint32(by)
    return int64(quotient), int64(number - quotient * by)


@device
def place(t, height, width, channels):
    """Image, row, column and channel of element number ``t``, below 2^32, of images (N, height, width, channels)."""
    pixel, c = divided(t, channels)
    line, j = divided(pixel, width)
    n, i = divided(line, height)
    return n, int32(i), int32(j), int32(c)


@device
def inside(i, kernel, stride, before, size):
    """The first pixel of window ``i`` that lies inside the image, and the one after the last."""
    start = int32(i * stride - before)
    return max(start, int32(0)), min(int32(start + kernel), size)


@device
def pixels_inside(i, kernel, stride, before, size):
    """How many these are."""
    start, end = inside(i, kernel, stride, before, size)
    return int32(end - start)


@device
def windows_on(place, length, stride, windows):
    """The windows that a place lies in, along one axis, padding counted: (how many, the last, the place in that).

    In the window before it lies one stride further on.
    """
    last = min(divided(place, stride)[0], windows - 1)
    within = place - last * stride
    if within >= length:  # between two windows, or after the last
        return 0, last, within
    return min(last, divided(length - 1 - within, stride)[0]) + 1, last, within


@device
def around(r, kernel, stride, before, windows):
    """The first window that pixel ``r`` stands in, and the one after the last: no window where both are equal."""
    several, last, _ = windows_on(r + before, kernel, stride, windows)
    return int32(last + 1 - several), int32(last + 1)


def walk(kernel: Kernel, images: Any, arrays: Sequence[Any], numbers: Sequence[int]) -> None:
    """Launch a kernel whose arguments are arrays of images as rows, numbers, and ``step``: from a thread's image to its
    next.

    Args:
        kernel: as described above.
        images: those of ``arrays`` that are walked: what is written.
        arrays: (N, H, W, C), whatever H, W and C.
        numbers: what it takes beside.

    Raises:
        ValueError: if an image has :data:`MOST_NUMBERS` or more.
    """
    for array in arrays:
        if math.prod(array.shape[1:]) >= MOST_NUMBERS:
            raise ValueError(f"{kernel.name}: an image must have fewer than 2^32 numbers, got {array.shape[1:]}")
    if images.size:
        image = math.prod(images.shape[1:])
        stride = stride_for(images.size, image)
        rows = (array.reshape(len(images), -1) for array in arrays)
        kernel[blocks_for(stride), THREADS](*rows, *numbers, stride // image)


def naively(kernel: Kernel, images: Any, arrays: Sequence[Any], numbers: Sequence[int]) -> None:
    """Launch a kernel that takes a thread for each element of ``images``, of which there must be fewer than 2^32.

    The arguments are those of :func:`walk`.
    """
    kernel[blocks_for(images.size), THREADS](*arrays, *numbers)
