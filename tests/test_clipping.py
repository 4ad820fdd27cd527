"""Clipping: length, direction, PyTorch's result, and norms that are not finite."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from miniae.clipping import clip_by_norm


def test_by_hand():
    g = np.array([[3.0, 0.0], [0.0, -4.0]])
    assert clip_by_norm(g, 2.5) == 5.0
    assert g.tolist() == [[1.5, 0.0], [0.0, -2.0]]


@pytest.mark.parametrize("max_norm", [5.0, 5.000001, 1e300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_within_the_limit_every_bit_stays(dtype, max_norm):
    g = np.array([3.0, -4.0], dtype)
    assert clip_by_norm(g, max_norm) == 5.0
    assert g.tolist() == [3.0, -4.0]
    assert g.dtype == dtype


def test_float32_is_scaled_in_float32():
    g = np.random.default_rng(1).normal(size=1000).astype(np.float32)
    before = g.copy()
    norm = clip_by_norm(g, 2.0)
    assert norm.dtype == np.float64
    np.testing.assert_array_equal(g, before * np.float32(2.0 / norm))


def test_zero_gradient():
    g = np.zeros(3)
    assert clip_by_norm(g, 1.0) == 0.0
    assert g.tolist() == [0.0, 0.0, 0.0]


elements = st.floats(-1e3, 1e3, allow_subnormal=False)


@given(g=arrays(np.float64, array_shapes(max_dims=2, max_side=5), elements=elements), max_norm=st.floats(1e-3, 1e3))
def test_length_and_direction(g, max_norm):
    before = g.copy()
    norm = clip_by_norm(g, max_norm)
    # hypot adds the squares with care of its own. A sum of 25 squares, a root and two scalings: 30 roundings.
    rounding = 30 * np.finfo(np.float64).eps
    assert norm == pytest.approx(math.hypot(*before.ravel()), rel=rounding, abs=1e-150)
    assert math.hypot(*g.ravel()) <= max_norm * (1 + rounding)
    np.testing.assert_allclose(g, before * min(1.0, max_norm / norm if norm else 1.0), rtol=rounding)


@pytest.mark.parametrize("max_norm", [1.0, 1000.0])
def test_as_pytorch_but_for_its_1e_6(max_norm):
    torch = pytest.importorskip("torch", reason="compares with PyTorch's clipping")
    g = np.random.default_rng(0).normal(size=400)
    parameter = torch.zeros(400, dtype=torch.float64)
    parameter.grad = torch.from_numpy(g.copy())
    expected_norm = torch.nn.utils.clip_grad_norm_(parameter, max_norm).item()
    norm = clip_by_norm(g, max_norm)
    assert norm == pytest.approx(expected_norm, rel=1e-14)
    # PyTorch divides by norm + 1e-6 where that is beyond the limit.
    shortened = norm / (norm + 1e-6) if norm > max_norm else 1.0
    np.testing.assert_allclose(g * shortened, parameter.grad.numpy(), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_norm_that_is_not_finite_is_shown_and_the_gradient_left(bad, dtype):
    g = np.array([1.0, bad, 100.0], dtype)
    before = g.copy()
    norm = clip_by_norm(g, 1.0)
    assert not np.isfinite(norm)
    np.testing.assert_array_equal(g, before)


def test_float32_squares_that_overflow_are_shown_too():
    g = np.full(4, 1e25, np.float32)
    assert clip_by_norm(g, 1.0) == math.inf
    assert (g == np.float32(1e25)).all()


@pytest.mark.bad_input
@pytest.mark.parametrize("max_norm", [0.0, -1.0, math.nan, math.inf])
def test_impossible_limits_are_refused_before_anything_changes(max_norm):
    g = np.array([3.0, 4.0])
    with pytest.raises(ValueError, match=r"clip_by_norm: max_norm must lie in \(0, inf\), got"):
        clip_by_norm(g, max_norm)
    assert g.tolist() == [3.0, 4.0]


@pytest.mark.bad_input
def test_other_arguments_are_refused():
    with pytest.raises(TypeError, match="gradient must be float32 or float64, got int64"):
        clip_by_norm(np.arange(3), 1.0)
    with pytest.raises(TypeError, match="max_norm must be a number, got None"):
        clip_by_norm(np.ones(3), None)
