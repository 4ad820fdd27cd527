"""The variational autoencoder: an encoder that says how sure it is of the code, and a code drawn from what it says.

Shapes: N examples, D features, L latents.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_examples, check_floats
from miniae.backends import Backend
from miniae.context import Context, Shape
from miniae.layers import Dense, ReLU
from miniae.layers.images import whole
from miniae.losses import LOSSES
from miniae.models.base import Model, check_batch
from miniae.network import Record, Sequential
from miniae.reduce import Reduce, local

LOSS = "binary_cross_entropy_with_logits"


def gaussian_kl(
    mean: Float[Array, "N L"], log_var: Float[Array, "N L"], *, reduce: Reduce = local
) -> tuple[Float[Array, ""], Float[Array, "N L"], Float[Array, "N L"]]:
    r"""Divergence of normal distributions from the standard one: summed over latents, mean over examples.

    With v the log-variance, q the density of N(mean, e^v) and p that of N(0, 1), for one example and one latent:

    .. math::
        \log q(z) &= -\tfrac12 \log 2\pi - \tfrac12 v - \tfrac12 (z - \mu)^2 / e^v, \qquad
        \log p(z)  = -\tfrac12 \log 2\pi - \tfrac12 z^2                                             \tag{1} \\
        KL &= E_q[\log q(z) - \log p(z)]
            = -\tfrac12 v - \tfrac12 + \tfrac12 E_q[z^2]
            = \tfrac12 (\mu^2 + e^v - 1 - v)                                                        \tag{2}

    for under q the mean of :math:`(z - \mu)^2` is e^v and that of z^2 is :math:`\mu^2 + e^v`. It is 0 at
    :math:`\mu = v = 0` and positive elsewhere. With m examples

    .. math::
        C &= \frac{1}{2m} \sum_n \sum_l \mu_{nl}^2 + (e^{v_{nl}} - 1) - v_{nl}                      \tag{3} \\
        d\mu &= \frac1m \mu, \qquad dv = \frac{1}{2m} (e^v - 1)                                     \tag{4}

    Args:
        mean: means, (N, L).
        log_var: logarithms of the variances, (N, L).
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.

    Returns:
        The divergence in nats (0-d) and its gradients with respect to ``mean`` and ``log_var``.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if the shapes differ or there is no example.

    >>> import numpy as np
    >>> cost, dmean, dlog_var = gaussian_kl(np.array([[2.0, 0.0]]), np.array([[0.0, np.log(3.0)]]))
    >>> print(f"{cost:.4f}")  # 2^2 / 2 + (3 - 1 - log 3) / 2
    2.4507
    >>> dmean, dlog_var
    (array([[2., 0.]]), array([[0., 1.]]))

    Source: Kingma and Welling (2014), "Auto-encoding variational Bayes", appendix B.
    """
    check_floats("gaussian_kl", mean=mean, log_var=log_var)
    check_examples("gaussian_kl", mean)
    if mean.shape != log_var.shape:
        raise ValueError(f"gaussian_kl: mean has shape {mean.shape} but log_var has shape {log_var.shape}")
    variance_less_1 = array_module(log_var).expm1(log_var)  # exact where the variance is near 1, and the KL near 0
    total, m = reduce((mean * mean + variance_less_1 - log_var).sum(), len(mean))
    return total / (2 * m), mean / m, variance_less_1 / (2 * m)  # (3), (4)


class Code(NamedTuple):
    """What the encoder says of a batch, and the code drawn from that."""

    mean: Float[Array, "N L"]
    log_var: Float[Array, "N L"]
    std: Float[Array, "N L"]
    eps: Float[Array, "N L"]
    z: Float[Array, "N L"]
    records: list[Record]


class Tape(NamedTuple):
    """What the forward pass leaves: the code, the gradients of (3) and (4) by y, mean and log_var, and the records."""

    code: Code
    dy: Array
    dmean: Array
    dlog_var: Array
    records: list[Record]


class VariationalAutoencoder(Model):
    r"""Minus an estimate of the bound in nats: cross-entropy summed over features, KL over latents, mean over examples.

    The encoder gives each example a normal distribution of codes, the decoder each code a probability for every
    feature to be 1. With one hidden layer of rectified units in each:

    .. math::
        (\mu, v) &= enc(x), \qquad \sigma = e^{v/2}                                                      \tag{1} \\
        z &= \mu + \sigma\,\epsilon, \qquad \epsilon \sim N(0, 1), \qquad y = dec(z)                      \tag{2} \\
        J &= \frac1m \sum_n \Big( -\sum_d \log p(t_{nd} \mid y_{nd}) + \sum_l KL(N(\mu_{nl}, \sigma_{nl}^2)
            \,\|\, N(0, 1)) \Big)                                                                        \tag{3}

    y are logits. The loss of :mod:`miniae.losses.binary_cross_entropy_with_logits` is a mean over the D features too:
    (3) is D times that. Drawing z from its distribution could not be differentiated; in (2) the chance is in
    :math:`\epsilon` alone, and what (2) makes of it is a function of the encoder's output like any other:

    .. math::
        d\mu = dz + d\mu_{KL}, \qquad dv = dz\,\tfrac12 \sigma \epsilon + dv_{KL}                         \tag{4}

    Of targets that are 0 or 1, log p is a log-likelihood, and the mean of -J over the draws bounds that of the data
    from below; -J itself, from one draw an example, estimates it. Of gray ones it is none, nor is J then minus a bound
    of anything: it is merely a cost. With *binarize* each gray value is taken as the probability of a 1, and every step
    draws anew which pixels are; input and target are drawn alike.

    All draws are functions of (seed, step), in training and outside. So the cost of a batch is one number, and can be
    differentiated numerically.

    A NaN is let through as by :class:`~miniae.models.autoencoder.Autoencoder`.

    Args:
        in_features: D, inputs of an example, in [0, 1].
        hidden: units of the hidden layer on either side.
        latent: L, numbers of a code.
        binarize: whether to draw black-or-white pixels from gray ones.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if a number is out of range.

    >>> import numpy as np
    >>> model = VariationalAutoencoder(8, 6, 2)
    >>> x = np.random.default_rng(0).uniform(size=(5, 8))
    >>> model.encode(x).shape, model.reconstruct(x).shape, model.sample(3).shape
    ((5, 2), (5, 8), (3, 8))

    Source: Kingma and Welling (2014), "Auto-encoding variational Bayes".
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        latent: int,
        *,
        binarize: bool = False,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        for name, value in (("in_features", in_features), ("hidden", hidden), ("latent", latent)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"VariationalAutoencoder: {name} must be a whole number of at least 1, got {value!r}")
        encoder = [Dense(in_features, hidden), ReLU(), Dense(hidden, 2 * latent)]
        decoder = [Dense(latent, hidden), ReLU(), Dense(hidden, in_features)]
        self.network = Sequential([*encoder, *decoder], backend)
        self.encoder, self.decoder = self.network.part(0, 3), self.network.part(3, 6)
        self.eps_stream, self.pixel_stream, self.prior_stream = 6, 7, 8  # behind the places of the six layers
        self.latent, self.binarize = latent, binarize
        super().__init__(self.network.parameters, seed=seed, dtype=dtype, backend=self.network.backend)

    def check_shapes(self, shape: Shape, target: Array) -> None:
        """Refuse a batch that the encoder does not take, or a target that is not one probability for each output."""
        self.network.layers[0].output_shape(shape)
        LOSSES[LOSS].check_target(target, shape)

    def default_target(self, x: Array) -> Array:
        """The input itself."""
        return x

    def code(self, theta: Array, x: Array, ctx: Context) -> Code:
        """Encode a batch and draw a code for each example."""
        xp = self.backend.xp
        h, records, _ = self.encoder.forward(theta, x, ctx)
        mean, log_var = h[:, : self.latent], h[:, self.latent :]
        std = xp.exp(log_var / 2)  # (1)
        eps = ctx.draw("normal", mean.shape, x.dtype, stream=self.eps_stream)
        return Code(mean, log_var, std, eps, mean + std * eps, records)  # (2)

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Tape]:
        """J of (3), and the tape."""
        if self.binarize:
            u = ctx.draw("uniform", x.shape, x.dtype, stream=self.pixel_stream)
            x, target = (u < x).astype(x.dtype), (u < target).astype(x.dtype)
        code = self.code(theta, x, ctx)
        y, records, _ = self.decoder.forward(theta, code.z, ctx)
        loss, dy = self.backend.costs[LOSS](y, target, reduce=ctx.reduce, out=ctx.out("dy", y.shape, y.dtype))
        features = y.shape[1]
        dy *= features  # from the mean over features to their sum
        kl, dmean, dlog_var = gaussian_kl(code.mean, code.log_var, reduce=ctx.reduce)
        return features * loss + kl, Tape(code, dy, dmean, dlog_var, records)  # (3)

    def backward(self, tape: Tape, ctx: Context, gradient: Array) -> None:
        """Back through the decoder, the draw and the encoder."""
        code = tape.code
        dz = self.decoder.backward(tape.dy, tape.records, gradient, ctx, frozen=self.frozen, needs_x=True)
        dmean = dz + tape.dmean
        dlog_var = dz * code.std * code.eps / 2 + tape.dlog_var  # (4)
        dh = self.backend.xp.concatenate([dmean, dlog_var], axis=1)
        self.encoder.backward(dh, code.records, gradient, ctx, frozen=self.frozen)

    def stations(self, theta: Array, x: Array, ctx: Context) -> Iterator[tuple[str, Array, Any]]:
        """The code's mean and log-variance, the code and the logits."""
        code = self.code(theta, x, ctx)
        yield "the encoder (means)", code.mean, 0.0
        yield "the encoder (log-variances)", code.log_var, 0.0
        yield "the draw of the code", code.z, 0.0
        yield "the decoder", self.decoder.forward(theta, code.z, ctx)[0], 0.0

    def posterior(self, x: Array) -> tuple[Array, Array]:
        """Mean and log-variance of each example's code, (N, L) both, with the current theta."""
        check_batch("x", x, self.theta)
        code = self.code(self.theta, x, self.context(self.buffers))
        return code.mean, code.log_var

    def encode(self, x: Array) -> Array:
        """The mean of each example's code, (N, L), with the current theta; :meth:`posterior` has the variances too."""
        return self.posterior(x)[0]

    def draw(self, x: Array, seed: int = 0) -> Array:
        """A code for each example, (N, L), drawn from the distribution that the encoder gives."""
        check_batch("x", x, self.theta)
        return self.code(self.theta, x, self.context(self.buffers, seed=seed)).z

    def decode(self, z: Array) -> Array:
        """The probabilities that a batch of codes stands for, (N, D), with the current theta."""
        check_batch("z", z, self.theta)
        return self.backend.pairs[LOSSES[LOSS].link].forward(self.decoder(self.theta, z))[0]

    def reconstruct(self, x: Array) -> Array:
        """What comes back of a batch, (N, D), without chance: ``decode(encode(x))``."""
        return self.decode(self.encode(x))

    def sample(self, n: int, seed: int = 0) -> Array:
        """The probabilities decoded from ``n`` codes drawn from N(0, 1), (n, D).

        Raises:
            ValueError: if ``n`` is not a whole number of at least 1.
        """
        whole("sample", n=n)
        ctx = self.context(self.buffers, seed=seed)
        return self.decode(ctx.draw("normal", (n, self.latent), self.theta.dtype, stream=self.prior_stream))

    def interpolate(self, x0: Array, x1: Array, steps: int = 10) -> Array:
        """What lies between two batches, (steps, N, D): decoded on straight lines between the means of the codes.

        Raises:
            ValueError: if the batches differ in shape, or there are fewer than two steps, the ends themselves.
        """
        if x0.shape != x1.shape:
            raise ValueError(f"interpolate: x0 has shape {x0.shape} but x1 has shape {x1.shape}")
        whole("interpolate", steps=steps)
        if steps < 2:
            raise ValueError(f"interpolate: steps must be at least 2, got {steps}")
        xp = self.backend.xp
        z0, z1 = self.encode(x0), self.encode(x1)
        return xp.stack([self.decode(z0 + (z1 - z0) * z0.dtype.type(t)) for t in xp.linspace(0, 1, steps).tolist()])
