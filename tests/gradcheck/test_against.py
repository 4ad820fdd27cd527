"""Low-precision gradients against float64: rounding passes, mistakes do not."""

import numpy as np
import pytest

from miniae.gradcheck import check_against
from miniae.models import SparseAutoencoder


def gradients(dtype, m=100):
    x = np.random.default_rng(0).uniform(0.1, 0.9, size=(m, 64))
    model = SparseAutoencoder(64, 25)
    return model, model.theta, model.cost_and_grad(model.theta.astype(dtype), x.astype(dtype))[1]


def test_float32_passes_and_names_its_blocks():
    model, theta, reference = gradients(np.float64)
    _, _, fast = gradients(np.float32)
    report = check_against(fast, reference, theta=theta, layout=model.layout)
    assert report.passed, f"\n{report}"
    assert [block.name for block in report.blocks] == ["w1", "b1", "w2", "b2"]
    # Rounding is there (a float64 gradient would not show it) and a good factor below the bound.
    assert 1e-8 < max(block.error for block in report.blocks) < 3e-6


@pytest.mark.parametrize("change", [1.001, -1.0, 0.0])
def test_a_wrong_block_fails(change):
    model, _, reference = gradients(np.float64)
    fast = reference.astype(np.float32)
    fast[model.layout["b1"].slice] *= change
    assert check_against(fast, reference, layout=model.layout).names("fail") == ("b1",)


class OnTheDevice:
    """An array as CuPy has it: not convertible but by ``get``."""

    def __init__(self, values):
        self.values = values

    def get(self):
        return self.values


class Convertible:
    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values


@pytest.mark.parametrize("kind", [OnTheDevice, Convertible])
def test_anything_numpy_can_take(kind):
    values = np.linspace(1, 2, 5)
    assert check_against(kind(values.astype(np.float32)), values).passed
    assert check_against(kind(-values.astype(np.float32)), values).verdict == "fail"


def test_nan_fails_and_zeros_test_nothing():
    reference = np.ones(3)
    assert check_against(np.array([1, np.nan, 1], np.float32), reference).verdict == "fail"
    zeros = np.zeros(3, np.float32)
    assert check_against(zeros, np.zeros(3)).verdict == "fail"
    assert check_against(zeros, np.zeros(3), zero=("gradient",)).passed


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(TypeError, match="reference must be a float64 array, got float32"):
        check_against(np.ones(2), np.ones(2, np.float32))
    with pytest.raises(TypeError, match="gradient must be an array of floats, got int64"):
        check_against(np.ones(2, np.int64), np.ones(2))
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\), reference \(2,\)"):
        check_against(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match="covers 3 elements, reference has 2"):
        check_against(np.ones(2), np.ones(2), layout={"w": (3,)})
