"""System 000: a convolution, a sparse autoencoder on its features, fine-tuning with labels, and what each is worth.

Four kinds of features go into the same softmax regression, and the test error says what each is worth: raw pixels; the
autoencoder's hidden units on a convolution that is random; on one that was trained, without labels, as a convolutional
autoencoder; and these once the whole chain was fine-tuned with labels.
"""

from typing import NamedTuple

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.layers import Conv2d, ConvTranspose2d, Dense, Flatten, KLSparsity, MaxPool2d, ReLU, Sigmoid, Upsample2d
from miniae.layers.base import Layer
from miniae.lbfgs import lbfgs
from miniae.models import Autoencoder, NetworkModel, SoftmaxRegression
from miniae.network import Sequential
from miniae.optimizers import Adam
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

CHANNELS, HIDDEN = 16, 128
BATCH, SEED = 128, 0


class Epochs(NamedTuple):
    """Passes over the data in each stage of training."""

    convolution: int
    autoencoder: int
    fine_tuning: int


def run(job: Run) -> list[Figure]:
    """Train everything on 60,000 digits; test errors, in per cent, of a softmax regression on each kind of features."""
    data = job.digits()
    side = job.pick(28, 8)
    images, test_images = (x.reshape(-1, side, side, 1).astype(np.float32) for x in (data.x_train, data.x_test))
    epochs = job.pick(Epochs(2, 3, 2), Epochs(20, 60, 60))  # as many steps need more passes over less data

    def error(train: Array, test: Array) -> float:
        softmax = SoftmaxRegression(train.shape[1], 10, weight_decay=1e-4, seed=SEED)
        mean, std = train.mean(axis=0), train.std() or 1.0
        lbfgs(softmax, (train - mean) / std, data.y_train, iterations=150, progress=False)
        return 100 * (1 - softmax.accuracy((test - mean) / std, data.y_test))

    raw = error(data.x_train, data.x_test)
    untrained = _convolution(images, epochs=0)
    control = _sparse_autoencoder(untrained, images, epochs.autoencoder)
    kernels = _convolution(images, epochs.convolution)
    frozen = _sparse_autoencoder(kernels, images, epochs.autoencoder)
    tuned = _fine_tuned(frozen, images, data.y_train, epochs.fine_tuning)
    errors = {
        "raw pixels": raw,
        "random convolution": error(*(_hidden(control, x) for x in (images, test_images))),
        "frozen": error(*(_hidden(frozen, x) for x in (images, test_images))),
        "fine-tuned": error(*(_hidden(tuned, x) for x in (images, test_images))),
    }
    job.save(plots.filters(kernels.reshape(9, CHANNELS)), "s000-kernels")
    part = tuned.network.part(0, 2)
    job.save(plots.feature_maps(part(tuned.theta, test_images[:1])[0]), "s000-maps")
    return [
        Figure("softmax error on raw pixels, %", errors["raw pixels"], *job.pick((7, 8), (0, 15))),
        Figure("on features of a random convolution, %", errors["random convolution"]),
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


def _chain(side: int, *behind: Layer) -> list[Layer]:
    """Convolution, ReLU, pooling, one row, hidden units, and what comes behind them."""
    features = ((side - 2) // 2) ** 2 * CHANNELS
    return [Conv2d(1, CHANNELS, 3), ReLU(), MaxPool2d(), Flatten(), Dense(features, HIDDEN), Sigmoid(), *behind]


def _sparse_autoencoder(kernels: Array, images: Array, epochs: int) -> NetworkModel:
    """A sparse autoencoder on the features of a convolution that stays as it is; the chain up to its hidden units."""
    model = NetworkModel(
        _chain(images.shape[1], Dense(HIDDEN, 10)), "softmax_cross_entropy", seed=SEED, dtype="float32"
    )
    views = model.layout.views(model.theta)
    views["w1"][...] = kernels
    rows = _in_parts(model.network.part(0, 4), model.theta, images)
    scale = rows.std()
    rows /= scale
    autoencoder = Autoencoder(
        [Dense(rows.shape[1], HIDDEN), Sigmoid(), KLSparsity(0.1, 0.5)],
        [Dense(HIDDEN, rows.shape[1])],
        seed=SEED,
        dtype="float32",
    )
    fit(autoencoder, rows, epochs=epochs, batch_size=BATCH, optimizer=Adam(1e-3), seed=SEED)
    learned = autoencoder.layout.views(autoencoder.theta)
    views["w2"][...] = learned["w1"] / scale
    views["b2"][...] = learned["b1"]
    return model


def _fine_tuned(model: NetworkModel, images: Array, labels: Array, epochs: int) -> NetworkModel:
    """The same chain after training with labels."""
    tuned = NetworkModel(model.network.layers, "softmax_cross_entropy", seed=SEED, dtype="float32")
    tuned.theta = model.theta.copy()
    fit(tuned, images, labels, epochs=epochs, batch_size=BATCH, optimizer=Adam(1e-3), seed=SEED)
    return tuned


def _hidden(model: NetworkModel, images: Array) -> Array:
    """The hidden units' activations, in float64."""
    return _in_parts(model.network.part(0, 6), model.theta, images).astype(np.float64)


def _in_parts(network: Sequential, theta: Array, images: Array) -> Array:
    return np.concatenate([network(theta, images[k : k + 1000]) for k in range(0, len(images), 1000)])


SYSTEM = System("convolution -> sparse autoencoder 2704-128 -> fine-tuning -> features", "MNIST", run)
