"""RICA: independent component analysis in which reconstruction takes the place of orthonormality.

Shapes: N examples, D features, K components.
"""

from typing import Any, NamedTuple

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context, Shape
from miniae.init import initializer
from miniae.layers.base import Parameter
from miniae.layers.images import whole
from miniae.losses import check_values
from miniae.models.base import Model, check_batch
from miniae.network import Parameters


class Tape(NamedTuple):
    """What the forward pass leaves: the caches of both products, and the two terms' gradients by z and by y."""

    there: Any
    back: Any
    dz: Array
    dy: Array


class RICA(Model):
    r"""Sparse components from which the input can be put together again with the same weights.

    .. math::
        z &= x\, w, \qquad y = z\, w^T                                                                 \tag{1} \\
        q_{nk} &= \sqrt{z_{nk}^2 + \varepsilon}                                                        \tag{2} \\
        J &= \frac{1}{2m} \sum_n \|y_n - x_n\|^2 + \frac{\lambda}{m} \sum_{nk} q_{nk}                  \tag{3}

    (2) is the absolute value with its corner rounded off, so that it has a slope at 0. w stands in y twice, once in z
    and once on its own, and so its gradient has two parts. With :math:`dy = (y - x)/m`:

    .. math::
        dz &= dy\, w + \frac{\lambda}{m} \frac{z}{q}                                                   \tag{4} \\
        dw &= x^T dz + dy^T z                                                                          \tag{5}

    UFLDL keeps examples in columns, a component in a row of W, and writes :math:`W^T W x`: its W is w transposed. The
    data should be whitened. K may be more than D, but the sum in (3) is smaller where the components that are not
    needed for the reconstruction have the length 0. (UFLDL's code avoids that by bringing every row of W to length 1
    first; that is left out here.)

    Args:
        in_features: D.
        components: K.
        sparsity: :math:`\lambda`.
        eps: :math:`\varepsilon`, above 0.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if a number is out of range.

    >>> import numpy as np
    >>> model = RICA(16, 20, sparsity=0.1)
    >>> x = np.random.default_rng(0).normal(size=(50, 16))
    >>> cost, gradient = model.cost_and_grad(model.theta, x)
    >>> gradient.shape, model.encode(x).shape, model.reconstruct(x).shape
    ((320,), (50, 20), (50, 16))

    Source: Le, Karpenko, Ngiam and Ng (2011), "ICA with reconstruction cost for efficient overcomplete feature
    learning"; UFLDL tutorial, "RICA".
    """

    def __init__(
        self,
        in_features: int,
        components: int,
        *,
        sparsity: float = 0.1,
        eps: float = 1e-2,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        whole("RICA", in_features=in_features, components=components)
        if not 0 <= sparsity < float("inf"):
            raise ValueError(f"RICA: sparsity must be a finite number of at least 0, got {sparsity}")
        if not 0 < eps < float("inf"):
            raise ValueError(f"RICA: eps must be a finite number above 0, got {eps}")
        w = Parameter((in_features, components), initializer("lecun_normal"))
        super().__init__(Parameters({"w": w}), seed=seed, dtype=dtype, backend=backend)
        self.sparsity, self.eps = float(sparsity), float(eps)

    def check_shapes(self, shape: Shape, target: Array) -> None:
        """Refuse a batch that is not (N, D), and a target of another shape."""
        if len(shape) != 2 or shape[1] != self.layout["w"].shape[0]:
            raise ValueError(f"RICA: x must have shape (N, {self.layout['w'].shape[0]}), got {shape}")
        check_values(target, shape)

    def default_target(self, x: Array) -> Array:
        """The input itself."""
        return x

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Tape]:
        """J of (3), and the tape."""
        w, dense = self.layout.views(theta)["w"], self.backend.pairs["dense"].forward
        z, there = dense(x, w)  # (1)
        q = self.backend.xp.sqrt(z * z + self.eps)  # (2)
        y, back = dense(z, w.T)
        loss, dy = self.backend.costs["squared_error"](y, target, reduce=ctx.reduce)
        total, m = ctx.reduce(q.sum(), len(x))
        strength = self.sparsity / m
        return loss + strength * total, Tape(there, back, strength * z / q, dy)  # (3)

    def backward(self, tape: Tape, ctx: Context, gradient: Array) -> None:
        """dw of (5)."""
        dense = self.backend.pairs["dense"].backward
        if "w" not in self.frozen:
            dz, dw_back, _ = dense(tape.dy, tape.back)
            _, dw_there, _ = dense(dz + tape.dz, tape.there, needs=("w",))  # (4)
            self.layout.views(gradient)["w"][...] += dw_there + dw_back.T  # (5)

    def encode(self, x: Array) -> Array:
        """The components (N, K) of a batch, with the current theta."""
        check_batch("x", x, self.theta)
        self.check_shapes(x.shape, x)
        return x @ self.layout.views(self.theta)["w"]

    def reconstruct(self, x: Array) -> Array:
        """What the components of a batch give back, (N, D), with the current theta."""
        return self.encode(x) @ self.layout.views(self.theta)["w"].T
