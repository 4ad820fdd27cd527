"""Sequential, its layout and its backward pass; backends and fused ops with toy overrides."""

from dataclasses import dataclass

import numpy as np
import pytest

import miniae_kernels
from miniae.backends import backend
from miniae.gradcheck import check, check_function
from miniae.layers import ELU, Dense, KLSparsity, L1Sparsity, Layer, LeakyReLU, Parameter, ReLU, Sigmoid, Tanh
from miniae.models import Autoencoder, NetworkModel
from miniae.network import Sequential
from miniae.ops import Pair, dense_backward, dense_forward, sigmoid_backward, sigmoid_forward
from miniae_kernels import Kernels


def batch(n=7, d=6, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.9, size=(n, d))


def sparse_autoencoder(backend="numpy", **options):
    encoder = [Dense(6, 4), Sigmoid(), KLSparsity(0.2, 3.0)]
    return Autoencoder(encoder, [Dense(4, 6), Sigmoid()], weight_decay=1e-2, backend=backend, **options)


def test_names_count_the_layers_that_have_parameters():
    network = Sequential([Dense(6, 4), Sigmoid(), Dense(4, 4, bias=False), Tanh(), Dense(4, 2)])
    assert [slot.name for slot in network.layout] == ["w1", "b1", "w2", "w3", "b3"]
    assert [slot.name for slot in network.layout if slot.decays] == ["w1", "w2", "w3"]


@pytest.mark.parametrize("activation", [Sigmoid(), Tanh(), ReLU(), LeakyReLU(0.3), ELU(0.5)])
@pytest.mark.parametrize("penalty", [[], [KLSparsity(0.2, 3.0)], [L1Sparsity(0.5)]])
def test_gradient_of_a_deep_network(activation, penalty):
    encoder = [Dense(6, 5), activation, Dense(5, 4, bias=False), Sigmoid(), *penalty]
    model = Autoencoder(encoder, [Dense(4, 6), activation], weight_decay=0.1)
    report = check(model, batch())
    assert report.passed, report


def test_cost_by_hand():
    # One example x = (1, 0), theta = 0: every activation is 1/2, so is every output.
    # squared error 1/2 ((1/2)^2 + (1/2)^2) = 1/4; rho_hat = 1/2 for 3 units,
    # KL(1/4 || 1/2) = 1/4 log 1/2 + 3/4 log 3/2.
    model = Autoencoder([Dense(2, 3), Sigmoid(), KLSparsity(0.25, 2.0)], [Dense(3, 2), Sigmoid()], weight_decay=5.0)
    theta = np.zeros(model.layout.size)
    kl = 0.25 * np.log(0.5) + 0.75 * np.log(1.5)
    assert model.cost(theta, np.array([[1.0, 0.0]])) == pytest.approx(0.25 + 2 * 3 * kl, rel=1e-14)
    # Weights of 1 cost 5/2 for each of the 12; biases cost nothing.
    for slot in model.layout:
        theta[slot.slice] = 1.0 if slot.decays else 0.0
    layers = model.network.layers
    model_without = Autoencoder(layers[:3], layers[3:])
    decay = model.cost(theta, np.array([[1.0, 0.0]])) - model_without.cost(theta, np.array([[1.0, 0.0]]))
    assert decay == pytest.approx(30.0, rel=1e-12)


def test_cost_changes_nothing_and_gradients_are_fresh():
    model, x = sparse_autoencoder(), batch()
    theta = model.theta.copy()
    kept, x_kept = theta.copy(), x.copy()
    cost, first = model.cost_and_grad(theta, x)
    again, second = model.cost_and_grad(theta, x)
    assert cost == again == model.cost(theta, x)
    assert first is not second
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(theta, kept)
    np.testing.assert_array_equal(x, x_kept)


def test_one_seed_is_one_network_in_both_precisions():
    single, double = sparse_autoencoder(dtype="float32", seed=3), sparse_autoencoder(seed=3)
    np.testing.assert_array_equal(single.theta, double.theta.astype(np.float32))
    cost, gradient = single.cost_and_grad(single.theta, batch().astype(np.float32))
    wanted, wanted_gradient = double.cost_and_grad(double.theta, batch())
    assert gradient.dtype == np.float32
    # Sums of at most 7 x 6 rounded products: some tens of float32's eps of 1.2e-7.
    assert cost == pytest.approx(wanted, rel=1e-5)
    np.testing.assert_allclose(gradient, wanted_gradient, atol=1e-5 * np.abs(wanted_gradient).max())


