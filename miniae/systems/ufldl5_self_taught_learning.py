"""UFLDL exercise 5: self-taught learning, features of the digits 5 to 9 used to tell 0 to 4 apart."""

from miniae import plots
from miniae.arrays import Array
from miniae.lbfgs import lbfgs
from miniae.models import SoftmaxRegression, SparseAutoencoder
from miniae.systems.system import Figure, Run, System

HIDDEN = 200
ITERATIONS = 200  # UFLDL takes 400; these already cost several minutes on one core


def run(job: Run) -> list[Figure]:
    """Learn features from the digits 5 to 9, without labels; classify 0 to 4 by them, and by raw pixels.

    Only the training pictures are used, as in the exercise: the digits 0 to 4 among them are split in half, one half
    to train the softmax regression on, the other to test it.
    """
    data = job.digits()
    large = data.y_train >= 5
    model = SparseAutoencoder(data.x_train.shape[1], job.pick(HIDDEN, 50), rho=0.1, beta=3.0, weight_decay=3e-3, seed=0)
    lbfgs(model, data.x_train[large], iterations=job.pick(ITERATIONS, 100))
    x, y = data.x_train[~large], data.y_train[~large]
    raw, learned = _accuracy(x, y), _accuracy(model.encode(x), y)
    job.save(plots.filters(model.layout.views(model.theta)["w1"]), "ufldl5-filters")
    return [
        Figure("test accuracy on raw pixels", raw),
        Figure("test accuracy on learned features", learned, job.pick(0.975, 0.9), 1),
        Figure("gain of the features over raw pixels", learned - raw, *job.pick((0, 1), (-1, 1))),
    ]


def _accuracy(x: Array, y: Array) -> float:
    """Of a softmax regression trained on the first half of the examples, tested on the second."""
    half = len(x) // 2
    softmax = SoftmaxRegression(x.shape[1], 5, weight_decay=1e-4, bias=False, seed=0)
    lbfgs(softmax, x[:half], y[:half], iterations=100)
    return softmax.accuracy(x[half:], y[half:])


SYSTEM = System("self-taught learning, sparse autoencoder 784-200, softmax", "MNIST, 5-9 unlabelled, 0-4 labelled", run)
