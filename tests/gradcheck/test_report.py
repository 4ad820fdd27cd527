"""What a report says, and how it says it."""

import sys
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pytest
from evidence_by_hand import compared, evidence

from miniae.gradcheck.complex_step import ComplexStep
from miniae.gradcheck.report import report

RIGHT = compared("w1", [[1.0, 2.0]], [[1.0, 2.0]])
WRONG = compared("b1", [2.0, 4.0], [1.0, 2.0])
DOUBTFUL = compared("b2", [1.0], [1.0], uncertainty=1e-3)


@dataclass(frozen=True)
class Finding:
    cause: str = "missing-half"
    text: str = "The gradient is twice too large."
    unexplained: float = 0.0
    blocks: tuple[str, ...] = ("b1",)


@dataclass(frozen=True)
class Diagnosis:
    findings: tuple[Finding, ...] = (Finding(),)
    observed: bool = False
    open: tuple[str, ...] = ("b1",)

    def __str__(self):
        return "Likely cause: the gradient is twice too large."


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """A diagnosis of one finding stands in for the real one; what it is asked is kept."""
    questions = []
    module = ModuleType("miniae.gradcheck.diagnosis")
    module.diagnose = lambda evidence, failing: questions.append((evidence, failing)) or Diagnosis()
    monkeypatch.setitem(sys.modules, "miniae.gradcheck.diagnosis", module)
    return questions


@pytest.mark.parametrize(
    ("blocks", "verdict"),
    [
        ([RIGHT], "pass"),
        ([RIGHT, DOUBTFUL], "inconclusive"),
        ([DOUBTFUL, WRONG, RIGHT], "fail"),
    ],
)
def test_the_worst_block_decides(blocks, verdict):
    found = report(evidence(*blocks))
    assert found.verdict == verdict
    assert found.passed == (verdict == "pass")


def test_norm_ratio_is_over_all_blocks_that_can_be_compared():
    other_shape = compared("w2", [[9.0]], [9.0])
    # analytic (1, 2, 2, 4), numeric (1, 2, 1, 2): |(0, 0, 1, 2)| / |(2, 4, 3, 6)| = sqrt(5 / 65)
    assert report(evidence(RIGHT, WRONG, other_shape)).norm_ratio == pytest.approx((5 / 65) ** 0.5)


def test_a_failure_in_words(asked):
    found = report(evidence(RIGHT, WRONG), seed=3, reproduce="check_pair(forward, backward, args, seed=3)")
    assert (
        str(found)
        == """\
block  shape  worst error  at      analytic       numeric        wrong  verdict
-----  -----  -----------  ------  -------------  -------------  -----  -------
w1     1x2    0.00e+00     [0, 0]  +1.000000e+00  +1.000000e+00  0%     pass
b1     2      1.00e+00     [1]     +4.000000e+00  +2.000000e+00  100%   fail
Right: w1.
- b1: wrong in all 2 entries, most at [1]: the gradient says 4 where central differences of the cost give 2, 2 times \
as much.
Likely cause: the gradient is twice too large.
Next: whatever b1 shares with w1 is right; look at what only b1 needs.
Repeat: check_pair(forward, backward, args, seed=3)
FAIL  (tolerance 1e-09; norm ratio |numeric - analytic| / |numeric + analytic| = 2.77e-01; seed 3)"""
    )
    assert asked == [(found.evidence, ("b1",))]


def test_a_pass_is_a_table_and_one_line():
    lines = str(report(evidence(RIGHT), reproduce="again()")).splitlines()
    assert len(lines) == 4
    assert lines[-1].startswith("PASS  (tolerance 1e-09; norm ratio")


def test_in_doubt_it_says_what_to_do():
    assert "Next: check at another point" in str(report(evidence(RIGHT, DOUBTFUL)))
    noisy = compared("b2", [1.0], [1.0], uncertainty=1e-3, noise=1e-3)
    assert "Next: check where this gradient is larger beside the cost" in str(report(evidence(noisy)))
    assert "Next: make the cost give the same value twice" in str(report(evidence(noisy._replace(scatter=1e-6))))


@pytest.mark.parametrize(
    ("blocks", "advice"),
    [
        ([WRONG, WRONG._replace(name="b2")], "Next: every block is wrong, so look first at what all share"),
        ([compared("theta", np.full(9, 2.0), np.ones(9))], "Next: name the parts of theta with a layout"),
        ([WRONG._replace(name="theta")], "Next: work out dtheta[1] by hand"),
        ([RIGHT, WRONG, WRONG._replace(name="b2")], "Next: whatever b1 and b2 share with w1 is right"),
    ],
)
def test_the_line_of_thought_depends_on_what_is_right(blocks, advice):
    assert advice in str(report(evidence(*blocks)))


def test_what_was_seen_comes_first(monkeypatch):
    monkeypatch.setattr(sys.modules["miniae.gradcheck.diagnosis"], "diagnose", lambda *_: Diagnosis(observed=True))
    assert "Next: mend that and check again" in str(report(evidence(RIGHT, WRONG)))


def test_no_advice_where_the_rest_is_in_doubt():
    assert "Next" not in str(report(evidence(WRONG, DOUBTFUL)))


def test_a_diagnosis_is_made_of_failures_alone_and_once(asked):
    assert report(evidence(RIGHT)).diagnosis is None
    assert report(evidence(DOUBTFUL)).diagnosis is None
    assert not asked
    found = report(evidence(WRONG))
    assert found.diagnosis == Diagnosis()
    str(found), found._repr_html_(), found.to_json()
    assert len(asked) == 1


def test_the_second_opinion_is_told():
    opinions = {"w1": ComplexStep(None, True, ""), "b1": ComplexStep(None, False, "the code is not analytic")}
    lines = str(report(evidence(RIGHT, complex_step=opinions))).splitlines()
    assert "The complex step confirms the central differences of w1." in lines
    assert "The complex step is not to be trusted for b1: the code is not analytic." in lines


def test_all_tolerances_are_named():
    linear = compared("x", [1.0], [1.0], tolerance=1e-12)
    assert "tolerance 1e-09 and 1e-12" in str(report(evidence(RIGHT, linear)))


def test_a_few_wrong_entries_of_many_are_not_rounded_away():
    numeric = [1.0] * 1000
    assert "<1%" in str(report(evidence(compared("w", [2.0, *numeric[1:]], numeric))))
    assert ">99%" in str(report(evidence(compared("w", [*[2.0] * 999, 1.0], numeric))))


@pytest.mark.bad_input
def test_an_unknown_block_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no block is named 'w9'; known: w1, b1"):
        report(evidence(RIGHT, WRONG))["w9"]
