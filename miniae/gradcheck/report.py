"""What a gradient check found, as a table."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from miniae.gradcheck.evidence import Compared, Evidence
from miniae.gradcheck.numeric import norm_ratio

Verdict = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True)
class Block:
    """One argument's or parameter's part of a check.

    ``error`` is the worst relative error, ``|analytic - numeric| / s`` with s the largest ``|numeric|`` of the block;
    ``index`` where it is, with both values there; ``failing`` the fraction of the coordinates that fail.
    """

    name: str
    shape: tuple[int, ...]
    error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    failing: float
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Report:
    """The outcome of a gradient check: one block for each argument or parameter, and what it was found from."""

    blocks: tuple[Block, ...]
    evidence: Evidence

    @property
    def norm_ratio(self) -> float:
        """UFLDL's single figure: \\|numeric - analytic\\| / \\|numeric + analytic\\|, over all blocks together."""
        same = [(c.analytic.ravel(), c.difference.gradient.ravel()) for c in self.evidence.compared if _fits(c)]
        return norm_ratio(*map(np.concatenate, zip(*same, strict=True))) if same else float("nan")

    @property
    def verdict(self) -> Verdict:
        """``fail`` if any block fails, else ``inconclusive`` if any is, else ``pass``."""
        verdicts = {block.verdict for block in self.blocks}
        return "fail" if "fail" in verdicts else "inconclusive" if "inconclusive" in verdicts else "pass"

    @property
    def passed(self) -> bool:
        """Whether every block passes."""
        return self.verdict == "pass"

    def __getitem__(self, name: str) -> Block:
        for block in self.blocks:
            if block.name == name:
                return block
        raise ValueError(f"report: no block is named {name!r}; known: {', '.join(b.name for b in self.blocks)}")

    def __str__(self) -> str:
        """The table: a row for each block, then the verdict and UFLDL's norm ratio."""
        head = ("block", "shape", "worst error", "at", "analytic", "numeric", "wrong", "verdict")
        rows = [head, *(_row(block) for block in self.blocks)]
        widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines.insert(1, "  ".join("-" * width for width in widths))
        lines += [f"{block.name}: {block.reason}" for block in self.blocks if block.reason]
        lines.append(
            f"{self.verdict.upper()}  (tolerance {max(c.tolerance for c in self.evidence.compared):.0e}; "
            f"norm ratio |numeric - analytic| / |numeric + analytic| = {self.norm_ratio:.2e})"
        )
        return "\n".join(lines)


def _row(block: Block) -> tuple[str, ...]:
    shape = "x".join(map(str, block.shape)) or "scalar"
    index = ", ".join(map(str, block.index))
    numbers = f"{block.error:.2e}", f"[{index}]", f"{block.analytic:+.6e}", f"{block.numeric:+.6e}"
    return (block.name, shape, *numbers, f"{block.failing:.0%}", block.verdict)


def judge(compared: Compared, zero: bool) -> Block:
    """Hold one analytic gradient against its numerical one.

    A coordinate is wrong where its error is above the tolerance and above ten times what the numerical gradient may
    itself be off. Where that uncertainty is above the tolerance, nothing can be said of it: inconclusive. A gradient
    that is zero throughout, analytically and numerically, tests nothing and fails unless ``zero`` declares it.

    Args:
        compared: the block.
        zero: whether a gradient of zeros is expected.
    """
    name, _, analytic, (numeric, uncertainty, noise), tolerance = compared
    if not _fits(compared):
        reason = f"the gradient has shape {analytic.shape}, the argument {numeric.shape}"
        return Block(name, numeric.shape, np.inf, (), np.nan, np.nan, 1.0, "fail", reason)
    if numeric.size == 0:
        return Block(name, numeric.shape, np.nan, (), np.nan, np.nan, 1.0, "fail", "has no elements: nothing is tested")
    largest = np.maximum(np.maximum(np.abs(numeric), np.abs(analytic)), uncertainty)
    both_zero = bool((largest <= 10 * noise).all())
    scale = max(float(np.abs(numeric).max()), float(noise.max())) or 1.0
    error, doubt = np.abs(analytic - numeric) / scale, uncertainty / scale
    wrong = ~np.isfinite(error) | ((error > tolerance) & (error > 10 * doubt))
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(error), np.inf, error))), error.shape)
    verdict: Verdict = "pass"
    reason = ""
    if wrong.any():
        verdict = "fail"
        if not np.isfinite(analytic).all():
            reason = "the gradient is not finite"
    elif both_zero:
        if not zero:
            verdict, reason = (
                "fail",
                "analytic and numeric are both zero: this tests nothing (declare it if it is right)",
            )
    elif (doubt > tolerance).any():
        verdict = "inconclusive"
        k = np.unravel_index(int(doubt.argmax()), doubt.shape)
        cause = "noise in the cost" if noise[k] > uncertainty[k] / 2 else "a kink nearby"
        place = ", ".join(str(int(i)) for i in k)
        reason = f"the numerical gradient itself is only good to {doubt[k]:.0e} at [{place}]: {cause}"
    index = tuple(int(k) for k in worst)
    values = float(error[worst]), index, float(analytic[worst]), float(numeric[worst])
    return Block(name, numeric.shape, *values, float(wrong.mean()), verdict, reason)


def report(evidence: Evidence, zero: tuple[str, ...] = ()) -> Report:
    """Judge every block; ``zero`` names those whose gradient is rightly zero throughout."""
    return Report(tuple(judge(compared, compared.name in zero) for compared in evidence.compared), evidence)


def _fits(compared: Compared) -> bool:
    return compared.analytic.shape == compared.difference.gradient.shape
