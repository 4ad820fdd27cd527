"""Model: a network, a loss and weight decay, as one cost function of a flat theta."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from miniae.arrays import FLOATS, Array
from miniae.backends import Backend
from miniae.context import Context
from miniae.layers.base import Layer
from miniae.losses import LOSSES
from miniae.network import Record, Sequential


class Tape(NamedTuple):
    """What a forward pass leaves to the backward pass.

    ``dy`` is the gradient of the loss with respect to the network's output, ``records`` what its layers kept, and
    ``decay`` the gradient of the weight decay, by the weight's name.
    """

    dy: Array
    records: list[Record]
    decay: dict[str, Array]


class Model:
    r"""A cost function of theta with its gradient, and a theta of its own for convenience.

    .. math::
        J(\theta) = L(y, t) + \sum_{layers} C + \frac{\lambda}{2} \sum_{w} \|w\|^2              \tag{1}

    L is the loss between the network's output y and the target t, C what sparsity layers add, and the last sum runs
    over the weights, never the biases.

    Nothing here changes ``theta`` but what trains it: ``cost(theta, x)`` and ``cost_and_grad(theta, x)`` are pure
    functions of what they are given, so an optimiser or a gradient check may call them at will.

    Args:
        layers: of the network, in order.
        loss: a name of :data:`miniae.losses.LOSSES`.
        weight_decay: lambda.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``, of theta and of the data it is used with.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Attributes:
        network: the layers as a :class:`~miniae.network.Sequential`.
        theta: the current parameters, one flat vector.
        layout: where each named parameter lies in it.
        buffers: what layers keep beside theta, without a gradient.
        frozen: names of parameters that are not trained; see :meth:`freeze`.

    Raises:
        ValueError: if a name is unknown or a number out of range.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: str,
        *,
        weight_decay: float = 0.0,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f"loss: {loss!r} is unknown; known: {', '.join(LOSSES)}")
        if not 0 <= weight_decay < np.inf:
            raise ValueError(f"weight_decay must be a finite number of at least 0, got {weight_decay}")
        if np.dtype(dtype) not in FLOATS:
            raise ValueError(f"dtype must be float32 or float64, got {dtype!r}")
        self.network = Sequential(layers, backend)
        self.backend = self.network.backend
        self.layout = self.network.layout
        self.loss = loss
        self.weight_decay = weight_decay
        self.theta = self.network.initial(seed, dtype)
        self.buffers = self.network.initial_buffers(dtype)
        self.frozen: frozenset[str] = frozenset()

    def freeze(self, *names: str) -> None:
        """From now on train everything but the parameters named; with no name, train everything again.

        Raises:
            ValueError: if a name is unknown; the message lists the known ones.
        """
        self.frozen = frozenset(self.layout[name].name for name in names)

    def cost(self, theta: Array, x: Array, target: Array | None = None) -> float:
        """The cost (1) on a batch.

        Args:
            theta: all parameters, (layout.size,).
            x: the batch, (N, features), of theta's dtype.
            target: what the output should be; the model says what stands in for None.

        Returns:
            The cost, a number.

        Raises:
            TypeError, ValueError: if an argument has a dtype, shape or range that does not fit.
        """
        x, target = self.checked(theta, x, target)
        return float(self.forward(theta, x, target, self.network.context(self.buffers))[0])

    def cost_and_grad(self, theta: Array, x: Array, target: Array | None = None) -> tuple[float, Array]:
        """The cost (1) on a batch and its gradient with respect to theta, a fresh vector.

        Arguments and errors are those of :meth:`cost`. The gradient of a frozen parameter is 0.
        """
        x, target = self.checked(theta, x, target)
        gradient = self.backend.xp.empty_like(theta)
        cost = self.backpropagate(theta, x, target, self.network.context(self.buffers), gradient)
        return float(cost), gradient

    def checked(self, theta: Array, x: Array, target: Array | None) -> tuple[Array, Array]:
        """Refuse arguments that do not fit this model; return the input and the target to use."""
        self.layout.check("theta", theta)
        check_batch("x", x, theta.dtype)
        target = self.default_target(x) if target is None else target
        if len(target) != len(x):
            raise ValueError(f"x has {len(x)} examples but target has {len(target)}")
        shape = x.shape
        for layer in self.network.layers:
            shape = layer.output_shape(shape)
        LOSSES[self.loss].check_target(target, shape)
        return x, target

    def default_target(self, x: Array) -> Array:
        """What the output should be where no target is given."""
        raise ValueError(f"{type(self).__name__}: target is missing; expected one entry for each of {len(x)} examples")

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Tape]:
        """The cost (1), a 0-d array, and what :meth:`backpropagate` needs."""
        costs = self.backend.costs
        y, records, cost = self.network.forward(theta, x, ctx)
        loss, dy = costs[self.loss](y, target, reduce=ctx.reduce, out=ctx.out("dy", y.shape, y.dtype))
        cost = cost + loss
        decay = {}
        for slot in self.layout if self.weight_decay else ():
            if slot.decays:
                w = theta[slot.slice]
                penalty, dw = costs["l2"](w, self.weight_decay, out=ctx.out(f"decay {slot.name}", w.shape, w.dtype))
                cost, decay[slot.name] = cost + penalty, dw
        return cost, Tape(dy, records, decay)

    def backpropagate(self, theta: Array, x: Array, target: Array, ctx: Context, gradient: Array) -> Any:
        """The cost (1), a 0-d array; its gradient is left in ``gradient``.

        The gradients of the loss and of the layers' costs are sums over examples, so they are added over all workers.
        Weight decay has nothing to do with examples: it comes after that, once.
        """
        cost, tape = self.forward(theta, x, target, ctx)
        gradient.fill(0)
        self.network.backward(tape.dy, tape.records, gradient, ctx, frozen=self.frozen)
        total, _ = ctx.reduce(gradient, len(x))
        if total is not gradient:
            gradient[...] = total
        for name, dw in tape.decay.items():
            if name not in self.frozen:
                gradient[self.layout[name].slice] += dw
        return cost


def check_batch(name: str, x: Any, dtype: Any) -> None:
    """Refuse a batch, called ``name`` in the message, that is not of the model's dtype or is empty.

    Raises:
        TypeError: with the dtype found and what to do about it.
        ValueError: with the shape.
    """
    found = getattr(x, "dtype", None)
    if found is None:
        raise TypeError(f"{name} must be an array of {dtype}, got {type(x).__name__}")
    if found.kind in "iu":
        raise TypeError(f"{name} must be {dtype} with values in [0, 1] or so, got {found}; divide images by 255")
    if found != dtype:
        raise TypeError(f"{name} is {found} but theta is {dtype}; convert one: {name}.astype({str(dtype)!r})")
    if x.ndim < 2 or x.size == 0:
        raise ValueError(f"{name} must have shape (examples, features), at least one of each, got {x.shape}")
