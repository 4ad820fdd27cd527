"""UFLDL exercise 5: self-taught learning, features of the digits 5 to 9 used to tell 0 to 4 apart."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.lbfgs import lbfgs
from miniae.models import SoftmaxRegression, SparseAutoencoder
from miniae.optimizers import Adam
from miniae.schedules import CosineDecay
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

HIDDEN, BATCH = 200, 256


def run(job: Run) -> list[Figure]:
    """Learn features from the digits 5 to 9, without labels; classify 0 to 4 by them, and by raw pixels.

    Only the training pictures are used, as in the exercise: the digits 0 to 4 among them are split in half, one half
    to train the softmax regression on, the other to test it. The exercise learns its features by 400 iterations of
    L-BFGS over all of them, which takes many times as long as the mini-batches here.
    """
    data = job.digits()
    large = data.y_train >= 5
    unlabelled = data.x_train[large].astype(np.float32)
    x, y = data.x_train[~large], data.y_train[~large]
    model = SparseAutoencoder(
        x.shape[1], job.pick(HIDDEN, 50), rho=0.1, beta=3.0, weight_decay=3e-3, seed=0, dtype="float32"
    )
    epochs = job.pick(100, 40)
    steps = epochs * -(-len(unlabelled) // BATCH)
    rate = CosineDecay(job.pick(3e-3, 0.02), steps)
    history = fit(model, unlabelled, epochs=epochs, batch_size=BATCH, optimizer=Adam(rate), seed=0)
    learned = model.encode(x.astype(np.float32)).astype(np.float64)
    of_pixels, of_features = _accuracy(x, y), _accuracy(learned, y)
    job.save(plots.filters(model.layout.views(model.theta)["w1"]), "ufldl5-filters")
    job.save(plots.curves(history), "ufldl5-cost")
    return [
        Figure("test accuracy on raw pixels", of_pixels),
        Figure("test accuracy on learned features", of_features, job.pick(0.975, 0.9)),
        Figure("gain of the features over raw pixels", of_features - of_pixels, *job.pick((0,), ())),
    ]


def _accuracy(x: Array, y: Array) -> float:
    """Of a softmax regression trained on the first half of the examples, tested on the second."""
    half = len(x) // 2
    softmax = SoftmaxRegression(x.shape[1], 5, weight_decay=1e-4, bias=False, seed=0)
    lbfgs(softmax, x[:half], y[:half], iterations=100)
    return softmax.accuracy(x[half:], y[half:])


SYSTEM = System("self-taught learning, sparse autoencoder 784-200, softmax", "MNIST, 5-9 unlabelled, 0-4 labelled", run)
