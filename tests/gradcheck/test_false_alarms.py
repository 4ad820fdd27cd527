"""200 random draws of every op, every loss and of random networks: none of these gradients may be called wrong."""

from functools import partial

import numpy as np
import pytest

from miniae.gradcheck import check_function, check_pair
from miniae.layers import Dense, ReLU
from miniae.models import Autoencoder
from miniae.ops import OPS

DRAWS = 200


MARGIN = 1e-2  # from kinks: more than any step


def draw(op, rng, beside_kinks=False):
    """Arguments of random shapes; the elementwise ops' on both sides of a kink, at a distance or at any."""
    n, d, o = rng.integers(1, 5, 3)
    if op == "dense":
        return {"x": rng.normal(size=(n, d)), "w": rng.normal(size=(d, o)), "b": rng.normal(size=o)}
    if op == "softmax":  # of one class the output is constant
        d += 1
    size = 10.0 ** rng.uniform(-6, 0.5, (n, d)) if beside_kinks else rng.uniform(MARGIN, 3, (n, d))
    return {"x": rng.choice([-1.0, 1.0], (n, d)) * size}


def check_op(op, args, seed):
    pair = OPS[op]
    # Zero: a ReLU of nothing but negative numbers.
    return check_pair(pair.forward, pair.backward, args, linear=pair.linear, zero=tuple(args), seed=seed)


@pytest.mark.parametrize("op", OPS)
def test_every_op_passes(op):
    rng = np.random.default_rng(0)
    for seed in range(DRAWS):
        report = check_op(op, draw(op, rng), seed)
        assert report.passed, f"seed {seed}\n{report}"


@pytest.mark.parametrize("op", [name for name, pair in OPS.items() if pair.kinks])
def test_no_op_is_called_wrong_beside_its_kinks(op):
    rng = np.random.default_rng(1)
    verdicts = []
    for seed in range(DRAWS):
        report = check_op(op, draw(op, rng, beside_kinks=True), seed)
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


def test_no_network_of_relus_is_called_wrong():
    """Hundreds of kinks, at no particular distance; some checks are in doubt, none fails."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        model = Autoencoder([Dense(4, 6), ReLU(), Dense(6, 2), ReLU()], [Dense(2, 4)], seed=seed)
        x = rng.normal(size=(12, 4))
        theta = model.theta + 0.1 * rng.normal(size=model.theta.size)
        function, cost = partial(model.cost_and_grad, x=x), partial(model.cost, x=x)
        names = tuple(slot.name for slot in model.layout)
        report = check_function(function, theta, cost=cost, layout=model.layout, zero=names)
        assert report.verdict != "fail", f"seed {seed}\n{report}"
        projected = check_function(function, theta, cost=cost, layout=model.layout, zero=names, elementwise=0)
        assert projected.verdict != "fail", f"seed {seed}\n{projected}"
