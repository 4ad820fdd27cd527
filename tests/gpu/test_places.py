"""How kernels walk over images, and how they see the windows of a pooling."""

import numpy as np
import pytest
from image_kernels import WINDOWS, windows_of
from numba import cuda

from miniae.loops import pixels_of
from miniae_kernels.cuda.launch import kernel
from miniae_kernels.cuda.max_pool2d import pool
from miniae_kernels.cuda.places import around, inside, place, walk


@kernel("int64[:, ::1], int32, int32, int32")
def find_places(found, height, width, channels):
    t = cuda.grid(1)
    if t < found.shape[0]:
        found[t, 0], found[t, 1], found[t, 2], found[t, 3] = place(t, height, width, channels)


@kernel("int64[::1], int64, int32, int32, int32")
def find_place(found, t, height, width, channels):
    found[0], found[1], found[2], found[3] = place(t, height, width, channels)


@kernel("int64[:, :, ::1], int32, int32, int32, int32, int32")
def find_windows(ends, size, kernel, stride, before, windows):
    t = cuda.grid(1)
    if t < windows:
        ends[0, t, 0], ends[0, t, 1] = inside(t, kernel, stride, before, size)
    if t < size:
        ends[1, t, 0], ends[1, t, 1] = around(t, kernel, stride, before, windows)


def test_places_are_in_the_order_of_memory(launch_once):
    shape = (2, 3, 4, 5)
    found = np.full((120, 4), -1)
    launch_once(find_places, 1, 128, (found, *map(np.int32, shape[1:])))
    np.testing.assert_array_equal(found, np.argwhere(np.ones(shape)))


def test_places_are_found_up_to_the_last_that_32_bits_hold(launch_once):
    shape = 3, 2**15 - 1, 2**8 + 1, 2**8 - 1
    for t in (2**31 - 1, 2**31, 2**32 - 1):
        found = np.full(4, -1)
        launch_once(find_place, 1, 1, (found, np.int64(t), *map(np.int32, shape[1:])))
        np.testing.assert_array_equal(found, np.unravel_index(t, shape))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", WINDOWS)
def test_windows_and_pixels_find_each_other(launch_once, name, axis):
    at, _ = windows_of(name)
    together = np.zeros((at.out[axis], at.size[axis]), bool)  # whether the pixel stands in the window
    for i, j, _, _, r, q in pixels_of(at):
        together[(i, j)[axis], (r, q)[axis]] = True
    ends = np.zeros((2, max(together.shape), 2), int)
    numbers = (at.size[axis], at.kernel[axis], at.stride[axis], at.before[axis], at.out[axis])
    launch_once(find_windows, 1, 32, (ends, *map(np.int32, numbers)))
    for row, (first, end) in zip(together, ends[0], strict=False):
        np.testing.assert_array_equal(np.flatnonzero(row), np.arange(first, end))
    for column, (first, end) in zip(together.T, ends[1], strict=False):
        np.testing.assert_array_equal(np.flatnonzero(column), np.arange(first, end))


def test_an_image_too_large_to_count_is_refused():
    image = np.broadcast_to(np.float32(0), (1, 2**16, 2**16, 1))
    with pytest.raises(
        ValueError, match=r"^pool: an image must have fewer than 2\^32 numbers, got \(65536, 65536, 1\)"
    ):
        walk(pool, image, (image,), ())
