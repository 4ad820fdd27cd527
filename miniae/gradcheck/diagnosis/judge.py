"""Holds every hypothesis against the evidence and keeps what it bears out."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues, close
from miniae.gradcheck.diagnosis.explanation import Diagnosis, Explanation, Finding, mid_sentence
from miniae.gradcheck.diagnosis.hypotheses import HYPOTHESES
from miniae.gradcheck.diagnosis.where import where
from miniae.gradcheck.evidence import Compared, Evidence
from miniae.gradcheck.judge import comparable, errors

FLOOR = 1e-7  # predictions are themselves computed in floating point, some with differences in them
CEILING = 1e-2  # where the numerical gradient is so vague that this much may stay unexplained, nothing is claimed
DIGITS = 5.0  # of agreement, over all independent numbers together, below which it may be chance


class _Judged(NamedTuple):
    """An explanation that the evidence bears out, with what ranking wants to know."""

    explanation: Explanation
    unexplained: float
    blocks: tuple[str, ...]

    @property
    def rank(self) -> tuple[bool, float, int, int, bool]:
        """Small is better: seen before inferred; error left, to three digits; blocks explained; numbers fitted."""
        explanation = self.explanation
        quality = round(self.unexplained, 3), -len(self.blocks), explanation.fitted, explanation.general
        return not explanation.observed, *quality


def diagnose(
    evidence: Evidence,
    failing: Iterable[str],
    hypotheses: Sequence[Callable[[Clues], Iterable[Explanation]]] = HYPOTHESES,
) -> Diagnosis:
    r"""Explain a failed check, or say that nothing known explains it.

    A hypothesis predicts what the analytic gradient would be under its mistake. Of the blocks it claims, and of the
    worst of them, it leaves unexplained

    .. math::
        q = \max_{blocks} \frac{\|analytic - predicted\|}{\|analytic - numeric\|}                               \tag{1}

    It is accepted where q is no larger than the numerical gradient's own uncertainty accounts for, where it changes no
    block that is right, and where the agreement is too good for chance: with k independent numbers in the error, f of
    them fitted, :math:`-(k - f) \log_{10} q` must be several digits. An error in a single entry so supports few claims.

    Args:
        evidence: of a check.
        failing: names of the blocks that fail.
        hypotheses: the known mistakes, the likeliest first.

    Returns:
        The findings, best first: by (1), then by how many failing blocks they explain, then known constants before
        fitted ones.

    >>> from miniae.gradcheck import check_function
    >>> def shifted_bowl(theta):  # the 2 of the derivative is missing
    ...     return float(((theta - 1) ** 2).sum()), theta - 1
    >>> report = check_function(shifted_bowl, np.array([0.5, 2.0, -1.0]))
    >>> diagnose(report.evidence, ["theta"]).first
    'doubled-half'
    """
    clues = Clues.of(evidence, tuple(failing))
    judged: list[_Judged] = []
    with np.errstate(all="ignore"):  # a prediction may overflow: then it is not what happened
        for hypothesis in hypotheses:
            for explanation in hypothesis(clues):
                if found := _judge(explanation, clues):
                    judged.append(found)
    judged.sort(key=lambda j: j.rank)
    right = tuple(c.name for c in clues.compared if c.name not in clues.failing)
    failing_blocks = [c for c in clues.compared if c.name in clues.failing]
    places = tuple(f"{c.name}: {place}" for c in failing_blocks if (place := where(c, clues)))
    only_rules = tuple(c.name for c in failing_blocks if comparable(c) and c.value.size and not errors(c).wrong.any())
    return Diagnosis(tuple(_merged(judged)), clues.failing, right, clues.seen, places, only_rules, clues.hint)


def _judge(explanation: Explanation, clues: Clues) -> _Judged | None:
    """The explanation with what it leaves unexplained, or None where the evidence is against it or too thin."""
    if explanation.observed:
        concerned = tuple(name for name in clues.failing if name in explanation.predicted)
        return _Judged(explanation, 0.0, concerned) if concerned else None
    claimed: list[str] = []
    worst, digits, allowed = 0.0, 0.0, FLOOR
    explicable = {c.name for c in clues.wrong}
    for compared in clues.compared:
        predicted = explanation.predicted.get(compared.name)
        if predicted is None:
            continue
        if compared.name in clues.places and predicted.size != compared.value.size:
            predicted = predicted.ravel()[clues.places[compared.name]]
        if compared.name not in clues.failing:
            if predicted.shape != compared.analytic.shape or not close(predicted, compared.analytic, compared):
                return None  # it would have broken a block that is right
            continue
        if compared.name not in explicable:
            return None
        if predicted.shape != compared.analytic.shape or not np.isfinite(predicted).all():
            return None
        if close(predicted, compared.difference.gradient, compared):
            continue  # the mistake leaves this block alone
        unexplained, limit, count = _unexplained(compared, predicted)
        if unexplained > limit or limit > CEILING:
            return None
        claimed.append(compared.name)
        worst, allowed = max(worst, unexplained), max(allowed, limit)
        digits += -math.log10(max(unexplained, limit)) * count
    if not claimed:
        return None
    digits -= -math.log10(allowed) * explanation.fitted
    return _Judged(explanation, worst, tuple(claimed)) if digits >= DIGITS else None


def _unexplained(compared: Compared, predicted: np.ndarray) -> tuple[float, float, float]:
    """What is left of one block's error, what the numerical gradient's uncertainty allows, and of how many numbers.

    The number is that of entries which bear the error, each counted by its share: 1 where one entry is all of it, the
    block's size where all are alike.
    """
    numeric, uncertainty, _ = compared.difference
    error = compared.analytic - numeric
    size = float(np.linalg.norm(error))
    left = float(np.linalg.norm(compared.analytic - predicted)) / size
    stretch = 1 + float(np.linalg.norm(predicted)) / (float(np.linalg.norm(numeric)) or 1.0)
    limit = FLOOR + 20 * stretch * float(np.linalg.norm(uncertainty)) / size
    share = (error / size) ** 2
    return left, limit, 1 / float((share**2).sum())


def _merged(judged: list[_Judged]) -> Iterable[Finding]:
    """One finding for each gradient predicted: the first to predict it, and who else did."""
    groups: list[list[_Judged]] = []
    for one in judged:
        # all were held to the same tight limits, so whoever claims the same blocks predicts the same gradient
        group = next((g for g in groups if set(one.blocks) <= set(g[0].blocks)), None)
        if group is None:
            groups.append([one])
        elif one.blocks == group[0].blocks:
            group.append(one)
    for group in groups:
        best = group[0].explanation
        rivals = [
            j.explanation
            for j in group[1:]
            if (j.explanation.fitted, j.explanation.general) == (best.fitted, best.general)
            and j.explanation.cause != best.cause
        ]
        rivals = list({r.cause: r for r in reversed(rivals)}.values())[::-1]
        rivals = [] if best.observed else rivals
        text = "; or, with the same numbers: ".join([best.text, *(mid_sentence(e.text) for e in rivals[:2])])
        also = tuple(r.cause for r in rivals)
        yield Finding(best.cause, text, group[0].unexplained, group[0].blocks, best.observed, also)
