r"""Linear autoencoder: without activations and biases, on centred data, it finds the subspace of PCA.

Its cost on N examples, the rows of X, is

.. math::
    J = \frac{1}{2N} \|X W_1 W_2 - X\|^2
      = \frac{1}{2N} \operatorname{tr}\big(A^T X^T X A\big), \qquad A = W_1 W_2 - I                       \tag{1}

so of X only :math:`X^T X` matters. With the QR decomposition X = Q R, :math:`R^T R = X^T X`: the D rows of
:math:`\sqrt{D/N}\, R` have the cost of all N examples at every theta, and L-BFGS walks over them in their place.

Source: Baldi and Hornik (1989), "Neural networks and principal component analysis: learning from examples without
local minima".
"""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import PCA
from miniae.layers import Dense
from miniae.lbfgs import lbfgs
from miniae.models import Autoencoder
from miniae.optional import require
from miniae.systems.system import Figure, Run, System


def run(job: Run) -> list[Figure]:
    """Train on 60,000 digits less their mean; squared error and subspace against those of PCA, the best there is.

    The error is that of one test image, summed over pixels. The angle is the largest between the subspace that the
    decoder reaches and that of the first principal components. It comes down last: the variances along the 32nd and the
    33rd component differ by 7 %, and the cost hardly tells them apart.
    """
    data = job.digits()
    codes = job.pick(32, 8)
    pca = PCA(data.x_train)
    best = _squared_error(pca.restore(pca.rotate(data.x_test, codes)), data.x_test)
    x, x_test = data.x_train - pca.mean, data.x_test - pca.mean
    features = x.shape[1]
    model = Autoencoder([Dense(features, codes, bias=False)], [Dense(codes, features, bias=False)], seed=0)
    rows = condensed(x)
    of_all, of_rows = model.cost(model.theta, x), model.cost(model.theta, rows)
    lbfgs(model, rows, iterations=job.pick(1500, 400))
    error = _squared_error(model.reconstruct(x_test), x_test)
    decoder = model.layout.views(model.theta)["w2"]
    directions = pca.directions[:, :codes]
    angle = float(require("scipy.linalg", extra="course").subspace_angles(decoder.T, directions).max())
    job.save(plots.filters(decoder.T), "linear-decoder")
    job.save(plots.filters(directions), "linear-components")
    return [
        Figure(f"cost on {features} rows / cost on all examples, less 1", abs(of_rows / of_all - 1), 0, 1e-12),
        Figure(f"squared error per test image, PCA with {codes}", best, *job.pick((13.1925, 13.1935), (0, 64))),
        Figure(f"squared error per test image, {codes} codes", error),
        Figure("squared error, linear autoencoder / PCA", error / best, 0, 1.01),
        Figure("largest angle between the subspaces", angle, 0, 0.01),
    ]


def condensed(x: Array) -> Array:
    """As many rows as there are features, on which a linear autoencoder without biases has the cost (1) on ``x``."""
    r = np.linalg.qr(x, mode="r")
    return r * np.sqrt(len(r) / len(x))


def _squared_error(y: Array, target: Array) -> float:
    return float(np.sum((y - target) ** 2) / len(target))


SYSTEM = System("linear autoencoder 784-32, no biases, centred data", "MNIST", run)
