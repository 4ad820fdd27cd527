"""Central differences: what the gradient of a cost must be, found from its values alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

EPS = float(np.finfo(np.float64).eps)
STEPS = (1e-3, 1e-4, 1e-5)  # from where rounding is small to where a cost that bends sharply is still smooth


class Difference(NamedTuple):
    """A numerical gradient and, coordinate by coordinate, how far it may be off (both of theta's shape)."""

    gradient: np.ndarray
    uncertainty: np.ndarray


def numerical_gradient(cost: Callable[[np.ndarray], float], theta: np.ndarray, step: float = 1e-4) -> np.ndarray:
    r"""UFLDL's numerical gradient, one central difference for each coordinate.

    .. math::
        D_i(h) = \frac{J(\theta + h e_i) - J(\theta - h e_i)}{2h} = J'_i + \tfrac{h^2}{6} J'''_i + O(h^4)     \tag{1}

    Args:
        cost: a function of theta that returns a number.
        theta: where, float64, any shape.
        step: h.

    Returns:
        The numerical gradient, shaped like ``theta``.

    >>> numerical_gradient(lambda t: t[0] ** 2 + 3 * t[0] * t[1], np.array([4.0, 10.0])).round(6)
    array([38., 12.])

    Source: UFLDL tutorial, "Gradient checking and advanced optimization".
    """
    gradient = np.empty(theta.shape)
    for i, plus, minus in _neighbours(cost, theta, np.full(theta.size, step), np.arange(theta.size)):
        gradient.flat[i] = (plus - minus) / (2 * step)  # (1)
    return gradient


def two_step_gradient(
    cost: Callable[[np.ndarray], float],
    theta: np.ndarray,
    steps: Sequence[float] = STEPS,
    tolerance: float = 1e-9,
) -> Difference:
    r"""Two central differences for each coordinate, combined so that their leading errors cancel.

    .. math::
        G_i = \frac{4 D_i(h) - D_i(2h)}{3} = J'_i + O(h^4)                                                     \tag{2}

    How far off is G? The two differences disagree by :math:`\delta_i = |D_i(h) - D_i(2h)|`, about
    :math:`\tfrac{h^2}{2} |J'''_i|`. Where the cost is smooth, :math:`\delta` is a small fraction of the gradient's
    size s, and what is left after the cancellation is smaller by that fraction once more. To this comes the rounding
    of the cost itself:

    .. math::
        u_i = \frac{\delta_i^2}{s} + \frac{\epsilon \max|J|}{h}                                                \tag{3}

    At a kink, or where the cost is noisy, :math:`\delta` is as large as the gradient, and so is u. A cost that bends
    sharply, or has a kink nearby, wants a smaller h: coordinates whose u is above the tolerance are tried again with
    the next step, and the G with the smallest u is kept.

    Args:
        cost: a function of theta that returns a number.
        theta: where, float64, any shape.
        steps: the h to try, largest first; each is multiplied by max(1, \|theta_i\|).
        tolerance: a u of this fraction of s is good enough.

    Returns:
        The gradient (2) and its uncertainty (3), both shaped like ``theta``.
    """
    gradient, uncertainty = np.zeros(theta.shape), np.full(theta.shape, np.inf)
    largest, size = 0.0, 0.0
    for step in steps:
        doubtful = np.flatnonzero(uncertainty > tolerance * size)
        h = step * np.maximum(1, np.abs(theta.flat[doubtful]))
        fine, coarse = np.empty(len(doubtful)), np.empty(len(doubtful))
        for difference, distance in (fine, h), (coarse, 2 * h):
            for k, plus, minus in _neighbours(cost, theta, distance, doubtful):
                difference[k] = (plus - minus) / (2 * distance[k])  # (1)
                largest = max(largest, abs(plus), abs(minus))
        combined = (4 * fine - coarse) / 3  # (2)
        size = max(size, float(np.abs(combined).max(initial=0.0)))
        delta = np.abs(fine - coarse)
        u = (delta**2 / size if size > 0 else delta) + EPS * largest / h  # (3)
        better = u < uncertainty.flat[doubtful]
        gradient.flat[doubtful[better]], uncertainty.flat[doubtful[better]] = combined[better], u[better]
    return Difference(gradient, uncertainty)


def linear_gradient(cost: Callable[[np.ndarray], float], theta: np.ndarray) -> Difference:
    """One central difference with step 1: exact, but for rounding, where the cost is linear in theta."""
    gradient, largest = np.empty(theta.shape), 0.0
    for i, plus, minus in _neighbours(cost, theta, np.ones(theta.size), np.arange(theta.size)):
        gradient.flat[i] = (plus - minus) / 2
        largest = max(largest, abs(plus), abs(minus))
    return Difference(gradient, np.full(theta.shape, 4 * EPS * largest))


def _neighbours(
    cost: Callable[[np.ndarray], float], theta: np.ndarray, distance: np.ndarray, where: np.ndarray
) -> Iterator[tuple[int, float, float]]:
    """Yield ``(k, J(theta + h e_i), J(theta - h e_i))`` with i the k-th coordinate of ``where``, h its distance."""
    theta = np.array(theta, np.float64)
    for k, i in enumerate(where):
        here = theta.flat[i]
        theta.flat[i] = here + distance[k]
        plus = float(cost(theta))
        theta.flat[i] = here - distance[k]
        minus = float(cost(theta))
        theta.flat[i] = here
        yield k, plus, minus


def norm_ratio(analytic: np.ndarray, numeric: np.ndarray) -> float:
    r"""UFLDL's single figure for two gradients: :math:`\|n - a\| / \|n + a\|`; a right one is below 1e-9.

    >>> norm_ratio(np.array([3.0, 4.0]), np.array([3.0, 4.0]))
    0.0
    """
    both = float(np.linalg.norm(numeric + analytic))
    return float(np.linalg.norm(numeric - analytic)) / both if both > 0 else float("nan")
