"""Hidden units: their figures by hand, and the input each responds to most against what is known of it."""

import numpy as np
import pytest

from miniae.layers import Conv2d, Dense, Flatten, ReLU, Sigmoid, Tanh
from miniae.network import Sequential
from miniae.units import maximizing_input, units

A = np.array([[0.0, 1.0], [0.2, 1.0], [0.4, 1.0], [1.0, 1.0]])


def test_figures_by_hand():
    first, second = units(A, np.array([0, 0, 1, 1])).rows
    assert first[:6] == (0, pytest.approx(0.4), pytest.approx(np.sqrt(0.14)), 0.25, 1.0, 3)
    assert first.preferred == 1
    assert first.selectivity == pytest.approx((0.7 - 0.1) / (0.7 + 0.1))
    assert (second.active, second.selectivity) == (1.0, 0.0)  # it says the same to both classes


def test_units_that_go_below_zero_have_no_selectivity():
    row = units(A - 0.5, np.array([0, 0, 1, 1])).rows[0]
    assert np.isnan(row.selectivity)
    assert row.preferred == 1


def test_the_table_is_sorted_and_printed():
    table = units(A)
    assert [unit.number for unit in table.sorted_by("mean").rows] == [1, 0]
    lines = str(table).splitlines()
    assert len(lines) == 3
    assert "class" not in lines[0]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("activation", [Sigmoid(), Tanh()])
def test_of_one_layer_it_is_the_unit_s_weights(activation):
    network = Sequential([Dense(12, 5), activation])
    theta = network.initial(seed=3)
    w = network.layout.views(theta)["w1"][:, 2]
    found = maximizing_input(network, theta, 2, (12,), norm=3.0)
    np.testing.assert_allclose(found, 3 * w / np.linalg.norm(w), atol=1e-6)


def test_of_a_linear_chain_it_is_the_row_of_the_product():
    network = Sequential([Dense(6, 5), Dense(5, 4)])
    theta = network.initial(seed=1)
    views = network.layout.views(theta)
    w = (views["w1"] @ views["w2"])[:, 3]
    np.testing.assert_allclose(maximizing_input(network, theta, 3, (6,)), w / np.linalg.norm(w), atol=1e-6)


def test_no_random_input_does_better_in_a_convolutional_network():
    network = Sequential([Conv2d(1, 3), Tanh(), Flatten(), Dense(48, 4)])
    theta = network.initial(seed=0)
    best = maximizing_input(network, theta, 1, (6, 6, 1), norm=2.0)
    assert np.linalg.norm(best) == pytest.approx(2.0)
    others = np.random.default_rng(0).standard_normal((1000, 6, 6, 1))
    others *= 2 / np.sqrt((others**2).sum(axis=(1, 2, 3), keepdims=True))
    assert network(theta, best[None])[0, 1] > network(theta, others)[:, 1].max()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: units(A[0]), r"a must have shape \(examples, units\)"),
        (lambda: units(A, np.zeros(3, int)), r"labels must have shape \(4,\), one for each example, got \(3,\)"),
        (lambda: units(A, np.zeros(4, int)), r"at least two classes, got only \[0\]"),
        (lambda: units(A).sorted_by("size"), "figure: 'size' is unknown; known: number"),
        (lambda: maximizing_input(NETWORK, THETA, 2, (3,)), r"unit must lie in \[0, 2\), got 2"),
        (lambda: maximizing_input(NETWORK, THETA, 0, (3,), norm=0), "norm must be positive and finite, got 0"),
        (lambda: maximizing_input(NETWORK, 0 * THETA, 0, (3,)), "does not depend on its input"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


NETWORK = Sequential([Dense(3, 2), ReLU()])
THETA = NETWORK.initial(seed=0)
