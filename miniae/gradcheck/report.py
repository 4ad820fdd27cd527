"""What a gradient check found: verdict, table, likely cause, pictures."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from miniae.gradcheck.evidence import Evidence
from miniae.gradcheck.judge import Block, Verdict, comparable, errors, judge
from miniae.gradcheck.numeric import norm_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from miniae.gradcheck.diagnosis import Diagnosis

__all__ = ["Block", "Report", "Verdict", "report"]


@dataclass(frozen=True)
class Report:
    """The outcome of a gradient check: one block for each argument or parameter, and what it was found from.

    ``print`` it, or let it be the last line of a notebook's cell.

    Attributes:
        blocks: the verdicts.
        evidence: both gradients, and whatever else the check was given.
        seed: of what the check drew at random; None where it drew nothing.
        reproduce: one line that repeats the check.
    """

    blocks: tuple[Block, ...]
    evidence: Evidence
    seed: int | None = None
    reproduce: str = ""

    @property
    def norm_ratio(self) -> float:
        """UFLDL's single figure: \\|numeric - analytic\\| / \\|numeric + analytic\\|, over all blocks together.

        Entries that a block leaves out, for they lie beside a kink, are left out here too.
        """
        pairs = []
        for block, c in zip(self.blocks, self.evidence.compared, strict=True):
            if comparable(c):
                left_out = block.why == "kink" and block.verdict == "pass"
                kept = errors(c).doubt <= c.tolerance if left_out else np.full(c.analytic.shape, True)
                pairs.append((c.analytic[kept], c.difference.gradient[kept]))
        return norm_ratio(*map(np.concatenate, zip(*pairs, strict=True))) if pairs else float("nan")

    @property
    def verdict(self) -> Verdict:
        """``fail`` if any block fails, else ``inconclusive`` if any is, else ``pass``."""
        verdicts = {block.verdict for block in self.blocks}
        return "fail" if "fail" in verdicts else "inconclusive" if "inconclusive" in verdicts else "pass"

    @property
    def passed(self) -> bool:
        """Whether every block passes."""
        return self.verdict == "pass"

    @cached_property
    def diagnosis(self) -> "Diagnosis | None":
        """What the mistake may be, where the verdict is ``fail``; found when first asked for."""
        if self.verdict != "fail":
            return None
        from miniae.gradcheck.diagnosis import diagnose

        return diagnose(self.evidence, self.names("fail"))

    def names(self, verdict: Verdict) -> tuple[str, ...]:
        """The names of the blocks with this verdict."""
        return tuple(block.name for block in self.blocks if block.verdict == verdict)

    def __getitem__(self, name: str) -> Block:
        for block in self.blocks:
            if block.name == name:
                return block
        raise ValueError(f"report: no block is named {name!r}; known: {', '.join(b.name for b in self.blocks)}")

    def __str__(self) -> str:
        """The table, what is right and what is wrong, the likely cause, and the verdict as the last line."""
        from miniae.gradcheck.report_text import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        """The same for notebooks."""
        from miniae.gradcheck.report_html import as_html

        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything the report says, as plain values; numbers that are not finite as they are."""
        from miniae.gradcheck.report_json import as_dict

        return as_dict(self)

    def to_json(self, indent: int | None = None) -> str:
        """:meth:`to_dict` as JSON; NaN and the infinities, which JSON lacks, as the strings "NaN", "Infinity", ...

        >>> import json
        >>> import numpy as np
        >>> from miniae.gradcheck import check_function
        >>> right = check_function(lambda t: (float(t @ t), 2 * t), np.ones(3))
        >>> json.loads(right.to_json())["verdict"]
        'pass'
        """
        from miniae.gradcheck.report_json import as_json

        return as_json(self, indent)

    def plot_steps(self, names: Collection[str] | None = None, *, ax: "Axes | None" = None) -> "Figure":
        """Draw the error of a central difference against its step: see :func:`~.report_plots.steps`."""
        from miniae.gradcheck.report_plots import steps

        return steps(self, names, ax=ax)

    def plot_scatter(self, names: Collection[str] | None = None, *, ax: "Axes | None" = None) -> "Figure":
        """Draw the gradient against the numerical one, entry by entry: see :func:`~.report_plots.scatter`."""
        from miniae.gradcheck.report_plots import scatter

        return scatter(self, names, ax=ax)


def report(
    evidence: Evidence,
    zero: tuple[str, ...] = (),
    *,
    kinks: float = 0.0,
    seed: int | None = None,
    reproduce: str = "",
) -> Report:
    """Judge every block.

    Args:
        evidence: what was found.
        zero: names of the blocks whose gradient is rightly zero throughout.
        kinks: the largest fraction of a block's entries that may lie beside a kink.
        seed, reproduce: see :class:`Report`.
    """
    blocks = tuple(judge(compared, compared.name in zero, kinks) for compared in evidence.compared)
    return Report(blocks, evidence, seed, reproduce)
