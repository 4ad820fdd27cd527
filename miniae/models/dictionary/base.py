"""Dictionary: data as sums of a few directions out of many, the directions learned by an autoencoder."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context, Shape
from miniae.init import initializer
from miniae.layers.base import Parameter
from miniae.losses import LOSSES
from miniae.models.base import Model, check_batch
from miniae.models.dictionary.unit_rows import unit_rows, unit_rows_backward
from miniae.network import Parameters
from miniae.ops import Pair


class Tape(NamedTuple):
    """What the forward pass leaves.

    ``encoding``, ``activation`` and ``decoding`` are caches; ``dz`` and ``dd`` gradients that further costs send to z
    and d.
    """

    d: Array
    lengths: Array
    encoding: Any
    z: Array
    activation: Any
    a: Array
    decoding: Any
    y: Array
    dy: Array
    dz: Any = 0.0
    dd: Any = 0.0


class Dictionary(Model):
    r"""One hidden layer, wider than the data, whose decoder's rows have length 1: the dictionary.

    .. math::
        z &= (x - b_2)\, W_1 + b_1, \qquad a = f(z)                                                     \tag{1} \\
        \hat x &= a D + b_2, \qquad d_h = w_h / \|w_h\| \text{ for the rows } w_h \text{ of } W_2       \tag{2} \\
        J &= \frac{1}{2m} \sum_n \|\hat x_n - x_n\|^2 + P                                               \tag{3}

    The activation f and the penalty P make the code sparse; each kind of dictionary has its own. Were the rows free
    in length, a penalty on the size of a could be evaded by small a and long rows, and a could not be compared from
    one unit to the next. :math:`b_2` is what is there without any unit; it is taken off before and put back after.

    Backward, with :math:`dy = \partial J / \partial \hat x`:

    .. math::
        dD &= a^T dy, \qquad da = dy\, D^T + \partial P / \partial a, \qquad dz = da \odot f'(z)          \tag{4} \\
        dW_1 &= (x - b_2)^T dz, \qquad db_1 = \sum_n dz_n, \qquad
            db_2 = \sum_n (dy_n - dz_n W_1^T)                                                           \tag{5}

    to which a further cost adds its own parts of dD and dz, and from dD to :math:`dW_2` by
    :func:`~miniae.models.dictionary.unit_rows.unit_rows_backward`. The second part of :math:`db_2` comes through the
    encoder.

    The encoder starts as the transpose of the dictionary.

    Args:
        in_features: D, inputs of an example.
        hidden: H, number of units, the directions of the dictionary.
        others: parameters beside W and b of both halves.
        buffers: what is kept beside the parameters.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if a size is not a whole number of at least 1.
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        others: Mapping[str, Parameter] | None = None,
        buffers: Parameters | None = None,
        *,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        name = type(self).__name__
        for argument, value in (("in_features", in_features), ("hidden", hidden)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}: {argument} must be a whole number of at least 1, got {value!r}")
        described = {
            "w1": Parameter((in_features, hidden)),
            "b1": Parameter((hidden,)),
            "w2": Parameter((hidden, in_features), initializer("lecun_normal")),
            "b2": Parameter((in_features,)),
            **(others or {}),
        }
        super().__init__(Parameters(described), buffers, seed=seed, dtype=dtype, backend=backend)
        self.in_features, self.hidden = in_features, hidden
        self.layout.views(self.theta)["w1"][...] = self.directions.T

    @property
    def directions(self) -> Array:
        """The dictionary D, (H, D): a row of length 1 for each unit, of the current theta."""
        return unit_rows(self.layout.views(self.theta)["w2"])[0]

    @property
    def decoder(self) -> Pair:
        """The pair that makes (2) of a code, D and b2: ``dense``, or one that knows more about the code."""
        return self.backend.pairs["dense"]

    @abstractmethod
    def activate(self, params: Mapping[str, Array], z: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """The code f(z), the penalty P, and what :meth:`activate_backward` needs."""

    @abstractmethod
    def activate_backward(self, da: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        """The gradient of the cost by z, P included, and those by parameters of the activation's own."""

    def default_target(self, x: Array) -> Array:
        """The input itself."""
        return x

    def check_shapes(self, shape: Shape, target: Array) -> None:
        """Refuse a batch that is not (N, D), and a target of another shape."""
        if len(shape) != 2 or shape[1] != self.in_features:
            raise ValueError(f"{type(self).__name__}: x must have shape (N, {self.in_features}), got {shape}")
        LOSSES["squared_error"].check_target(target, shape)

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Tape]:
        """The cost (3), and the tape."""
        params, dense = self.layout.views(theta), self.backend.pairs["dense"].forward
        d, lengths = unit_rows(params["w2"])
        z, encoding = dense(x - params["b2"], params["w1"], params["b1"])
        a, penalty, activation = self.activate(params, z, ctx)  # (1)
        y, decoding = self.decoder.forward(a, d, params["b2"])  # (2)
        loss, dy = self.backend.costs["squared_error"](y, target, reduce=ctx.reduce)
        return loss + penalty, Tape(d, lengths, encoding, z, activation, a, decoding, y, dy)  # (3)

    def backward(self, tape: Tape, ctx: Context, gradient: Array) -> None:
        """Equations (4) and (5)."""
        dense = self.backend.pairs["dense"].backward
        da, dd, db2 = self.decoder.backward(tape.dy, tape.decoding)
        dz, others = self.activate_backward(da, tape.activation)  # (4)
        dz += tape.dz
        dx, dw1, db1 = dense(dz, tape.encoding)
        db2 -= dx.sum(axis=0)  # (5)
        dw2 = unit_rows_backward(dd + tape.dd, tape.d, tape.lengths)
        views = self.layout.views(gradient)
        for name, found in {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2, **others}.items():
            if name not in self.frozen:
                views[name][...] += found

    def encode(self, x: Array) -> Array:
        """The codes of a batch, (N, H), with the current theta."""
        self._check("x", x, self.in_features)
        params = self.layout.views(self.theta)
        z = self.backend.pairs["dense"].forward(x - params["b2"], params["w1"], params["b1"])[0]
        return self.activate(params, z, self.context(self.buffers))[0]  # (1)

    def decode(self, code: Array) -> Array:
        """What a batch of codes stands for, with the current theta; any codes, not only those of :meth:`encode`."""
        self._check("code", code, self.hidden)
        return self.backend.pairs["dense"].forward(code, self.directions, self.layout.views(self.theta)["b2"])[0]  # (2)

    def reconstruct(self, x: Array) -> Array:
        """What comes back of a batch, with the current theta: ``decode(encode(x))``."""
        return self.decoder.forward(self.encode(x), self.directions, self.layout.views(self.theta)["b2"])[0]  # (2)

    def _check(self, name: str, batch: Array, features: int) -> None:
        check_batch(name, batch, self.theta)
        if batch.ndim != 2 or batch.shape[1] != features:
            raise ValueError(f"{type(self).__name__}: {name} must have shape (N, {features}), got {batch.shape}")
