"""Nothing that is right is rejected: 200 random draws of every op, loss and penalty, and of the models.

Inconclusive is no alarm, but it tells a user nothing, so it must be rare: at most one draw in a hundred.
"""

from collections import Counter
from functools import partial

import numpy as np
import pytest

from miniae.backends import backend
from miniae.gradcheck import check, check_function, check_pair
from miniae.layers import Dense, KLSparsity, L1Sparsity, Sigmoid, Softmax, Softplus, Tanh
from miniae.losses import LOSSES
from miniae.models import Autoencoder, SoftmaxRegression, SparseAutoencoder
from miniae.mutants.arguments import checkable, cost_arguments, pair_arguments
from miniae.mutants.exercise import EXAMPLES, INPUTS, LAYOUT, SparseAutoencoderCost
from miniae.mutants.models import rectifier
from miniae.ops import OPS
from miniae.penalties import PENALTIES

DRAWS, RARE = 200, 2
COSTS = {**{name: loss.function for name, loss in LOSSES.items()}, **PENALTIES}


def op(name, rng):
    forward, backward, linear, _ = OPS[name]
    args, seed = pair_arguments(name, rng), int(rng.integers(1 << 30))
    wrt, backward = checkable(name, args, backward)
    return check_pair(forward, backward, args, wrt=wrt, linear=linear, seed=seed)


def cost(name, rng):
    first, others = cost_arguments(name, rng)
    ((argument, value),) = first.items()

    def of_the_first(theta):
        total, gradient = COSTS[name](theta, **others)
        return total, np.broadcast_to(gradient, theta.shape)  # kl_sparsity gives one row for every example

    return check_function(of_the_first, value, layout={argument: value.shape}, context=others)


def exercise(rng):
    right = SparseAutoencoderCost(rng.uniform(0.1, 0.9, (EXAMPLES, INPUTS)), rho=0.1, beta=3.0, lam=0.02)
    return check_function(right, 0.5 * rng.standard_normal(LAYOUT.size), layout=LAYOUT)


def sparse_autoencoder(rng):
    model = SparseAutoencoder(4, 3, rho=0.1, weight_decay=0.02, seed=int(rng.integers(1 << 30)))
    return check(model, rng.uniform(0.1, 0.9, (6, 4)))


def softmax_regression(rng):
    model = SoftmaxRegression(5, 3, weight_decay=0.02, seed=int(rng.integers(1 << 30)))
    return check(model, rng.standard_normal((10, 5)), rng.integers(0, 3, 10))


def autoencoder(loss, activation, rng):
    """Codes with a penalty, and an output that suits the loss."""
    output = [Sigmoid()] if loss == "binary_cross_entropy" else []
    encoder = [Dense(4, 3), activation, Dense(3, 2), Softmax(), KLSparsity(0.2, 0.5), L1Sparsity(0.1)]
    model = Autoencoder(encoder, [Dense(2, 4), *output], loss, weight_decay=0.02, seed=int(rng.integers(1 << 30)))
    return check(model, rng.uniform(0.1, 0.9, (5, 4)))


def rectified(rng):
    model, data = rectifier(backend("numpy"), rng)
    return check(model, *data)


CORRECT = {
    **{name: partial(op, name) for name in OPS},
    **{name: partial(cost, name) for name in COSTS},
    "exercise": exercise,
    "SparseAutoencoder": sparse_autoencoder,
    "SoftmaxRegression": softmax_regression,
    "Autoencoder of ReLU": rectified,
    "Autoencoder of tanh": partial(autoencoder, "squared_error", Tanh()),
    "Autoencoder of softplus": partial(autoencoder, "binary_cross_entropy", Softplus()),
}


@pytest.mark.as_users_run_it
@pytest.mark.parametrize("name", CORRECT)
def test_no_false_alarm(name):
    verdicts = Counter(CORRECT[name](np.random.default_rng(seed)).verdict for seed in range(DRAWS))
    assert verdicts["fail"] == 0
    assert verdicts["inconclusive"] <= RARE
