"""Schedules: PyTorch's values step by step, and settings that make no sense."""

import math
from dataclasses import is_dataclass

import pytest

from miniae.schedules import CosineDecay, ExponentialDecay, StepDecay, Warmup, rate_at


def pytorch_rates(steps, make):
    """The learning rates PyTorch's scheduler gives; ``make`` receives the optimiser, whose rate starts at 0.4."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch's schedulers")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    scheduler, rates = make(torch.optim.lr_scheduler, optimizer), []
    for _ in range(steps):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


# PyTorch multiplies from step to step, so its rounding grows with the number of steps: a relative 1e-12 leaves room
# for a thousand roundings.
@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (StepDecay(0.4, 0.3, 7), lambda s, o: s.StepLR(o, 7, 0.3)),
        (ExponentialDecay(0.4, 0.9), lambda s, o: s.ExponentialLR(o, 0.9)),
        (ExponentialDecay(0.4, 0.9, 4), lambda s, o: s.ExponentialLR(o, 0.9**0.25)),
        (CosineDecay(0.4, 40), lambda s, o: s.CosineAnnealingLR(o, 40)),
        (CosineDecay(0.4, 40, 0.1), lambda s, o: s.CosineAnnealingLR(o, 40, 0.1)),
        (Warmup(9, 0.4), lambda s, o: s.LinearLR(o, 1 / 10, total_iters=9)),
    ],
    ids=lambda value: str(value) if is_dataclass(value) else "torch",
)
def test_same_rates_as_pytorch(schedule, make):
    expected = pytorch_rates(40, make)
    assert [schedule(step) for step in range(40)] == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_warmup_then_another_schedule_as_pytorchs_sequence():
    def make(s, o):
        parts = s.LinearLR(o, 1 / 6, total_iters=5), s.CosineAnnealingLR(o, 20)
        return s.SequentialLR(o, parts, milestones=[5])

    schedule = Warmup(5, CosineDecay(0.4, 20))
    assert [schedule(step) for step in range(25)] == pytest.approx(pytorch_rates(25, make), rel=1e-12)


def test_warmup_by_hand():
    schedule = Warmup(3, 0.8)
    assert [schedule(step) for step in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8], rel=1e-15)


def test_cosine_stays_at_its_end():
    schedule = CosineDecay(1.0, 10, 0.25)
    assert schedule(10) == schedule(11) == schedule(10_000) == 0.25
    assert schedule(5) == pytest.approx(0.625, rel=1e-15)


def test_rate_of_numbers_and_functions():
    assert rate_at(0.5, 100) == 0.5
    assert rate_at(StepDecay(1.0, 0.5, 10), 20) == 0.25


@pytest.mark.bad_input
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_schedule_that_gives_no_rate_is_refused(value):
    with pytest.raises(ValueError, match=f"gave {value} at step 3"):
        rate_at(lambda step: value, 3)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: StepDecay(-1.0, 0.5, 1), ValueError, r"StepDecay: initial must lie in \[0, inf\), got -1"),
        (lambda: StepDecay(1.0, 0.0, 1), ValueError, r"StepDecay: factor must lie in \(0, 1\), got 0"),
        (lambda: StepDecay(1.0, 1.0, 1), ValueError, r"StepDecay: factor must lie in \(0, 1\), got 1"),
        (lambda: StepDecay(1.0, 0.5, 0), ValueError, "StepDecay: every must be at least 1, got 0"),
        (lambda: StepDecay(1.0, 0.5, 2.5), TypeError, "StepDecay: every must be an integer, got 2.5"),
        (lambda: ExponentialDecay(math.inf, 0.5), ValueError, "ExponentialDecay: initial .* got inf"),
        (lambda: ExponentialDecay(1.0, math.nan), ValueError, "ExponentialDecay: factor .* got nan"),
        (lambda: ExponentialDecay(1.0, 0.5, 0), ValueError, "ExponentialDecay: every must be at least 1"),
        (lambda: CosineDecay("1", 5), TypeError, "CosineDecay: initial must be a number, got '1'"),
        (lambda: CosineDecay(1.0, 0), ValueError, "CosineDecay: steps must be at least 1, got 0"),
        (lambda: CosineDecay(1.0, 5, -0.1), ValueError, "CosineDecay: final .* got -0.1"),
        (lambda: Warmup(0, 0.1), ValueError, "Warmup: steps must be at least 1, got 0"),
        (lambda: Warmup(5, math.nan), ValueError, "Warmup: then .* got nan"),
        (lambda: Warmup(5, None), TypeError, "Warmup: then must be a number, got None"),
    ],
)
def test_settings_out_of_range_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
