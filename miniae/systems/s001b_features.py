"""System 001b: what the features of a sparse autoencoder are good for: a picture in the plane, classes, clusters."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import PCA, Dataset
from miniae.lbfgs import lbfgs
from miniae.metrics import purity
from miniae.models import SoftmaxRegression
from miniae.optional import require
from miniae.systems.s001a_sparse_autoencoder import sparse_autoencoder
from miniae.systems.system import Figure, Run, System
from miniae.units import maximizing_input

SHOWN = 3000  # dots in the picture
UNIT = 17  # the one whose portrait is drawn


def run(job: Run) -> list[Figure]:
    """Test error of a softmax on features and on raw pixels; purity of ten clusters of either; features in the plane.

    The features are the hidden activations of system 001a's autoencoder, which saw no label. Clusters are looked for
    among the test digits, and the plane is that of the two first principal components of the training features.
    """
    data = job.digits()
    model, _ = sparse_autoencoder(job, data.x_train.astype(np.float32))
    train, test = (model.encode(x.astype(np.float32)).astype(np.float64) for x in (data.x_train, data.x_test))
    plane = PCA(train).rotate(test, 2)
    job.save(plots.scatter(plane[:SHOWN], data.y_test[:SHOWN]), "001b-plane")
    best = maximizing_input(model.encoder, model.theta, UNIT, data.x_test.shape[1:])
    job.save(plots.unit(UNIT, test, data.x_test, best), f"001b-unit-{UNIT}")
    raw = _softmax_error(data, data.x_train, data.x_test)
    return [
        Figure("softmax error on raw pixels, %", raw, *job.pick((7, 8), (0, 15))),
        Figure("softmax error on hidden features, %", _softmax_error(data, train, test), 0, job.pick(raw, 15)),
        Figure("purity of 10 k-means clusters of raw pixels", _purity(data.x_test, data.y_test)),
        Figure("purity of 10 k-means clusters of hidden features", _purity(test, data.y_test)),
    ]


def _softmax_error(data: Dataset, train: Array, test: Array) -> float:
    """On features brought to mean 0 and variance 1: weight decay means the same for either kind then."""
    softmax = SoftmaxRegression(train.shape[1], 10, weight_decay=1e-4, seed=0)
    mean, std = train.mean(axis=0), train.std()
    lbfgs(softmax, (train - mean) / std, data.y_train, iterations=100)
    return 100 * (1 - softmax.accuracy((test - mean) / std, data.y_test))


def _purity(x: Array, labels: Array) -> float:
    clusters = require("sklearn.cluster", extra="course").KMeans(10, n_init=10, random_state=0).fit_predict(x)
    return purity(clusters, labels)


SYSTEM = System("features of the sparse autoencoder: plane, softmax, clusters", "MNIST", run)
