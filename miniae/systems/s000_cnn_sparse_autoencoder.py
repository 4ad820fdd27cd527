"""System 000: a convolution, a sparse autoencoder on its features, fine-tuning with labels, and what each is worth.

Four kinds of features go into the same softmax regression, and the test error says what each is worth: raw pixels; the
autoencoder's hidden units on a convolution that is random; on one that was trained, without labels, as a convolutional
autoencoder; and these once the whole chain was fine-tuned with labels.
"""

from pathlib import Path

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import mnist
from miniae.layers import Conv2d, ConvTranspose2d, Dense, Flatten, KLSparsity, MaxPool2d, ReLU, Sigmoid, Upsample2d
from miniae.layers.base import Layer
from miniae.lbfgs import lbfgs
from miniae.models import Autoencoder, SoftmaxRegression
from miniae.models.base import Model
from miniae.network import Sequential
from miniae.optimizers import Adam
from miniae.systems.system import Figure, System
from miniae.training import fit

CHANNELS, FEATURES, HIDDEN = 16, 13 * 13 * 16, 128
BATCH, SEED = 128, 0


def run(out: Path) -> list[Figure]:
    """Train everything on 60,000 digits; test errors, in per cent, of a softmax regression on each kind of features."""
    data = mnist()
    images, test_images = (x.reshape(-1, 28, 28, 1).astype(np.float32) for x in (data.x_train, data.x_test))

    def error(train: Array, test: Array) -> float:
        softmax = SoftmaxRegression(train.shape[1], 10, weight_decay=1e-4, seed=SEED)
        mean, std = train.mean(axis=0), train.std() or 1.0
        lbfgs(softmax, (train - mean) / std, data.y_train, iterations=150, progress=False)
        return 100 * (1 - softmax.accuracy((test - mean) / std, data.y_test))

    raw = error(data.x_train, data.x_test)
    untrained = _convolution(images, epochs=0)
    control = _sparse_autoencoder(untrained, images)
    kernels = _convolution(images, epochs=2)
    frozen = _sparse_autoencoder(kernels, images)
    tuned = _fine_tuned(frozen, images, data.y_train)
    errors = {
        "raw pixels": raw,
        "random convolution": error(*(_hidden(control, x) for x in (images, test_images))),
        "frozen": error(*(_hidden(frozen, x) for x in (images, test_images))),
        "fine-tuned": error(*(_hidden(tuned, x) for x in (images, test_images))),
    }
    plots.filters(kernels.reshape(9, CHANNELS)).savefig(out / "s000-kernels.png")
    part = tuned.network.part(0, 2)
    plots.feature_maps(part(tuned.theta, test_images[:1])[0]).savefig(out / "s000-maps.png")
    return [
        Figure("softmax error on raw pixels, %", errors["raw pixels"], 7, 8),
        Figure("on features of a random convolution, %", errors["random convolution"], 0, 100),
        Figure("on frozen features, %", errors["frozen"], 0, errors["raw pixels"]),
        Figure("on fine-tuned features, %", errors["fine-tuned"], 0, errors["frozen"]),
    ]


def _convolution(images: Array, epochs: int) -> Array:
    """The kernels of a one-stage convolutional autoencoder after so many epochs, (3, 3, 1, 16)."""
    model = Autoencoder(
        [Conv2d(1, CHANNELS, 3, init="he_uniform"), ReLU(), MaxPool2d()],
        [Upsample2d(), ConvTranspose2d(CHANNELS, 1, 3)],
        "binary_cross_entropy_with_logits",
        seed=SEED,
        dtype="float32",
    )
    if epochs:
        fit(model, images, epochs=epochs, batch_size=BATCH, optimizer=Adam(1e-3), seed=SEED)
    return model.layout.views(model.theta)["w1"].copy()


def _chain(*behind: Layer) -> list[Layer]:
    """Convolution, ReLU, pooling, one row, hidden units, and what comes behind them."""
    return [Conv2d(1, CHANNELS, 3), ReLU(), MaxPool2d(), Flatten(), Dense(FEATURES, HIDDEN), Sigmoid(), *behind]


def _sparse_autoencoder(kernels: Array, images: Array) -> Model:
    """A sparse autoencoder on the features of a convolution that stays as it is; the chain up to its hidden units."""
    model = Model(_chain(Dense(HIDDEN, 10)), "softmax_cross_entropy", seed=SEED, dtype="float32")
    views = model.layout.views(model.theta)
    views["w1"][...] = kernels
    rows = _in_parts(model.network.part(0, 4), model.theta, images)
    scale = rows.std()
    rows /= scale
    autoencoder = Autoencoder(
        [Dense(FEATURES, HIDDEN), Sigmoid(), KLSparsity(0.1, 0.5)],
        [Dense(HIDDEN, FEATURES)],
        seed=SEED,
        dtype="float32",
    )
    fit(autoencoder, rows, epochs=3, batch_size=BATCH, optimizer=Adam(1e-3), seed=SEED)
    learned = autoencoder.layout.views(autoencoder.theta)
    views["w2"][...] = learned["w1"] / scale
    views["b2"][...] = learned["b1"]
    return model


def _fine_tuned(model: Model, images: Array, labels: Array) -> Model:
    """The same chain after two epochs with labels."""
    tuned = Model(model.network.layers, "softmax_cross_entropy", seed=SEED, dtype="float32")
    tuned.theta = model.theta.copy()
    fit(tuned, images, labels, epochs=2, batch_size=BATCH, optimizer=Adam(1e-3), seed=SEED)
    return tuned


def _hidden(model: Model, images: Array) -> Array:
    """The hidden units' activations, in float64."""
    return _in_parts(model.network.part(0, 6), model.theta, images).astype(np.float64)


def _in_parts(network: Sequential, theta: Array, images: Array) -> Array:
    return np.concatenate([network(theta, images[k : k + 1000]) for k in range(0, len(images), 1000)])


SYSTEM = System("convolution -> sparse autoencoder 2704-128 -> fine-tuning -> features", "MNIST", run)
