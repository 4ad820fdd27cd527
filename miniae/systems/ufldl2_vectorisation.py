r"""UFLDL exercise 2: the sparse autoencoder's cost and gradient with loops, with vectors and with matrices.

The same formulas three times, for m examples x in rows:

.. math::
    a &= \sigma(x W_1 + b_1), \quad h = \sigma(a W_2 + b_2), \quad \hat\rho = \tfrac1m \sum_n a_n     \tag{1} \\
    J &= \frac{1}{2m} \sum_n \|h_n - x_n\|^2 + \frac{\lambda}{2} (\|W_1\|^2 + \|W_2\|^2)
         + \beta \sum_j KL(\rho \,\|\, \hat\rho_j)                                                     \tag{2} \\
    \delta_2 &= \frac1m (h - x) \circ h (1 - h), \quad
    \delta_1 = \Big(\delta_2 W_2^T + \frac{\beta}{m} \Big(-\frac{\rho}{\hat\rho}
               + \frac{1 - \rho}{1 - \hat\rho}\Big)\Big) \circ a (1 - a)                               \tag{3} \\
    dW_2 &= a^T \delta_2 + \lambda W_2, \quad db_2 = \sum_n \delta_{2n}, \quad
    dW_1 = x^T \delta_1 + \lambda W_1, \quad db_1 = \sum_n \delta_{1n}                                 \tag{4}
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import Dataset
from miniae.lbfgs import lbfgs
from miniae.models import SparseAutoencoder
from miniae.systems.system import Figure, Run, System

RHO, BETA, LAMBDA = 0.1, 3.0, 3e-3


class Weights(NamedTuple):
    """The parameters, or their gradient."""

    w1: Array
    b1: Array
    w2: Array
    b2: Array


CostAndGrad = Callable[[Weights, Array], tuple[float, Weights]]


def run(job: Run) -> list[Figure]:
    """Time the three on the same weights, compare them with the model, train it 200 iterations, draw its pen strokes.

    The speed-up is that of the time for one example. Each way is timed on as many examples as it can do in a second
    or so, the fastest of three times.
    """
    data: Dataset = job.digits()
    x = data.x_train[: job.pick(10_000, 1000)]
    model = SparseAutoencoder(x.shape[1], job.pick(196, 25), rho=RHO, beta=BETA, weight_decay=LAMBDA, seed=0)
    weights = Weights(**model.layout.views(model.theta))
    few = job.pick(5, 20)
    expected_cost, expected = model.cost_and_grad(model.theta, x[:few])
    worst = 0.0
    for way in (with_loops, with_vectors, with_matrices):
        cost, gradient = way(weights, x[:few])
        difference = np.concatenate([part.ravel() for part in gradient]) - expected
        worst = max(worst, abs(cost / expected_cost - 1), float(abs(difference).max() / abs(expected).max()))
    loops = _seconds(with_loops, weights, x[:few])
    vectors = _seconds(with_vectors, weights, x[: 20 * few])
    matrices = _seconds(with_matrices, weights, x[: 400 * few])

    lbfgs(model, x, iterations=job.pick(200, 100))
    used = model.encode(x).mean(axis=0) / RHO
    job.save(plots.filters(model.layout.views(model.theta)["w1"]), "ufldl2-filters")
    job.save(plots.mean_activations(model.encode(x), RHO), "ufldl2-activations")
    return [
        Figure("largest relative difference of costs and gradients from the model's", worst, 0, 1e-12),
        Figure("speed-up, loops -> a vector an example", loops / vectors),
        Figure("speed-up, a vector an example -> matrices", vectors / matrices),
        Figure("speed-up, loops -> matrices", loops / matrices, 1),
        Figure("mean activation / rho, median of units", float(np.median(used)), *job.pick((0.8, 1.3), (0.5, 2))),
    ]


def with_loops(weights: Weights, x: Array) -> tuple[float, Weights]:
    """Cost and gradient with a loop for every index, without a library."""
    w1, b1, w2, b2 = (part.tolist() for part in weights)
    m, visible, hidden = len(x), range(len(w1)), range(len(b1))
    cost, activations, outputs, mean = 0.0, [], [], [0.0 for _ in hidden]
    for example in x.tolist():
        a = [_sigmoid(sum(example[i] * w1[i][j] for i in visible) + b1[j]) for j in hidden]  # (1)
        h = [_sigmoid(sum(a[j] * w2[j][i] for j in hidden) + b2[i]) for i in visible]
        mean = [mean[j] + a[j] / m for j in hidden]
        cost += sum((h[i] - example[i]) ** 2 for i in visible) / (2 * m)
        activations.append(a)
        outputs.append(h)
    cost += LAMBDA / 2 * sum(w1[i][j] ** 2 + w2[j][i] ** 2 for i in visible for j in hidden)
    cost += BETA * sum(RHO * math.log(RHO / r) + (1 - RHO) * math.log((1 - RHO) / (1 - r)) for r in mean)  # (2)
    pull = [BETA / m * (-RHO / r + (1 - RHO) / (1 - r)) for r in mean]
    dw1, dw2 = [[LAMBDA * w for w in row] for row in w1], [[LAMBDA * w for w in row] for row in w2]
    db1, db2 = [0.0 for _ in hidden], [0.0 for _ in visible]
    for example, a, h in zip(x.tolist(), activations, outputs, strict=True):
        delta2 = [(h[i] - example[i]) / m * h[i] * (1 - h[i]) for i in visible]  # (3)
        delta1 = [(sum(delta2[i] * w2[j][i] for i in visible) + pull[j]) * a[j] * (1 - a[j]) for j in hidden]
        for j in hidden:  # (4)
            db1[j] += delta1[j]
            for i in visible:
                dw2[j][i] += a[j] * delta2[i]
                dw1[i][j] += example[i] * delta1[j]
        for i in visible:
            db2[i] += delta2[i]
    return cost, Weights(*(np.array(part) for part in (dw1, db1, dw2, db2)))


def with_vectors(weights: Weights, x: Array) -> tuple[float, Weights]:
    """Cost and gradient with a loop over examples, each a vector."""
    w1, b1, w2, b2 = weights
    m, cost, activations, outputs = len(x), 0.0, [], []
    for example in x:
        a = 1 / (1 + np.exp(-(example @ w1 + b1)))  # (1)
        h = 1 / (1 + np.exp(-(a @ w2 + b2)))
        cost += float((h - example) @ (h - example)) / (2 * m)
        activations.append(a)
        outputs.append(h)
    mean = sum(activations) / m
    pull = BETA / m * (-RHO / mean + (1 - RHO) / (1 - mean))
    dw1, db1, dw2, db2 = LAMBDA * w1, np.zeros_like(b1), LAMBDA * w2, np.zeros_like(b2)
    for example, a, h in zip(x, activations, outputs, strict=True):
        delta2 = (h - example) / m * h * (1 - h)  # (3)
        delta1 = (w2 @ delta2 + pull) * a * (1 - a)
        dw2 += np.outer(a, delta2)  # (4)
        db2 += delta2
        dw1 += np.outer(example, delta1)
        db1 += delta1
    return cost + _penalties(w1, w2, mean), Weights(dw1, db1, dw2, db2)


def with_matrices(weights: Weights, x: Array) -> tuple[float, Weights]:
    """Cost and gradient without a loop: all examples are one matrix."""
    w1, b1, w2, b2 = weights
    m = len(x)
    a = 1 / (1 + np.exp(-(x @ w1 + b1)))  # (1)
    h = 1 / (1 + np.exp(-(a @ w2 + b2)))
    mean = a.mean(axis=0)
    cost = float(((h - x) ** 2).sum()) / (2 * m) + _penalties(w1, w2, mean)  # (2)
    delta2 = (h - x) / m * h * (1 - h)  # (3)
    delta1 = (delta2 @ w2.T + BETA / m * (-RHO / mean + (1 - RHO) / (1 - mean))) * a * (1 - a)
    dw1, dw2 = x.T @ delta1 + LAMBDA * w1, a.T @ delta2 + LAMBDA * w2  # (4)
    return cost, Weights(dw1, delta1.sum(axis=0), dw2, delta2.sum(axis=0))


def _penalties(w1: Array, w2: Array, mean: Array) -> float:
    """The last two terms of (2)."""
    kl = RHO * np.log(RHO / mean) + (1 - RHO) * np.log((1 - RHO) / (1 - mean))
    return float(LAMBDA / 2 * ((w1**2).sum() + (w2**2).sum()) + BETA * kl.sum())


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _seconds(way: CostAndGrad, weights: Weights, x: Array) -> float:
    """The time for one example."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        way(weights, x)
        times.append(time.perf_counter() - start)
    return min(times) / len(x)


SYSTEM = System("vectorised sparse autoencoder 784-196", "MNIST, first 10,000 digits", run)
