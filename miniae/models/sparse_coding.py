"""Sparse coding: every example a sum of a few bases, found by minimising, not by an encoder.

Shapes: N examples, D inputs of an example, K features, G groups of features.
"""

import math

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.data.checks import check_finite_floats
from miniae.layers.images import whole
from miniae.optional import require


class SparseCoding:
    r"""Bases A such that examples are sums of few of them, and for each example its features s.

    .. math::
        J(s, A) &= \frac1m \|s A - x\|^2 + \frac{\lambda}{m} \sum_{ng} q_{ng} + \gamma \|A\|^2         \tag{1} \\
        q_{ng} &= \sqrt{\sum_k V_{gk} s_{nk}^2 + \varepsilon}                                          \tag{2}

    V says which features belong to which group. With V = I, q is :math:`|s|` with its corner rounded off. With the
    groups of :func:`topographic_groups`, features that are neighbours on a map share groups; the root makes it cheap
    to be active where a neighbour already is, and like comes to lie beside like.

    .. math::
        \frac{\partial J}{\partial s} &= \frac2m (s A - x) A^T + \frac{\lambda}{m}\, s \circ \Big(\frac1q V\Big)
                                                                                                       \tag{3} \\
        \frac{\partial J}{\partial A} &= \frac2m s^T (s A - x) + 2 \gamma A                            \tag{4}

    J is convex in s alone and in A alone, not in both, and so :meth:`train` takes turns: the features by L-BFGS, then
    the bases at a stroke, for (4) is 0 where

    .. math::
        (s^T s + \gamma m I)\, A = s^T x                                                               \tag{5}

    Unlike an autoencoder this is no function of x with parameters: the features of an example are themselves found by
    minimising. UFLDL keeps examples in columns and writes :math:`A s`, A transposed, and in the exercise does not
    divide the sum over q by m: its lambda is here lambda / m.

    Args:
        in_features: D.
        features: K, as many as one likes.
        sparsity: :math:`\lambda`.
        eps: :math:`\varepsilon`, above 0.
        decay: :math:`\gamma`, above 0, or the bases would grow and the features shrink for ever.
        groups: V, (G, K), not negative, every feature in one group at least; I when None.
        seed: of the initial bases.

    Attributes:
        bases: A, (K, D), float64; the rows are of length 1 before training.

    Raises:
        TypeError, ValueError: if an argument is out of range.

    >>> x = np.random.default_rng(0).laplace(size=(100, 8))
    >>> model = SparseCoding(8, 12)
    >>> costs = model.train(x, rounds=5, batch_size=50)
    >>> costs[-1] < costs[0], model.encode(x).shape
    (True, (100, 12))

    Source: Olshausen and Field (1996), "Emergence of simple-cell receptive field properties by learning a sparse code
    for natural images"; UFLDL tutorial, "Sparse Coding" and "Sparse Coding: Autoencoder Interpretation".
    """

    def __init__(
        self,
        in_features: int,
        features: int,
        *,
        sparsity: float = 1.0,
        eps: float = 1e-3,
        decay: float = 0.01,
        groups: Float[Array, "G K"] | None = None,
        seed: int = 0,
    ) -> None:
        whole("SparseCoding", in_features=in_features, features=features)
        if not 0 <= sparsity < math.inf:
            raise ValueError(f"SparseCoding: sparsity must be a finite number of at least 0, got {sparsity}")
        for name, value in {"eps": eps, "decay": decay}.items():
            if not 0 < value < math.inf:
                raise ValueError(f"SparseCoding: {name} must be a finite number above 0, got {value}")
        self.groups = _checked_groups(groups, features)
        self.sparsity, self.eps, self.decay = sparsity, eps, decay
        bases = np.random.default_rng(seed).normal(size=(features, in_features))
        self.bases = bases / np.linalg.norm(bases, axis=1, keepdims=True)

    def cost_and_gradients(
        self, x: Float[Array, "N D"], s: Float[Array, "N K"], bases: Float[Array, "K D"]
    ) -> tuple[float, Float[Array, "N K"], Float[Array, "K D"]]:
        """J of (1) and its gradients (3) by the features and (4) by the bases."""
        m, error = len(x), s @ bases - x
        q = np.sqrt((s * s) @ self.groups.T + self.eps)  # (2)
        cost = (error * error).sum() / m + self.sparsity / m * q.sum() + self.decay * (bases * bases).sum()  # (1)
        ds = 2 / m * error @ bases.T + self.sparsity / m * s * ((1 / q) @ self.groups)  # (3)
        da = 2 / m * s.T @ error + 2 * self.decay * bases  # (4)
        return float(cost), ds, da

    def encode(self, x: Float[Array, "N D"], iterations: int = 100) -> Float[Array, "N K"]:
        """The features of examples: where (1) is smallest with the bases as they are, by so many L-BFGS iterations.

        They start, as UFLDL's do, from the inputs' products with the bases, each over its basis's squared length.

        Raises:
            TypeError, ValueError: if ``x`` is not (N, D), float64 and finite, or ``iterations`` is below 1.
        """
        self._check(x)
        if not isinstance(iterations, int) or iterations < 1:
            raise ValueError(f"iterations must be a whole number of at least 1, got {iterations!r}")
        start = x @ self.bases.T / np.maximum((self.bases**2).sum(axis=1), self.eps)

        def cost_and_grad(flat: np.ndarray) -> tuple[float, np.ndarray]:
            cost, ds, _ = self.cost_and_gradients(x, flat.reshape(start.shape), self.bases)
            return len(x) * cost, len(x) * ds.ravel()  # of the sum: SciPy's first step goes by the gradient's size

        optimize = require("scipy.optimize", extra="course")
        options = {"maxiter": iterations, "ftol": 1e-12}
        found = optimize.minimize(cost_and_grad, start.ravel(), jac=True, method="L-BFGS-B", options=options)
        return found.x.reshape(start.shape)

    def best_bases(self, x: Float[Array, "N D"], s: Float[Array, "N K"]) -> Float[Array, "K D"]:
        """The bases (5), where (1) is smallest with the features as they are."""
        return np.linalg.solve(s.T @ s + self.decay * len(x) * np.eye(s.shape[1]), s.T @ x)  # (5)

    def train(
        self, x: Float[Array, "N D"], rounds: int = 100, batch_size: int = 2000, iterations: int = 20, seed: int = 0
    ) -> list[float]:
        """Take turns on batches of examples: features, then bases; ``bases`` is changed.

        Args:
            x: examples, (N, D), float64.
            rounds: how many turns of each.
            batch_size: examples of a round, drawn at random; all where there are fewer.
            iterations: of L-BFGS, for the features of a batch.
            seed: of the draws.

        Returns:
            The cost of each round's batch, after its features were looked for and before its bases were. It may rise
            while the bases get better: the features of bases of unlike lengths take more iterations, and are not found
            to the end.

        Raises:
            TypeError, ValueError: if an argument does not fit; nothing has been changed then.
        """
        self._check(x)
        for name, value in {"rounds": rounds, "batch_size": batch_size}.items():
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
        rng, costs = np.random.default_rng(seed), []
        for _ in range(rounds):
            batch = x[rng.choice(len(x), min(batch_size, len(x)), replace=False)]
            s = self.encode(batch, iterations)
            costs.append(self.cost_and_gradients(batch, s, self.bases)[0])
            self.bases = self.best_bases(batch, s)
        return costs

    def _check(self, x: Array) -> None:
        if hasattr(x, "get"):
            raise TypeError("SparseCoding runs on the CPU, through SciPy; bring the examples there: x.get()")
        check_finite_floats("x", x)
        if x.dtype != np.float64:
            raise TypeError(f"SparseCoding: x must be float64, got {x.dtype}; convert it: x.astype('float64')")
        if x.ndim != 2 or x.shape[1] != self.bases.shape[1]:
            raise ValueError(f"SparseCoding: x must have shape (N, {self.bases.shape[1]}), got {x.shape}")


