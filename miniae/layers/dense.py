"""The fully connected layer."""

from collections.abc import Mapping
from dataclasses import dataclass

from miniae.arrays import Array
from miniae.context import Shape
from miniae.init import initializer
from miniae.layers.base import Layer, Parameter


@dataclass(frozen=True)
class Dense(Layer):
    """``y = x w + b``; the maths is in :mod:`miniae.ops.dense`.

    Args:
        in_features: D, features of an example going in.
        out_features: O, features coming out.
        bias: whether there is a ``b``.
        init: how ``w`` starts, a name of :data:`miniae.init.INITIALIZERS`; ``b`` starts at zero.
        tied: the name of an earlier layer's weights to use, transposed, in place of ones of its own, such as ``"w1"``:
            a decoder whose weights are the encoder's, ``y = x w1^T + b``. They collect both gradients.

    >>> Dense(64, 25).parameters()["w"].shape
    (64, 25)
    """

    in_features: int
    out_features: int
    bias: bool = True
    init: str = "glorot_uniform"
    tied: str = ""
    op = "dense"

    def __post_init__(self) -> None:
        for name in "in_features", "out_features":
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"Dense: {name} must be a whole number of at least 1, got {value!r}")
        initializer(self.init)

    def parameters(self) -> dict[str, Parameter]:
        """``w`` (D, O), or (O, D) where tied, to which weight decay applies, and ``b`` (O,), to which it does not."""
        shape = (self.in_features, self.out_features)
        w = Parameter(shape[::-1] if self.tied else shape, initializer(self.init), decays=True, shared=self.tied)
        return {"w": w, "b": Parameter((self.out_features,))} if self.bias else {"w": w}

    def turned(self, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
        """Tied weights are used, and their gradient added, transposed."""
        return {**arrays, "w": arrays["w"].T} if self.tied and "w" in arrays else arrays

    def output_shape(self, shape: Shape) -> Shape:
        """(N, D) becomes (N, O).

        Raises:
            ValueError: if ``shape`` is not (N, D).
        """
        if len(shape) != 2 or shape[1] != self.in_features:
            hint = "; make a row of each example: x.reshape(len(x), -1)" if len(shape) > 2 else ""
            raise ValueError(f"{self}: the input must have shape (N, {self.in_features}), got {shape}{hint}")
        return (*shape[:-1], self.out_features)

    def multiply_adds(self, shape: Shape) -> int:
        """N D O."""
        return shape[0] * self.in_features * self.out_features

    def sight(self) -> None:
        """All of it."""
