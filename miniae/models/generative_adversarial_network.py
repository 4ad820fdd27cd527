"""The generative adversarial network: a generator makes examples, a discriminator tells them from real ones.

Shapes: N examples, L latents.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context, Shape
from miniae.layers import Sigmoid
from miniae.layers.base import Layer
from miniae.layers.images import whole
from miniae.models.base import Model
from miniae.network import Record, Sequential, added

LOSS = "binary_cross_entropy_with_logits"


class Tape(NamedTuple):
    """What the forward pass leaves: the gradient by the logits, both networks' records, and how many were real."""

    dy: Array
    judged: list[Record]
    made: list[Record]
    real: int


class GenerativeAdversarialNetwork(Model):
    r"""Two networks with a cost each: cross-entropy of real against made, mean over all examples judged.

    The generator G makes an example of a latent z from N(0, 1). The discriminator D gives an example a logit; its
    sigmoid is the probability that the example is real. With m real examples x and as many made:

    .. math::
        J_D &= \frac{1}{2m} \sum_n -\log \sigma(D(x_n)) - \log \big(1 - \sigma(D(G(z_n)))\big)          \tag{1} \\
        J_G &= \frac1m \sum_n -\log \sigma(D(G(z_n)))                                                    \tag{2}

    Both are log 2 where nobody can tell one from the other. The generator does not maximise (1), which a sure
    discriminator makes flat: the derivative of :math:`\log(1 - \sigma(y))` is :math:`-\sigma(y)`, next to 0 where D is
    sure that an example is made. That of (2) is :math:`\sigma(y) - 1`, next to -1 there: the worse G does, the
    stronger the pull.

    In training each step is two, one for each cost (:attr:`turns`). The discriminator's moves its own parameters and
    takes G as it is. The generator's moves those of G, and its gradient comes back *through* D:

    .. math::
        dy = \frac1m (\sigma(y) - 1), \qquad d\hat x = D'(\hat x)^T dy, \qquad d\theta_G = G'(z)^T d\hat x    \tag{3}

    with :math:`\hat x = G(z)`. D is on the way, but takes no step and needs no gradient of its own parameters.

    All of it is one theta: the generator's layers come first, the discriminator's after them. ``cost`` and
    ``cost_and_grad`` of the model itself are (1) and its gradient by all of theta; a target plays no part.

    Args:
        generator: layers from (N, L) to an example.
        discriminator: layers from an example to one logit, (N, 1).
        latent: L, numbers of a latent.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if ``latent`` is out of range, or the shapes do not fit together.

    >>> import numpy as np
    >>> from miniae.layers import Dense, ReLU
    >>> model = GenerativeAdversarialNetwork(
    ...     [Dense(3, 8), ReLU(), Dense(8, 2)], [Dense(2, 8), ReLU(), Dense(8, 1)], latent=3
    ... )
    >>> list(model.turns), model.sample(5).shape
    (['discriminator', 'generator'], (5, 2))

    Source: Goodfellow et al. (2014), "Generative adversarial nets".
    """

    def __init__(
        self,
        generator: Sequence[Layer],
        discriminator: Sequence[Layer],
        latent: int,
        *,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if not isinstance(latent, int) or latent < 1:
            raise ValueError(
                f"GenerativeAdversarialNetwork: latent must be a whole number of at least 1, got {latent!r}"
            )
        if discriminator and isinstance(discriminator[-1], Sigmoid):
            raise ValueError(
                "GenerativeAdversarialNetwork: discriminator must end in a logit; the cost has the sigmoid"
            )
        self.network = Sequential([*generator, *discriminator], backend)
        end = len(self.network.layers)
        self.generator = self.network.part(0, len(generator))
        self.discriminator = self.network.part(len(generator), end)
        self.latent = latent
        self.streams = {"discriminator": end, "generator": end + 1, "sample": end + 2}  # behind the layers' places
        self.example = _through(generator, (1, latent))[1:]
        judged = _through(discriminator, (1, *self.example))
        if judged != (1, 1):
            raise ValueError(f"GenerativeAdversarialNetwork: the discriminator must give one logit, got {judged[1:]}")
        super().__init__(
            self.network.parameters, self.network.buffers, seed=seed, dtype=dtype, backend=self.network.backend
        )

    @property
    def turns(self) -> Mapping[str, Model]:
        """A step of the discriminator along (1), then one of the generator along (2)."""
        return {
            "discriminator": Turn(self, still=_names(self.generator)),
            "generator": GeneratorTurn(self, still=_names(self.discriminator)),
        }

    def check_shapes(self, shape: Shape, target: Array) -> None:
        """Refuse examples of another shape than the generator's."""
        if shape[1:] != self.example:
            raise ValueError(f"x must hold examples like the generator's, {self.example}, got {shape[1:]}")

    def default_target(self, x: Array) -> Array:
        """Anything of as many examples: it plays no part."""
        return x

    def latents(self, n: int, ctx: Context, use: str) -> Array:
        """The z of this step for one of the uses that ``streams`` names, (n, L)."""
        return ctx.draw("normal", (n, self.latent), self.theta.dtype, stream=self.streams[use])

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Tape]:
        """J_D of (1), and the tape. Real and made examples are judged in one batch."""
        xp, m = self.backend.xp, len(x)
        made, making, cost = self.generator.forward(theta, self.latents(m, ctx, "discriminator"), ctx)
        y, judging, more = self.discriminator.forward(theta, xp.concatenate([x, made]), ctx)
        real = xp.concatenate([xp.ones((m, 1), y.dtype), xp.zeros((m, 1), y.dtype)])
        loss, dy = self.backend.costs[LOSS](y, real, reduce=ctx.reduce)
        return added(cost, more, loss), Tape(dy, judging, making, m)  # (1)

    def backward(self, tape: Tape, ctx: Context, gradient: Array) -> None:
        """Back through the discriminator and, with the examples that were made, on through the generator."""
        on = not _names(self.generator) <= self.frozen
        dx = self.discriminator.backward(tape.dy, tape.judged, gradient, ctx, frozen=self.frozen, needs_x=on)
        if dx is not None:
            self.generator.backward(dx[tape.real :], tape.made, gradient, ctx, frozen=self.frozen)  # (3)

    def stations(self, theta: Array, x: Array, ctx: Context) -> Iterator[tuple[str, Array, Any]]:
        """The layers, for examples that are made."""
        for step, y, _, cost in self.network.run(theta, self.latents(len(x), ctx, "discriminator"), ctx):
            yield f"layer {step.place + 1} ({step.layer})", y, cost

    def sample(self, n: int, seed: int = 0) -> Array:
        """``n`` examples made with the current theta.

        Raises:
            ValueError: if ``n`` is not a whole number of at least 1.
        """
        whole("sample", n=n)
        ctx = self.context(self.buffers, seed=seed)
        return self.generator.forward(self.theta, self.latents(n, ctx, "sample"), ctx)[0]