def topographic_groups(side: int, size: int = 3) -> Float[Array, "K K"]:
    """Groups of features that lie on a square map whose left edge joins the right and whose top joins the bottom.

    Args:
        side: the map has side x side features, numbered row after row.
        size: a group is a square of size x size neighbours, one group beginning at each feature.

    Returns:
        V of :class:`SparseCoding`, (side^2, side^2), 1 where a feature belongs to a group and 0 elsewhere.

    Raises:
        ValueError: if ``size`` is not from 1 to ``side``.

    >>> topographic_groups(3, 2)[0].reshape(3, 3)
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 0.]])
    """
    if not 1 <= size <= side:
        raise ValueError(f"topographic_groups: size must be from 1 to side = {side}, got {size}")
    ahead = (np.arange(side) - np.arange(side)[:, None]) % side < size  # along one axis: column within reach of row
    return np.kron(ahead, ahead).astype(np.float64)


def _checked_groups(groups: Array | None, features: int) -> Array:
    if groups is None:
        return np.eye(features)
    check_finite_floats("groups", groups)
    if groups.ndim != 2 or groups.shape[1] != features:
        raise ValueError(f"SparseCoding: groups must have shape (groups, {features}), got {groups.shape}")
    if (groups < 0).any() or not groups.any(axis=0).all():
        raise ValueError("SparseCoding: groups must not be negative, and every feature must be in one at least")
    return groups.astype(np.float64)
