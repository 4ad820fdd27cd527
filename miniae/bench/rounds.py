"""The measurement: all contenders in turn, round by round, so that what slows the machine down slows them all."""

import time
from collections.abc import Callable, Sequence

from miniae.bench.contender import Contender

ROUND = 0.15  # seconds of steps of one contender in one round
REST = 0.03  # seconds between contenders: a library's threads keep spinning for a while after their last work
WARM_UP = 0.3  # seconds of steps before anything is timed
FEWEST = 5  # rounds, however long they take

Clock = Callable[[], float]


def steps_per_round(contender: Contender, clock: Clock = time.perf_counter) -> int:
    """Warm a contender up, and find how many of its steps make a round."""
    timed(contender, 1, clock)  # the first may compile, and fetches memory
    start = clock()
    while clock() - start < WARM_UP:
        timed(contender, 1, clock)
    few = max(
        1, round(ROUND / 5 / timed(contender, 1, clock))
    )  # a first estimate: without waiting after each, steps may be shorter
    return max(1, round(ROUND * few / timed(contender, few, clock)))


def timed(contender: Contender, steps: int, clock: Clock = time.perf_counter) -> float:
    """Seconds for so many steps, until the device is done."""
    start = clock()
    for _ in range(steps):
        contender.step()
    contender.wait()
    return clock() - start


def alternate(
    contenders: Sequence[Contender],
    steps: Sequence[int],
    seconds: float,
    tell: Callable[[int], None] = lambda rounds: None,
    clock: Clock = time.perf_counter,
    rest: Callable[[float], None] = time.sleep,
) -> list[list[float]]:
    """Time all contenders in turn, in an order that is rotated from round to round, until the time is up.

    Before each turn there is a pause for the threads of the one before to fall asleep, and one step that is not timed
    brings the contender's memory back into the caches.

    Args:
        contenders: warm.
        steps: of each in a round.
        seconds: how long to go on; at least :data:`FEWEST` rounds are run.
        tell: called with the number of rounds after each.
        clock, rest: the time, and how to let it pass.

    Returns:
        For each contender the milliseconds of a step in each round.
    """
    ms: list[list[float]] = [[] for _ in contenders]
    start, rounds = clock(), 0
    while rounds < FEWEST or clock() - start < seconds:
        for k in range(len(contenders)):
            turn = (k + rounds) % len(contenders)
            rest(REST)
            timed(contenders[turn], 1, clock)
            ms[turn].append(1e3 * timed(contenders[turn], steps[turn], clock) / steps[turn])
        rounds += 1
        tell(rounds)
    return ms
