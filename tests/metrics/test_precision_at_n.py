"""Precision at n by hand."""

import numpy as np
import pytest

from miniae.metrics import precision_at_n

SCORES = np.array([0.9, 0.1, 0.8, 0.4, 0.7])
BAD = np.array([True, True, False, False, True])


@pytest.mark.parametrize(("n", "wanted"), [(1, 1), (2, 1 / 2), (3, 2 / 3), (4, 2 / 4), (5, 3 / 5), (None, 2 / 3)])
def test_by_hand(n, wanted):
    """From the highest: .9 bad, .8 not, .7 bad, .4 not, .1 bad. There are three, so None is 3."""
    assert precision_at_n(BAD, SCORES, n) == pytest.approx(wanted, rel=1e-15)


def test_of_equal_scores_the_earlier_comes_first():
    assert precision_at_n(np.array([False, True]), np.array([0.5, 0.5]), 1) == 0


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match="n must lie in 1 to 5, the number of examples, got 6"):
        precision_at_n(BAD, SCORES, 6)
    with pytest.raises(ValueError, match="got 0"):
        precision_at_n(np.zeros(5, bool), SCORES)
    with pytest.raises(ValueError, match=r"must be \(N,\), got \(4,\) and \(5,\)"):
        precision_at_n(BAD[1:], SCORES)
    with pytest.raises(TypeError, match="anomalous must be an array of booleans, got int64"):
        precision_at_n(BAD.astype(int), SCORES)
