"""Convolution, worked out by hand and held to its loops."""

import numpy as np
import pytest
from geometries import few, fewer, geometries, image, random
from hypothesis import given

from miniae import loops
from miniae.ops import conv2d_backward, conv2d_forward
from miniae.ops.conv2d import Conv2dCache
from miniae.ops.windows import windows

X = image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
W = np.array([[1.0, 2.0], [0.0, -1.0]])[:, :, None, None]
FOUR = image([[1, 2, 3, 4]])
DIGITS = np.array([1.0, 10.0, 100.0]).reshape(1, 3, 1, 1)


def test_forward_by_hand():
    # each: 1 * top left + 2 * top right - 1 * bottom right
    # 1 + 4 - 5, 2 + 6 - 6
    # 4 + 10 - 8, 5 + 12 - 9
    np.testing.assert_array_equal(conv2d_forward(X, W)[0], image([[0, 2], [6, 8]]))
    np.testing.assert_array_equal(conv2d_forward(X, W, np.array([10.0]))[0], image([[10, 12], [16, 18]]))


def test_backward_by_hand():
    dy = image([[1, 0], [2, -1]])
    dx, dw, db = conv2d_backward(dy, Conv2dCache(X, W, True, windows("conv2d", (3, 3), (2, 2), 1, "valid")))
    # Each dy lays a copy of the kernel, times itself, over its window:
    #   1 2 0     0  0 0      0  0  0
    #   0-1 0  +  2  4 0  +   0 -1 -2
    #   0 0 0     0 -2 0      0  0  1
    np.testing.assert_array_equal(dx, image([[1, 2, 0], [2, 2, -2], [0, -2, 1]]))
    # Each weight saw the pixels of its 2x2 corner of the image: 1 * 1 + 2 * 4 - 5, 1 * 2 + 2 * 5 - 6, ...
    np.testing.assert_array_equal(dw[:, :, 0, 0], [[4, 6], [10, 12]])
    np.testing.assert_array_equal(db, [2])


@pytest.mark.parametrize(
    ("stride", "padding", "expected"),
    [
        (1, "valid", [321, 432]),  # the digits of the window from right to left
        (1, "same", [210, 321, 432, 43]),
        (1, (0, 2), [100, 210, 321, 432, 43, 4]),
        (2, "valid", [321]),  # the fourth pixel is not reached
        (2, "same", [321, 43]),  # the odd pixel of padding at the end: at the start it would be 210, 432
        (2, (0, 1), [210, 432]),
    ],
)
def test_stride_and_padding_by_hand(stride, padding, expected):
    y, cache = conv2d_forward(FOUR, DIGITS, stride=(1, stride), padding=padding)
    np.testing.assert_array_equal(y, image([expected]))
    dx, _, _ = conv2d_backward(np.ones_like(y), cache)  # the sum of the weights that each pixel met
    assert (dx * FOUR).sum() == sum(expected)


def test_channels_by_hand():
    # a pixel's channels (1, 2) through a 1x1 kernel: 1 * 3 + 2 * 5, 1 * 4 + 2 * 6
    x, w = np.array([1.0, 2.0]).reshape(1, 1, 1, 2), np.array([[3.0, 4.0], [5.0, 6.0]]).reshape(1, 1, 2, 2)
    y, cache = conv2d_forward(x, w)
    np.testing.assert_array_equal(y, [[[[13, 16]]]])
    # (1, 10) back: 3 + 40, 5 + 60; and x times dy
    dx, dw, _ = conv2d_backward(np.array([1.0, 10.0]).reshape(1, 1, 1, 2), cache)
    np.testing.assert_array_equal(dx, [[[[43, 65]]]])
    np.testing.assert_array_equal(dw[0, 0], [[1, 10], [2, 20]])


def test_without_a_bias_there_is_no_gradient_for_one():
    y, cache = conv2d_forward(X, W)
    assert conv2d_backward(y, cache)[2] is None


def test_the_convolution_of_mathematics_has_the_kernel_flipped():
    signal = pytest.importorskip("scipy.signal")
    x, w = random(6, 5), random(3, 2, seed=1)
    y, _ = conv2d_forward(x[None, :, :, None], w[::-1, ::-1, None, None].copy())
    np.testing.assert_allclose(y[0, :, :, 0], signal.convolve2d(x, w, mode="valid"), rtol=0, atol=1e-14)


@fewer
@given(geometries(), few, few, few)
def test_agrees_with_the_loops(geometry, n, c, o):
    x, w, at = random(n, *geometry.size, c), random(*geometry.kernel, c, o, seed=1), geometry.windows
    y, cache = conv2d_forward(x, w, **geometry.options())
    np.testing.assert_allclose(y, loops.conv2d(x, w, at), rtol=0, atol=1e-12)
    dy = random(*y.shape, seed=2)
    dx, dw, _ = conv2d_backward(dy, cache)
    expected = loops.conv2d_gradients(dy, x, w, at)
    np.testing.assert_allclose(dx, expected[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(dw, expected[1], rtol=0, atol=1e-12)


def test_nan_reaches_the_windows_that_saw_it_and_no_others():
    x = image(np.ones((4, 4)))
    x[0, 0, 3] = np.nan
    y, _ = conv2d_forward(x, np.ones((2, 2, 1, 1)))
    np.testing.assert_array_equal(y, image([[4, 4, np.nan], [4, 4, 4], [4, 4, 4]]))


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        (
            X[0],
            W,
            None,
            r"x must have shape \(N, H, W, C\), got \(3, 3, 1\); one image is x\[None\], one channel x\[\.\.\.",
        ),
        (X[0, :, :, 0], W, None, r"x must have shape \(N, H, W, C\), got \(3, 3\); one image"),
        (X[None], W, None, r"x must have shape \(N, H, W, C\), got \(1, 1, 3, 3, 1\)$"),
        (np.ones((2, 8, 8, 3)), W, None, r"w takes 1 channels but x \(2, 8, 8, 3\) has 3 \(its last axis\)$"),
        (
            np.ones((2, 1, 8, 8)),
            W,
            None,
            r"w takes 1 channels but x \(2, 1, 8, 8\) has 8 \(its last axis\); are the channels first\? Then pass "
            r"x\.transpose\(0, 2, 3, 1\)",
        ),
        (X, W[0], None, r"w must have shape \(KH, KW, C, O\), at least 1 of each, got \(2, 1, 1\)"),
        (X, W[:0], None, r"w must have shape \(KH, KW, C, O\), at least 1 of each, got \(0, 2, 1, 1\)"),
        (X, W, np.ones(2), r"b must have shape \(O,\) = \(1,\) to fit w \(2, 2, 1, 1\), got \(2,\)"),
        (X, np.ones((5, 2, 1, 1)), None, r"height = floor\(\(3 \+ 0 \+ 0 - 5\) / 1\) \+ 1 = -1"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(x, w, b, message):
    with pytest.raises(ValueError, match=f"^conv2d: .*{message}"):
        conv2d_forward(x, w, b)


@pytest.mark.bad_input
@pytest.mark.parametrize("stride", [0, -1, (1, 0), 1.5])
def test_a_stride_that_is_no_number_of_pixels_is_refused(stride):
    with pytest.raises(ValueError, match="^conv2d: stride must be a whole number of at least 1"):
        conv2d_forward(X, W, stride=stride)
