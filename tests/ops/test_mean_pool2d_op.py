"""Mean-pooling, worked out by hand, at the padding, and held to its loops."""

import numpy as np
import pytest
from geometries import few, fewer, geometries, image, random
from hypothesis import given

from miniae import loops
from miniae.ops import mean_pool2d_backward, mean_pool2d_forward
from miniae.ops.mean_pool2d import MeanPool2dCache
from miniae.ops.windows import windows

X = image([[1, 5, 2, 0], [3, 3, 7, 7]])
EIGHTS = image([[8, 16]])


def test_forward_by_hand():
    # (1 + 5 + 3 + 3) / 4, (2 + 0 + 7 + 7) / 4
    np.testing.assert_array_equal(mean_pool2d_forward(X)[0], image([[3, 4]]))


def test_backward_by_hand():
    at = windows("mean_pool2d", (2, 4), 2, 2, "valid")
    dx = mean_pool2d_backward(EIGHTS, MeanPool2dCache((1, 2, 4, 1), np.dtype(float), at))
    np.testing.assert_array_equal(dx, image([[2, 2, 4, 4], [2, 2, 4, 4]]))  # a quarter each


def test_padding_is_not_counted_by_hand():
    # windows of three over _ 2 4 6 _: (2 + 4) / 2, (2 + 4 + 6) / 3, (4 + 6) / 2
    y, cache = mean_pool2d_forward(image([[2, 4, 6]]), kernel_size=(1, 3), stride=1, padding="same")
    np.testing.assert_array_equal(y, image([[3, 4, 5]]))
    # back: 6 / 2 to two pixels, 12 / 3 to all three, 20 / 2 to two
    np.testing.assert_array_equal(mean_pool2d_backward(image([[6, 12, 20]]), cache), image([[7, 17, 14]]))


@given(geometries())
def test_the_mean_of_a_constant_is_the_constant(geometry):
    y, cache = mean_pool2d_forward(np.full((2, *geometry.size, 2), 3.0), **geometry.pooling())
    np.testing.assert_array_equal(y, 3)
    dx = mean_pool2d_backward(np.ones_like(y), cache)
    assert dx.sum() == pytest.approx(y.size, rel=1e-14)  # all of dy arrives: none of it on the padding


@fewer
@given(geometries(), few, few)
def test_agrees_with_the_loops(geometry, n, c):
    x = random(n, *geometry.size, c)
    y, cache = mean_pool2d_forward(x, **geometry.pooling())
    np.testing.assert_allclose(y, loops.mean_pool2d(x, geometry.windows), rtol=0, atol=1e-12)
    dy = random(*y.shape, seed=1)
    expected = loops.mean_pool2d_gradient(dy, geometry.windows)
    np.testing.assert_allclose(mean_pool2d_backward(dy, cache), expected, rtol=0, atol=1e-12)


def test_nan_reaches_its_own_window_only():
    x = X.copy()
    x[0, 0, 1] = np.nan
    np.testing.assert_array_equal(mean_pool2d_forward(x)[0], image([[np.nan, 4]]))


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (X[0, :, :, 0], {}, r"x must have shape \(N, H, W, C\), got \(2, 4\); one image is x\[None\]"),
        (
            X,
            {"kernel_size": 3},
            r"no window of 3 .* height of 2: output height = floor\(\(2 \+ 0 \+ 0 - 3\) / 3\) \+ 1 = 0",
        ),
        (X, {"kernel_size": (2, 0)}, r"kernel_size must be a whole number of at least 1, or two of them, got \(2, 0\)"),
        (X, {"stride": 0}, "stride must be a whole number of at least 1, or two of them, got 0"),
        (X, {"padding": (0, 2)}, r"padding must be less than kernel_size \(2, 2\), got \(0, 2\): a window of padding"),
    ],
)
def test_bad_input_is_refused(x, options, message):
    with pytest.raises(ValueError, match=f"^mean_pool2d: {message}"):
        mean_pool2d_forward(x, **options)
