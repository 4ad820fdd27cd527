"""System 002, what it is good for: convolutions that learned to reconstruct, as the start of a classifier.

With few labels and many images without, the encoder of a convolutional autoencoder may be a better start than random
numbers. The autoencoder is a denoising one: with half of the pixels masked it cannot do by copying.
Both classifiers are the same network, trained in the same way on the same labels; they differ in where the
convolutions start. The seed draws the labelled images, the initial weights and the order of the batches.
"""

import numpy as np

from miniae.arrays import Array
from miniae.layers import Dense, Flatten, MaskingNoise
from miniae.models import Autoencoder, ConvAutoencoder, NetworkModel
from miniae.optimizers import Adam, RMSProp
from miniae.plots import curves
from miniae.systems.system import Figure, Run, System
from miniae.training import History, fit

CHANNELS, KERNEL, MASKED, CLASSES = (16, 16), 5, 0.5, 10
STAGES = 3 * len(CHANNELS)  # layers of the encoder: convolution, ReLU and pooling in each stage


def run(job: Run) -> list[Figure]:
    """Test errors, in per cent, of classifiers with 1,000 labels from either start, mean over five seeds."""
    data = job.digits("float32")
    side = job.pick(28, 8)
    x, x_test = (rows.reshape(-1, side, side, 1) for rows in (data.x_train, data.x_test))
    errors = []
    for seed in range(job.pick(5, 2)):
        rng = np.random.default_rng(seed)
        labelled = rng.permutation(len(x))[: job.pick(1000, 100)]
        autoencoder = _autoencoder(side, seed)
        random = _classifier(autoencoder, side, seed)
        unlabelled = x[: job.pick(20_000, 1297)]
        fit(autoencoder, unlabelled, epochs=job.pick(4, 3), batch_size=64, optimizer=RMSProp(1e-3), seed=seed)
        pretrained = _classifier(autoencoder, side, seed)
        histories = [
            _train(model, x[labelled], data.y_train[labelled], job.pick(30, 100), seed)
            for model in (random, pretrained)
        ]
        errors.append([100 * _error(model, x_test, data.y_test) for model in (random, pretrained)])
    job.save(curves({"random start": histories[0]["cost"], "pre-trained": histories[1]["cost"]}), "s002-pretraining")
    from_random, from_pretrained = np.mean(errors, axis=0)
    gain = np.array(errors)[:, 0] - np.array(errors)[:, 1]
    return [
        Figure("test error from random convolutions, %", from_random, *job.pick((-np.inf, np.inf), (0, 50))),
        Figure("test error from pre-trained convolutions, %", from_pretrained, 0, job.pick(from_random, 50)),
        Figure("standard error of their difference, %", float(gain.std(ddof=1) / np.sqrt(len(gain)))),
    ]


def _autoencoder(side: int, seed: int) -> Autoencoder:
    """A convolutional autoencoder that gets to see its input through a mask."""
    layers = ConvAutoencoder((side, side, 1), CHANNELS, kernel_size=KERNEL).network.layers
    encoder = [MaskingNoise(MASKED), *layers[:STAGES]]
    return Autoencoder(encoder, layers[STAGES:], "binary_cross_entropy_with_logits", seed=seed, dtype="float32")


def _classifier(autoencoder: Autoencoder, side: int, seed: int) -> NetworkModel:
    """The autoencoder's encoder, as it stands, without its mask and with a dense layer for ten classes behind it."""
    encoder = autoencoder.network.layers[1 : 1 + STAGES]
    features = (side // 2 ** len(CHANNELS)) ** 2 * CHANNELS[-1]
    layers = [*encoder, Flatten(), Dense(features, CLASSES)]
    model = NetworkModel(layers, "softmax_cross_entropy", seed=seed, dtype="float32")
    own, learned = (m.layout.views(m.theta) for m in (model, autoencoder))
    for name in own.keys() & {"w1", "b1", "w2", "b2"}:
        own[name][...] = learned[name]
    return model


def _train(model: NetworkModel, x: Array, labels: Array, epochs: int, seed: int) -> History:
    return fit(model, x, labels, epochs=epochs, batch_size=32, optimizer=Adam(1e-3), seed=seed)


def _error(model: NetworkModel, x: Array, labels: Array) -> float:
    parts = [model.network(model.theta, x[k : k + 1000]).argmax(axis=1) for k in range(0, len(x), 1000)]
    return float((np.concatenate(parts) != labels).mean())


SYSTEM = System("convolutional autoencoder as the start of a classifier, 1,000 labels", "MNIST", run)
