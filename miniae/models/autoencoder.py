"""Autoencoder: an encoder and a decoder, trained to give back what went in."""

from collections.abc import Sequence
from typing import Any

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.layers.base import Layer
from miniae.losses import LOSSES
from miniae.models.base import check_batch
from miniae.models.network_model import NetworkModel


class Autoencoder(NetworkModel):
    """A network whose target is its input, split in two.

    ``fit`` refuses data with a NaN; :meth:`encode`, :meth:`decode` and :meth:`reconstruct` do not look for one, which
    on a GPU would mean to wait at every call. An example that holds a NaN comes back with NaN, the others as ever.

    Args:
        encoder: layers from the input to the code.
        decoder: layers from the code to the output. With a loss on logits
            (``"binary_cross_entropy_with_logits"``) it ends in logits: the sigmoid belongs to the loss while training,
            and :meth:`decode` applies it.
        loss: a name of :data:`miniae.losses.LOSSES`.
        weight_decay: lambda; see :class:`~miniae.models.base.Model`.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    >>> import numpy as np
    >>> from miniae.layers import Dense, ReLU, Sigmoid
    >>> model = Autoencoder([Dense(8, 3), ReLU()], [Dense(3, 8), Sigmoid()], loss="mean_squared_error")
    >>> x = np.random.default_rng(0).uniform(size=(5, 8))
    >>> cost, gradient = model.cost_and_grad(model.theta, x)
    >>> gradient.shape == model.theta.shape, model.encode(x).shape, model.reconstruct(x).shape
    (True, (5, 3), (5, 8))
    """

    def __init__(
        self,
        encoder: Sequence[Layer],
        decoder: Sequence[Layer],
        loss: str = "squared_error",
        *,
        weight_decay: float = 0.0,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        super().__init__([*encoder, *decoder], loss, weight_decay=weight_decay, seed=seed, dtype=dtype, backend=backend)
        self.encoder = self.network.part(0, len(encoder))
        self.decoder = self.network.part(len(encoder), len(encoder) + len(decoder))

    def default_target(self, x: Array) -> Array:
        """The input itself."""
        return x

    def encode(self, x: Array) -> Array:
        """The codes of a batch, with the current theta."""
        check_batch("x", x, self.theta)
        return self.encoder(self.theta, x, self.buffers)

    def decode(self, code: Array) -> Array:
        """What a batch of codes stands for, with the current theta."""
        check_batch("code", code, self.theta)
        y = self.decoder(self.theta, code, self.buffers)
        return self.backend.pairs[LOSSES[self.loss].link].forward(y)[0]

    def reconstruct(self, x: Array) -> Array:
        """What comes back of a batch, with the current theta: ``decode(encode(x))``."""
        return self.decode(self.encode(x))