class Turn(GenerativeAdversarialNetwork):
    """The same networks on the very theta of a game, minimising (1) with the generator's parameters frozen.

    Args:
        game: whose theta and buffers these are, then and later: they may be set anew.
        still: names of the parameters to freeze.
    """

    def __init__(self, game: GenerativeAdversarialNetwork, still: frozenset[str]) -> None:
        vars(self).update(vars(game))  # and not Model.__init__, which would draw a theta
        self.game, self.frozen = game, game.frozen | still

    @property
    def theta(self) -> Array:
        """That of the game."""
        return self.game.theta

    @theta.setter
    def theta(self, theta: Array) -> None:
        self.game.theta = theta

    @property
    def buffers(self) -> Array:
        """Those of the game."""
        return self.game.buffers

    @buffers.setter
    def buffers(self, buffers: Array) -> None:
        self.game.buffers = buffers

    @property
    def turns(self) -> Mapping[str, Model]:
        """This one alone."""
        return {"cost": self}


class GeneratorTurn(Turn):
    """The same, minimising (2) with the discriminator's parameters frozen."""

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Tape]:
        """J_G of (2): what is made shall be taken for real. Of ``x`` the number of examples counts, nothing else."""
        made, making, cost = self.generator.forward(theta, self.latents(len(x), ctx, "generator"), ctx)
        y, judging, more = self.discriminator.forward(theta, made, ctx)
        loss, dy = self.backend.costs[LOSS](y, self.backend.xp.ones_like(y), reduce=ctx.reduce)
        return added(cost, more, loss), Tape(dy, judging, making, real=0)  # (2)


def _names(part: Sequential) -> frozenset[str]:
    """The parameters that a part of a network has."""
    return frozenset(name for step in part.steps for name in step.parameters.values())


def _through(layers: Sequence[Layer], shape: Shape) -> Shape:
    """The shape that comes out of these layers."""
    for layer in layers:
        shape = layer.output_shape(shape)
    return shape
