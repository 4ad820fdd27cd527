"""A contender that computes something else is refused, whatever it is that differs; rounding is not."""

import numpy as np
import pytest
from tiny_workloads import TINY, WrongCost, WrongGradient, contender

from miniae.bench.agreement import Disagreement, Reference
from miniae.bench.ours import Miniae

WORKLOAD = TINY["sparse"]


@pytest.fixture
def reference():
    first = contender(WORKLOAD)
    return Reference(first, first.model.layout)


def wrong(kind):
    return kind(WORKLOAD.make("numpy", "float64"), WORKLOAD.data("float64"), WORKLOAD.optimizer)


def test_the_same_in_float32_agrees(reference):
    reference.check(contender(WORKLOAD, "float32"))


def test_a_wrong_block_of_the_gradient_is_named(reference):
    with pytest.raises(Disagreement, match=r"the gradient of w2 is not miniae numpy's: relative difference 1.0e-02"):
        reference.check(wrong(WrongGradient))


def test_a_cost_that_is_no_number_disagrees(reference):
    with pytest.raises(Disagreement, match="the cost nan is not"):
        reference.check(wrong(WrongCost))


@pytest.mark.parametrize("changes", [{"learning_rate": 0.0103}, {"beta1": 0.8}, {"beta2": 0.5}, {"eps": 1e-2}])
def test_another_optimiser_leads_elsewhere(reference, changes):
    if "beta2" in changes or "beta1" in changes:  # the corrected averages of equal gradients are the same: needs steps
        changes = {**changes, "learning_rate": 0.02}
    with pytest.raises(Disagreement, match="3 steps lead elsewhere than miniae numpy's"):
        reference.check(contender(WORKLOAD, **changes))


def test_another_batch_is_noticed(reference):
    other = Miniae(WORKLOAD.make("numpy", "float64"), WORKLOAD.data("float64")[::-1][:-1].copy(), WORKLOAD.optimizer)
    with pytest.raises(Disagreement):
        reference.check(other)


def test_miniae_is_timed_in_the_step_that_fit_runs():
    """As many steps as epochs of one batch: fit ends at the same theta."""
    from miniae import fit

    model, x = WORKLOAD.make("numpy", "float64"), WORKLOAD.data("float64")
    timed = contender(WORKLOAD)
    for _ in range(4):
        timed.step()
    fit(model, x, epochs=4, batch_size=len(x), optimizer=WORKLOAD.optimizer, progress=False)
    np.testing.assert_allclose(timed.theta(), model.theta, rtol=1e-9)
    assert not np.array_equal(timed.theta(), contender(WORKLOAD).theta())


def test_steps_go_on_from_one_epoch_to_the_next(monkeypatch):
    long = contender(WORKLOAD)
    monkeypatch.setattr("miniae.bench.ours.EPOCH", 2)
    short = contender(WORKLOAD)
    for _ in range(5):
        long.step()
        short.step()
    np.testing.assert_allclose(short.theta(), long.theta(), rtol=1e-9)
