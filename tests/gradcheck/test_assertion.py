"""``assert_gradients``: which checker it calls, and what its AssertionError says."""

import numpy as np
import pytest

from miniae.gradcheck import assert_gradients
from miniae.layers import Dense, Tanh
from miniae.models import SparseAutoencoder
from miniae.network import Sequential
from miniae.ops import dense_backward, dense_forward
from miniae.penalties import kl_sparsity

ARGS = {"x": np.linspace(-1, 1, 6).reshape(2, 3), "w": np.linspace(0, 2, 6).reshape(3, 2), "b": np.ones(2)}


def test_every_kind_passes():
    x = np.random.default_rng(0).uniform(size=(5, 4))
    assert [b.name for b in assert_gradients(SparseAutoencoder(4, 2), x).blocks] == ["w1", "b1", "w2", "b2"]
    assert [b.name for b in assert_gradients(dense_forward, dense_backward, ARGS).blocks] == ["x", "w", "b"]
    assert assert_gradients(lambda t: (t @ t, 2 * t), np.ones(3)).passed
    assert assert_gradients(lambda t: t @ t, np.ones(3), gradient=lambda t: 2 * t).passed
    assert [b.name for b in assert_gradients(Dense(4, 2), x).blocks] == ["x", "w", "b"]
    assert [b.name for b in assert_gradients(Sequential([Dense(4, 2), Tanh()]), x).blocks] == ["x", "w1", "b1"]
    assert [b.name for b in assert_gradients(kl_sparsity, x, 0.1, 3.0).blocks] == ["a"]


def test_the_error_carries_the_report():
    with pytest.raises(AssertionError, match="gradient check: fail") as error:
        assert_gradients(lambda t: (t @ t, -2 * t), np.array([1.0, 3.0]))
    assert "-6.000000e+00" in str(error.value)
    assert "+6.000000e+00" in str(error.value)


def test_what_is_in_doubt_is_not_asserted():
    with pytest.raises(AssertionError, match="gradient check: inconclusive"):
        assert_gradients(lambda t: (np.abs(t).sum(), np.sign(t)), np.array([0.0, 1.0]))


def test_options_reach_the_checker():
    with pytest.raises(AssertionError):
        assert_gradients(lambda t: (t @ t, 2.001 * t), np.ones(3))
    assert assert_gradients(lambda t: (t @ t, 2.001 * t), np.ones(3), tolerance=1e-2).passed


@pytest.mark.bad_input
@pytest.mark.parametrize("arguments", [(), (dense_backward,), (dense_backward, ARGS, 3)])
def test_none_of_these(arguments):
    with pytest.raises(TypeError, match=r"expected \(f, theta\), \(forward, backward, args\), \(model, \*data\) or"):
        assert_gradients(dense_forward, *arguments)
