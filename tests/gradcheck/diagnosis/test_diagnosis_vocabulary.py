"""The table of causes, and the words."""

import re
from pathlib import Path

import numpy as np

import miniae.gradcheck.diagnosis as diagnosis
from miniae.gradcheck import check_function
from miniae.gradcheck.diagnosis import CAUSES, HYPOTHESES, Explanation, diagnose, register


def test_every_cause_in_the_table_is_given_by_some_hypothesis():
    folder = Path(diagnosis.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "causes.py")
    assert [cause for cause in CAUSES if f'"{cause}"' not in source] == []
    assert all(re.fullmatch(r"[a-z0-9/]+(-[a-z0-9/]+)*", cause) for cause in CAUSES)


def test_a_hypothesis_that_would_break_a_right_block_is_not_believed():
    def cost_and_grad(theta):
        return float(theta @ theta), np.concatenate([4 * theta[:3], 2 * theta[3:]])

    def everything_doubled(evidence):
        yield Explanation("own", "All is doubled.", {c.name: 2 * c.difference.gradient for c in evidence.compared})

    layout = {"a": (3,), "b": (3,)}
    report = check_function(cost_and_grad, np.arange(1.0, 7.0), layout=layout)
    assert diagnose(report.evidence, ["a"], [everything_doubled]).first is None
    assert diagnose(report.evidence, ["a"]).first == "missing-half"


def test_one_number_does_not_support_a_fitted_constant():
    report = check_function(lambda t: (float(t @ t), 2.6 * t), np.array([1.5]))
    assert diagnose(report.evidence, ["theta"]).first is None
    report = check_function(lambda t: (float(t @ t), 2.6 * t), np.array([1.5, 2.0, -1.0]))
    assert diagnose(report.evidence, ["theta"]).first == "constant-factor"


def test_what_cannot_be_told_apart_is_said_together():
    context = {"x": np.ones((2, 3))}  # with two examples, a missing half and a missing mean are one number
    report = check_function(lambda t: (float(t @ t), 4 * t), np.array([1.5, 2.0, -1.0]), context=context)
    found = diagnose(report.evidence, ["theta"])
    assert (found.first, found.findings[0].also) == ("missing-1/m", ("missing-half",))
    assert "or, with the same numbers" in str(found)


def test_a_registered_hypothesis_comes_first():
    @register
    def own(evidence):
        predicted = {c.name: 2 * c.difference.gradient for c in evidence.wrong}
        yield Explanation("own-cause", "As in the exercise.", predicted)

    try:
        report = check_function(lambda t: (float(t @ t), 4 * t), np.array([1.5, 2.0, -1.0]))
        assert diagnose(report.evidence, ["theta"]).first == "own-cause"
    finally:
        HYPOTHESES.remove(own)
