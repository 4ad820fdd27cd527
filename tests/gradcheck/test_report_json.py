"""The report as JSON: complete, and valid whatever the numbers are."""

import json
import math
import sys
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pytest
from evidence_by_hand import compared, evidence

from miniae.gradcheck.complex_step import ComplexStep
from miniae.gradcheck.evidence import Breach
from miniae.gradcheck.report import report
from miniae.gradcheck.report_json import dumps, plain


@dataclass(frozen=True)
class Finding:
    cause: str
    unexplained: float
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class Diagnosis:
    findings: tuple[Finding, ...]


@pytest.fixture(autouse=True)
def _diagnosis(monkeypatch):
    module = ModuleType("miniae.gradcheck.diagnosis")
    findings = Finding("missing-half", np.float64(0.01), ("w",)), Finding("constant-factor", 0.2, ("w",))
    module.diagnose = lambda evidence, failing: Diagnosis(findings)
    monkeypatch.setitem(sys.modules, "miniae.gradcheck.diagnosis", module)


def strictly(text):
    """Read JSON as every other language does: no NaN, no Infinity."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_everything_is_there():
    found = report(evidence(compared("w", [[2.0, 8.0]], [[1.0, 4.0]]), compared("b", [1.0], [1.0])), seed=7)
    read = strictly(found.to_json())
    assert list(read) == ["verdict", "norm_ratio", "seed", "reproduce", "blocks", "broken", "complex_step", "diagnosis"]
    assert (read["verdict"], read["seed"], read["reproduce"]) == ("fail", 7, "")
    assert read["norm_ratio"] == found.norm_ratio
    w, b = read["blocks"]
    reason = w.pop("reason")
    assert reason.startswith("wrong in all 2 entries")
    assert w == {
        "name": "w",
        "shape": [1, 2],
        "error": 1.0,
        "index": [0, 1],
        "analytic": 8.0,
        "numeric": 4.0,
        "failing": 1.0,
        "verdict": "fail",
        "why": "wrong",
        "tolerance": 1e-9,
    }
    assert b["verdict"] == "pass"
    assert read["diagnosis"] == {
        "findings": [
            {"cause": "missing-half", "unexplained": 0.01, "blocks": ["w"]},
            {"cause": "constant-factor", "unexplained": 0.2, "blocks": ["w"]},
        ]
    }


def test_broken_rules_and_second_opinions():
    broken = (Breach("w", "the gradient of w shares its memory with theta"),)
    opinions = {"w": ComplexStep(np.ones(1), True, ""), "b": ComplexStep(None, False, "the code is not analytic")}
    more = {"broken": broken, "complex_step": opinions}
    found = strictly(report(evidence(compared("w", [1.0], [1.0]), **more)).to_json())
    assert found["broken"] == [{"block": "w", "reason": "the gradient of w shares its memory with theta"}]
    assert found["complex_step"] == {
        "w": {"trusted": True, "reason": ""},
        "b": {"trusted": False, "reason": "the code is not analytic"},
    }


def test_a_pass_has_no_diagnosis():
    assert strictly(report(evidence(compared("w", [1.0], [1.0]))).to_json())["diagnosis"] is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_are_strings_that_float_reads(bad):
    found = report(evidence(compared("w", [1.0, bad], [1.0, 2.0])))
    (block,) = strictly(found.to_json())["blocks"]
    assert isinstance(block["analytic"], str)
    assert float(block["analytic"]) == pytest.approx(bad, nan_ok=True)
    (plainly,) = found.to_dict()["blocks"]
    assert plainly["analytic"] == pytest.approx(bad, nan_ok=True)


def test_a_gradient_that_cannot_be_compared():
    (block,) = strictly(report(evidence(compared("w", np.array(None), [1.0]))).to_json())["blocks"]
    assert (block["error"], block["analytic"], block["index"]) == ("Infinity", "NaN", [])


def test_numbers_come_back_exactly():
    numbers = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0]
    assert json.loads(dumps(numbers)) == numbers


def test_plain_leaves_no_numpy():
    value = {"a": np.arange(2), 3: (np.float32(0.5), np.bool_(True), [np.int64(1)]), "text": "x", "none": None}
    assert plain(value) == {"a": [0, 1], "3": [0.5, True, [1]], "text": "x", "none": None}
    assert json.dumps(plain(value))
