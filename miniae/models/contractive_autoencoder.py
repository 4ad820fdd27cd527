"""The contractive autoencoder: a code that changes as little as it can when its input does."""

from typing import Any, NamedTuple

from jaxtyping import Float

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context
from miniae.layers import Dense, Sigmoid
from miniae.models.autoencoder import Autoencoder
from miniae.models.base import check_batch
from miniae.network import Record


class ContractiveTape(NamedTuple):
    """What the forward pass leaves: gradients of its two costs, and what the layers kept."""

    dy: Array
    da: Array
    dw: Array
    encoder: list[Record]
    decoder: list[Record]


class ContractiveAutoencoder(Autoencoder):
    r"""One hidden layer of sigmoid units, and a penalty on the size of their derivatives by the input.

    .. math::
        a &= \sigma(x W + b), \qquad \hat x = \sigma(a W' + b')                                         \tag{1} \\
        J &= \frac{1}{2m} \sum_n \|\hat x_n - x_n\|^2 + \frac{\lambda}{m} \sum_n \|A_n\|_F^2,
            \qquad A_{n,jd} = \frac{\partial a_{nj}}{\partial x_{nd}}                                   \tag{2}

    To reconstruct, the code must tell the training examples apart; to be cheap, it must not move for anything else.
    What is left are directions in which the data varies. For linear units, whose
    slope is 1, the penalty is the decay of the encoder's weights, :math:`\lambda \|W\|^2`.

    Tied, :math:`W' = W^T`: otherwise the encoder could shrink and the decoder make up for it, and the penalty would
    be met without any contraction of what is reconstructed.

    Args:
        in_features: inputs of an example; these lie in [0, 1], where a sigmoid can reach them.
        hidden: number of hidden units.
        strength: lambda of (2), weight of the penalty, at least 0.
        tied: whether the decoder's weights are the encoder's, transposed.
        weight_decay: of the weights, beside the penalty.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if ``strength`` is negative or not finite.

    >>> import numpy as np
    >>> model = ContractiveAutoencoder(64, 25, strength=0.1)
    >>> model.layout
    Layout(w1 (64, 25), b1 (25,), b2 (64,))
    >>> model.contraction(np.full((10, 64), 0.5)).shape
    (10,)

    Source: Rifai et al. (2011), "Contractive auto-encoders: explicit invariance during feature extraction".
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        *,
        strength: float = 0.1,
        tied: bool = True,
        weight_decay: float = 0.0,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if not 0 <= strength < float("inf"):
            raise ValueError(f"ContractiveAutoencoder: strength must be finite and not negative, got {strength}")
        super().__init__(
            encoder=[Dense(in_features, hidden, init="ufldl"), Sigmoid()],
            decoder=[Dense(hidden, in_features, init="ufldl", tied="w1" if tied else ""), Sigmoid()],
            loss="squared_error",
            weight_decay=weight_decay,
            seed=seed,
            dtype=dtype,
            backend=backend,
        )
        self.strength = float(strength)

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, ContractiveTape]:
        """The two terms of (2), and the tape."""
        a, encoder, _ = self.encoder.forward(theta, x, ctx)
        y, decoder, _ = self.decoder.forward(theta, a, ctx)
        loss, dy = self.backend.costs[self.loss](y, target, reduce=ctx.reduce)
        norms, da, dw = squared_jacobian_norms(a, self.layout.views(theta)["w1"])
        total, m = ctx.reduce(norms.sum(), len(x))
        scale = self.strength / m
        da *= scale
        dw *= scale
        return loss + scale * total, ContractiveTape(dy, da, dw, encoder, decoder)

    def backward(self, tape: ContractiveTape, ctx: Context, gradient: Array) -> None:
        """Back through the decoder; where the code is, the penalty's gradient joins; back through the encoder."""
        da = self.decoder.backward(tape.dy, tape.decoder, gradient, ctx, frozen=self.frozen, needs_x=True)
        self.encoder.backward(da + tape.da, tape.encoder, gradient, ctx, frozen=self.frozen)
        if "w1" not in self.frozen:
            self.layout.views(gradient)["w1"][...] += tape.dw

    def contraction(self, x: Float[Array, "N D"]) -> Float[Array, " N"]:
        """The squared norm of the code's derivative by the input at each example, with the current theta."""
        check_batch("x", x, self.theta)
        return squared_jacobian_norms(self.encode(x), self.layout.views(self.theta)["w1"])[0]


def squared_jacobian_norms(
    a: Float[Array, "N H"], w: Float[Array, "D H"]
) -> tuple[Float[Array, " N"], Float[Array, "N H"], Float[Array, "D H"]]:
    r"""Squared Frobenius norm of the derivative of sigmoid units by their input, for each example.

    With :math:`z_{nj} = \sum_d x_{nd} w_{dj} + b_j` and the sigmoid's slope :math:`s = a (1 - a)`, the derivative
    factors, and no matrix for each example has to be built:

    .. math::
        A_{n,jd} = s_{nj} w_{dj} \quad\Rightarrow\quad
            \|A_n\|_F^2 = \sum_j s_{nj}^2 c_j, \qquad c_j = \sum_d w_{dj}^2                             \tag{3}

    W enters twice: openly through c, and through the activations. For the sum P of (3) over the examples,

    .. math::
        dw_{dj} &= \frac{\partial P}{\partial c_j} \cdot 2 w_{dj} = 2 w_{dj} \sum_n s_{nj}^2            \tag{4} \\
        da_{nj} &= 2 s_{nj} c_j \frac{\partial s_{nj}}{\partial a_{nj}} = 2 s_{nj} (1 - 2 a_{nj}) c_j   \tag{5}

    (4) holds the activations fixed. (5) is handed back through the sigmoid like any gradient of the activations; times
    s it contains the sigmoid's second derivative, :math:`\sigma'' = s (1 - 2a)`.

    Args:
        a: activations of the sigmoid units, (N, H).
        w: their weights, (D, H).

    Returns:
        The squared norms, (N,), and the gradients ``da`` and ``dw`` of their sum.

    >>> import numpy as np
    >>> norms, da, dw = squared_jacobian_norms(np.array([[0.5, 0.2]]), np.array([[3.0, 0.0], [4.0, 5.0]]))
    >>> norms  # (.25 * 5)^2 + (.16 * 5)^2
    array([2.2025])
    """
    s = a * (1 - a)
    c = (w * w).sum(axis=0)
    norms = (s * s * c).sum(axis=1)  # (3)
    dw = 2 * w * (s * s).sum(axis=0)  # (4)
    da = 2 * s * (1 - 2 * a) * c  # (5)
    return norms, da, dw
