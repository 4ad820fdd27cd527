"""Ops beside their kinks, and networks at points where differences are hard to take: none may be called wrong."""

from itertools import pairwise

import numpy as np
import pytest

from miniae.gradcheck import check, check_function, check_pair
from miniae.layers import ELU, SELU, Dense, ReLU, Sigmoid, Softplus, Tanh
from miniae.models import NetworkModel
from miniae.ops import OPS
from miniae.strategies import TARGETS

DRAWS = 200


def draw(rng):
    """Numbers of a random shape on both sides of zero, at any distance."""
    shape = rng.integers(1, 5, 2)
    return {"x": rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(-6, 0.5, shape)}


def check_op(op, args, seed):
    pair = OPS[op]
    # Zero: a ReLU of nothing but negative numbers.
    return check_pair(pair.forward, pair.backward, args, linear=pair.linear, zero=tuple(args), seed=seed)


@pytest.mark.parametrize("op", [name for name, pair in OPS.items() if pair.kinks])
def test_no_op_is_called_wrong_beside_its_kinks(op):
    rng = np.random.default_rng(1)
    verdicts = []
    for seed in range(DRAWS):
        report = check_op(op, draw(rng), seed)
        verdicts.append(report.verdict)
        assert report.verdict != "fail", f"seed {seed}\n{report}"
    assert {"pass", "inconclusive"} == set(verdicts)  # both happen, or the draws would show nothing


def test_beside_a_small_kink_is_in_doubt_and_never_wrong():
    """A cost that is smooth but for a kink much smaller than its slope, at any distance."""
    verdicts = []
    for jump in 10.0 ** np.arange(-6, 0):
        for distance in 10.0 ** np.linspace(-7, -1, 25):

            def function(t, jump=jump, distance=distance):
                cost = (2 * t + t**2 + jump * np.abs(t - distance)).sum()
                return cost, 2 + 2 * t + jump * np.sign(t - distance)

            verdicts.append(check_function(function, np.zeros(1)).verdict)
    assert "fail" not in verdicts
    assert verdicts.count("pass") > len(verdicts) / 3


ACTIVATIONS = (Sigmoid, Tanh, Softplus, ELU, SELU, ReLU)
HARD = {  # depth, factor on the weights, examples, factor on the inputs
    "ordinary": (2, 1, 10, 1),
    "many examples": (3, 1, 60, 1),
    "large weights": (3, 20, 10, 1),
    "large inputs": (2, 1, 10, 1000),
    "deep": (6, 1, 10, 1),
}


def network(activation, depth, weights, examples, inputs, seed):
    """A network of random sizes, with any loss, and data for it."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, depth + 1)
    layers = [layer for a, b in pairwise(sizes) for layer in (Dense(int(a), int(b)), activation())][:-1]
    loss = sorted(TARGETS)[seed % len(TARGETS)]
    model = NetworkModel(layers, loss, seed=seed)
    model.theta = weights * model.theta + 0.1 * rng.normal(size=model.theta.size)
    return model, (inputs * rng.normal(size=(examples, sizes[0])), TARGETS[loss](rng, (examples, sizes[-1])))


@pytest.mark.as_users_run_it
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hard", HARD)
def test_no_network_is_called_wrong(hard, activation):
    """Saturated units, sharp bends, hundreds of kinks at any distance: some checks are in doubt, none fails."""
    verdicts = []
    for seed in range(4):
        model, data = network(activation, *HARD[hard], seed)
        zero = tuple(slot.name for slot in model.layout)  # a dead unit's gradient, or that of a softmax of one class
        report = check(model, *data, zero=zero)
        verdicts.append(report.verdict)
        assert report.verdict != "fail", f"seed {seed}\n{report}"
        projected = check(model, *data, zero=zero, elementwise=0)
        assert projected.verdict != "fail", f"seed {seed}\n{projected}"
    if hard == "ordinary":
        assert set(verdicts) == {"pass"}
