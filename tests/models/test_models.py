"""The models: costs by hand, UFLDL's formulas and packing, and what encode, decode and predict return."""

import threading

import numpy as np
import pytest

from miniae.gradcheck import check
from miniae.layers import BatchNorm, Dense, ReLU, Sigmoid, Tanh
from miniae.models import (
    Autoencoder,
    KSparseAutoencoder,
    SoftmaxRegression,
    SparseAutoencoder,
    VariationalAutoencoder,
    from_ufldl,
    to_ufldl,
)


def batch(n=12, d=5, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.9, size=(n, d))


def ufldl_cost(vector, visible, hidden, lam, rho, beta, data):
    """UFLDL's sparseAutoencoderCost, its formulas with examples in columns and loops spelled out."""
    n = visible * hidden
    w1 = vector[:n].reshape(hidden, visible, order="F")
    w2 = vector[n : 2 * n].reshape(visible, hidden, order="F")
    b1, b2 = vector[2 * n : 2 * n + hidden], vector[2 * n + hidden :]
    m, error, rho_hat = data.shape[1], 0.0, np.zeros(hidden)
    for i in range(m):
        a = 1 / (1 + np.exp(-(w1 @ data[:, i] + b1)))
        h = 1 / (1 + np.exp(-(w2 @ a + b2)))
        error += ((h - data[:, i]) ** 2).sum() / 2 / m
        rho_hat += a / m
    kl = (rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat))).sum()
    return error + lam / 2 * ((w1**2).sum() + (w2**2).sum()) + beta * kl


def test_sparse_autoencoder_is_ufldl_s_formula_in_ufldl_s_packing():
    model = SparseAutoencoder(5, 3, rho=0.05, beta=2.0, weight_decay=0.3, seed=1)
    vector = np.random.default_rng(2).normal(size=model.layout.size)
    theta = from_ufldl(model.layout, vector)
    wanted = ufldl_cost(vector, 5, 3, 0.3, 0.05, 2.0, batch().T)
    assert model.cost(theta, batch()) == pytest.approx(wanted, rel=1e-13)
    np.testing.assert_array_equal(to_ufldl(model.layout, theta), vector)


def test_the_gradient_in_ufldl_s_packing_is_that_of_ufldl_s_formula():
    model = SparseAutoencoder(5, 3, rho=0.05, beta=2.0, weight_decay=0.3)
    gradient = to_ufldl(model.layout, model.cost_and_grad(model.theta, batch())[1])
    vector = to_ufldl(model.layout, model.theta)
    for i in (0, 7, 15, 20, 30, 33, 37):  # some of W1, W2, b1, b2
        h = np.zeros_like(vector)
        h[i] = 1e-5
        plus, minus = (ufldl_cost(v, 5, 3, 0.3, 0.05, 2.0, batch().T) for v in (vector + h, vector - h))
        assert gradient[i] == pytest.approx((plus - minus) / 2e-5, abs=1e-8)


def test_sparse_autoencoder_against_autograd():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    model = SparseAutoencoder(5, 3, rho=0.05, beta=2.0, weight_decay=0.3)
    views = model.layout.views(model.theta)
    w1, b1, w2, b2 = params = [torch.tensor(views[k], requires_grad=True) for k in ("w1", "b1", "w2", "b2")]
    x = torch.tensor(batch())
    a = torch.sigmoid(x @ w1 + b1)
    h = torch.sigmoid(a @ w2 + b2)
    rho_hat = a.mean(0)
    kl = (0.05 * torch.log(0.05 / rho_hat) + 0.95 * torch.log(0.95 / (1 - rho_hat))).sum()
    cost = ((h - x) ** 2).sum() / (2 * len(x)) + 0.3 / 2 * ((w1**2).sum() + (w2**2).sum()) + 2 * kl
    cost.backward()
    wanted = np.concatenate([p.grad.numpy().ravel() for p in params])
    value, gradient = model.cost_and_grad(model.theta, batch())
    assert value == pytest.approx(cost.item(), rel=1e-13)
    np.testing.assert_allclose(gradient, wanted, atol=1e-10 * np.abs(wanted).max())


def test_packing_of_a_deeper_chain_puts_all_weights_before_all_biases():
    model = Autoencoder([Dense(3, 2), Tanh(), Dense(2, 1)], [Dense(1, 3)])
    theta = np.arange(float(model.layout.size))
    order = np.concatenate([theta[model.layout[k].slice] for k in ("w1", "w2", "w3", "b1", "b2", "b3")])
    np.testing.assert_array_equal(to_ufldl(model.layout, theta), order)
    np.testing.assert_array_equal(from_ufldl(model.layout, order), theta)


def test_encode_decode_and_reconstruct_are_parts_of_one_pass():
    model = Autoencoder([Dense(5, 4), Tanh(), Dense(4, 2), Sigmoid()], [Dense(2, 5), Sigmoid()])
    whole = model.network(model.theta, batch())
    np.testing.assert_array_equal(model.reconstruct(batch()), whole)
    assert model.encode(batch()).shape == (12, 2)
    np.testing.assert_array_equal(model.decode(model.encode(batch())), whole)


def test_a_model_on_logits_reconstructs_probabilities():
    logits = Autoencoder([Dense(5, 2), Sigmoid()], [Dense(2, 5)], loss="binary_cross_entropy_with_logits")
    plain = Autoencoder([Dense(5, 2), Sigmoid()], [Dense(2, 5), Sigmoid()], loss="binary_cross_entropy")
    np.testing.assert_allclose(logits.reconstruct(batch()), plain.reconstruct(batch()), rtol=1e-14)
    wanted, wanted_gradient = plain.cost_and_grad(plain.theta, batch())
    cost, gradient = logits.cost_and_grad(logits.theta, batch())
    assert cost == pytest.approx(wanted, rel=1e-13)
    np.testing.assert_allclose(gradient, wanted_gradient, atol=1e-14)


