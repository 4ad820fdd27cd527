"""What is wrong with a gradient: named mistakes, each held against the evidence of a failed check."""

from miniae.gradcheck.diagnosis.causes import CAUSES
from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Diagnosis, Explanation, Finding
from miniae.gradcheck.diagnosis.hypotheses import HYPOTHESES, Hypothesis, register
from miniae.gradcheck.diagnosis.judge import diagnose

__all__ = [
    "CAUSES",
    "HYPOTHESES",
    "Clues",
    "Diagnosis",
    "Explanation",
    "Finding",
    "Hypothesis",
    "diagnose",
    "register",
]
