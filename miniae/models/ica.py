"""ICA: sparse components of whitened data along orthonormal directions.

Shapes: N examples, D features, K components.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context, Shape
from miniae.data.checks import check_finite_floats
from miniae.init import initializer
from miniae.layers.base import Parameter
from miniae.layers.images import whole
from miniae.models.base import Model, check_batch
from miniae.network import Parameters

SUFFICIENT = 0.02  # of the decrease that the slope promises: what a step must bring at least
SHORTER, LONGER = 0.5, 1.5  # what a step that brings less is multiplied by, and the next after one that does not
SHORTEST = 1e-12


class Tape(NamedTuple):
    """What the forward pass leaves: the input, and the gradient by the components."""

    x: Array
    dz: Array


class ICA(Model):
    r"""Components as sparse as orthonormal directions can make them.

    .. math::
        z &= x\, w, \qquad w^T w = I                                                                   \tag{1} \\
        J &= \frac1m \sum_{nk} q_{nk}, \qquad q_{nk} = \sqrt{z_{nk}^2 + \varepsilon}                   \tag{2} \\
        dz &= \frac1m \frac{z}{q}, \qquad dw = x^T dz                                                  \tag{3}

    Without the constraint w = 0 were best. It asks for whitened data, of which every rotation is as white as any
    other, and for K of at most D.

    The constraint is no part of the cost: the gradient (3) is that of (2) for any w, and :meth:`train` keeps w
    orthonormal. It walks along the part of the gradient that does not leave the constraint, and returns to it by the
    nearest orthonormal matrix:

    .. math::
        \xi &= dw - \tfrac12 w\, (w^T dw + dw^T w)                                                     \tag{4} \\
        w &\leftarrow v\, (v^T v)^{-1/2}, \qquad v = w - \alpha\, \xi                                  \tag{5}

    :math:`\alpha` is halved until J falls by at least :math:`0.02\, \alpha \|\xi\|^2`. UFLDL's exercise walks along the
    whole gradient and measures the fall against that, though it does not vanish at the minimum. It keeps a component in
    a row of W, so that its W is w transposed and (5) is :math:`(W W^T)^{-1/2} W`.

    Args:
        in_features: D.
        components: K, at most D.
        eps: :math:`\varepsilon`, above 0.
        seed: of the initial w, which is orthonormal.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if a number is out of range.

    >>> x = np.random.default_rng(0).laplace(size=(500, 4))
    >>> model = ICA(4, 4)
    >>> costs = model.train(x, iterations=30)
    >>> w = model.layout.views(model.theta)["w"]
    >>> costs[-1] < costs[0], bool(np.allclose(w.T @ w, np.eye(4)))
    (True, True)

    Source: UFLDL tutorial, "Independent Component Analysis"; Absil, Mahony and Sepulchre (2008), "Optimization
    algorithms on matrix manifolds", for (4).
    """

    def __init__(
        self,
        in_features: int,
        components: int,
        *,
        eps: float = 1e-2,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        whole("ICA", in_features=in_features, components=components)
        if components > in_features:
            raise ValueError(
                f"ICA: components must be from 1 to in_features = {in_features}, got {components}; "
                "no more directions than features can be orthonormal"
            )
        if not 0 < eps < np.inf:
            raise ValueError(f"ICA: eps must be a finite number above 0, got {eps}")
        w = Parameter((in_features, components), initializer("lecun_normal"))
        super().__init__(Parameters({"w": w}), seed=seed, dtype=dtype, backend=backend)
        self.eps = float(eps)
        self._move_to(self.orthonormal(self.layout.views(self.theta)["w"]))

    @property
    def turns(self) -> Mapping[str, Model]:
        """None: without the constraint the cost is smallest at w = 0, which is where ``fit`` would take it."""
        raise TypeError("ICA: train it with model.train(x), which keeps w orthonormal; fit and lbfgs would not")

    def check_shapes(self, shape: Shape, target: Array) -> None:
        """Refuse a batch that is not (N, D)."""
        if len(shape) != 2 or shape[1] != self.layout["w"].shape[0]:
            raise ValueError(f"ICA: x must have shape (N, {self.layout['w'].shape[0]}), got {shape}")

    def default_target(self, x: Array) -> Array:
        """The input itself, which the cost does not look at."""
        return x

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Tape]:
        """J of (2), and the tape."""
        z = x @ self.layout.views(theta)["w"]  # (1)
        q = self.backend.xp.sqrt(z * z + self.eps)
        total, m = ctx.reduce(q.sum(), len(x))
        return total / m, Tape(x, z / q / m)  # (2)

    def backward(self, tape: Tape, ctx: Context, gradient: Array) -> None:
        """dw of (3)."""
        if "w" not in self.frozen:
            self.layout.views(gradient)["w"][...] += tape.x.T @ tape.dz  # (3)

    def encode(self, x: Array) -> Array:
        """The components (N, K) of a batch, with the current theta."""
        check_batch("x", x, self.theta)
        self.check_shapes(x.shape, x)
        return x @ self.layout.views(self.theta)["w"]

    def orthonormal(self, v: Array) -> Array:
        """The orthonormal matrix nearest to ``v``, by (5).

        With the singular values in :math:`v = L S R^T`, :math:`v (v^T v)^{-1/2} = L R^T`: no root of a matrix is
        taken, and less is lost to rounding.
        """
        left, _, right = self.backend.xp.linalg.svd(v, full_matrices=False)
        return left @ right

    def train(self, x: Array, iterations: int = 200) -> list[float]:
        """Walk down the cost over all of ``x`` along orthonormal matrices; ``theta`` is changed in place.

        Args:
            x: whitened examples, (N, D).
            iterations: at most so many; fewer where no step brings the cost down any more.

        Returns:
            The cost before training and after each iteration.

        Raises:
            TypeError, ValueError: if ``x`` does not fit or is not finite, or ``iterations`` is below 1.
        """
        if not isinstance(iterations, int) or iterations < 1:
            raise ValueError(f"iterations must be a whole number of at least 1, got {iterations!r}")
        check_finite_floats("x", x)
        costs, step = [self.cost(self.theta, x)], 1.0
        for _ in range(iterations):
            w = self.layout.views(self.theta)["w"].copy()
            cost, gradient = self.cost_and_grad(self.theta, x)
            dw = self.layout.views(gradient)["w"]
            across = w.T @ dw
            direction = dw - w @ (across + across.T) / 2  # (4)
            slope = float((direction * direction).sum())
            while True:
                self._move_to(self.orthonormal(w - step * direction))  # (5)
                moved = self.cost(self.theta, x)
                if moved <= cost - SUFFICIENT * step * slope:
                    break
                step *= SHORTER
                if step < SHORTEST:
                    self._move_to(w)
                    return costs
            costs.append(moved)
            step *= LONGER
        return costs

    def _move_to(self, w: Array) -> None:
        self.layout.views(self.theta)["w"][...] = w
