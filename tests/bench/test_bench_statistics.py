"""Medians, quartiles and ratios of times made up so that the answers are known."""

import pytest

from miniae.bench.statistics import fastest_peer, named, ours, ratio, spread, timed

ROW = {
    "contenders": [
        {"name": "miniae numpy", "peer": False, "ms": [2.0, 4.0, 6.0, 8.0, 100.0]},
        {"name": "torch eager", "peer": True, "ms": [4.0, 4.0, 4.0, 4.0, 200.0]},
        {"name": "jax.jit", "peer": True, "ms": [3.0, 3.0, 3.0, 3.0, 3.0]},
        {"name": "torch.compile", "peer": True, "could_not_run": "no compiler"},
    ]
}


def test_the_median_does_not_see_an_outlier():
    assert spread(ROW["contenders"][0]["ms"]) == (6.0, 4.0, 8.0)


def test_a_ratio_is_of_medians_and_its_spread_of_the_rounds_ratios():
    # rounds: 1/2, 1, 3/2, 2, 1/2: quartiles 1/2 and 3/2; a round that was slow for both does not widen it
    assert ratio(ROW["contenders"][0], ROW["contenders"][1]) == pytest.approx((1.5, 0.5, 1.5))


def test_contenders_are_found():
    assert [entry["name"] for entry in timed(ROW)] == ["miniae numpy", "torch eager", "jax.jit"]
    assert [entry["name"] for entry in ours(ROW)] == ["miniae numpy"]
    assert fastest_peer(ROW)["name"] == "jax.jit"
    assert fastest_peer({"contenders": ROW["contenders"][:1]}) is None
    assert named(ROW, "torch.compile") is None
