"""Batch normalisation as a layer: the batch's statistics while training, running ones otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miniae.arrays import Array
from miniae.context import Context, Shape
from miniae.init import ones, zeros
from miniae.layers.base import Layer, Parameter
from miniae.layers.images import whole


@dataclass(frozen=True)
class BatchNorm(Layer):
    r"""Brings every feature (column, or channel of images) to mean 0 and variance 1; see :mod:`miniae.ops.batch_norm`.

    While training it keeps running statistics in the network's buffers, by which it normalises at all other times:

    .. math::
        r \leftarrow (1 - p)\, r + p\, s                                            \tag{1}

    with s the batch's mean, or its variance with 1/(m-1) in place of 1/m, and p the ``momentum``.

    Args:
        features: C, length of the last axis.
        momentum: p, how much of the running statistics a batch replaces.
        eps: see the op.

    Source: Ioffe and Szegedy (2015), "Batch normalization".
    """

    features: int
    momentum: float = 0.1
    eps: float = 1e-5
    op = "batch_norm"

    def __post_init__(self) -> None:
        whole("BatchNorm", features=self.features)
        if not 0 < self.momentum <= 1:
            raise ValueError(f"BatchNorm: momentum must lie in (0, 1], got {self.momentum}")
        if not 0 < self.eps < 1:
            raise ValueError(f"BatchNorm: eps must lie in (0, 1), got {self.eps}")

    def parameters(self) -> dict[str, Parameter]:
        """Scale and shift."""
        return {"gamma": Parameter((self.features,), ones), "beta": Parameter((self.features,))}

    def buffers(self) -> dict[str, Parameter]:
        """The running statistics."""
        return {"mean": Parameter((self.features,), zeros), "variance": Parameter((self.features,), ones)}

    def output_shape(self, shape: Shape) -> Shape:
        """The same.

        Raises:
            ValueError: if the last axis has another length.
        """
        if len(shape) < 2 or shape[-1] != self.features:
            raise ValueError(f"{self}: the input must have shape (N, ..., {self.features}), got {shape}")
        return shape

    def forward(self, params: Mapping[str, Array], x: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """Normalise by the batch while training, by the running statistics otherwise."""
        running = None if ctx.training else (ctx.buffers["mean"], ctx.buffers["variance"])
        y, cache = ctx.backend.pairs[self.op].forward(
            x,
            *params.values(),
            statistics=running,
            eps=self.eps,
            reduce=ctx.reduce,
            out=ctx.out("y", x.shape, x.dtype),
        )
        if ctx.training:
            unbiased = cache.m / max(cache.m - 1, 1)
            for name, new in zip(("mean", "variance"), cache.statistics, strict=True):
                factor = self.momentum * (unbiased if name == "variance" else 1)
                ctx.new_buffers[name][...] = (1 - self.momentum) * ctx.buffers[name] + factor * new  # (1)
        return y, cache, 0.0

    def backward(self, dy: Array, cache: Any, grads: Mapping[str, Array], ctx: Context) -> Array | None:
        """As every layer's, with the hook for sums over the batch."""
        needs = {*grads, "x"} if ctx.needs_x else {*grads}
        out = {name: ctx.out("d" + name, grad.shape, grad.dtype) for name, grad in grads.items()}
        out["x"] = ctx.out("dx", ctx.x_shape, dy.dtype) if ctx.needs_x else None
        dx, dgamma, dbeta = ctx.backend.pairs[self.op].backward(dy, cache, needs=needs, reduce=ctx.reduce, out=out)
        for name, gradient in {"gamma": dgamma, "beta": dbeta}.items():
            if name in grads:
                grads[name] += gradient
        return dx
