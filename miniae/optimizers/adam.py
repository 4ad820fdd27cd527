"""Adam: momentum and RMSProp together, both freed of their start at zero."""

import math
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float

from miniae.arrays import Array, array_module
from miniae.optimizers.base import Optimizer, State
from miniae.schedules import Rate, check_number


@dataclass(frozen=True)
class Adam(Optimizer):
    r"""Steps along the mean gradient divided by the root mean square gradient, element by element.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t                                    \tag{1} \\
        v_t &= \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2                                  \tag{2} \\
        \hat m_t &= m_t / (1 - \beta_1^t), \qquad \hat v_t = v_t / (1 - \beta_2^t)      \tag{3} \\
        \theta_t &= \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)       \tag{4}

    with t = 1 for the first update and :math:`m_0 = v_0 = 0`. The averages start at 0 and hold only the share
    :math:`1 - \beta^t` of gradients after t steps; (3) divides by that share. The exponent t makes the correction
    fade out; without it steps would end up :math:`\sqrt{1 - \beta_2} / (1 - \beta_1)` times as long, a third with the
    values below.

    Args:
        learning_rate: :math:`\eta`, a number or a schedule; about the length of a step in every parameter.
        beta1: :math:`\beta_1`, in [0, 1).
        beta2: :math:`\beta_2`, in [0, 1).
        eps: :math:`\epsilon`, above 0; stands outside the root.

    Raises:
        TypeError, ValueError: if a hyperparameter is not a number or out of range.

    >>> import numpy as np
    >>> theta, optimizer = np.array([1.0, 1.0]), Adam(learning_rate=0.1)
    >>> state = optimizer.start(theta)
    >>> optimizer.update(theta, np.array([1000.0, -0.001]), state)  # first steps are the rate, whatever the gradient
    >>> theta.round(3)
    array([0.9, 1.1])

    Source: Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.
    """

    memory: ClassVar[tuple[str, ...]] = ("mean", "mean_square")

    learning_rate: Rate = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        check_number(name, "beta1", self.beta1, below=1.0)
        check_number(name, "beta2", self.beta2, below=1.0)
        check_number(name, "eps", self.eps, positive=True)

    def update(self, theta: Float[Array, "..."], gradient: Float[Array, "..."], state: State) -> None:
        """Take one step; see :meth:`Optimizer.update`."""
        rate = self._begin(theta, gradient, state)
        step = self._step(gradient, state, rate)
        theta -= step  # (4)

    def _step(self, gradient: Array, state: State, rate: float) -> Array:
        """Bring the averages up to date and return the step of (4), in the state's scratch array."""
        xp, scratch = array_module(gradient), state["scratch"]
        m, v, t = state["mean"], state["mean_square"], int(state["step"])
        new = xp.multiply(gradient, 1 - self.beta1, out=scratch)
        m *= self.beta1
        m += new  # (1)
        new = xp.square(gradient, out=scratch)
        new *= 1 - self.beta2
        v *= self.beta2
        v += new  # (2)
        step = xp.sqrt(v, out=scratch)
        step /= math.sqrt(1 - self.beta2**t)  # (3): the root of v hat
        step += self.eps
        xp.divide(m, step, out=step)
        step *= rate / (1 - self.beta1**t)  # (3): the numbers in front of m taken together
        return step
