"""Gradient descent: downhill, against the gradient."""

from dataclasses import dataclass

from jaxtyping import Float

from miniae.arrays import Array, array_module
from miniae.optimizers.base import Optimizer, State


@dataclass(frozen=True)
class SGD(Optimizer):
    r"""A step against the gradient.

    .. math::
        \theta_{t+1} = \theta_t - \eta\, g_t                    \tag{1}

    "Stochastic" when the gradient comes from a batch drawn at random rather than from all examples.

    Args:
        learning_rate: :math:`\eta`, a number or a schedule.

    Raises:
        TypeError, ValueError: if it is not a number or out of range.

    >>> import numpy as np
    >>> theta, optimizer = np.array([1.0, 2.0]), SGD(learning_rate=0.5)
    >>> state = optimizer.start(theta)
    >>> optimizer.update(theta, np.array([1.0, -2.0]), state)
    >>> theta
    array([0.5, 3. ])

    Source: UFLDL tutorial, "Optimization: Stochastic Gradient Descent".
    """

    def update(self, theta: Float[Array, "..."], gradient: Float[Array, "..."], state: State) -> None:
        """Take one step; see :meth:`Optimizer.update`."""
        rate = self._begin(theta, gradient, state)
        step = array_module(theta).multiply(gradient, rate, out=state["scratch"])
        theta -= step  # (1)
