"""L1 sparsity, worked out by hand and at its kink."""

import numpy as np
import pytest

from miniae.penalties import l1


def test_by_hand():
    # absolute values 1 + 2 + 3 and 0 + 4 + 0 make 10; 0.5 * 10 / 2 examples
    cost, da = l1(np.array([[1.0, -2.0, 3.0], [0.0, -4.0, 0.0]]), strength=0.5)
    assert cost == 2.5
    np.testing.assert_array_equal(da, [[0.25, -0.25, 0.25], [0, -0.25, 0]])  # 0.5 / 2, with the sign


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_slope_at_the_kink_is_zero(zero):
    torch = pytest.importorskip("torch", reason="PyTorch's convention is the one followed")
    cost, da = l1(np.array([[zero]]), strength=2.0)
    assert (cost, da.item()) == (0, 0)
    a = torch.tensor([zero], requires_grad=True)
    a.abs().sum().backward()
    assert a.grad.item() == 0


def test_small_activations_are_pulled_as_hard_as_large_ones():
    _, da = l1(np.array([[1e-300, 1e300]]), strength=2.0)
    np.testing.assert_array_equal(da, [[2, 2]])


def test_of_feature_maps():
    cost, da = l1(np.full((2, 3, 3, 4), -0.5), strength=1.0)
    assert cost == 18  # 36 halves for each example
    assert da.shape == (2, 3, 3, 4)


def test_of_strength_zero_is_nothing():
    cost, da = l1(np.array([[3.0, -1.0]]), strength=0.0)
    assert cost == 0
    np.testing.assert_array_equal(da, [[0, 0]])
