"""Softmax regression: class probabilities from one dense layer."""

from typing import Any

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.layers import Dense
from miniae.models.base import check_batch
from miniae.models.network_model import NetworkModel


class SoftmaxRegression(NetworkModel):
    r"""Logistic regression for K classes.

    .. math::
        J = -\frac1m \sum_n \log p_{n, t_n} + \frac{\lambda}{2} \|W\|^2, \qquad p_n = softmax(x_n W + b)        \tag{1}

    Args:
        in_features: inputs of an example.
        classes: K; labels are 0 to K - 1.
        weight_decay: lambda.
        bias: whether there is a ``b``; UFLDL has none.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    >>> import numpy as np
    >>> model = SoftmaxRegression(2, 3)
    >>> x, labels = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([2, 0])
    >>> model.cost(np.zeros_like(model.theta), x, labels)  # nothing known yet: log 3
    1.0986122886681098

    Source: UFLDL tutorial, "Softmax Regression".
    """

    def __init__(
        self,
        in_features: int,
        classes: int,
        *,
        weight_decay: float = 1e-4,
        bias: bool = True,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if classes < 2:
            raise ValueError(f"SoftmaxRegression: classes must be at least 2, got {classes}")
        super().__init__(
            [Dense(in_features, classes, bias=bias)],
            loss="softmax_cross_entropy",
            weight_decay=weight_decay,
            seed=seed,
            dtype=dtype,
            backend=backend,
        )

    def probabilities(self, x: Array) -> Array:
        """The class probabilities of a batch, (N, K), with the current theta."""
        return self.backend.pairs["softmax"].forward(self._logits(x))[0]

    def predict(self, x: Array) -> Array:
        """The most probable class of each example, (N,), with the current theta."""
        return self._logits(x).argmax(axis=1)

    def accuracy(self, x: Array, labels: Array) -> float:
        """The fraction of examples whose most probable class is their label; errors are those of :meth:`cost`."""
        x, labels = self.checked(self.theta, x, labels)
        return float((self.predict(x) == labels).mean())

    def _logits(self, x: Array) -> Array:
        check_batch("x", x, self.theta)
        return self.network(self.theta, x, self.buffers)