def test_frozen_parameters_have_no_gradient_and_the_others_keep_theirs():
    model, x = sparse_autoencoder(), batch()
    _, full = model.cost_and_grad(model.theta, x)
    model.freeze("w1", "b2")
    _, gradient = model.cost_and_grad(model.theta, x)
    frozen = model.layout.mask(["w1", "b2"])
    assert not gradient[frozen].any()
    np.testing.assert_array_equal(gradient[~frozen], full[~frozen])
    model.freeze()
    np.testing.assert_array_equal(model.cost_and_grad(model.theta, x)[1], full)


def test_nothing_is_computed_that_nobody_needs(monkeypatch):
    """The first layer's dx, and everything below the lowest trained parameter."""
    asked = []

    def spy(dy, cache, *, needs=("x", "w", "b"), out=None):
        asked.append(set(needs))
        return dense_backward(dy, cache, needs=needs, out=out)

    monkeypatch.setitem(miniae_kernels.KERNELS, "toy", lambda: Kernels(pairs={"dense": Pair(dense_forward, spy)}))
    model = sparse_autoencoder("toy")
    model.cost_and_grad(model.theta, batch())
    assert asked == [{"x", "w", "b"}, {"w", "b"}]
    asked.clear()
    model.freeze("w1", "b1")
    model.cost_and_grad(model.theta, batch())
    assert asked == [{"w", "b"}]
    asked.clear()
    model.freeze("w1", "b1", "w2", "b2")
    assert not model.cost_and_grad(model.theta, batch())[1].any()
    assert asked == []


def test_gradient_with_respect_to_the_input():
    network = Sequential([Dense(6, 4), Tanh(), Dense(4, 3)])
    theta, x = network.initial(), batch()
    dy = np.random.default_rng(1).normal(size=(7, 3))

    def cost_and_grad(x):
        ctx = network.context(network.initial_buffers())
        y, records, _ = network.forward(theta, x, ctx)
        return float((dy * y).sum()), network.backward(dy, records, np.zeros_like(theta), ctx, needs_x=True)

    assert check_function(cost_and_grad, x).passed


def test_a_kernel_takes_the_place_of_its_op_and_of_nothing_else(monkeypatch):
    calls = []

    def kernel(x, *, out=None):
        calls.append(x.shape)
        return sigmoid_forward(x, out=out)

    toy = Kernels(pairs={"sigmoid": Pair(kernel, sigmoid_backward)})
    monkeypatch.setitem(miniae_kernels.KERNELS, "cuda", lambda: toy)
    assert backend("cuda").pairs["dense"] is backend("numpy").pairs["dense"]
    model, plain = sparse_autoencoder("cuda"), sparse_autoencoder()
    np.testing.assert_array_equal(
        model.cost_and_grad(model.theta, batch())[1], plain.cost_and_grad(plain.theta, batch())[1]
    )
    assert calls == [(7, 4), (7, 6)]


def test_a_cost_kernel_takes_the_place_of_its_penalty(monkeypatch):
    toy = Kernels(costs={"kl_sparsity": lambda a, rho, beta, reduce: (np.float64(100.0), np.zeros(a.shape[1]))})
    monkeypatch.setitem(miniae_kernels.KERNELS, "numba", lambda: toy)
    with_toy, without = (
        sparse_autoencoder("numba"),
        Autoencoder([Dense(6, 4), Sigmoid()], [Dense(4, 6), Sigmoid()], weight_decay=1e-2),
    )
    assert with_toy.cost(with_toy.theta, batch()) == pytest.approx(100 + without.cost(with_toy.theta, batch()))


def dense_sigmoid_forward(x, w, b=None, *, out=None):
    z, dense = dense_forward(x, w, b)
    y, sigmoid = sigmoid_forward(z, out=out)
    return y, (dense, sigmoid)


def dense_sigmoid_backward(dy, cache, *, needs=("x", "w", "b"), out=None):
    dense, sigmoid = cache
    return dense_backward(sigmoid_backward(dy, sigmoid), dense, needs=needs, out=out)


def test_a_fused_op_takes_the_place_of_a_sequence_of_layers(monkeypatch):
    toy = Kernels(
        pairs={"dense_sigmoid": Pair(dense_sigmoid_forward, dense_sigmoid_backward)},
        fused={("dense", "sigmoid"): "dense_sigmoid"},
    )
    monkeypatch.setitem(miniae_kernels.KERNELS, "toy", lambda: toy)
    fused, plain = sparse_autoencoder("toy"), sparse_autoencoder()
    assert [step.layer.op for step in fused.network.steps] == ["dense_sigmoid", "kl_sparsity", "dense_sigmoid"]
    assert repr(fused.layout) == repr(plain.layout)
    np.testing.assert_array_equal(fused.theta, plain.theta)
    cost, gradient = fused.cost_and_grad(fused.theta, batch())
    wanted, wanted_gradient = plain.cost_and_grad(plain.theta, batch())
    assert cost == wanted
    np.testing.assert_array_equal(gradient, wanted_gradient)


