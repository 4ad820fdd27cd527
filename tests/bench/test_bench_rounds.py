"""How turns are taken, on a clock made for it."""

import pytest

from miniae.bench import rounds
from miniae.bench.contender import Contender
from miniae.bench.rounds import FEWEST, ROUND, WARM_UP, alternate, steps_per_round, timed


class Clock:
    """Time that passes only by work."""

    def __init__(self):
        self.now = 0.0
        self.log = []

    def __call__(self):
        return self.now

    def rest(self, seconds):
        self.now += seconds


class Worker(Contender):
    """A step takes a given time, on a device: what is started is only known to be done after waiting."""

    def __init__(self, clock, name, seconds, first=0.0):
        self.clock, self.name, self.seconds, self.due = clock, name, seconds, first

    def step(self):
        self.due += self.seconds
        self.clock.log.append(self.name)

    def wait(self):
        self.clock.now += self.due
        self.due = 0.0

    def cost_and_grad(self):
        raise NotImplementedError

    def theta(self):
        raise NotImplementedError


def test_the_time_of_a_step_contains_the_waiting():
    clock = Clock()
    assert timed(Worker(clock, "a", 0.25), 4, clock) == pytest.approx(1.0)


@pytest.mark.parametrize("seconds", [1e-4, 0.02, 1.0])
def test_a_round_is_as_long_as_wanted_and_the_first_slow_step_does_not_count(seconds):
    clock = Clock()
    steps = steps_per_round(Worker(clock, "a", seconds, first=30.0), clock)
    assert steps == max(1, round(ROUND / seconds))
    assert clock.now >= 30 + WARM_UP


def test_all_take_turns_in_an_order_that_rotates():
    clock = Clock()
    workers = [Worker(clock, name, 0.01 * (k + 1)) for k, name in enumerate("abc")]
    told = []
    ms = alternate(workers, [3, 2, 1], 0.0, told.append, clock, clock.rest)
    assert [len(times) for times in ms] == [FEWEST] * 3
    for k, times in enumerate(ms):
        assert times == pytest.approx([10.0 * (k + 1)] * FEWEST)
    first_round, second_round = clock.log[:9], clock.log[9:18]
    assert "".join(first_round) == "aaaa" + "bbb" + "cc"  # one step that is not timed, then those that are
    assert "".join(second_round) == "bbb" + "cc" + "aaaa"
    assert told == [1, 2, 3, 4, 5]


def test_rounds_go_on_until_the_time_is_up():
    clock = Clock()
    ms = alternate([Worker(clock, "a", 0.1)], [1], 10.0, clock=clock, rest=clock.rest)
    assert len(ms[0]) == pytest.approx(10.0 / (0.2 + rounds.REST), abs=1)
