"""What is made of the times: medians, quartiles, and ratios between contenders.

A record's row holds, for each contender, the milliseconds of a step in each round. Rounds are shared: in a ratio of two
contenders' times in one round, whatever slowed the machine down then cancels.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Row = Mapping[str, Any]
Entry = Mapping[str, Any]


class Spread(NamedTuple):
    """A median and its quartiles."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """The median and the quartiles, between two values where they do not fall on one.

    >>> spread([4.0, 1.0, 2.0, 3.0, 10.0])
    Spread(median=3.0, low=2.0, high=4.0)
    """
    low, median, high = (float(q) for q in np.quantile(values, (0.25, 0.5, 0.75)))
    return Spread(median, low, high)


def ratio(ours: Entry, peer: Entry) -> Spread:
    """The ratio of two contenders' medians, with the quartiles of the rounds' ratios; below 1, ours is faster.

    >>> ratio({"ms": [1.0, 2.0, 3.0]}, {"ms": [2.0, 4.0, 3.0]})
    Spread(median=0.6666666666666666, low=0.5, high=0.75)
    """
    by_round = spread(np.divide(ours["ms"], peer["ms"]).tolist())
    return Spread(spread(ours["ms"]).median / spread(peer["ms"]).median, by_round.low, by_round.high)


def timed(row: Row) -> list[Entry]:
    """The row's contenders that could be timed."""
    return [entry for entry in row["contenders"] if "ms" in entry]


def ours(row: Row) -> list[Entry]:
    """miniae's among them."""
    return [entry for entry in timed(row) if not entry["peer"]]


def fastest_peer(row: Row) -> Entry | None:
    """The peer with the smallest median; None where no peer was timed."""
    peers = [entry for entry in timed(row) if entry["peer"]]
    return min(peers, key=lambda entry: spread(entry["ms"]).median, default=None)


def named(row: Row, name: str) -> Entry | None:
    """The contender of that name, if it was timed."""
    return next((entry for entry in timed(row) if entry["name"] == name), None)
