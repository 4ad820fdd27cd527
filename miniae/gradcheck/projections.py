"""Large blocks: random directions instead of single coordinates, and a search for the entries that are wrong."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from miniae.gradcheck.numeric import Difference, generator

SAMPLED = 64  # entries measured one by one where a projection disagrees: what fraction of the block is wrong?
NARROWED = 4  # entries searched for by halving

Cost = Callable[[np.ndarray], float]
Differentiate = Callable[[Cost, np.ndarray, np.ndarray | None], Difference]


class Projected(NamedTuple):
    """What the random projections of one block found.

    Attributes:
        analytic: projections of the gradient under test, one for each direction.
        difference: the same projections of the numerical gradient.
        disagree: which of them differ.
        measured: flat indices of the entries whose derivative was measured one by one, ascending. Everywhere else the
            block's numerical gradient repeats the analytic one.
        sampled: how many of ``measured`` were drawn at random; the others were searched for.
    """

    analytic: np.ndarray
    difference: Difference
    disagree: np.ndarray
    measured: np.ndarray
    sampled: np.ndarray


def projected_gradient(
    cost: Cost,
    value: np.ndarray,
    analytic: np.ndarray,
    differentiate: Differentiate,
    *,
    tolerance: float = 1e-9,
    count: int = 16,
    seed: int = 0,
) -> tuple[Difference, Projected]:
    r"""Compare a gradient with the cost's along ``count`` random directions of signs; where they differ, find out why.

    Let a be the gradient under test, n the true one, e = a - n, and v a vector of independent random signs:

    .. math::
        \frac{d}{dt} J(\theta + t v) \Big|_0 = \sum_i v_i n_i, \qquad
        \sum_i v_i a_i - \sum_i v_i n_i = \sum_i v_i e_i                                            \tag{1}

    A single wrong entry shows in every direction with its full size. Several may cancel, but not often: fix all signs
    but that of the largest, :math:`e_m`. Its two signs give two sums that lie :math:`2 |e_m|` apart, so at most one of
    the two is smaller than :math:`|e_m|`, and over independent directions

    .. math::
        P\Bigl(\text{all } \Bigl|\sum_i v_i e_i\Bigr| < \max_i |e_i|\Bigr) \le 2^{-\text{count}}    \tag{2}

    With 16 directions a gradient with an entry wrong by more than the smallest difference that can be seen escapes at
    most once in 65,536 times. That smallest difference is larger than element by element: ``tolerance`` times the
    largest projection, which is about twice the *norm* of the gradient, not its largest entry, or ten times the
    projection's uncertainty. An entry that is small beside the norm can be wrong by much of itself and pass.

    Where a projection disagrees, ``SAMPLED`` entries drawn at random are measured one by one, which tells what
    fraction is wrong, and then up to ``NARROWED`` are searched for: of the direction's entries take the half whose
    part of (1) is larger, and again, until one is left.

    Args:
        cost: of the block.
        value: where, float64, any shape.
        analytic: the gradient under test, shaped like ``value``, finite.
        differentiate: ``(cost, theta, expected) -> Difference``, the numerical method.
        tolerance: the largest difference that passes, relative to the largest projection.
        count: number of directions.
        seed: of the directions and the sample.

    Returns:
        The numerical gradient, measured at some entries and elsewhere equal to ``analytic``, its uncertainty there
        that of the projections; and what the projections were.
    """
    rng = generator(seed)
    signs = rng.integers(0, 2, (count, value.size), np.int8) * np.int8(2) - np.int8(1)
    a = analytic.ravel().astype(np.float64)
    projections = np.array([v @ a for v in signs])
    along = differentiate(_combination(cost, value, signs), np.zeros(count), projections)
    largest = float(np.abs(along.gradient).max(initial=0.0))

    def differing(n: np.ndarray) -> np.ndarray:
        """Which projections of ``n`` are not those of the numerical gradient."""
        error = np.abs(np.array([v @ n for v in signs]) - along.gradient)
        return (error > tolerance * largest) & (error > 10 * along.uncertainty)

    # In the units of single entries: as large a part of the largest entry as it is of the largest projection.
    unit = float(np.abs(a).max(initial=0.0)) / largest if largest > 0 and a.any() else 1.0
    numeric = a.copy()
    uncertainty, noise = (np.full(a.size, which.max() * min(unit, 1.0)) for which in along[1:])
    disagree = differing(a)
    sampled = found = np.zeros(0, np.intp)

    def measure(where: np.ndarray) -> None:
        one_by_one = differentiate(_moving(cost, value, where), np.zeros(where.size), a[where])
        numeric[where], uncertainty[where], noise[where] = one_by_one

    if disagree.any():
        sampled = rng.choice(a.size, min(SAMPLED, a.size), replace=False)
        measure(sampled)
    for _ in range(NARROWED):
        worst = np.flatnonzero(differing(numeric))
        if not worst.size:
            break
        entry = _narrow_down(cost, value, signs[worst[0]], numeric, differentiate)
        if entry in found or entry in sampled:
            break  # the rest is spread too thin to be found in single entries
        found = np.append(found, entry)
        measure(np.array([entry]))
    difference = Difference(*(x.reshape(value.shape) for x in (numeric, uncertainty, noise)))
    return difference, Projected(projections, along, disagree, np.union1d(sampled, found), np.sort(sampled))


def _narrow_down(
    cost: Cost, value: np.ndarray, signs: np.ndarray, gradient: np.ndarray, differentiate: Differentiate
) -> int:
    """Halve the entries of one direction until a single one is left, keeping the half that disagrees more."""
    support = np.arange(value.size)
    while support.size > 1:
        halves = np.array_split(support, 2)
        directions = np.zeros((2, value.size), np.int8)
        for direction, half in zip(directions, halves, strict=True):
            direction[half] = signs[half]
        numeric = differentiate(_combination(cost, value, directions), np.zeros(2), None).gradient
        residual = np.abs(np.array([v @ gradient for v in directions]) - numeric)
        support = halves[int(residual[1] > residual[0])]
    return int(support[0])


def _combination(cost: Cost, value: np.ndarray, directions: np.ndarray) -> Cost:
    """The cost as a function of how far to go along each direction: its gradient is that of ``cost``, projected."""

    def along(t: np.ndarray) -> float:
        moved = value.ravel().copy()
        for k in np.flatnonzero(t):
            moved += t[k] * directions[k]
        return cost(moved.reshape(value.shape))

    return along


def _moving(cost: Cost, value: np.ndarray, where: np.ndarray) -> Cost:
    """The cost as a function of how far to move the entries ``where``."""

    def entries(t: np.ndarray) -> float:
        moved = value.ravel().copy()
        moved[where] += t
        return cost(moved.reshape(value.shape))

    return entries
