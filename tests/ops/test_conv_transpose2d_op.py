"""Transposed convolution, worked out by hand, held to its loops, and the transpose of the convolution."""

import numpy as np
import pytest
from geometries import few, fewer, geometries, image, random
from hypothesis import given

from miniae import loops
from miniae.ops import conv2d_backward, conv2d_forward, conv_transpose2d_backward, conv_transpose2d_forward
from miniae.ops.conv_transpose2d import ConvTranspose2dCache
from miniae.ops.windows import windows

X = image([[1, 2], [3, -1]])
W = np.array([[1.0, 2.0], [0.0, -1.0]])[:, :, None, None]
TWO = image([[1, 10]])
COUNT = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)


def test_forward_by_hand():
    # Each input lays a copy of the kernel, times itself, over the result:
    #   1  2 0     0 2  4     0  0 0     0  0  0
    #   0 -1 0  +  0 0 -2  +  3  6 0  +  0 -1 -2
    #   0  0 0     0 0  0     0 -3 0     0  0  1
    expected = [[1, 4, 4], [3, 4, -4], [0, -3, 1]]
    np.testing.assert_array_equal(conv_transpose2d_forward(X, W)[0], image(expected))
    np.testing.assert_array_equal(conv_transpose2d_forward(X, W, np.array([10.0]))[0], image(expected) + 10)


def test_backward_by_hand():
    dy = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    dx, dw, db = conv_transpose2d_backward(
        dy, ConvTranspose2dCache(X, W, True, windows("conv_transpose2d", (3, 3), (2, 2), 1, "valid"))
    )
    # the convolution of dy: 1 * top left + 2 * top right - 1 * bottom right
    np.testing.assert_array_equal(dx, image([[0, 2], [6, 8]]))
    # Each weight took the inputs to one 2x2 corner: 1 * 1 + 2 * 2 + 3 * 4 - 5, 1 * 2 + 2 * 3 + 3 * 5 - 6, ...
    np.testing.assert_array_equal(dw[:, :, 0, 0], [[12, 17], [27, 32]])
    np.testing.assert_array_equal(db, [45])


@pytest.mark.parametrize(
    ("stride", "padding", "output_padding", "expected"),
    [
        (1, "valid", None, [1, 12, 23, 30]),  # 1 2 3 and 10 20 30, one step apart
        (1, "same", None, [12, 23]),  # a pixel cut off at each end
        (1, (0, 1), None, [12, 23]),
        (2, "valid", None, [1, 2, 13, 20, 30]),
        (2, "valid", (0, 1), [1, 2, 13, 20, 30, 0]),  # no window of the convolution reaches the last
        (2, "same", None, [1, 2, 13, 20]),  # twice the size; the odd pixel cut off at the end
        (2, "same", 0, [2, 13, 20]),  # the smallest image with two windows has three pixels, padded alike at both ends
        (3, "valid", None, [1, 2, 3, 10, 20, 30]),
    ],
)
def test_stride_and_padding_by_hand(stride, padding, output_padding, expected):
    y, _ = conv_transpose2d_forward(TWO, COUNT, stride=(1, stride), padding=padding, output_padding=output_padding)
    np.testing.assert_array_equal(y, image([expected]))


@given(geometries(), few, few, few)
def test_is_the_transpose_of_the_convolution(geometry, n, c, o):
    u, w = random(n, *geometry.size, c), random(*geometry.kernel, c, o, seed=1)
    v, cache = conv2d_forward(u, w, **geometry.options())
    x = random(*v.shape, seed=2)
    y, _ = conv_transpose2d_forward(x, w, output_padding=geometry.output_padding, **geometry.options())
    assert y.shape == u.shape
    assert abs((v * x).sum() - (u * y).sum()) <= 1e-12 * max(1, np.abs(u * y).sum())
    assert y.tobytes() == conv2d_backward(x, cache, needs=("x",))[0].tobytes()  # nothing but its gradient


@fewer
@given(geometries(), few, few, few)
def test_agrees_with_the_loops(geometry, n, c, o):
    at = geometry.windows
    x, w = random(n, *at.out, o), random(*geometry.kernel, c, o, seed=1)
    y, cache = conv_transpose2d_forward(x, w, output_padding=geometry.output_padding, **geometry.options())
    np.testing.assert_allclose(y, loops.conv_transpose2d(x, w, at), rtol=0, atol=1e-12)
    dy = random(*y.shape, seed=2)
    dx, dw, db = conv_transpose2d_backward(dy, cache)
    expected = loops.conv_transpose2d_gradients(dy, x, w, at)
    np.testing.assert_allclose(dx, expected[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(dw, expected[1], rtol=0, atol=1e-12)
    assert db is None


def test_nan_reaches_the_pixels_it_was_sent_to_and_no_others():
    y, _ = conv_transpose2d_forward(image([[1, np.nan, 1]]), np.ones((1, 2, 1, 1)), stride=2)
    np.testing.assert_array_equal(y, image([[1, 1, np.nan, np.nan, 1, 1]]))


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        (X[0], W, None, r"x must have shape \(N, H, W, C\), got \(2, 2, 1\); one image is x\[None\]"),
        (np.ones((2, 8, 8, 3)), np.ones((3, 3, 3, 5)), None, r"w takes 5 channels but x \(2, 8, 8, 3\) has 3"),
        (np.ones((2, 5, 8, 8)), np.ones((3, 3, 3, 5)), None, r"has 8 \(its last axis\); are the channels first\?"),
        (X, W[0], None, r"w must have shape \(KH, KW, C, O\), at least 1 of each, got \(2, 1, 1\)"),
        (
            X,
            np.ones((2, 2, 3, 1)),
            np.ones(1),
            r"b must have shape \(C,\) = \(3,\) to fit w \(2, 2, 3, 1\), got \(1,\)",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_refused(x, w, b, message):
    with pytest.raises(ValueError, match=f"^conv_transpose2d: .*{message}"):
        conv_transpose2d_forward(x, w, b)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stride": 0}, "stride must be a whole number of at least 1, or two of them, got 0"),
        ({"output_padding": 1}, r"output_padding must be less than the stride \(1, 1\), got \(1, 1\)"),
        ({"stride": 2, "output_padding": -1}, "output_padding must be a whole number of at least 0"),
        ({"padding": 2}, r"nothing is left of the image: output height = \(2 - 1\) 1 \+ 2 - 4 \+ 0 = -1"),
        ({"padding": "full"}, "padding must be 'valid', 'same', or whole numbers, got 'full'"),
    ],
)
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(ValueError, match=f"^conv_transpose2d: {message}"):
        conv_transpose2d_forward(X, W, **options)
