"""Noise layers: they spoil their input while training, and pass it through at all other times.

What they draw depends on the run's seed, the step and the layer's place alone (:mod:`miniae.noise`), so that the
backward pass meets the very mask of its forward, and a noisy cost can be differentiated numerically.

Each is y = x * keep + add: what is kept of an element, times a factor, and what is put in its place. The gradient is
dy * keep. A backend may have a pair that does it in one pass, under the name ``op``, and then it runs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miniae.arrays import Array
from miniae.context import Context
from miniae.layers.base import Layer


@dataclass(frozen=True)
class NoiseLayer(Layer):
    """What they have in common; each says in :meth:`draw` what it keeps and what it adds."""

    def draw(self, x: Array, ctx: Context) -> tuple[Array | None, Array | None]:
        """``keep`` and ``add`` for this step, shaped like ``x``; None for a keep of 1 or an add of 0."""
        raise NotImplementedError

    def forward(self, params: Mapping[str, Array], x: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """Spoil the input while training. The cache is ``keep``, or what the backend's pair wants."""
        if not ctx.training:
            return x, None, 0.0
        if self.op in ctx.backend.pairs:
            which: Any = {"seed": ctx.seed, "step": ctx.step, "stream": ctx.position[-1]}
            out = ctx.out("y", x.shape, x.dtype)
            return *ctx.backend.pairs[self.op].forward(x, **self.options(), **which, out=out), 0.0
        keep, add = self.draw(x, ctx)
        y = x if keep is None else ctx.backend.xp.multiply(x, keep, out=ctx.out("y", x.shape, x.dtype))
        if add is not None:
            y = ctx.backend.xp.add(y, add, out=ctx.out("y", x.shape, x.dtype))
        return y, keep, 0.0

    def backward(self, dy: Array, cache: Any, grads: Mapping[str, Array], ctx: Context) -> Array | None:
        """``dy * keep``."""
        if not ctx.needs_x or cache is None:
            return dy if ctx.needs_x else None
        out = ctx.out("dx", dy.shape, dy.dtype)
        if self.op in ctx.backend.pairs:
            return ctx.backend.pairs[self.op].backward(dy, cache, out=out)
        return ctx.backend.xp.multiply(dy, cache, out=out)

    def uniform(self, x: Array, ctx: Context) -> Array:
        """Numbers in [0, 1), one for each element."""
        return ctx.draw("uniform", x.shape, x.dtype, stream=ctx.position[-1])


@dataclass(frozen=True)
class GaussianNoise(NoiseLayer):
    """Adds independent normal noise to every element.

    With ``clip``, what leaves the range is put back to its border, as a picture's pixels are. There the output no
    longer depends on the input: nothing of it is kept, the border stands in its place, and the gradient is 0.

    Args:
        std: its standard deviation, at least 0.
        clip: the range to stay in, (low, high), such as (0.0, 1.0) for pixels; None for none.

    Source: Vincent et al. (2010), "Stacked denoising autoencoders".
    """

    std: float
    clip: tuple[float, float] | None = None
    op = "gaussian_noise"

    def __post_init__(self) -> None:
        if not 0 <= self.std < math.inf:
            raise ValueError(f"GaussianNoise: std must be finite and not negative, got {self.std}")
        if self.clip is not None and not self.clip[0] < self.clip[1]:
            raise ValueError(f"GaussianNoise: clip must be (low, high) with low < high, got {self.clip}")

    def options(self) -> dict[str, Any]:
        """Standard deviation and range."""
        return {"std": self.std, "clip": self.clip}

    def draw(self, x: Array, ctx: Context) -> tuple[Array | None, Array | None]:
        """Everything is kept but what is clipped."""
        xp = ctx.backend.xp
        drawn = ctx.draw("normal", x.shape, x.dtype, stream=ctx.position[-1]) * x.dtype.type(self.std)
        if self.clip is None:
            return None, drawn
        clipped = xp.clip(x + drawn, *self.clip)
        inside = (clipped > self.clip[0]) & (clipped < self.clip[1])
        return inside.astype(x.dtype), xp.where(inside, drawn, clipped)


@dataclass(frozen=True)
class _Dropping(NoiseLayer):
    """Noise that hits a fraction of the elements.

    Args:
        rate: the fraction, at least 0 and less than 1.
    """

    rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ValueError(f"{type(self).__name__}: rate must be at least 0 and less than 1, got {self.rate}")

    def options(self) -> dict[str, Any]:
        """The fraction."""
        return {"rate": self.rate}


@dataclass(frozen=True)
class Dropout(_Dropping):
    """Sets a fraction of the elements to zero and scales the others up, so that the mean stays: by 1 / (1 - rate).

    Source: Srivastava et al. (2014), "Dropout".
    """

    op = "dropout"

    def draw(self, x: Array, ctx: Context) -> tuple[Array | None, Array | None]:
        """1 / (1 - rate) of what is kept."""
        kept = self.uniform(x, ctx) >= self.rate
        return kept.astype(x.dtype) / x.dtype.type(1 - self.rate), None


@dataclass(frozen=True)
class MaskingNoise(_Dropping):
    """Sets a fraction of the elements to zero and leaves the others as they are.

    Source: Vincent et al. (2008), "Extracting and composing robust features with denoising autoencoders".
    """

    op = "masking_noise"

    def draw(self, x: Array, ctx: Context) -> tuple[Array | None, Array | None]:
        """All of what is kept."""
        return (self.uniform(x, ctx) >= self.rate).astype(x.dtype), None


@dataclass(frozen=True)
class SaltAndPepper(_Dropping):
    """Sets a fraction of the elements to 0 or to 1, half of it each.

    Source: Vincent et al. (2010), "Stacked denoising autoencoders".
    """

    op = "salt_and_pepper"

    def draw(self, x: Array, ctx: Context) -> tuple[Array | None, Array | None]:
        """One number for each element says whether it is hit, and by what."""
        u = self.uniform(x, ctx)
        return (u >= self.rate).astype(x.dtype), (u < self.rate / 2).astype(x.dtype)
