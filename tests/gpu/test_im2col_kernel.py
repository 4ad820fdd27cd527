"""Windows laid out and added up again, thread by thread, equal to the reference to the last bit."""

import numpy as np
import pytest
from conv_cases import CHOICE, empty, numbers, whole
from geometries import few, fewer, geometries
from hypothesis import given

from miniae.ops.convolution import rows
from miniae.ops.windows import Windows, windows
from miniae_kernels.cuda import im2col


def laid_out(run, x, at):
    """By the naive kernel and by runs, two images side by side in the grid."""
    n, c = len(x), x.shape[3]
    folded = empty(n, *at.out, *at.kernel, c, dtype=x.dtype)
    run(
        im2col.naive_lay_out, (-(-at.out[1] // 4), at.out[0], n), (4, 1, 1), (x, folded, *whole(*at.stride, *at.before))
    )
    matrix = empty(folded.size, dtype=x.dtype)
    blocks = (-(-folded[0].size // 32), 2)
    run(im2col.copy_runs, blocks, 32, (x.reshape(-1), matrix, *whole(*im2col.runs(at, c))))
    return folded, matrix.reshape(folded.shape)


def added_up(run, folded, at):
    """By the naive kernel and by the gather, two images side by side in the grid."""
    n, c = len(folded), folded.shape[-1]
    naive = empty(n, *at.size, c, dtype=folded.dtype)
    grid = -(-at.size[1] // 4), at.size[0], n
    run(im2col.naive_add_up, grid, (4, 1, 1), (folded, naive, *whole(*at.stride, *at.before)))
    dx = empty(n, naive[0].size, dtype=folded.dtype)
    blocks = (-(-dx.shape[1] // 32), 2)
    run(im2col.gather, blocks, 32, (folded.reshape(n, -1), dx, *whole(*im2col.runs(at, c))))
    return naive, dx.reshape(naive.shape)


def expected_sums(folded, at):
    dx = np.empty((len(folded), *at.size, folded.shape[-1]), folded.dtype)
    at.add_up((folded[:, :, :, k, l] for k, l in at.positions()), dx)
    return dx


def check(run, at, n, c, dtype="float64"):
    x = numbers(n, *at.size, c, dtype=dtype)
    for got in laid_out(run, x, at):
        np.testing.assert_array_equal(got.reshape(rows(x, at).shape), rows(x, at))
    folded = numbers(n, *at.out, *at.kernel, c, seed=1, dtype=dtype)
    for got in added_up(run, folded, at):
        np.testing.assert_array_equal(got, expected_sums(folded, at))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CHOICE)
def test_every_order_of_threads(launch, name, dtype):
    check(launch, CHOICE[name].windows, 3, 2, dtype)


@fewer
@given(geometries(), few, few)
def test_any_geometry(launch_once, geometry, n, c):
    check(launch_once, geometry.windows, n, c)


def test_a_thread_takes_one_image_after_the_other(launch_once):
    check(launch_once, CHOICE["overlapping"].windows, 2 * 2 * im2col.AT_ONCE + 1, 1)


def test_nan_reaches_the_pixel_it_was_meant_for_and_no_other(launch_once):
    at = windows("test", (4, 4), 3, 1, "same")
    folded = np.ones((1, *at.out, *at.kernel, 1))
    folded[0, 1, 2, 0, 2, 0] = np.nan  # the window around (1, 2), its corner at the top right: the pixel (0, 3)
    for got in added_up(launch_once, folded, at):
        assert np.argwhere(np.isnan(got)).tolist() == [[0, 0, 3, 0]]


@pytest.mark.parametrize("n", [1, 5])
def test_launches(gpu, n):
    at = windows("test", (9, 7), (3, 2), (2, 1), "same")
    x, folded = numbers(n, *at.size, 3), numbers(n, *at.out, *at.kernel, 3)
    matrix = gpu.empty((n * at.out[0] * at.out[1], 18))
    im2col.lay_out(gpu.asarray(x), at, matrix)
    np.testing.assert_array_equal(matrix.get(), rows(x, at))
    dx = gpu.empty(x.shape)
    im2col.add_up(gpu.asarray(folded.reshape(matrix.shape)), at, dx)
    np.testing.assert_array_equal(dx.get(), expected_sums(folded, at))


@pytest.mark.parametrize(("numbers", "images"), [(1, 1), (1, 10**6), (784, 128), (10**6, 128), (10**9, 3), (784, 0)])
def test_a_grid_has_a_thread_for_each_place_and_no_more_images_than_there_are(numbers, images):
    (across, down), block = im2col.grid_for(numbers, images)
    assert numbers <= across * block < numbers + block
    assert min(images, 1) <= down <= min(images, 65_535)


def test_images_that_cannot_be_counted_are_refused():
    at = windows("test", (2**15, 2**15), 1, 1, "valid")
    assert im2col.runs(at, 1).width == 2**15
    with pytest.raises(ValueError, match="fewer than 2\\^31 numbers, got 2147483648"):
        im2col.runs(at, 2)
    wide = Windows((2**12, 2**12), (12, 12), (1, 1), (0, 0), (11, 11), (2**12, 2**12))
    with pytest.raises(ValueError, match=f"got {144 * 2**24}"):
        im2col.runs(wide, 1)
