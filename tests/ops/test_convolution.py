"""The sums behind the convolutions: a few examples at a time, and no more memory than that takes."""

import tracemalloc

import numpy as np
import pytest
from geometries import geometries, image, random
from hypothesis import given

from miniae.ops import conv2d_backward, conv2d_forward, conv_transpose2d_backward, conv_transpose2d_forward, convolution
from miniae.ops.convolution import CHUNK, rows
from miniae.ops.windows import windows


def test_rows_by_hand():
    x = image([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(rows(x, windows("conv2d", (2, 3), 2, 1, "valid")), [[1, 2, 4, 5], [2, 3, 5, 6]])


@pytest.mark.parametrize("stride", [1, 3])
def test_results_do_not_depend_on_how_many_examples_are_taken_at_a_time(stride, monkeypatch):
    x, w, b = random(5, 6, 7, 3), random(3, 2, 3, 4, seed=1), random(4, seed=2)
    results = []
    for chunk in (1, 2 * 6 * 7 * 4 * 3 * 2 * 3 * 8, 2**30):  # one example; two or more, with a remainder; all
        monkeypatch.setattr(convolution, "CHUNK", chunk)
        y, cache = conv2d_forward(x, w, b, stride=stride, padding="same")
        back = conv2d_backward(random(*y.shape, seed=3), cache)
        y2, cache2 = conv_transpose2d_forward(y, w, stride=stride, padding="same")
        results.append((y, *back, y2, *conv_transpose2d_backward(random(*y2.shape, seed=4), cache2)[:2]))
    for result in results[:-1]:
        for one, all_at_once in zip(result, results[-1], strict=True):
            np.testing.assert_allclose(one, all_at_once, rtol=0, atol=1e-12)


def chunks(n, w, at):
    return [min(some.stop, n) - some.start for some in convolution._chunks(n, w, at)]


@given(geometries())
def test_every_example_is_taken_once(geometry):
    w, at = np.empty((*geometry.kernel, 2, 3)), geometry.windows
    for n in (0, 1, 5):
        assert sum(chunks(n, w, at)) == n


@pytest.mark.parametrize(
    ("kernel", "stride", "c", "o"),
    [(5, 1, 16, 16), (1, 1, 2, 64), (1, 2, 16, 4)],
    ids=["windows are most", "sums are most", "padded images are most"],
)
def test_the_largest_of_what_is_laid_out_decides(kernel, stride, c, o, monkeypatch):
    at = windows("conv2d", (8, 8), kernel, stride, "same")
    places = at.out[0] * at.out[1]
    largest = max(places * kernel**2 * c, places * o, at.padded[0] * at.padded[1] * c)
    monkeypatch.setattr(convolution, "CHUNK", 3 * largest * 4)
    assert chunks(8, np.empty((kernel, kernel, c, o), np.float32), at) == [3, 3, 2]


@pytest.mark.as_users_run_it
def test_memory_beside_the_result_does_not_grow_with_the_batch():
    """What the docstring of ``conv2d_forward`` says, on a batch whose windows laid out would be a quarter of a GB."""
    x, w = np.ones((100, 64, 64, 16), np.float32), np.ones((3, 3, 16, 8), np.float32)
    y, cache = conv2d_forward(x, w, padding="same")
    assert y.size // 8 * w[..., 0].nbytes > 2.3e8

    def peak(call):
        tracemalloc.start()
        results = call()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most - sum(result.nbytes for result in results if isinstance(result, np.ndarray))

    x2, cache2 = conv_transpose2d_forward(y, w, padding="same")
    for call in (
        lambda: conv2d_forward(x, w, padding="same"),
        lambda: conv2d_backward(y, cache),
        lambda: conv_transpose2d_forward(y, w, padding="same"),
        lambda: conv_transpose2d_backward(x2, cache2),
    ):
        assert peak(call) <= 2.05 * CHUNK
