"""The stacked autoencoder: layers learned one by one without labels, then all of them together with labels."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context
from miniae.data.checks import check_finite_floats
from miniae.layers import Dense, Sigmoid
from miniae.layers.base import Layer
from miniae.layout import Slot
from miniae.models.base import check_batch
from miniae.models.network_model import NetworkModel
from miniae.models.softmax_regression import SoftmaxRegression
from miniae.models.sparse_autoencoder import SparseAutoencoder

PART = 1000  # examples at a time, where all of the data goes through wide layers


class StackedAutoencoder(NetworkModel):
    r"""A classifier of sigmoid layers under a softmax, each layer the encoder of a sparse autoencoder to begin with.

    .. math::
        a_0 = x, \qquad a_k = \sigma(a_{k-1} W_k + b_k), \quad k = 1 \ldots K, \qquad
        p = softmax(a_K W_{K+1} + b_{K+1})                                                     \tag{1} \\
        J = -\frac1m \sum_n \log p_{n, t_n} + \frac{\lambda}{2} \|W_{K+1}\|^2                  \tag{2}

    It is trained in three stages, of which only (2), the last, goes through the whole network:

    1. :meth:`pretrain`, without labels: for each k in turn, a sparse autoencoder learns to give back a_{k-1}, and its
       encoder becomes W_k and b_k. The layers below stay as they are.
    2. :meth:`pretrain_softmax`, with labels: softmax regression on a_K gives W_{K+1} and b_{K+1}.
    3. ``fit(model, x, labels)``, fine-tuning: the gradient of (2) reaches every layer.

    UFLDL decays the softmax's weights alone in stage 3: the others start from where the autoencoders left them, and
    should not be drawn to zero from there.

    Args:
        in_features: inputs of an example, in [0, 1].
        hidden: units of each hidden layer, from the first.
        classes: labels are 0 to ``classes`` - 1.
        weight_decay: lambda, of (2) and of stage 2.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Raises:
        ValueError: if there is no hidden layer, or a number is out of range.

    >>> import numpy as np
    >>> from miniae import fit
    >>> model = StackedAutoencoder(16, (8, 6), classes=3)
    >>> x, labels = np.random.default_rng(0).uniform(size=(90, 16)), np.arange(90) % 3
    >>> model.pretrain(x, lambda autoencoder, x: fit(autoencoder, x, epochs=2, progress=False))
    >>> model.pretrain_softmax(x, labels, lambda softmax, a, t: fit(softmax, a, t, epochs=2, progress=False))
    >>> history = fit(model, x, labels, epochs=5, progress=False)
    >>> model.predict(x).shape
    (90,)

    Source: Bengio, Lamblin, Popovici, Larochelle (2007), "Greedy layer-wise training of deep networks"; UFLDL tutorial,
    "Stacked Autoencoders".
    """

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int],
        classes: int,
        *,
        weight_decay: float = 1e-4,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if isinstance(hidden, int) or not len(hidden):
            raise ValueError(f"StackedAutoencoder: hidden must name the units of at least one layer, got {hidden!r}")
        if classes < 2:
            raise ValueError(f"StackedAutoencoder: classes must be at least 2, got {classes}")
        sizes = [in_features, *hidden]
        layers: list[Layer] = []
        for features, units in pairwise(sizes):
            layers += [Dense(features, units, init="ufldl"), Sigmoid()]
        super().__init__(
            [*layers, Dense(sizes[-1], classes)],
            loss="softmax_cross_entropy",
            weight_decay=weight_decay,
            seed=seed,
            dtype=dtype,
            backend=backend,
        )
        self.sizes = sizes

    def pretrain(
        self,
        x: Array,
        train: Callable[[SparseAutoencoder, Array], Any],
        *,
        rho: float = 0.1,
        beta: float = 3.0,
        weight_decay: float = 3e-3,
        seed: int = 0,
    ) -> None:
        """Stage 1: a sparse autoencoder for each hidden layer, from the first.

        Args:
            x: examples, (N, in_features), without labels.
            train: called with each autoencoder and what it is to give back; it trains it, by
                :func:`~miniae.fit` or :func:`~miniae.lbfgs`.
            rho, beta, weight_decay, seed: of the autoencoders.

        Raises:
            TypeError, ValueError: if an argument does not fit; nothing has been trained then.
        """
        self._check(x)
        a = x
        for k, (features, units) in enumerate(pairwise(self.sizes)):
            autoencoder = SparseAutoencoder(
                features,
                units,
                rho=rho,
                beta=beta,
                weight_decay=weight_decay,
                seed=seed,
                dtype=self.theta.dtype,
                backend=self.backend,
            )
            train(autoencoder, a)
            learned = autoencoder.layout.views(autoencoder.theta)
            self._take(k, learned["w1"], learned["b1"])
            a = self._run(a, 2 * k, 2 * k + 2)  # (1)

    def pretrain_softmax(
        self, x: Array, labels: Array, train: Callable[[SoftmaxRegression, Array, Array], Any], *, seed: int = 0
    ) -> None:
        """Stage 2: softmax regression on the last hidden layer.

        Args:
            x: examples, (N, in_features).
            labels: their classes, (N,).
            train: called with a softmax regression, the features a_K of all examples and the labels; it trains it.
            seed: of the softmax regression.

        Raises:
            TypeError, ValueError: if an argument does not fit; nothing has been trained then.
        """
        self._check(x)
        self.checked(self.theta, x, labels)
        softmax = SoftmaxRegression(
            self.sizes[-1],
            self._softmax.shape[1],
            weight_decay=self.weight_decay,
            seed=seed,
            dtype=self.theta.dtype,
            backend=self.backend,
        )
        train(softmax, self.features(x), labels)
        learned = softmax.layout.views(softmax.theta)
        self._take(len(self.sizes) - 1, learned["w1"], learned["b1"])

    def decay(self, theta: Array, ctx: Context) -> tuple[Any, dict[str, Array]]:
        """The last term of (2): of the softmax's weights alone."""
        slot = self._softmax
        penalty, dw = self.backend.costs["l2"](theta[slot.slice], self.weight_decay)
        return penalty, {slot.name: dw}

    def features(self, x: Array) -> Array:
        """What the last hidden layer makes of the examples, (N, units), with the current theta."""
        self._check(x)
        return self._run(x, 0, 2 * (len(self.sizes) - 1))

    def predict(self, x: Array) -> Array:
        """The most probable class of each example, (N,), with the current theta."""
        self._check(x)
        return self._run(x, 0, len(self.network.layers)).argmax(axis=1)

    def accuracy(self, x: Array, labels: Array) -> float:
        """The fraction of examples whose most probable class is their label; errors are those of :meth:`cost`."""
        x, labels = self.checked(self.theta, x, labels)
        return float((self.predict(x) == labels).mean())

    @property
    def _softmax(self) -> Slot:
        """Where its weights lie in theta."""
        return self.layout[f"w{len(self.sizes)}"]

    def _take(self, layer: int, w: Array, b: Array) -> None:
        views = self.layout.views(self.theta)
        views[f"w{layer + 1}"][...] = w
        views[f"b{layer + 1}"][...] = b

    def _run(self, x: Array, start: int, stop: int) -> Array:
        """Some of the layers, on so many examples at a time that memory stays bounded."""
        part = self.network.part(start, stop)
        return self.backend.xp.concatenate([part(self.theta, x[k : k + PART]) for k in range(0, len(x), PART)])

    def _check(self, x: Array) -> None:
        check_batch("x", x, self.theta)
        check_finite_floats("x", x)
        self.network.layers[0].output_shape(x.shape)
