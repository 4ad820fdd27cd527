"""Max-pooling, worked out by hand, at ties and at the padding, and held to its loops."""

import numpy as np
import pytest
from geometries import few, fewer, geometries, image, random
from hypothesis import given
from hypothesis import strategies as st

from miniae import loops
from miniae.ops import max_pool2d_backward, max_pool2d_forward
from miniae.ops.max_pool2d import MaxPool2dCache
from miniae.ops.windows import windows

X = image([[1, 5, 2, 0], [3, 4, 7, 6]])
AT = windows("max_pool2d", (2, 4), 2, 2, "valid")


def test_forward_by_hand():
    y, cache = max_pool2d_forward(X)
    np.testing.assert_array_equal(y, image([[5, 7]]))
    np.testing.assert_array_equal(cache.switches, image([[1, 2]]))  # top right is place 1, bottom left place 2
    assert cache.switches.dtype == np.int32


def test_backward_by_hand():
    dx = max_pool2d_backward(image([[10, 20]]), MaxPool2dCache(image([[1, 2]]).astype(np.int32), AT, np.dtype(float)))
    np.testing.assert_array_equal(dx, image([[0, 10, 0, 0], [0, 0, 20, 0]]))


def test_channels_do_not_mix():
    y, cache = max_pool2d_forward(np.concatenate([X, -X], axis=3))
    np.testing.assert_array_equal(y, np.concatenate([image([[5, 7]]), image([[-1, 0]])], axis=3))
    np.testing.assert_array_equal(cache.switches[0, 0], [[1, 0], [2, 1]])


def test_windows_that_overlap_add_their_gradients():
    # windows 0 9 and 9 1 both choose the 9, the third 1 3 the 3
    y, cache = max_pool2d_forward(image([[0, 9, 1, 3]]), kernel_size=(1, 2), stride=1)
    np.testing.assert_array_equal(y, image([[9, 9, 3]]))
    dx = max_pool2d_backward(image([[10, 20, 40]]), cache)
    np.testing.assert_array_equal(dx, image([[0, 30, 0, 40]]))


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([[3, 3], [3, 3]], 0),
        ([[1, 3], [3, 3]], 1),
        ([[1, 1], [3, 3]], 2),
        ([[1, 3], [3, 1]], 1),  # row by row: top right comes before bottom left
        ([[0, 0], [-1, 0]], 0),
        ([[-0.0, 0.0], [0.0, 0.0]], 0),
    ],
)
def test_a_tie_goes_to_the_first_and_to_one_pixel_only(rows, place):
    torch = pytest.importorskip("torch", reason="PyTorch's convention is the one followed")
    _, cache = max_pool2d_forward(image(rows))
    assert cache.switches.item() == place
    expected = np.zeros(4)
    expected[place] = 5
    np.testing.assert_array_equal(max_pool2d_backward(image([[5]]), cache).ravel(), expected)
    tensor = torch.tensor([[rows]], dtype=torch.float64, requires_grad=True)
    torch.nn.functional.max_pool2d(tensor, 2).backward(torch.tensor([[[[5.0]]]], dtype=torch.float64))
    np.testing.assert_array_equal(tensor.grad.ravel(), expected)


@given(geometries().filter(lambda geometry: geometry.padding != "valid"), st.sampled_from([np.float32, np.float64]))
def test_the_padding_is_never_the_largest(geometry, dtype):
    x = -1 - np.abs(random(2, *geometry.size, 2)).astype(dtype)
    y, cache = max_pool2d_forward(x, **geometry.pooling())
    assert set(y.ravel()) <= set(x.ravel())
    assert max_pool2d_backward(np.ones_like(y), cache).sum() == y.size  # nothing is lost on the padding


@fewer
@given(geometries(), few, few, st.integers(1, 20))
def test_agrees_with_the_loops(geometry, n, c, values):
    """With few different values almost every window has a tie."""
    x = np.random.default_rng(0).integers(-values, values, (n, *geometry.size, c)).astype(float)
    y, cache = max_pool2d_forward(x, **geometry.pooling())
    expected, switches = loops.max_pool2d(x, geometry.windows)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(cache.switches, switches)
    dy = random(*y.shape)
    dx = max_pool2d_backward(dy, cache)
    np.testing.assert_allclose(dx, loops.max_pool2d_gradient(dy, switches, geometry.windows), rtol=0, atol=1e-12)


@pytest.mark.parametrize("place", range(4))
def test_nan_is_the_largest_wherever_it_stands(place):
    x = image([[1, 5, 2, 0], [3, 4, 7, 6]])
    x[0, place // 2, place % 2, 0] = np.nan
    np.testing.assert_array_equal(max_pool2d_forward(x)[0], image([[np.nan, 7]]))


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (
            X[0],
            {},
            r"x must have shape \(N, H, W, C\), got \(2, 4, 1\); one image is x\[None\], one channel x\[\.\.\., N",
        ),
        (
            X,
            {"kernel_size": 3},
            r"no window of 3 .* height of 2: output height = floor\(\(2 \+ 0 \+ 0 - 3\) / 3\) \+ 1 = 0",
        ),
        (X, {"kernel_size": 0}, "kernel_size must be a whole number of at least 1, or two of them, got 0"),
        (X, {"stride": -2}, "stride must be a whole number of at least 1, or two of them, got -2"),
        (X, {"padding": 2}, r"padding must be less than kernel_size \(2, 2\), got 2: a window of padding"),
        (X, {"padding": "full"}, "padding must be 'valid', 'same', or whole numbers, got 'full'"),
    ],
)
def test_bad_input_is_refused(x, options, message):
    with pytest.raises(ValueError, match=f"^max_pool2d: {message}"):
        max_pool2d_forward(x, **options)
