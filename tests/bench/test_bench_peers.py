"""The peers compute what miniae computes, on a small workload of each kind, in float64."""

import importlib.util

import numpy as np
import pytest
from tiny_workloads import TINY, contender

from miniae.bench import jax_peer, peers, torch_peer
from miniae.bench.agreement import Disagreement, Reference
from miniae.bench.contender import counterpart
from miniae.optimizers import Momentum

pytestmark = pytest.mark.as_users_run_it

TIGHT = {
    "cost": 1e-13,
    "gradient": 1e-11,
    "moved": 1e-6,
}  # Adam's eps and a gradient that is nearly 0: the last is wide


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is a peer of the benchmark")


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax", reason="JAX is a peer of the benchmark")
    with jax.enable_x64(True):
        yield jax


def held_against_miniae(peer, kind):
    workload = TINY[kind]
    first = contender(workload)
    other = peers.PEERS[peer].contender(
        workload.make("numpy", "float64"), workload.data("float64"), workload.optimizer, "cpu"
    )
    np.testing.assert_array_equal(first.theta(), other.theta())
    Reference(first, first.model.layout).check(other, **TIGHT)


@pytest.mark.parametrize("kind", list(TINY))
def test_torch_eager(kind, torch):
    held_against_miniae("torch-eager", kind)


@pytest.mark.parametrize("kind", ["conv", "two convs"])
def test_torch_channels_last(kind, torch):
    held_against_miniae("torch-channels-last", kind)


@pytest.mark.parametrize("kind", ["sparse", "dense", "conv"])  # each takes its compiler a while
def test_jax(kind, jax):
    held_against_miniae("jax", kind)


@pytest.mark.parametrize("kind", ["sparse", "conv"])
def test_torch_compile(kind, torch, monkeypatch):
    """The compiler itself takes half a minute; what is given to it, and that its result is what runs, is looked at."""
    modes = []
    monkeypatch.setattr(torch, "compile", lambda function, mode: modes.append(mode) or function)
    monkeypatch.setattr(torch.compiler, "reset", lambda: pytest.fail("would throw away what the other has compiled"))
    held_against_miniae("torch-compile", kind)
    held_against_miniae("torch-max-autotune", kind)
    assert modes == ["default", "max-autotune"]


def test_what_was_compiled_for_a_row_is_forgotten_after_it(torch, monkeypatch):
    resets, workload = [], TINY["sparse"]
    monkeypatch.setattr(torch, "compile", lambda function, mode: function)
    monkeypatch.setattr(torch.compiler, "reset", lambda: resets.append(1))
    for peer in ("torch-eager", "torch-compile"):
        model = workload.make("numpy", "float32")
        peers.PEERS[peer].contender(model, workload.data(), workload.optimizer, "cpu").close()
    assert resets == [1]


def test_channels_last_lies_in_memory_as_it_says(torch):
    workload = TINY["conv"]
    for peer, last in (("torch-eager", False), ("torch-channels-last", True)):
        other = peers.PEERS[peer].contender(
            workload.make("numpy", "float32"), workload.data(), workload.optimizer, "cpu"
        )
        kernel = other.parameters[2]  # (2, 4, 3, 3): of one channel, both orders would be the same
        assert kernel.is_contiguous(memory_format=torch.channels_last) == last


def test_a_peer_that_forgets_the_sparsity_term_is_refused(torch, monkeypatch):
    monkeypatch.setattr(torch_peer, "kl_sparsity", lambda layer, a: 0.0)
    with pytest.raises(Disagreement, match="the cost .* is not miniae numpy's"):
        held_against_miniae("torch-eager", "sparse")


def test_a_peer_whose_cost_is_right_and_whose_gradient_is_wrong_is_refused(jax, monkeypatch):
    right = jax_peer.cost_of

    def cost_of(jax, model):
        return lambda parameters, x: right(jax, model)(parameters, x) + 1e-3 * parameters["b1"].sum()  # b1 starts at 0

    monkeypatch.setattr(jax_peer, "cost_of", cost_of)
    with pytest.raises(Disagreement, match="the gradient of b1 is not miniae numpy's"):
        held_against_miniae("jax", "sparse")


def test_what_has_no_counterpart_is_named():
    with pytest.raises(ValueError, match="torch: nothing stands for Momentum; known: Adam, RMSProp"):
        counterpart("torch", torch_peer.OPTIMIZERS, Momentum)


def test_peers_are_chosen_by_package_or_name(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jax" else object())
    of_torch = ["torch-eager", "torch-channels-last", "torch-compile", "torch-max-autotune"]
    assert list(peers.select(None)) == of_torch
    assert list(peers.select("torch")) == of_torch
    assert list(peers.select("torch-compile")) == ["torch-compile"]
    assert peers.select("none") == {}
    with pytest.raises(ImportError, match="jax is not installed: pip install jax"):
        peers.select("torch-eager,jax")
    with pytest.raises(ValueError, match="'tensorflow' is unknown; known: torch, torch-eager, .*, jax, .*, none"):
        peers.select("tensorflow")
