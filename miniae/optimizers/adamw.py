"""AdamW: Adam with a weight decay that the division by the gradients' size does not touch."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Bool, Float

from miniae.arrays import Array, array_module
from miniae.optimizers.adam import Adam
from miniae.optimizers.base import State
from miniae.schedules import check_number


@dataclass(frozen=True)
class AdamW(Adam):
    r"""Adam, and apart from it a pull of every weight towards 0.

    .. math::
        \theta_t = \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)
                   - \eta \lambda\, d \odot \theta_{t-1}        \tag{5}

    with (1) to (3) from :class:`~miniae.optimizers.adam.Adam`, and d = 1 where decay applies (weights), 0 elsewhere
    (biases, frozen parameters). A penalty :math:`\tfrac{\lambda}{2} \|\theta\|^2` in the cost would do the same to
    plain gradient descent. Not so with Adam: the penalty's gradient would pass through :math:`\hat m / \sqrt{\hat v}`,
    and weights with large gradients would hardly decay at all.

    Args:
        learning_rate, beta1, beta2, eps: as for :class:`~miniae.optimizers.adam.Adam`.
        weight_decay: :math:`\lambda`, 0 or more.

    Raises:
        TypeError, ValueError: if a hyperparameter is not a number or out of range.

    >>> import numpy as np
    >>> theta, optimizer = np.array([1.0, 1.0]), AdamW(learning_rate=0.1, weight_decay=0.5)
    >>> state = optimizer.start(theta, decays=np.array([True, False]))
    >>> optimizer.update(theta, np.array([0.0, 0.0]), state)
    >>> theta
    array([0.95, 1. ])

    Source: Loshchilov and Hutter (2019), "Decoupled weight decay regularization", algorithm 2 (with the schedule
    inside the rate, as PyTorch has it).
    """

    scratch: ClassVar[tuple[str, ...]] = ("scratch", "decay")

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("AdamW", "weight_decay", self.weight_decay)

    def start(self, theta: Float[Array, "..."], decays: Bool[Array, "..."] | None = None) -> State:
        """The state before the first update, with the mask under ``"decays"``; see :meth:`Optimizer.start`."""
        state, xp = super().start(theta, decays), array_module(theta)
        state["decays"] = xp.ones(theta.shape, bool) if decays is None else xp.array(decays)
        return state

    def update(self, theta: Float[Array, "..."], gradient: Float[Array, "..."], state: State) -> None:
        """Take one step; see :meth:`Optimizer.update`."""
        rate = self._begin(theta, gradient, state)
        step = self._step(gradient, state, rate)
        decay = array_module(theta).multiply(theta, state["decays"], out=state["decay"])
        decay *= rate * self.weight_decay
        step += decay
        theta -= step  # (5)
