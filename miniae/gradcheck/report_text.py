"""A report as text: a table, then sentences, then the verdict."""

from typing import TYPE_CHECKING

from miniae.gradcheck.judge import Block, place
from miniae.gradcheck.words import listed, with_verb

if TYPE_CHECKING:
    from miniae.gradcheck.report import Report

HEAD = ("block", "shape", "worst error", "at", "analytic", "numeric", "wrong", "verdict")
SMALL = 8  # entries: so few need no names
NEXT_IN_DOUBT = {
    "noise": "Next: make the cost give the same value twice, in float64 (fix its random numbers), then check again.",
    "rounding": "Next: check where this gradient is larger beside the cost, or allow it a larger tolerance.",
    "kink": "Next: check at another point: beside a kink no difference is the derivative, right or wrong.",
    "domain": "Next: check at another point, farther from where the cost ends.",
}


def as_text(report: "Report") -> str:
    """The whole report; its last line is the verdict."""
    rows = [HEAD, *map(row, report.blocks)]
    widths = [max(len(cells[k]) for cells in rows) for k in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, *sentences(report), summary(report)])


def row(block: Block) -> tuple[str, ...]:
    """A block's cells, under :data:`HEAD`."""
    shape = "x".join(map(str, block.shape)) or "scalar"
    numbers = f"{block.error:.2e}", place(block.index), f"{block.analytic:+.6e}", f"{block.numeric:+.6e}"
    return (block.name, shape, *numbers, _percent(block.failing), block.verdict)


def sentences(report: "Report") -> list[str]:
    """What stands below the table: what is right, what is wrong and where, the likely cause, what to do next."""
    right = report.names("pass")
    lines = [f"Right: {', '.join(right)}."] if right and not report.passed else []
    lines += [f"- {block.name}: {block.reason}." for block in report.blocks if block.reason]
    lines += second_opinion(report)
    if report.diagnosis is not None:
        lines += str(report.diagnosis).splitlines()
    lines += advice(report)
    if report.reproduce and not report.passed:
        lines.append(f"Repeat: {report.reproduce}")
    return lines


def summary(report: "Report") -> str:
    """The verdict, and the numbers it rests on."""
    tolerances = sorted({c.tolerance for c in report.evidence.compared}, reverse=True)
    parts = [f"tolerance {' and '.join(f'{t:.0e}' for t in tolerances)}"] if tolerances else []
    parts.append(f"norm ratio |numeric - analytic| / |numeric + analytic| = {report.norm_ratio:.2e}")
    if report.seed is not None:
        parts.append(f"seed {report.seed}")
    return f"{report.verdict.upper()}  ({'; '.join(parts)})"


def second_opinion(report: "Report") -> list[str]:
    """What the complex step says of the central differences, where it was asked."""
    opinions = report.evidence.complex_step
    confirmed = tuple(name for name, opinion in opinions.items() if opinion.trusted)
    lines = [f"The complex step confirms the central differences of {listed(confirmed)}."] if confirmed else []
    doubtful = [(name, opinion.reason) for name, opinion in opinions.items() if not opinion.trusted]
    return lines + [f"The complex step is not to be trusted for {name}: {reason}." for name, reason in doubtful]


def advice(report: "Report") -> list[str]:
    """A line of thought for whoever has to find the mistake, or to settle what is in doubt."""
    if report.passed:
        return []
    if report.verdict == "inconclusive":
        why = {block.why for block in report.blocks}
        return [text for name, text in NEXT_IN_DOUBT.items() if name in why][:1]
    wrong, right = report.names("fail"), report.names("pass")
    if report.diagnosis is not None and report.diagnosis.observed:
        return ["Next: mend that and check again: it may be the cause of all the rest."]
    if report.diagnosis is not None and report.diagnosis.findings and not right and not report.diagnosis.open:
        return ["Next: mend that and check again."]
    if all(block.why == "zero" for block in report.blocks if block.name in wrong):
        return [f"Next: check where the gradient is not zero, or declare that it rightly is: zero={wrong!r}."]
    if right:
        return [
            f"Next: whatever {with_verb(wrong, 'shares', 'share')} with {listed(right)} is right; "
            f"look at what only {with_verb(wrong, 'needs', 'need')}."
        ]
    if len(wrong) == len(report.blocks) > 1:
        shared = "the cotangent dy" if report.evidence.pair is not None else "the gradient of the loss at the output"
        return [f"Next: every block is wrong, so look first at what all share: {shared}."]
    if wrong == ("theta",) and len(report["theta"].shape) == 1 and report["theta"].shape[0] > SMALL:
        return ["Next: name the parts of theta with a layout, to see which of them are wrong."]
    worst = [block for block in report.blocks if block.why == "wrong"]
    if len(worst) == len(report.blocks) == 1:
        entry = f"{worst[0].name}{place(worst[0].index)}"
        what = "outputs depend on" if report.evidence.pair is not None else "terms of the cost contain"
        return [f"Next: work out d{entry} by hand: which {what} {entry}?"]
    return []


def _percent(fraction: float) -> str:
    """A fraction that is not rounded to none or all when it is neither.

    >>> _percent(0.0), _percent(0.0004), _percent(0.31), _percent(0.9996), _percent(1.0)
    ('0%', '<1%', '31%', '>99%', '100%')
    """
    if 0 < fraction < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= fraction < 1 else f"{fraction:.0%}"
