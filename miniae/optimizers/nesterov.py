"""Nesterov's momentum: a heavy ball that looks ahead."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float

from miniae.arrays import Array, array_module
from miniae.optimizers.base import Optimizer, State
from miniae.schedules import check_number


@dataclass(frozen=True)
class Nesterov(Optimizer):
    r"""Momentum with the gradient taken where the velocity is about to lead.

    Momentum evaluates the gradient, then rolls on; it notices a rise only after having rolled into it. Nesterov looks
    first. With :math:`\phi` the ball's position,

    .. math::
        v_{t+1} &= \mu v_t + g(\phi_t - \eta \mu v_t)           \tag{1} \\
        \phi_{t+1} &= \phi_t - \eta\, v_{t+1}                   \tag{2}

    A gradient somewhere other than at the parameters is awkward. So call the place where it is taken the parameters,
    :math:`\theta_t = \phi_t - \eta \mu v_t`. Then (1) is (3), and (2) in terms of :math:`\theta`, with
    :math:`\mu v_t - v_{t+1} = -g_t` from (3), is (4):

    .. math::
        v_{t+1} &= \mu v_t + g_t, \qquad g_t = g(\theta_t)                                              \tag{3} \\
        \theta_{t+1} &= \phi_{t+1} - \eta \mu v_{t+1} = \theta_t - \eta\, (g_t + \mu v_{t+1})           \tag{4}

    (for a constant rate; with a schedule (3) and (4) are the definition, as in PyTorch).

    Args:
        learning_rate: :math:`\eta`, a number or a schedule.
        momentum: :math:`\mu`, in [0, 1).

    Raises:
        TypeError, ValueError: if a hyperparameter is not a number or out of range.

    >>> import numpy as np
    >>> theta, optimizer = np.array([1.0]), Nesterov(learning_rate=0.5, momentum=0.5)
    >>> state = optimizer.start(theta)
    >>> for _ in range(2):
    ...     optimizer.update(theta, np.array([1.0]), state)
    >>> theta  # 1 - 0.5 * (1 + 0.5 * 1) - 0.5 * (1 + 0.5 * 1.5)
    array([-0.625])

    Source: Nesterov (1983); in this form Sutskever et al. (2013), "On the importance of initialization and momentum
    in deep learning".
    """

    memory: ClassVar[tuple[str, ...]] = ("velocity",)

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("Nesterov", "momentum", self.momentum, below=1.0)

    def update(self, theta: Float[Array, "..."], gradient: Float[Array, "..."], state: State) -> None:
        """Take one step; see :meth:`Optimizer.update`."""
        rate = self._begin(theta, gradient, state)
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += gradient  # (3)
        step = array_module(theta).multiply(velocity, self.momentum, out=state["scratch"])
        step += gradient
        step *= rate
        theta -= step  # (4)
