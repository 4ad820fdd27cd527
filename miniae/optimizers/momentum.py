"""Momentum: a heavy ball rolling downhill."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float

from miniae.arrays import Array, array_module
from miniae.optimizers.base import Optimizer, State
from miniae.schedules import check_number


@dataclass(frozen=True)
class Momentum(Optimizer):
    r"""Steps along a velocity that gathers past gradients.

    .. math::
        v_{t+1} &= \mu v_t + g_t                                \tag{1} \\
        \theta_{t+1} &= \theta_t - \eta\, v_{t+1}               \tag{2}

    starting from :math:`v_0 = 0`. Where gradients agree, the velocity grows up to :math:`1 / (1 - \mu)` times one
    gradient; where they alternate, they cancel. UFLDL and Polyak put the rate inside, :math:`v \leftarrow \mu v + \eta
    g`: the same steps while the rate is constant. With the rate outside, as here and in PyTorch, a change of rate acts
    at once on the whole velocity.

    Args:
        learning_rate: :math:`\eta`, a number or a schedule.
        momentum: :math:`\mu`, in [0, 1).

    Raises:
        TypeError, ValueError: if a hyperparameter is not a number or out of range.

    >>> import numpy as np
    >>> theta, optimizer = np.array([1.0]), Momentum(learning_rate=0.5, momentum=0.5)
    >>> state = optimizer.start(theta)
    >>> for _ in range(2):
    ...     optimizer.update(theta, np.array([1.0]), state)
    >>> theta  # 1 - 0.5 * 1 - 0.5 * 1.5
    array([-0.25])

    Source: Polyak (1964), "Some methods of speeding up the convergence of iteration methods".
    """

    memory: ClassVar[tuple[str, ...]] = ("velocity",)

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("Momentum", "momentum", self.momentum, below=1.0)

    def update(self, theta: Float[Array, "..."], gradient: Float[Array, "..."], state: State) -> None:
        """Take one step; see :meth:`Optimizer.update`."""
        rate = self._begin(theta, gradient, state)
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += gradient  # (1)
        step = array_module(theta).multiply(velocity, rate, out=state["scratch"])
        theta -= step  # (2)
