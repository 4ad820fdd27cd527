"""The table of all mutants with what a check and its diagnosis make of each: ``miniae mutants``."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from miniae.gradcheck.report import Verdict
from miniae.mutants.mutant import Mutant

Outcome = Literal["right", "abstained", "wrong"]


class Row(NamedTuple):
    """What came of one mutant: the verdict, and the cause that the diagnosis names first, if any."""

    mutant: Mutant
    verdict: Verdict
    named: str | None

    @property
    def outcome(self) -> Outcome:
        """Whether the diagnosis names the cause, says nothing, or names another: the worst of the three."""
        return "abstained" if self.named is None else "right" if self.named == self.mutant.cause else "wrong"


class Totals(NamedTuple):
    """How many mutants there are, are rejected, are rightly diagnosed and wrongly diagnosed."""

    mutants: int
    rejected: int
    right: int
    wrong: int

    def __str__(self) -> str:
        n = self.mutants
        return (
            f"rejected {self.rejected}/{n}; diagnosed rightly {self.right}/{n} ({self.right / n:.1%}), "
            f"confidently wrong {self.wrong}/{n} ({self.wrong / n:.1%}), the rest abstained"
        )


def row(mutant: Mutant, seed: int = 0) -> Row:
    """Check a mutant and diagnose what the check finds."""
    report = mutant.check(seed)
    return Row(mutant, report.verdict, report.diagnosis.first if report.diagnosis else None)


def totals(rows: Iterable[Row]) -> Totals:
    """Count the outcomes."""
    rows = list(rows)
    outcomes = [row.outcome for row in rows]
    rejected = sum(row.verdict == "fail" for row in rows)
    return Totals(len(rows), rejected, outcomes.count("right"), outcomes.count("wrong"))


def table(rows: Iterable[Row]) -> str:
    """A line for each mutant, then the totals."""
    rows = list(rows)
    cells: list[tuple[str, ...]] = [("mutant", "kind", "cause", "verdict", "diagnosis", "")]
    cells += [(r.mutant.name, r.mutant.kind, r.mutant.cause, r.verdict, r.named or "-", r.outcome) for r in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, tuple("-" * width for width in widths))
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([*lines, str(totals(rows))])
