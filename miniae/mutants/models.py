"""Models with a broken op, loss or penalty somewhere inside; the checker is given the model alone."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.layers import Dense, ReLU, Tanh
from miniae.losses import mean_squared_error, softmax_cross_entropy
from miniae.models import Autoencoder, SoftmaxRegression, SparseAutoencoder
from miniae.mutants.arguments import away_from_zero
from miniae.mutants.mutant import broken_model
from miniae.ops import OPS
from miniae.ops.dense import DenseCache
from miniae.ops.relu import ReluCache
from miniae.ops.sigmoid import SigmoidCache
from miniae.ops.tanh import TanhCache
from miniae.penalties import kl_sparsity, l2

Made = tuple[Any, tuple[Array, ...]]


def sparse_autoencoder(backend: Backend, rng: np.random.Generator) -> Made:
    """UFLDL's first exercise, small."""
    model = SparseAutoencoder(6, 4, rho=0.1, weight_decay=0.02, seed=int(rng.integers(1000)), backend=backend)
    return model, (rng.uniform(0.1, 0.9, (10, 6)),)


def regressor(backend: Backend, rng: np.random.Generator) -> Made:
    """A perceptron with one hidden layer and several outputs."""
    layers = [Dense(5, 4), Tanh()], [Dense(4, 3)]
    model = Autoencoder(*layers, loss="mean_squared_error", seed=int(rng.integers(1000)), backend=backend)
    return model, (rng.standard_normal((10, 5)), rng.standard_normal((10, 3)))


def rectifier(backend: Backend, rng: np.random.Generator) -> Made:
    """An autoencoder of ReLUs, each of whose pre-activations keeps away from 0 on the batch.

    The codes are fed in directly: the rows of x are unit vectors, so a pre-activation is a weight plus a bias.
    """
    model = Autoencoder([Dense(6, 4), ReLU()], [Dense(4, 6)], seed=int(rng.integers(1000)), backend=backend)
    w1 = model.layout.views(model.theta)["w1"]
    w1[...] = away_from_zero(w1)
    return model, (np.eye(6),)


def classifier(backend: Backend, rng: np.random.Generator) -> Made:
    """UFLDL's softmax regression, small."""
    model = SoftmaxRegression(5, 3, weight_decay=0.02, seed=int(rng.integers(1000)), backend=backend)
    return model, (rng.standard_normal((10, 5)), rng.integers(0, 3, 10))


@broken_model("mean_squared_error", "missing-1/n-outputs", regressor)
def mlp_regressor(y: Array, target: Array, **_: Any) -> Any:
    """Averages the loss over outputs, the gradient not: a real perceptron's, n_outputs times too large for years."""
    loss, dy = mean_squared_error(y, target)
    return loss, dy * y.shape[1]


@broken_model("sigmoid", "derivative-missing", sparse_autoencoder)
def units_taken_for_linear(dy: Array, cache: SigmoidCache) -> Any:
    """Goes back through every sigmoid as if it were not there."""
    return dy.copy()


@broken_model("kl_sparsity", "kl-per-sample", sparse_autoencoder)
def sparsity_per_example(a: Array, rho: float, beta: float, **_: Any) -> Any:
    """Does not average rho_hat over the batch."""
    return kl_sparsity(a, rho, beta)[0], beta / len(a) * (-rho / a + (1 - rho) / (1 - a))


@broken_model("kl_sparsity", "kl-missing", sparse_autoencoder)
def sparsity_without_gradient(a: Array, rho: float, beta: float, **_: Any) -> Any:
    """Adds the penalty to the cost and nothing to the gradient."""
    cost, da = kl_sparsity(a, rho, beta)
    return cost, np.zeros_like(da)


@broken_model("kl_sparsity", "kl-not-divided-by-m", sparse_autoencoder)
def sparsity_not_divided_by_m(a: Array, rho: float, beta: float, **_: Any) -> Any:
    """Forgets that each example moves the mean by 1/m only."""
    cost, da = kl_sparsity(a, rho, beta)
    return cost, da * len(a)


@broken_model("l2", "decay-doubled", sparse_autoencoder)
def decay_doubled(w: Array, strength: float, **_: Any) -> Any:
    """Differentiates w^2 and forgets the half in front."""
    cost, dw = l2(w, strength)
    return cost, 2 * dw


@broken_model("l2", "decay-missing", classifier)
def decay_missing(w: Array, strength: float, **_: Any) -> Any:
    """Adds the weight decay to the cost and nothing to the gradient."""
    cost, dw = l2(w, strength)
    return cost, np.zeros_like(dw)


@broken_model("softmax_cross_entropy", "missing-1/m", classifier)
def classes_not_averaged(y: Array, target: Array, **_: Any) -> Any:
    """Averages the loss over the examples, the gradient not."""
    loss, dy = softmax_cross_entropy(y, target)
    return loss, dy * len(y)


@broken_model("dense", "bias-averaged", regressor)
def biases_averaged(dy: Array, cache: DenseCache) -> Any:
    """Averages every bias's gradient over the batch once more."""
    dx, dw, db = OPS["dense"].backward(dy, cache)
    return dx, dw, db / len(dy)


@broken_model("tanh", "derivative-other-activation", regressor)
def slope_of_the_sigmoid(dy: Array, cache: TanhCache) -> Any:
    """Keeps the sigmoid's slope after the units were changed to tanh."""
    return dy * cache.y * (1 - cache.y)


@broken_model("relu", "derivative-missing", rectifier)
def dead_units_get_gradients(dy: Array, cache: ReluCache) -> Any:
    """Sends the gradient back through units that are off."""
    return dy.copy()
