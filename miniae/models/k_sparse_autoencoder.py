"""The k-sparse autoencoder: linear units, of which only the k most active speak for an example."""

from typing import Any

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.layers import Dense, TopK
from miniae.layers.images import whole
from miniae.models.autoencoder import Autoencoder
from miniae.models.base import check_batch


class KSparseAutoencoder(Autoencoder):
    r"""One hidden layer of linear units, the k largest of which are kept; the decoder's weights are the encoder's.

    .. math::
        z &= x W + b, \qquad a = \operatorname{top}_k(z), \qquad \hat x = a W^T + b'                    \tag{1} \\
        J &= \frac{1}{2m} \sum_n \|\hat x_n - x_n\|^2                                                   \tag{2}

    The choice of units is the only nonlinearity, and the only thing that makes the code sparse: no penalty, and no
    target for it to be tuned. For one example, with the choice made, the network is linear.

    Args:
        in_features: inputs of an example.
        hidden: number of hidden units.
        k: how many of them are kept, 1 to ``hidden``.
        weight_decay: lambda.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if ``k`` is not a whole number from 1 to ``hidden``.

    >>> import numpy as np
    >>> model = KSparseAutoencoder(64, 100, k=10)
    >>> model.layout
    Layout(w1 (64, 100), b1 (100,), b2 (64,))
    >>> x = np.random.default_rng(0).uniform(size=(5, 64))
    >>> np.count_nonzero(model.encode(x), axis=1), np.count_nonzero(model.encode(x, alpha=3.0), axis=1)
    (array([10, 10, 10, 10, 10]), array([30, 30, 30, 30, 30]))

    Source: Makhzani and Frey (2013), "k-sparse autoencoders".
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        k: int,
        *,
        weight_decay: float = 0.0,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        whole("KSparseAutoencoder", in_features=in_features, hidden=hidden)
        if not isinstance(k, int) or not 1 <= k <= hidden:
            raise ValueError(f"KSparseAutoencoder: k must be a whole number from 1 to the {hidden} units, got {k!r}")
        super().__init__(
            encoder=[Dense(in_features, hidden), TopK(k)],
            decoder=[Dense(hidden, in_features, tied="w1")],
            loss="squared_error",
            weight_decay=weight_decay,
            seed=seed,
            dtype=dtype,
            backend=backend,
        )
        self.k = k

    def encode(self, x: Array, alpha: float = 1.0) -> Array:
        """The codes of a batch, with the current theta and the alpha k largest units kept, at most all of them.

        Training wants few units, so that each learns something of its own. A classifier reads the code better where
        some more are kept; the paper takes alpha between 1 and 3.
        """
        if not 1 <= alpha < float("inf"):
            raise ValueError(f"alpha must be a finite number of at least 1, got {alpha}")
        check_batch("x", x, self.theta)
        z = self.network.part(0, 1)(self.theta, x)
        return self.backend.pairs["top_k"].forward(z, min(round(alpha * self.k), z.shape[1]))[0]