@dataclass(frozen=True)
class RunningMean(Layer):
    """Subtracts the mean of the examples seen so far: a toy with a buffer and no parameter."""

    features: int

    def buffers(self):
        return {"mean": Parameter((self.features,)), "count": Parameter((1,))}

    def forward(self, params, x, ctx):
        if ctx.training:
            count = ctx.buffers["count"] + len(x)
            ctx.new_buffers["count"][...] = count
            ctx.new_buffers["mean"][...] = ctx.buffers["mean"] + (x.mean(axis=0) - ctx.buffers["mean"]) * len(x) / count
        return x - ctx.buffers["mean"], None, 0.0

    def backward(self, dy, cache, grads, ctx):
        return dy.copy() if ctx.needs_x else None


def test_buffers_are_read_by_the_cost_and_written_only_by_training():
    from miniae.training import fit

    model = Autoencoder([RunningMean(6), Dense(6, 4), Sigmoid()], [Dense(4, 6), Sigmoid()])
    assert [slot.name for slot in model.network.buffers.layout] == ["mean1", "count1"]
    assert [slot.name for slot in model.layout] == ["w2", "b2", "w3", "b3"]
    x = batch(10)
    model.cost_and_grad(model.theta, x)
    assert not model.buffers.any()
    fit(model, x, epochs=2, batch_size=4, progress=False)
    views = model.network.buffers.layout.views(model.buffers)
    assert views["count1"] == 20
    np.testing.assert_allclose(views["mean1"], x.mean(axis=0), rtol=1e-12)
    assert check(model, x).passed
    before = model.encode(x)
    model.buffers[...] = 0
    assert not np.allclose(model.encode(x), before)


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match="at least one layer"):
        Sequential([])
    with pytest.raises(ValueError, match="'cupy' is unknown; known: numpy"):
        Sequential([Sigmoid()], "cupy")
    with pytest.raises(ValueError, match=r"in_features must be a whole number of at least 1, got 0"):
        Dense(0, 3)
    with pytest.raises(ValueError, match=r"out_features .*got 2\.5"):
        Dense(3, 2.5)
    with pytest.raises(ValueError, match="'xavier'.*known: .*glorot_uniform"):
        Dense(3, 2, init="xavier")
    with pytest.raises(ValueError, match=r"rho must lie in \(0, 1\), got 1"):
        KLSparsity(1, 3.0)
    model = sparse_autoencoder()
    with pytest.raises(ValueError, match=r"Dense\(in_features=6, .*shape \(N, 6\), got \(7, 5\)"):
        model.cost(model.theta, batch(d=5))
    with pytest.raises(ValueError, match=r"theta must be an array of shape \(58,\)"):
        model.cost(model.theta[1:], batch())
    with pytest.raises(TypeError, match=r"uint8; divide images by 255"):
        model.cost(model.theta, np.zeros((3, 6), np.uint8))
    with pytest.raises(TypeError, match=r"x is float32 but theta is float64"):
        model.cost(model.theta, batch().astype(np.float32))
    with pytest.raises(ValueError, match=r"at least one of each, got \(0, 6\)"):
        model.cost(model.theta, np.zeros((0, 6)))
    with pytest.raises(ValueError, match=r"'mse' is unknown; known: .*squared_error"):
        NetworkModel([Dense(2, 2)], "mse")
    with pytest.raises(ValueError, match="'w9'; known: w1, b1, w2, b2"):
        model.freeze("w9")
    with pytest.raises(ValueError, match="weight_decay .*got -1"):
        NetworkModel([Dense(2, 2)], "squared_error", weight_decay=-1)
    with pytest.raises(ValueError, match="dtype must be float32 or float64, got 'float16'"):
        NetworkModel([Dense(2, 2)], "squared_error", dtype="float16")


@pytest.mark.parametrize("tied", ["", "w1"])
def test_writing_a_fresh_gradient_is_adding_to_zero(tied):
    """To the last bit; weights that two layers share collect both gradients either way."""
    network = Sequential([Dense(4, 3), Sigmoid(), Dense(3, 4, tied=tied)])
    theta, rng = network.initial(seed=0), np.random.default_rng(0)
    x, dy = rng.standard_normal((5, 4)), rng.standard_normal((5, 4))
    ctx = network.context(network.initial_buffers())
    gradients = []
    for fresh in (False, True):
        gradient = np.zeros_like(theta)
        _, records, _ = network.forward(theta, x, ctx)
        network.backward(dy, records, gradient, ctx, fresh=fresh)
        gradients.append(gradient)
    np.testing.assert_array_equal(*gradients)
    _, records, _ = network.forward(theta, x, ctx)
    network.backward(dy, records, gradient, ctx)  # without being told so, it adds
    np.testing.assert_allclose(gradient, 2 * gradients[0], rtol=1e-15)
