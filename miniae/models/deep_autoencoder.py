"""The deep autoencoder: several layers down to a short code, and as many back."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from miniae.backends import Backend
from miniae.layers import SELU, Dense
from miniae.layers.base import Layer
from miniae.models.autoencoder import Autoencoder


class DeepAutoencoder(Autoencoder):
    r"""Dense layers of SELU units that narrow to a code and widen again, with a sigmoid at the end.

    For the sizes 784, 100, 30:

    .. math::
        784 \to 100 \to 30 \to 100 \to 784, \qquad a_k = selu(a_{k-1} W_k + b_k), \qquad
        h = \sigma(a_3 W_4 + b_4)                                                              \tag{1} \\
        J = \frac{1}{mD} \sum_n \sum_d -x_{nd} \log h_{nd} - (1 - x_{nd}) \log (1 - h_{nd})
            + \frac{\lambda}{2} \sum_k \|W_k\|^2                                               \tag{2}

    SELU keeps mean 0 and variance 1 from layer to layer, given weights of variance 1 / fan-in, and that is how they
    start (LeCun's normal initialisation), and an input of mean 0 and variance 1. Pixels in [0, 1] are no such input,
    and the layers start with a smaller spread; ``fit(model, standardised, x)`` gives it one, with the target still in
    [0, 1].

    The mean in (2) is over pixels as well as examples. Summed over the D pixels it would be D times as steep: a rate of
    1.5 for (2) on pictures of 784 pixels is one of .002 for the sum.

    Args:
        sizes: inputs of an example, in [0, 1], then units of each hidden layer down to the code.
        weight_decay: lambda.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if there are fewer than two sizes, or one is not a whole number of at least 1.

    >>> model = DeepAutoencoder((784, 100, 30))
    >>> [slot.shape for slot in model.layout if slot.decays]
    [(784, 100), (100, 30), (30, 100), (100, 784)]

    Source: Hinton and Salakhutdinov (2006), "Reducing the dimensionality of data with neural networks"; Klambauer et
    al. (2017), "Self-normalizing neural networks".
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        weight_decay: float = 0.0,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if isinstance(sizes, int) or len(sizes) < 2:
            raise ValueError(f"DeepAutoencoder: sizes must name the inputs and at least one layer, got {sizes!r}")
        encoder: list[Layer] = []
        decoder: list[Layer] = []
        for wide, narrow in pairwise(sizes):
            encoder += [Dense(wide, narrow, init="lecun_normal"), SELU()]
            decoder[:0] = [Dense(narrow, wide, init="lecun_normal"), SELU()]
        super().__init__(
            encoder,
            decoder[:-1],  # the output's sigmoid belongs to the loss
            loss="binary_cross_entropy_with_logits",
            weight_decay=weight_decay,
            seed=seed,
            dtype=dtype,
            backend=backend,
        )
