"""NetworkModel: a chain of layers and a loss."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context, Shape
from miniae.layers import Dense
from miniae.layers.base import Layer
from miniae.losses import LOSSES
from miniae.models.base import Model
from miniae.network import Record, Sequential, added


class Tape(NamedTuple):
    """What the forward pass leaves: the gradient of the loss by the output, and what each layer kept."""

    dy: Array
    records: list[Record]


class NetworkModel(Model):
    r"""A network and a loss between its output and the target.

    .. math::
        J(\theta) = L(y, t) + \sum_{layers} C + \frac{\lambda}{2} \sum_{w} \|w\|^2              \tag{1}

    L is the loss between the network's output y and the target t, C what sparsity layers add, and the last sum runs
    over the weights, never the biases.

    Args:
        layers: of the network, in order.
        loss: a name of :data:`miniae.losses.LOSSES`.
        weight_decay, seed, dtype, backend: see :class:`~miniae.models.base.Model`.

    Attributes:
        network: the layers as a :class:`~miniae.network.Sequential`.

    Raises:
        ValueError: if a name is unknown, a number out of range, or a layer does not take what the dense ones before it
            give.
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
        self.network = Sequential(layers, backend)
        shape: Shape = ()
        for number, layer in enumerate(self.network.layers, 1):
            if not shape and isinstance(layer, Dense):  # from the first dense layer on, an example's shape is known
                shape = (1, layer.in_features)
            try:
                shape = layer.output_shape(shape) if shape else ()
            except ValueError as error:
                raise ValueError(f"layer {number} does not fit those before it: {error}") from None
        self.loss = loss
        super().__init__(
            self.network.parameters,
            self.network.buffers,
            weight_decay=weight_decay,
            seed=seed,
            dtype=dtype,
            backend=self.network.backend,
        )

    def check_shapes(self, shape: Shape, target: Array) -> None:
        """Refuse a batch that some layer, or a target that the loss does not take."""
        for layer in self.network.layers:
            shape = layer.output_shape(shape)
        LOSSES[self.loss].check_target(target, shape)

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Any]:
        """L + C of (1), and a :class:`Tape`."""
        y, records, cost = self.network.forward(theta, x, ctx)
        loss, dy = self.backend.costs[self.loss](y, target, reduce=ctx.reduce, out=ctx.out("dy", y.shape, y.dtype))
        return added(cost, loss), Tape(dy, records)

    def backward(self, tape: Any, ctx: Context, gradient: Array) -> None:
        """Back through the layers, from the last to the first; ``tape`` is a :class:`Tape`."""
        self.network.backward(tape.dy, tape.records, gradient, ctx, frozen=self.frozen, fresh=True)

    def stations(self, theta: Array, x: Array, ctx: Context) -> Iterator[tuple[str, Array, Any]]:
        """The layers."""
        for step, y, _, cost in self.network.run(theta, x, ctx):
            yield f"layer {step.place + 1} ({step.layer})", y, cost
