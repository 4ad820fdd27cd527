"""The strategies draw what they promise, and shrink to small examples."""

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from miniae.gradcheck import check, check_pair
from miniae.layers import Dense, Layer, ReLU
from miniae.ops import relu_forward
from miniae.strategies import MARGIN, arrays, layers, networks

SEARCH = settings(database=None, max_examples=2000, suppress_health_check=list(HealthCheck), deadline=None)


@given(arrays((3, 2), low=-2.0, high=2.0, margin_from=(1.0, 0.0), margin=0.1))
def test_arrays_keep_their_distance(x):
    assert x.shape == (3, 2)
    assert x.dtype == np.float64
    assert (np.abs(x) <= 2).all()
    for kink in 0, 1:
        assert (np.abs(x - kink) >= 0.1 - 1e-15).all()


@given(arrays(st.tuples(st.integers(1, 3)), margin_from=(0.0,), dtype=np.float32))
def test_arrays_of_float32_and_of_drawn_shapes(x):
    assert x.dtype == np.float32
    assert 1 <= x.size <= 3
    assert (np.abs(x) >= np.float32(MARGIN)).all()


@given(arrays((2, 3), margin_from=(0.0,)))
def test_a_pair_with_a_kink_can_be_checked_everywhere_else(x):
    report = check_pair(relu_forward, lambda dy, cache: dy * (x > 0), {"x": x}, zero=("x",))
    assert report.passed, f"\n{report}"


@given(layers(5))
def test_layers_take_the_features_they_were_asked_to(layer):
    assert isinstance(layer, Layer)
    assert layer.output_shape((2, 5))[0] == 2


@given(networks())
def test_every_drawn_network_has_the_right_gradient(network):
    names = tuple(slot.name for slot in network.model.layout)
    report = check(network.model, *network.data, zero=names)
    assert report.verdict != "fail", f"\n{report}"


def test_a_fault_shrinks_to_one_layer_one_feature_one_example():
    network = find(networks(), lambda network: True, settings=SEARCH)
    assert [type(layer) for layer in network.model.network.layers] == [Dense]
    assert network.model.theta.shape == (2,)
    assert network.data[0].shape == (1, 1)


def test_a_fault_of_one_layer_shrinks_to_the_smallest_network_with_it():
    def has_a_relu(network):
        return any(isinstance(layer, ReLU) for layer in network.model.network.layers)

    two = find(networks(), has_a_relu, settings=SEARCH)
    assert [type(layer).__name__ for layer in two.model.network.layers] == ["Dense", "ReLU", "Dense"]
    assert two.model.theta.shape == (4,)


@given(networks(smooth=True))
def test_smooth_networks_have_no_kinks(network):
    kinked = {"ReLU", "LeakyReLU", "ELU", "SELU"}
    assert not kinked & {type(layer).__name__ for layer in network.model.network.layers}


@pytest.mark.bad_input
def test_no_room_between_the_margins():
    with pytest.raises(ValueError, match="nothing is 1.0 away from"):
        arrays(3, low=-0.5, high=0.5, margin_from=(0.0,), margin=1.0)
