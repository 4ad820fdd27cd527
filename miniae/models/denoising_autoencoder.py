"""The denoising autoencoder: it is shown a spoiled picture and asked for the clean one."""

from typing import Any

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.layers import Dense, ReLU
from miniae.layers.noise import NoiseLayer
from miniae.models.autoencoder import Autoencoder
from miniae.models.base import check_batch


class DenoisingAutoencoder(Autoencoder):
    r"""An autoencoder whose first layer spoils what it is given.

    .. math::
        \tilde x \sim q(\tilde x \mid x), \qquad
        a = \max(0, \tilde x W_1 + b_1), \qquad h = \sigma(a W_2 + b_2)                        \tag{1} \\
        J = \frac{1}{mD} \sum_n \sum_d -x_{nd} \log h_{nd} - (1 - x_{nd}) \log (1 - h_{nd})
            + \frac{\lambda}{2} (\|W_1\|^2 + \|W_2\|^2)                                        \tag{2}

    What goes into the model is the clean x: the noise q is its own first layer, on while training and off otherwise.
    So the target in (2), which for every autoencoder is its input, is clean by itself. (Spoil the data beforehand and
    the input is the noisy picture, and so is the target: the network learns to give the noise back.) Every step draws
    fresh noise, so no two passes over the data show the network the same picture.

    To copy its input no longer helps. The best it can do about a pixel is its mean over all clean pictures that may
    stand behind the noisy one, :math:`h(\tilde x) = E[x \mid \tilde x]`, which both (2) and a squared error ask for.

    Args:
        in_features: D, inputs of an example, in [0, 1].
        hidden: number of hidden units.
        noise: the noise layer, such as ``GaussianNoise(0.5, clip=(0.0, 1.0))``.
        weight_decay: lambda.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        TypeError: if ``noise`` is no noise layer.
        ValueError: if a number is out of range.

    >>> import numpy as np
    >>> from miniae.layers import MaskingNoise
    >>> model = DenoisingAutoencoder(64, 32, MaskingNoise(0.5))
    >>> x = np.full((10, 64), 0.5)
    >>> bool((model.corrupt(x, seed=1) == 0).any()), model.reconstruct(model.corrupt(x, seed=1)).shape
    (True, (10, 64))

    Source: Vincent et al. (2008), "Extracting and composing robust features with denoising autoencoders".
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        noise: NoiseLayer,
        *,
        weight_decay: float = 0.0,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if not isinstance(noise, NoiseLayer):
            raise TypeError(f"DenoisingAutoencoder: noise must be a noise layer (GaussianNoise, ...), got {noise!r}")
        super().__init__(
            encoder=[noise, Dense(in_features, hidden, init="he_uniform"), ReLU()],
            decoder=[Dense(hidden, in_features)],
            loss="binary_cross_entropy_with_logits",
            weight_decay=weight_decay,
            seed=seed,
            dtype=dtype,
            backend=backend,
        )

    def corrupt(self, x: Array, *, seed: int) -> Array:
        """The batch as training would show it to the network, spoiled by the noise of this seed.

        To be tested on, with another seed than :func:`~miniae.fit` was given: :meth:`reconstruct` then takes it as it
        is, for outside training the noise layer passes its input through.
        """
        check_batch("x", x, self.theta)
        ctx = self.network.context(self.buffers, training=True, seed=seed)
        return self.network.part(0, 1).forward(self.theta, x, ctx)[0]
