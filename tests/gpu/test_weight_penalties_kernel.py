"""The kernels of L1 and L2, thread by thread, and what they do with zeros and with nothing."""

import numpy as np
import pytest

from miniae_kernels.cuda import totals, weight_penalties

W = np.array([1.5, -2.0, 0.0, 3.0, -0.25, 0.0, 4.0])
PENALTIES = {  # the kernels, the sum of terms, and the slopes
    "l1": (weight_penalties.MAGNITUDE, 10.75, [1, -1, 0, 1, -1, 0, 1]),
    "l2": (weight_penalties.SQUARE, 31.3125, W),
}
both = pytest.mark.parametrize("name", PENALTIES)


@both
def test_naive(launch, name):
    kernels, total, slopes = PENALTIES[name]
    dw, terms = np.full(7, np.nan), np.full(7, np.nan)
    launch(kernels.naive, 3, 3, (W, dw, terms, np.float64(0.5)))
    assert terms.sum() == total
    np.testing.assert_array_equal(dw, 0.5 * np.array(slopes))


@both
@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("block", [2, 8])
def test_one_pass(launch, name, blocks, block, monkeypatch):
    for module in (weight_penalties, totals):
        monkeypatch.setattr(module, "THREADS", block)
    kernels, total, slopes = PENALTIES[name]
    dw, partial = np.full(7, np.nan), np.full(blocks, np.nan)
    launch(kernels.one_pass, blocks, block, (W, dw, partial, np.float64(0.5)))
    assert partial.sum() == total
    np.testing.assert_array_equal(dw, 0.5 * np.array(slopes))


def test_no_weights_cost_nothing(gpu):
    cost, dw = weight_penalties.l2(gpu.empty((0, 3)), 0.5)
    assert cost.get() == 0
    assert dw.shape == (0, 3)


def test_a_single_weight_need_not_have_an_axis(gpu):
    cost, dw = weight_penalties.l2(gpu.asarray(np.array(3.0)), 0.5)
    assert cost.get() == 0.5 / 2 * 9
    assert dw.shape == ()
    assert dw.get() == 1.5


@pytest.mark.parametrize(("strength", "a"), [(0.0, W), (0.5, np.array([np.inf, -np.inf, 0.0]))])
def test_l1_of_weight_zero_and_of_infinities(gpu, strength, a):
    cost, da = weight_penalties.l1(gpu.asarray(a), strength)
    assert cost.get() == (0 if strength == 0 else np.inf)
    np.testing.assert_array_equal(da.get(), strength / len(a) * np.sign(a))
