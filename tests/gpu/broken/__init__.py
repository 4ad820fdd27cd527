"""The shelf of broken kernels: each with one thing wrong that a learner could write, and its mended twin."""

from . import barriers, bounds, limits, loops, orders, races, unwritten
from .case import Broken

BROKEN: list[Broken] = [
    case for module in (bounds, unwritten, barriers, races, orders, loops, limits) for case in module.CASES
]
__all__ = ["BROKEN", "Broken"]
