"""Whether a contender does the same work: only then is its time worth comparing."""

import numpy as np
from numpy.typing import NDArray

from miniae.bench.contender import Contender
from miniae.layout import Layout

COST = 1e-5
"""Largest relative difference of costs in float32; rounding leaves about 1e-7."""

GRADIENT = 1e-3
"""Largest relative difference of the gradients of one parameter. Rounding leaves 1e-7 to 1e-5 and, where it puts a
ReLU or a maximum on the other side of its kink, 1e-4; a forgotten term or factor 1e-2 and more."""

STEPS, MOVED = 3, 0.02
"""After so many steps theta has moved the same way, up to this share of the way. Adam divides by the gradient's size,
so that where this is nearly 0 rounding decides the direction; another rule or rate differs by a tenth and more."""


class Disagreement(ValueError):
    """A contender computes something else."""


class Reference:
    """What the first contender computes, for the others to be held against.

    Args:
        contender: at the start of its training; it is trained for a few steps.
        layout: of its theta.
    """

    def __init__(self, contender: Contender, layout: Layout) -> None:
        self.name, self.layout = contender.name, layout
        self.cost, self.gradient = contender.cost_and_grad()
        self.moved = _moved(contender)

    def check(self, other: Contender, *, cost: float = COST, gradient: float = GRADIENT, moved: float = MOVED) -> None:
        """Hold another contender, at the start of its training, against the first; it is trained for a few steps.

        Args:
            other: the contender.
            cost, gradient, moved: largest relative differences.

        Raises:
            Disagreement: naming what differs and by how much.
        """
        value, slope = other.cost_and_grad()
        _compare(f"the cost {value:.8g} is not {self.name}'s {self.cost:.8g}", value, self.cost, cost)
        ours, theirs = self.layout.views(self.gradient), self.layout.views(slope)
        for name, block in ours.items():
            _compare(f"the gradient of {name} is not {self.name}'s", theirs[name], block, gradient)
        _compare(f"{STEPS} steps lead elsewhere than {self.name}'s", _moved(other), self.moved, moved)


def _moved(contender: Contender) -> NDArray[np.floating]:
    before = contender.theta()
    for _ in range(STEPS):
        contender.step()
    contender.wait()
    return contender.theta() - before


def _compare(
    message: str, value: float | NDArray[np.floating], right: float | NDArray[np.floating], tolerance: float
) -> None:
    size = float(np.linalg.norm(right))
    difference = float(np.linalg.norm(np.subtract(value, right))) / size if size else float(np.linalg.norm(value))
    if not difference <= tolerance:  # NaN is a disagreement too
        raise Disagreement(f"{message}: relative difference {difference:.1e}, at most {tolerance:.0e} is rounding")
