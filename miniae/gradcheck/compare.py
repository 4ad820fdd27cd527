"""How the numerical gradient of a block is found, and when a block is too large to go entry by entry."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from miniae.gradcheck.complex_step import ComplexStep, second_opinion
from miniae.gradcheck.evidence import Compared, Evidence
from miniae.gradcheck.judge import both_values, errors
from miniae.gradcheck.numeric import STEPS, Difference, linear_gradient, noise_level, two_step_gradient
from miniae.gradcheck.projections import Cost, projected_gradient
from miniae.gradcheck.report import Block, Report, report

LINEAR_TOLERANCE = 1e-12  # a central difference is exact where the function is linear: only rounding is left
ELEMENTWISE = 4000
PROJECTIONS = 16


class Method(NamedTuple):
    """What the three checks have in common.

    Attributes:
        tolerance: the largest relative error that passes.
        steps: of the differences, largest first.
        elementwise: up to so many entries in all, every one is measured by itself. Of a larger theta only the smallest
            blocks are, a tenth as many entries together, since each costs more there; the others are projected.
        projections: directions for each of those.
        seed: of the directions.
    """

    tolerance: float = 1e-9
    steps: Sequence[float] = STEPS
    elementwise: int = ELEMENTWISE
    projections: int = PROJECTIONS
    seed: int = 0

    def one_by_one(self, sizes: Mapping[str, int]) -> set[str]:
        """The blocks to measure entry by entry.

        >>> sorted(Method(elementwise=1000).one_by_one({"w1": 640, "b1": 10, "w2": 640, "b2": 64}))
        ['b1', 'b2']
        """
        limit = self.elementwise if sum(sizes.values()) <= self.elementwise else self.elementwise // 10
        chosen, total = set(), 0
        for name, size in sorted(sizes.items(), key=lambda item: item[1]):
            total += size
            if total <= limit:
                chosen.add(name)
        return chosen

    def compare(
        self,
        name: str,
        cost: Cost,
        value: np.ndarray,
        analytic: np.ndarray,
        *,
        linear: bool = False,
        entries: bool = True,
    ) -> Compared:
        """Both gradients of one block.

        Args:
            name: of the block.
            cost: as a function of the block alone.
            value: where.
            analytic: the gradient under test; whatever its shape.
            linear: whether the cost is linear in the block.
            entries: whether to go entry by entry; else by random projections.
        """
        noise, tolerance = noise_level(cost, value), LINEAR_TOLERANCE if linear else self.tolerance
        size = abs(cost(value))
        scatter = noise / size if np.isfinite(size) and size > 0 else 0.0
        # A direction moves every entry at once, and so whatever sums them farther: its steps are a tenth.
        steps = self.steps if entries else [step / 10 for step in self.steps]

        def differentiate(cost: Cost, theta: np.ndarray, expected: np.ndarray | None = None) -> Difference:
            if linear:
                return linear_gradient(cost, theta, noise)
            return two_step_gradient(cost, theta, steps, tolerance, noise, expected)

        fits = analytic.shape == value.shape
        if entries:
            difference = differentiate(cost, value, analytic if fits else None)
            return Compared(name, value, analytic, difference, tolerance, scatter)
        if not fits or not np.isfinite(analytic).all():  # fails as it is: nothing to measure
            nothing = Difference(*np.zeros((3, *value.shape)))
            return Compared(name, value, analytic, nothing, tolerance)
        found = projected_gradient(
            cost, value, analytic, differentiate, tolerance=tolerance, count=self.projections, seed=self.seed
        )
        return Compared(name, value, analytic, found[0], tolerance, scatter, found[1])


def opinion(cost: Callable[[np.ndarray], Any], compared: Compared) -> ComplexStep:
    """The complex step of one block; none of a block that is too large to go entry by entry."""
    if compared.projected is not None:
        return ComplexStep(None, False, "not taken: the block is too large to go entry by entry")
    return second_opinion(cost, compared.value, compared.difference)


def check_options(whose: str, names: Collection[str], zero: tuple[str, ...], kinks: float, tolerance: float) -> None:
    """Refuse options that mean nothing.

    Raises:
        ValueError: if ``zero`` names no block, ``kinks`` is no fraction, or no error could be below ``tolerance``.
    """
    unknown = [name for name in zero if name not in names]
    if unknown:
        raise ValueError(f"{whose}: zero names {unknown[0]!r}; known: {', '.join(names)}")
    if not 0 <= kinks < 1:
        raise ValueError(f"{whose}: kinks must be a fraction of the entries, at least 0 and less than 1, got {kinks}")
    if not 0 < tolerance < np.inf:
        raise ValueError(f"{whose}: tolerance must be a positive number, got {tolerance}")


def judged(
    evidence: Evidence,
    zero: tuple[str, ...] = (),
    *,
    kinks: float = 0.0,
    seed: int | None = None,
    reproduce: str = "",
) -> Report:
    """Judge every block by its numbers, its projections, and the rules its functions must keep."""
    found = report(evidence, zero, kinks=kinks, seed=seed, reproduce=reproduce)
    blocks = zip(found.blocks, evidence.compared, strict=True)
    return replace(found, blocks=tuple(_ruled(_projected(*block), evidence) for block in blocks))


def _projected(block: Block, compared: Compared) -> Block:
    """What the projections add to a block of which only few entries were measured."""
    projected = compared.projected
    if projected is None or not projected.disagree.any():
        return block
    sampled, wrong = len(projected.sampled), errors(compared).wrong.ravel()
    share = float(wrong[projected.sampled].mean())
    reason = (
        f"{int(projected.disagree.sum())} of {len(projected.disagree)} random projections disagree; "
        f"of {sampled} entries drawn at random {int(wrong[projected.sampled].sum())} are wrong"
    )
    if wrong.any():
        reason += f"; the worst found is at {both_values(compared, block.index)}"
    else:
        reason += "; the error is spread too thin to be seen in single entries"
    return replace(block, verdict="fail", failing=max(share, float(wrong.mean())), reason=reason, why="wrong")


def _ruled(block: Block, evidence: Evidence) -> Block:
    """A block whose functions break a rule fails, whatever its numbers."""
    concerned = [breach for breach in evidence.broken if breach.name in ("", block.name)]
    sentences = [breach.text for breach in concerned if not (breach.numeric and block.verdict == "fail")]
    if not sentences:
        return block
    return replace(block, verdict="fail", reason="; ".join([*sentences, *filter(None, [block.reason])]), why="rule")


def name_of(function: Any, otherwise: str) -> str:
    """What a function is called in a line that repeats the check; ``otherwise`` where it has no name.

    >>> name_of(name_of, "f"), name_of(lambda t: t, "f")
    ('name_of', 'f')
    """
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else otherwise
