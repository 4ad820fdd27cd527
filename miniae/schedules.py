r"""Schedules: learning rates that change as training goes on.

A learning rate is either a number or a *schedule*, a function from the step to a number. Steps count from 0. The ones
here are frozen dataclasses, so that a run's settings can be compared and printed; any other function serves as well.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real

Schedule = Callable[[int], float]
Rate = float | Schedule


def rate_at(rate: Rate, step: int) -> float:
    """The learning rate of a step, whether ``rate`` is a number or a schedule.

    Raises:
        ValueError: if a schedule gave a rate that is negative or not finite.

    >>> rate_at(0.1, 3), rate_at(lambda step: 1 / (step + 1), 3)
    (0.1, 0.25)
    """
    if not callable(rate):
        return float(rate)
    value = float(rate(step))
    if not 0 <= value < math.inf:
        raise ValueError(f"learning rate: {rate!r} gave {value} at step {step}; a rate is finite and not negative")
    return value


@dataclass(frozen=True)
class StepDecay:
    r"""The rate drops to ``factor`` times itself every so many steps.

    .. math::
        \eta_t = \eta_0\, f^{\lfloor t / k \rfloor}             \tag{1}

    Args:
        initial: :math:`\eta_0`.
        factor: f, in (0, 1).
        every: k, steps from one drop to the next.

    Raises:
        TypeError, ValueError: if an argument is not a number or out of its range.

    >>> schedule = StepDecay(0.8, factor=0.5, every=10)
    >>> [schedule(step) for step in (0, 9, 10, 25)]
    [0.8, 0.8, 0.4, 0.2]
    """

    initial: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        check_number("StepDecay", "initial", self.initial)
        check_number("StepDecay", "factor", self.factor, positive=True, below=1.0)
        check_count("StepDecay", "every", self.every)

    def __call__(self, step: int) -> float:
        """The learning rate of a step."""
        return self.initial * self.factor ** (step // self.every)  # (1)


@dataclass(frozen=True)
class ExponentialDecay:
    r"""The rate shrinks by the same factor with every step: :class:`StepDecay` without the steps.

    .. math::
        \eta_t = \eta_0\, f^{t / k}                             \tag{2}

    Args:
        initial: :math:`\eta_0`.
        factor: f, in (0, 1).
        every: k, steps in which the rate falls to f times itself.

    Raises:
        TypeError, ValueError: if an argument is not a number or out of its range.

    >>> schedule = ExponentialDecay(0.8, factor=0.25, every=10)
    >>> [schedule(step) for step in (0, 5, 10)]
    [0.8, 0.4, 0.2]
    """

    initial: float
    factor: float
    every: int = 1

    def __post_init__(self) -> None:
        check_number("ExponentialDecay", "initial", self.initial)
        check_number("ExponentialDecay", "factor", self.factor, positive=True, below=1.0)
        check_count("ExponentialDecay", "every", self.every)

    def __call__(self, step: int) -> float:
        """The learning rate of a step."""
        return self.initial * self.factor ** (step / self.every)  # (2)


@dataclass(frozen=True)
class CosineDecay:
    r"""The rate glides down half a cosine wave and then stays: slow at first, fast in the middle, slow at the end.

    .. math::
        \eta_t = \eta_T + \frac{\eta_0 - \eta_T}{2} \left(1 + \cos\frac{\pi \min(t, T)}{T}\right)    \tag{3}

    Args:
        initial: :math:`\eta_0`.
        steps: T, how long the descent takes.
        final: :math:`\eta_T`.

    Raises:
        TypeError, ValueError: if an argument is not a number or out of its range.

    >>> schedule = CosineDecay(0.8, steps=100)
    >>> [round(schedule(step), 6) for step in (0, 50, 100, 200)]
    [0.8, 0.4, 0.0, 0.0]

    Source: Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts"; no restarts here.
    """

    initial: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        check_number("CosineDecay", "initial", self.initial)
        check_count("CosineDecay", "steps", self.steps)
        check_number("CosineDecay", "final", self.final)

    def __call__(self, step: int) -> float:
        """The learning rate of a step."""
        wave = (1 + math.cos(math.pi * min(step, self.steps) / self.steps)) / 2
        return self.final + (self.initial - self.final) * wave  # (3)


@dataclass(frozen=True)
class Warmup:
    r"""The rate climbs in a straight line for ``steps`` steps, to where ``then`` begins.

    Adaptive optimisers divide by averages that hold very few gradients at first; small steps bridge that time.

    .. math::
        \eta_t = \frac{t + 1}{k + 1}\, \theta_0 \quad (t < k), \qquad \eta_t = \theta_{t-k} \quad (t \ge k)    \tag{4}

    with :math:`\theta` the schedule that follows. The line would pass 0 at t = -1 and reaches :math:`\theta_0` at
    t = k: no step is wasted on a rate of 0, and none repeated.

    Args:
        steps: k, how long the climb takes.
        then: what follows, a schedule whose steps count from the end of the climb, or a number.

    Raises:
        TypeError, ValueError: if an argument is not a number or out of its range.

    >>> schedule = Warmup(3, then=StepDecay(0.8, factor=0.5, every=2))
    >>> [round(schedule(step), 6) for step in range(7)]
    [0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.4]

    Source: Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour".
    """

    steps: int
    then: Rate

    def __post_init__(self) -> None:
        check_count("Warmup", "steps", self.steps)
        check_rate("Warmup", "then", self.then)

    def __call__(self, step: int) -> float:
        """The learning rate of a step."""
        climbed = min(1.0, (step + 1) / (self.steps + 1))
        return climbed * rate_at(self.then, max(0, step - self.steps))  # (4)


def check_rate(owner: str, name: str, rate: Rate) -> None:
    """Refuse a learning rate that is neither a schedule nor a finite number from 0 up."""
    if not callable(rate):
        check_number(owner, name, rate)


def check_count(owner: str, name: str, value: int) -> None:
    """Refuse what is not an integer from 1 up."""
    if not isinstance(value, Integral):
        raise TypeError(f"{owner}: {name} must be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{owner}: {name} must be at least 1, got {value}")


def check_number(owner: str, name: str, value: float, *, positive: bool = False, below: float = math.inf) -> None:
    """Refuse what is not a number in [0, below); infinity and NaN never are.

    Args:
        owner: whose setting it is, the first word of the message.
        name: of the setting.
        value: of the setting.
        positive: whether 0 is refused too.
        below: end of the range.

    Raises:
        TypeError: if ``value`` is not a number.
        ValueError: if it is out of range.

    >>> check_number("Adam", "beta1", 1.5, below=1.0)
    Traceback (most recent call last):
    ...
    ValueError: Adam: beta1 must lie in [0, 1), got 1.5
    """
    if not isinstance(value, Real):
        raise TypeError(f"{owner}: {name} must be a number, got {value!r}")
    if not 0 <= value < below or (positive and value == 0):
        raise ValueError(f"{owner}: {name} must lie in {'(' if positive else '['}0, {below:g}), got {value}")
