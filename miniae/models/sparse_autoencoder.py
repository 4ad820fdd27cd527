"""The sparse autoencoder of UFLDL's exercises."""

from typing import Any

from miniae.backends import Backend
from miniae.layers import Dense, KLSparsity, Sigmoid
from miniae.models.autoencoder import Autoencoder


class SparseAutoencoder(Autoencoder):
    r"""One hidden layer of sigmoid units, each asked to be active with mean rho.

    .. math::
        a &= \sigma(x W_1 + b_1), \qquad h = \sigma(a W_2 + b_2)                                        \tag{1} \\
        J &= \frac{1}{2m} \sum_n \|h_n - x_n\|^2 + \frac{\lambda}{2} (\|W_1\|^2 + \|W_2\|^2)
             + \beta \sum_j KL(\rho \,\|\, \hat\rho_j), \qquad \hat\rho_j = \frac1m \sum_n a_{nj}         \tag{2}

    With ``linear_decoder`` the output is :math:`h = a W_2 + b_2`, which reaches any value: for inputs that do not lie
    in [0, 1], such as whitened patches.

    Args:
        in_features: inputs of an example; they lie in [0, 1], where a sigmoid reaches, or the decoder is linear.
        hidden: number of hidden units.
        linear_decoder: whether the decoder has no sigmoid.
        rho: the mean activation asked for.
        beta: weight of the sparsity penalty.
        weight_decay: lambda.
        seed: of the initial theta, UFLDL's uniform one.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    >>> import numpy as np
    >>> model = SparseAutoencoder(64, 25)
    >>> model.layout
    Layout(w1 (64, 25), b1 (25,), w2 (25, 64), b2 (64,))
    >>> model.encode(np.full((10, 64), 0.5)).shape
    (10, 25)

    Source: UFLDL tutorial, "Autoencoders and Sparsity", "Linear Decoders", and their exercises.
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        *,
        linear_decoder: bool = False,
        rho: float = 0.01,
        beta: float = 3.0,
        weight_decay: float = 1e-4,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        decoder = Dense(hidden, in_features, init="ufldl")
        super().__init__(
            encoder=[Dense(in_features, hidden, init="ufldl"), Sigmoid(), KLSparsity(rho, beta)],
            decoder=[decoder] if linear_decoder else [decoder, Sigmoid()],
            loss="squared_error",
            weight_decay=weight_decay,
            seed=seed,
            dtype=dtype,
            backend=backend,
        )
        self.rho = rho