def test_an_example_with_a_nan_comes_back_with_nan_and_no_other_does():
    x = batch()
    x[3, 1] = np.nan
    normed = Autoencoder([Dense(5, 3), BatchNorm(3), ReLU()], [Dense(3, 5), Sigmoid()])
    for model in (normed, KSparseAutoencoder(5, 4, 2), VariationalAutoencoder(5, 4, 2)):
        for found in (model.encode(x), model.reconstruct(x)):
            np.testing.assert_array_equal(np.isnan(found).any(axis=1), np.arange(12) == 3)


def test_softmax_regression_by_hand():
    # Two examples, logits (log 3, 0) and (0, 0): p = (3/4, 1/4) and (1/2, 1/2). Labels 0 and 1:
    # loss (log 4/3 + log 2) / 2; dz = ((-1/4, 1/4), (1/2, -1/2)) / 2; decay 1/2 (log 3)^2 with lambda 1.
    model = SoftmaxRegression(2, 2, weight_decay=1.0, bias=False)
    theta = np.array([np.log(3), 0.0, 0.0, 0.0])
    cost, gradient = model.cost_and_grad(theta, np.eye(2), np.array([0, 1]))
    assert cost == pytest.approx((np.log(4 / 3) + np.log(2)) / 2 + np.log(3) ** 2 / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, [-1 / 8 + np.log(3), 1 / 8, 1 / 4, -1 / 4], rtol=1e-13)
    model.theta[...] = theta
    np.testing.assert_allclose(model.probabilities(np.eye(2)), [[0.75, 0.25], [0.5, 0.5]], rtol=1e-14)
    assert model.predict(np.eye(2)).tolist() == [0, 0]
    assert model.accuracy(np.eye(2), np.array([0, 1])) == 0.5


@pytest.mark.parametrize("bias", [True, False])
def test_softmax_regression_gradient(bias):
    model = SoftmaxRegression(5, 4, weight_decay=0.1, bias=bias)
    report = check(model, batch(), np.arange(12) % 4)
    assert report.passed, report


def test_a_batch_split_over_two_workers_gives_the_cost_and_gradient_of_the_whole():
    """Loss, rho_hat and gradient each go through ``reduce``; weight decay is counted once."""
    model, x = SparseAutoencoder(5, 3, rho=0.05, beta=2.0, weight_decay=0.3), batch(13)
    barrier, parts, results = threading.Barrier(2), [None, None], [None, None]

    def worker(rank, share):
        def reduce(total, count):
            parts[rank] = np.array(total), count
            barrier.wait()
            both = parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]
            barrier.wait()
            return both

        gradient = np.empty_like(model.theta)
        ctx = model.network.context(model.buffers, reduce=reduce)
        cost = model.backpropagate(model.theta, share, share, ctx, gradient)
        results[rank] = float(cost), gradient

    threads = [threading.Thread(target=worker, args=(0, x[:9])), threading.Thread(target=worker, args=(1, x[9:]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    wanted, wanted_gradient = model.cost_and_grad(model.theta, x)
    for cost, gradient in results:
        assert cost == pytest.approx(wanted, rel=1e-13)
        np.testing.assert_allclose(gradient, wanted_gradient, atol=1e-14 * np.abs(wanted_gradient).max() * 10)


def test_cost_and_gradient_are_of_the_examples_and_of_the_decay():
    """Each alone, and together. What is frozen has no gradient of either kind, but its decay is paid for."""
    model = SparseAutoencoder(5, 3, rho=0.05, beta=2.0, weight_decay=0.3)
    model.freeze("w1")
    plain = SparseAutoencoder(5, 3, rho=0.05, beta=2.0, weight_decay=0.0)
    views, gradient = model.layout.views(model.theta), np.empty_like(model.theta)
    of_examples, wanted = plain.cost_and_grad(model.theta, batch())
    wanted[model.layout["w1"].slice] = 0
    cost = model.backpropagate_examples(model.theta, batch(), batch(), model.context(model.buffers), gradient)
    assert cost == pytest.approx(of_examples, rel=1e-14)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-13)
    cost, gradient = model.cost_and_grad(model.theta, batch())
    assert cost == pytest.approx(of_examples + 0.15 * ((views["w1"] ** 2).sum() + (views["w2"] ** 2).sum()), rel=1e-14)
    model.layout.views(wanted)["w2"][...] += 0.3 * views["w2"]
    np.testing.assert_allclose(gradient, wanted, rtol=1e-13)


@pytest.mark.bad_input
def test_errors():
    model = SoftmaxRegression(5, 3)
    with pytest.raises(ValueError, match="classes must be at least 2, got 1"):
        SoftmaxRegression(5, 1)
    with pytest.raises(ValueError, match="target is missing"):
        model.cost(model.theta, batch())
    with pytest.raises(ValueError, match=r"3"):
        model.cost(model.theta, batch(), np.full(12, 3))
    with pytest.raises(ValueError, match=r"-1"):
        model.cost(model.theta, batch(), np.full(12, -1))
    with pytest.raises(TypeError, match="integer"):
        model.cost(model.theta, batch(), np.zeros(12))
    with pytest.raises(ValueError, match=r"rho must lie in \(0, 1\), got 0"):
        SparseAutoencoder(5, 3, rho=0.0)
    bce = Autoencoder([Dense(5, 2), Sigmoid()], [Dense(2, 5), Sigmoid()], loss="binary_cross_entropy")
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        bce.cost(bce.theta, batch() + 1)
    with pytest.raises(ValueError, match=r"theta must be an array of shape"):
        to_ufldl(model.layout, np.zeros(3))
