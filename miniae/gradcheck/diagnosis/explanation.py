"""What a hypothesis answers, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from miniae.gradcheck.words import listed, with_verb


@dataclass(frozen=True)
class Explanation:
    """A mistake that might have been made, and the gradient it would have led to.

    Attributes:
        cause: a stable id in kebab-case, such as ``"missing-1/m"``.
        text: one sentence for a learner, with the numbers.
        predicted: by the block's name, what the analytic gradient would be if this were the mistake. Blocks that the
            mistake leaves alone may be missing.
        fitted: how many numbers were chosen so that the prediction fits; a free number is no evidence.
        observed: whether the mistake itself was seen (NaN, an argument that changed), so that nothing is left to
            predict; ``predicted`` then names the blocks concerned.
        general: whether this only describes what a more specific cause would explain ("some constant factor").
    """

    cause: str
    text: str
    predicted: Mapping[str, np.ndarray]
    fitted: int = 0
    observed: bool = False
    general: bool = False


@dataclass(frozen=True)
class Finding:
    """An explanation that the evidence bears out.

    Attributes:
        cause: the id of the most likely cause.
        text: one sentence for a learner.
        unexplained: what part of the error it leaves, 0 none: \\|analytic - predicted\\| / \\|analytic - numeric\\|,
            of the block where that is largest.
        blocks: the failing blocks it explains.
        observed: whether the mistake itself was seen, so that nothing had to be explained by it.
        also: other causes that predict the very same gradient, so that the evidence cannot tell them apart.
    """

    cause: str
    text: str
    unexplained: float
    blocks: tuple[str, ...]
    observed: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """The findings, best first; none where no known mistake explains the error.

    Attributes:
        findings: see :class:`Finding`.
        failing: names of the blocks that fail.
        right: names of the blocks that do not.
        seen: what the diagnosis had to go by.
        places: where the errors are, a sentence for each failing block of which there is something to say.
        only_rules: the failing blocks whose numbers are right: they break a rule, and there is no error to explain.
        hint: what would let more be said.
    """

    findings: tuple[Finding, ...]
    failing: tuple[str, ...]
    right: tuple[str, ...]
    seen: str
    places: tuple[str, ...] = ()
    only_rules: tuple[str, ...] = ()
    hint: str = ""

    @property
    def first(self) -> str | None:
        """The cause of the best finding, or None."""
        return self.findings[0].cause if self.findings else None

    @property
    def observed(self) -> bool:
        """Whether the best finding is a mistake that was itself seen."""
        return bool(self.findings) and self.findings[0].observed

    @property
    def open(self) -> tuple[str, ...]:
        """The failing blocks with an error that no finding explains."""
        explained = {name for finding in self.findings for name in finding.blocks} | set(self.only_rules)
        return tuple(name for name in self.failing if name not in explained)

    def __str__(self) -> str:
        if not self.findings and not self.open:
            return ""
        lines = [self._line(number, finding) for number, finding in enumerate(self.findings[:3])]
        if not self.findings:
            lines.append("No known mistake explains the error.")
        elif self.open:
            lines.append(f"No known mistake explains the error in {listed(self.open)}.")
        lines += [place for place in self.places if not self.findings or place.partition(":")[0] in self.open]
        lines += [self.hint] if self.hint and self.open else []
        return "\n".join([*lines, f"(Judged from {self.seen}.)"])

    def _line(self, number: int, finding: Finding) -> str:
        """One finding: what is likely, how much of the error it explains, and where."""
        head = "Likely cause" if number == 0 else "Or" if self._rival(number) else "And"
        text = mid_sentence(finding.text)
        head = "Seen" if finding.observed else head
        share = f"This explains {100 * (1 - finding.unexplained):.1f} % of the error in {listed(finding.blocks)}"
        share = f"This concerns {listed(finding.blocks)}" if finding.observed else share
        right = f"; {with_verb(self.right, 'is', 'are')} right" if self.right else ""
        return f"{head}: {text}{'' if text.endswith('?') else '.'} {share}{right}."

    def _rival(self, number: int) -> bool:
        """Whether a better finding claims some of the same blocks."""
        better = {name for finding in self.findings[:number] for name in finding.blocks}
        return bool(better & set(self.findings[number].blocks))


def mid_sentence(text: str) -> str:
    """A sentence as it reads behind a colon: without its capital, if the first word is an ordinary one.

    >>> mid_sentence("The sign is wrong"), mid_sentence("KL is missing"), mid_sentence("dW1 is twice too large")
    ('the sign is wrong', 'KL is missing', 'dW1 is twice too large')
    """
    first = text.partition(" ")[0]
    return text[:1].lower() + text[1:] if first.isalpha() and first.istitle() else text
