"""RMSProp: every parameter gets a rate of its own, by the size of its recent gradients."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float

from miniae.arrays import Array, array_module
from miniae.optimizers.base import Optimizer, State
from miniae.schedules import check_number


@dataclass(frozen=True)
class RMSProp(Optimizer):
    r"""Steps along the gradient divided by its recent root mean square, element by element.

    .. math::
        s_{t+1} &= \alpha s_t + (1 - \alpha)\, g_t^2                            \tag{1} \\
        \theta_{t+1} &= \theta_t - \eta\, \frac{g_t}{\sqrt{s_{t+1}} + \epsilon} \tag{2}

    starting from :math:`s_0 = 0`. Gradients a thousand times larger or smaller give the same steps. :math:`\epsilon`
    stands outside the root and keeps a parameter whose gradient is 0 where it is.

    Args:
        learning_rate: :math:`\eta`, a number or a schedule.
        alpha: :math:`\alpha`, in [0, 1): 0.99 remembers about the last 100 gradients.
        eps: :math:`\epsilon`, above 0.

    Raises:
        TypeError, ValueError: if a hyperparameter is not a number or out of range.

    >>> import numpy as np
    >>> theta, optimizer = np.array([1.0, 1.0]), RMSProp(learning_rate=0.1, alpha=0.75)
    >>> state = optimizer.start(theta)
    >>> optimizer.update(theta, np.array([1000.0, -0.001]), state)  # steps of 0.1 / sqrt(1 - 0.75)
    >>> theta.round(3)
    array([0.8, 1.2])

    Source: Tieleman and Hinton (2012), "Neural networks for machine learning", lecture 6.5.
    """

    memory: ClassVar[tuple[str, ...]] = ("mean_square",)

    alpha: float = 0.99
    eps: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("RMSProp", "alpha", self.alpha, below=1.0)
        check_number("RMSProp", "eps", self.eps, positive=True)

    def update(self, theta: Float[Array, "..."], gradient: Float[Array, "..."], state: State) -> None:
        """Take one step; see :meth:`Optimizer.update`."""
        rate = self._begin(theta, gradient, state)
        xp, mean_square, scratch = array_module(theta), state["mean_square"], state["scratch"]
        square = xp.square(gradient, out=scratch)
        square *= 1 - self.alpha
        mean_square *= self.alpha
        mean_square += square  # (1)
        step = xp.sqrt(mean_square, out=scratch)
        step += self.eps
        xp.divide(gradient, step, out=step)
        step *= rate
        theta -= step  # (2)
