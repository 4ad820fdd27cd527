"""What every layer is: typed fields, the parameters it asks for, and calls into the backend's tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from miniae.arrays import Array
from miniae.context import Context, Shape
from miniae.init import Initializer, zeros


class Parameter(NamedTuple):
    """An array that a layer asks for.

    Attributes:
        shape: of the array.
        init: how it starts.
        decays: whether weight decay applies to it.
        shared: the name of an earlier layer's parameter that this one is; "" for one of its own.
    """

    shape: Shape
    init: Initializer = zeros
    decays: bool = False
    shared: str = ""


class Sight(NamedTuple):
    """How the outputs of a layer stand over its inputs, along height and width.

    Attributes:
        window: how many inputs one output sees.
        step: inputs from one output to the next; 1/2 where there are two outputs for each input.
    """

    window: tuple[float, float] = (1, 1)
    step: tuple[float, float] = (1, 1)


@dataclass(frozen=True)
class Layer:
    """A layer that runs one op: ``y = op(x, *parameters, **options)``.

    A layer has no arrays. It describes the parameters it wants; whoever calls it passes them in, as views of the
    flat vector theta. The names of :meth:`parameters` are those of the op's arguments, in the op's order. Layers with
    a cost or with buffers override :meth:`forward` and :meth:`backward`.
    """

    op = ""  # its name in the backend's tables

    def parameters(self) -> dict[str, Parameter]:
        """What is learned, by the name of the op's argument."""
        return {}

    def buffers(self) -> dict[str, Parameter]:
        """What is kept beside the parameters but not differentiated."""
        return {}

    def options(self) -> dict[str, Any]:
        """What the op takes by keyword."""
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that comes out where ``shape`` goes in, batch included."""
        return shape

    def multiply_adds(self, shape: Shape) -> int:
        """Products of weights and inputs added up where ``shape`` goes in; elementwise work does not count."""
        return 0

    def sight(self) -> Sight | None:
        """How far it sees; None where every output sees all of the input."""
        return Sight()

    def turned(self, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Parameters or their gradients as the op takes them: turned where a shared one is stored transposed."""
        return arrays

    def forward(self, params: Mapping[str, Array], x: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """Run the layer on a batch.

        Args:
            params: the arrays that :meth:`parameters` describes.
            x: the input.
            ctx: see :class:`~miniae.context.Context`.

        Returns:
            The output, what the backward needs, and the layer's own contribution to the cost (0 for most).
        """
        out = ctx.out("y", self.output_shape(x.shape), x.dtype)
        arguments = self.turned(params).values()
        y, cache = ctx.backend.pairs[self.op].forward(x, *arguments, **self.options(), out=out)
        return y, cache, 0.0

    def backward(self, dy: Array, cache: Any, grads: Mapping[str, Array], ctx: Context) -> Array | None:
        """Add the parameters' gradients to ``grads`` and return the input's.

        Args:
            dy: gradient with respect to the output.
            cache: from :meth:`forward`.
            grads: where to add; a frozen parameter is missing and its gradient is not computed.
            ctx: as for :meth:`forward`, with ``x_shape`` and ``needs_x``.

        Returns:
            ``dx``, or None where ``ctx.needs_x`` is false.
        """
        backward = ctx.backend.pairs[self.op].backward
        dx_out = ctx.out("dx", ctx.x_shape, dy.dtype) if ctx.needs_x else None
        if not self.parameters():
            return backward(dy, cache, out=dx_out) if ctx.needs_x else None
        grads, names = self.turned(grads), ("x", *self.parameters())
        needs = {*grads, "x"} if ctx.needs_x else {*grads}
        room = {n: grad if ctx.fresh else ctx.out("d" + n, grad.shape, grad.dtype) for n, grad in grads.items()}
        gradients = dict(zip(names, backward(dy, cache, needs=needs, out={"x": dx_out, **room}), strict=False))
        for name, grad in grads.items():
            if gradients[name] is not grad:
                grad += gradients[name]
        return gradients["x"]
