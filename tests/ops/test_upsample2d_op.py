"""Upsampling, worked out by hand, held to its loops and to PyTorch."""

import image_oracles
import numpy as np
import pytest
from geometries import few, fewer, image, random
from hypothesis import given
from hypothesis import strategies as st

from miniae import loops
from miniae.ops import upsample2d_backward, upsample2d_forward

modes = pytest.mark.parametrize("mode", ["nearest", "bilinear"])


def test_nearest_by_hand():
    y, cache = upsample2d_forward(image([[1, 2], [3, 4]]), factor=(2, 3))
    np.testing.assert_array_equal(y, image([[1, 1, 1, 2, 2, 2]] * 2 + [[3, 3, 3, 4, 4, 4]] * 2))
    # Each pixel sums its block of two rows and three columns: 1 + 2 + 3 + 7 + 8 + 9, 4 + 5 + 6 + 10 + 11 + 12, ...
    dx = upsample2d_backward(np.arange(1.0, 25).reshape(1, 4, 6, 1), cache)
    np.testing.assert_array_equal(dx, image([[30, 48], [102, 120]]))


def test_bilinear_by_hand():
    # New centres at -1/4, 1/4, 3/4, 5/4: shares 1 | 3/4 1/4 | 1/4 3/4 | 1
    y, cache = upsample2d_forward(image([[4, 8]]), factor=(1, 2), mode="bilinear")
    np.testing.assert_array_equal(y, image([[4, 5, 7, 8]]))
    # 1 + 3/4 * 4 + 1/4 * 8, 1/4 * 4 + 3/4 * 8 + 2
    np.testing.assert_array_equal(upsample2d_backward(image([[1, 4, 8, 2]]), cache), image([[6, 9]]))
    # both axes: in the corners the pixels themselves, beside them shares of shares
    y, _ = upsample2d_forward(image([[0, 16], [32, 64]]), mode="bilinear")
    # first row 0 4 12 16; second 3/4 of it and 1/4 of the last, 32 40 56 64
    np.testing.assert_array_equal(y[0, 0, :, 0], [0, 4, 12, 16])
    np.testing.assert_array_equal(y[0, 1, :, 0], [8, 13, 23, 28])
    np.testing.assert_array_equal(y[0, 3, :, 0], [32, 40, 56, 64])


@modes
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5])
def test_agrees_with_pytorch_whatever_the_factor(mode, factor):
    torch = pytest.importorskip("torch", reason="PyTorch is the independent source of values")
    x = random(2, 3, 4, 2)
    expected = image_oracles.upsample2d(torch, torch.tensor(x), factor=factor, mode=mode)
    np.testing.assert_allclose(upsample2d_forward(x, factor=factor, mode=mode)[0], expected, rtol=0, atol=1e-14)


@modes
@fewer
@given(st.tuples(few, few, few, few), st.tuples(st.integers(1, 5), few))
def test_agrees_with_the_loops(mode, shape, factor):
    x = random(*shape)
    y, cache = upsample2d_forward(x, factor=factor, mode=mode)
    np.testing.assert_allclose(y, loops.upsample2d(x, factor, mode), rtol=0, atol=1e-12)
    dy = random(*y.shape, seed=1)
    expected = loops.upsample2d_gradient(dy, factor, mode)
    np.testing.assert_allclose(upsample2d_backward(dy, cache), expected, rtol=0, atol=1e-12)


@modes
@given(st.tuples(few, few, few, few), st.tuples(few, few))
def test_a_constant_stays_one_and_all_of_its_gradient_comes_back(mode, shape, factor):
    y, cache = upsample2d_forward(np.full(shape, 3.0), factor=factor, mode=mode)
    np.testing.assert_allclose(y, 3, rtol=1e-15)
    assert upsample2d_backward(np.ones_like(y), cache).sum() == pytest.approx(y.size, rel=1e-14)


@modes
def test_a_factor_of_one_changes_nothing(mode):
    x = random(2, 3, 4, 2)
    y, cache = upsample2d_forward(x, factor=1, mode=mode)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(upsample2d_backward(x, cache), x)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (np.ones((3, 3)), {}, r"x must have shape \(N, H, W, C\), got \(3, 3\); one image is x\[None\]"),
        (np.ones((1, 3, 3, 1)), {"mode": "cubic"}, "mode must be 'nearest' or 'bilinear', got 'cubic'"),
        (np.ones((1, 3, 3, 1)), {"factor": 0}, "factor must be a whole number of at least 1, or two of them, got 0"),
        (
            np.ones((1, 3, 3, 1)),
            {"factor": 1.5},
            "factor must be a whole number of at least 1, or two of them, got 1.5",
        ),
    ],
)
def test_bad_input_is_refused(x, options, message):
    with pytest.raises(ValueError, match=f"^upsample2d: {message}"):
        upsample2d_forward(x, **options)
