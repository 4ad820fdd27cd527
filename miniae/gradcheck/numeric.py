"""Central differences: what the gradient of a cost must be, found from its values alone."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

EPS = float(np.finfo(np.float64).eps)
STEPS = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5)  # from where rounding is small to where sharp bends are smooth
CONFIRMED = 100  # entries tried once more at a time, the worst first
LONG = (4, 16, 64)  # times the first step, for what is smooth but small beside the cost's rounding


class Difference(NamedTuple):
    """A numerical gradient, how far it may be off, and what part of that is noise in the cost; all of one shape."""

    gradient: np.ndarray
    uncertainty: np.ndarray
    noise: np.ndarray


def generator(seed: int) -> np.random.Generator:
    """The random numbers of a check: others than ``default_rng(seed)`` gives, with which users draw their data."""
    return np.random.default_rng([seed, 0x6772_6164])


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
    plus, minus = _costs_beside(cost, theta, np.arange(theta.size), np.full(theta.size, step))
    return ((plus - minus) / (2 * step)).reshape(theta.shape)  # (1)


def two_step_gradient(
    cost: Callable[[np.ndarray], float],
    theta: np.ndarray,
    steps: Sequence[float] = STEPS,
    tolerance: float = 1e-9,
    noise: float | None = None,
    expected: np.ndarray | None = None,
) -> Difference:
    r"""Two central differences for each coordinate, combined so that their leading errors cancel.

    .. math::
        G_i = \frac{4 D_i(h) - D_i(2h)}{3} = J'_i + O(h^4)                                                     \tag{2}

    How far off is G? The same four costs answer. Where J is smooth, the two first differences agree but for
    :math:`\tfrac{h^2}{2} J'''`, and the second differences :math:`S_i(h) = J(\theta + h e_i) - 2J(\theta) +
    J(\theta - h e_i)` grow as h squared; at a kink they grow as h, and the slope jumps by about :math:`\kappa`:

    .. math::
        \delta_i = |D_i(h) - D_i(2h)|, \qquad \kappa_i = |S_i(2h) - 4 S_i(h)| / 4h                              \tag{3}

    Where (2) is good, :math:`\delta` is a small fraction of the gradient's size s, and what is left after the
    cancellation is smaller by that fraction once more; but at a kink (2) is off by as much as :math:`\kappa`, however
    small that is beside s. To these comes the noise in the cost itself, at best its rounding:

    .. math::
        u_i = \delta_i^2 / s + \kappa_i + \mathrm{noise} / h                                                    \tag{4}

    Noise alone makes a :math:`\kappa` of :math:`\sqrt{1+16+36+16+1} / 4 \approx 2` noise / h, so one below 8 noise / h
    tells of no kink and is left out.

    A cost that bends sharply, or has a kink nearby, wants a smaller h: coordinates whose u is above the tolerance are
    tried again with the next step, and the G with the smallest u is kept. So are those where the cost is not finite,
    beside a logarithm's zero for instance. A gradient that is small beside the cost's rounding wants a larger h: the
    :data:`LONG` ones are tried where noise makes up most of u.

    One thing four costs do not show is a slope that bends all at once (:math:`J''` jumps, as an ELU's does at 0). Where
    ``expected`` is another gradient altogether, it is not called wrong before a third of the step gives the same G: u
    is at least the difference of the two.

    Args:
        cost: a function of theta that returns a number.
        theta: where, float64, any shape.
        steps: the h to try first, largest first; each is multiplied by max(1, \|theta_i\|).
        tolerance: a u of this fraction of s is good enough.
        noise: of the cost; :func:`noise_level` finds it when None.
        expected: the gradient under test, or None.

    Returns:
        The gradient (2), its uncertainty (4), and the part of it that is noise, all shaped like ``theta``.
    """
    gradient, from_noise, uncertainty = np.zeros(theta.size), np.zeros(theta.size), np.full(theta.size, np.inf)
    noise, size, used = noise_level(cost, theta) if noise is None else noise, 0.0, np.zeros(theta.size)
    for step in (*steps, *(long * steps[0] for long in LONG)):
        h = step * np.maximum(1, np.abs(theta.ravel()))
        # No smaller h where it could only be worse, since noise / h grows; no larger where noise is not the trouble.
        hopeful = (uncertainty > noise / h) & ((step <= steps[0]) | (from_noise > uncertainty / 2))
        where = np.flatnonzero((uncertainty > tolerance * size) & hopeful)
        h = h[where]
        combined, delta, kappa = _two_steps(cost, theta, where, h)
        with np.errstate(all="ignore"):  # what is not finite is not kept
            size = max(size, float(np.abs(combined).max(initial=0.0, where=np.isfinite(combined))))
            kappa[kappa < 8 * noise / h] = 0
            u = delta**2 / (size or 1.0) + kappa + noise / h  # (4)
        better = u < uncertainty[where]
        for kept, new in (gradient, combined), (uncertainty, u), (from_noise, noise / h), (used, h):
            kept[where[better]] = new[better]
    if expected is not None:
        apart = np.abs(expected.ravel() - gradient)
        where = np.flatnonzero((apart > tolerance * size) & (apart > 10 * uncertainty))
        where = where[np.argsort(-apart[where], kind="stable")]
        for start in range(0, where.size, CONFIRMED):
            some = where[start : start + CONFIRMED]
            again, _, _ = _two_steps(cost, theta, some, used[some] / 3)
            uncertainty[some] = np.fmax(uncertainty[some], np.abs(again - gradient[some]))
            if (apart[some] > 10 * uncertainty[some]).any():
                break  # something is wrong, whatever becomes of the smaller differences
    return Difference(*(x.reshape(theta.shape) for x in (gradient, uncertainty, from_noise)))


def _two_steps(
    cost: Callable[[np.ndarray], float], theta: np.ndarray, where: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each coordinate of ``where`` and its h: the combination (2), and delta and kappa of (3)."""
    here = float(cost(theta.copy()))
    plus, minus = _costs_beside(cost, theta, where, h)
    plus2, minus2 = _costs_beside(cost, theta, where, 2 * h)
    with np.errstate(all="ignore"):  # costs near the largest float overflow here
        fine, coarse = (plus - minus) / (2 * h), (plus2 - minus2) / (4 * h)  # (1)
        kappa = np.abs((plus2 - 2 * here + minus2) - 4 * (plus - 2 * here + minus)) / (4 * h)
        return (4 * fine - coarse) / 3, np.abs(fine - coarse), kappa


def noise_level(cost: Callable[[np.ndarray], float], theta: np.ndarray) -> float:
    r"""How much the cost scatters around a smooth function: its rounding at least, more if it draws random numbers.

    Eleven costs at equal, tiny distances along a random line. A smooth function is a straight line over so short a way,
    so its differences of fourth order vanish, and what they show is noise: if every cost carries an independent error
    of standard deviation :math:`\sigma`, their mean square is

    .. math::
        E[(\Delta^4 J)^2] = \sigma^2 \sum_k \tbinom{4}{k}^2 = 70\, \sigma^2                                     \tag{5}

    A cost computed in float32 does not scatter over so short a way: it does not change at all, or by whole steps. It is
    told by its values, which are float32 numbers even far apart.

    Args:
        cost: a function of theta that returns a number.
        theta: where, float64, any shape.

    Returns:
        :math:`\sigma`, and never less than one rounding of the cost.

    Source: Moré and Wild (2011), "Estimating computational noise".
    """
    direction = generator(0).standard_normal(theta.shape)
    with np.errstate(all="ignore"):  # beside the end of its domain a cost is not finite: those are left out
        costs = np.array([float(cost(theta + k * 1e-8 * direction)) for k in range(11)])
        fourth = np.diff(costs, 4)
        sigma = float(np.sqrt(np.mean(fourth[np.isfinite(fourth)] ** 2) / 70)) if np.isfinite(fourth).any() else 0.0
        far = np.array([float(cost(theta + k * 1e-3 * direction)) for k in (1, 2)])
        single = np.ptp(far) > 0 and all(np.float32(value) == value for value in (*costs, *far))
    rounding = float(np.finfo(np.float32).eps) if single else EPS
    return max(sigma, rounding * float(np.abs(costs).max(initial=0.0, where=np.isfinite(costs))))  # (5)


def linear_gradient(cost: Callable[[np.ndarray], float], theta: np.ndarray, noise: float | None = None) -> Difference:
    """One central difference with step 1: exact, but for rounding, where the cost is linear in theta."""
    plus, minus = _costs_beside(cost, theta, np.arange(theta.size), np.ones(theta.size))
    noise = noise_level(cost, theta) if noise is None else noise
    rounding = np.maximum(noise, EPS * np.maximum(np.abs(plus), np.abs(minus))).reshape(theta.shape)
    return Difference(((plus - minus) / 2).reshape(theta.shape), rounding, rounding)


def _costs_beside(
    cost: Callable[[np.ndarray], float], theta: np.ndarray, where: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each coordinate i of ``where`` and its distance h: J(theta + h e_i) and J(theta - h e_i)."""
    theta, plus, minus = np.array(theta, np.float64), np.empty(len(where)), np.empty(len(where))
    with np.errstate(all="ignore"):  # a step may leave the cost's domain (log, sqrt): the result says so, not a warning
        for k, i in enumerate(where):
            here = theta.flat[i]
            theta.flat[i] = here + h[k]
            plus[k] = cost(theta)
            theta.flat[i] = here - h[k]
            minus[k] = cost(theta)
            theta.flat[i] = here
    return plus, minus


def norm_ratio(analytic: np.ndarray, numeric: np.ndarray) -> float:
    r"""UFLDL's single figure for two gradients: :math:`\|n - a\| / \|n + a\|`; a right one is below 1e-9.

    >>> norm_ratio(np.array([3.0, 4.0]), np.array([3.0, 4.0]))
    0.0
    """
    both = float(np.linalg.norm(numeric + analytic))
    return float(np.linalg.norm(numeric - analytic)) / both if both > 0 else float("nan")
