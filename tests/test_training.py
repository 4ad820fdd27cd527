"""fit, its callbacks and L-BFGS."""

import tracemalloc

import numpy as np
import pytest

from miniae import steps
from miniae.callbacks import EarlyStopping
from miniae.diverged import TrainingDiverged
from miniae.layers import Dense, KLSparsity, ReLU, Sigmoid
from miniae.lbfgs import lbfgs
from miniae.models import Autoencoder, NetworkModel, SoftmaxRegression, SparseAutoencoder
from miniae.optimizers import SGD, AdamW
from miniae.training import fit


def images(n=50, d=9, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.9, size=(n, d))


def small(**options):
    return SparseAutoencoder(9, 4, rho=0.2, beta=0.5, **options)


def test_an_epoch_s_cost_is_the_mean_over_examples_the_last_partial_batch_weighted_by_its_size():
    # A rate of 0 holds theta still, so every batch is judged at the same theta, and squared error is a mean over
    # examples: whatever the batches, the epoch's cost is the cost over all 50. (50 = 3 x 16 + 2.)
    model = Autoencoder([Dense(9, 4), Sigmoid()], [Dense(4, 9), Sigmoid()])
    history = fit(model, images(), epochs=2, batch_size=16, optimizer=SGD(0.0), progress=False)
    np.testing.assert_allclose(history["cost"], model.cost(model.theta, images()), rtol=1e-13)


def test_every_example_is_seen_once_an_epoch_in_another_order(monkeypatch):
    seen = []
    model = small()
    forward = model.forward
    monkeypatch.setattr(
        model, "forward", lambda theta, x, t, ctx: seen.append(x[:, 0].copy()) or forward(theta, x, t, ctx)
    )
    x = images(10)
    x[:, 0] = np.arange(10) / 10
    fit(model, x, epochs=2, batch_size=4, progress=False)
    assert [len(part) for part in seen] == [4, 4, 2] * 2
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(first) == sorted(second) == sorted(x[:, 0])
    assert list(first) != list(second)


def test_one_seed_is_one_run_and_another_is_another():
    runs = []
    for seed in (0, 0, 1):
        model = small()
        fit(model, images(), epochs=2, batch_size=16, seed=seed, progress=False)
        runs.append(model.theta)
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_fit_takes_the_steps_that_the_public_gradient_and_the_optimiser_give():
    model, x = small(), images(16)
    wanted = model.theta.copy()
    for _ in range(5):
        wanted -= 0.5 * model.cost_and_grad(wanted, x)[1]
    fit(model, x, epochs=5, batch_size=16, optimizer=SGD(0.5), progress=False)
    # The shuffle changes the order of the sums over 16 examples, nothing else.
    np.testing.assert_allclose(model.theta, wanted, rtol=0, atol=1e-14)


def test_frozen_parameters_stay_even_under_decoupled_weight_decay():
    model = small()
    model.freeze("w1", "b2")
    start, frozen = model.theta.copy(), model.layout.mask(["w1", "b2"])
    fit(model, images(), epochs=2, optimizer=AdamW(0.1, weight_decay=0.5), progress=False)
    np.testing.assert_array_equal(model.theta[frozen], start[frozen])
    assert (model.theta[~frozen] != start[~frozen]).all()
    lbfgs(model, images(), iterations=5, progress=False)
    np.testing.assert_array_equal(model.theta[frozen], start[frozen])


def test_biases_do_not_decay():
    model = SoftmaxRegression(3, 2)
    model.theta[...] = 1.0
    before = model.theta.copy()
    x, labels = np.zeros((4, 3)), np.array([0, 1, 0, 1])  # no input, balanced classes: only decay moves anything
    model.weight_decay = 0.0
    fit(model, x, labels, epochs=1, optimizer=AdamW(0.1, weight_decay=0.5), progress=False)
    views = model.layout.views(model.theta)
    np.testing.assert_allclose(views["w1"], 0.95, rtol=1e-12)
    np.testing.assert_allclose(views["b1"], before[-2:], atol=1e-12)


def test_validation_split_holds_examples_out():
    model = small()
    history = fit(model, images(), epochs=3, validation=0.2, progress=False)
    assert len(history["validation_cost"]) == 3
    x = images()
    x[:, 0] = np.arange(50) / 50
    seen = set()
    forward = model.forward

    def spy(theta, x, target, ctx):
        if ctx.training:
            seen.update(x[:, 0])
        return forward(theta, x, target, ctx)

    model.forward = spy
    fit(model, x, epochs=2, validation=0.2, progress=False)
    assert len(seen) == 40


def test_validation_pair_is_judged_at_the_end_of_the_epoch():
    model, held_out = Autoencoder([Dense(9, 4), Sigmoid()], [Dense(4, 9), Sigmoid()]), images(seed=5)
    history = fit(model, images(), epochs=2, batch_size=16, validation=(held_out, None), progress=False)
    assert history["validation_cost"][-1] == pytest.approx(model.cost(model.theta, held_out), rel=1e-12)


def test_early_stopping_goes_back_to_the_best_theta():
    values = iter([3.0, 2.0, 1.0, 1.5, 1.4, 1.2, 0.1])
    model, thetas = small(), []

    def pretend(epoch):
        thetas.append(epoch.model.theta.copy())
        epoch.history["cost"][-1] = next(values)

    history = fit(model, images(), epochs=7, callbacks=[pretend, EarlyStopping(3, "cost")], progress=False)
    assert len(thetas) == 6
    assert "best (1) after epoch 3" in history.stopped
    np.testing.assert_array_equal(model.theta, thetas[2])


def test_a_callback_can_stop():
    def stop(epoch):
        epoch.stop = "enough" if epoch.number == 2 else ""

    history = fit(small(), images(), epochs=9, callbacks=[stop], progress=False)
    assert history.stopped == "enough"
    assert len(history["cost"]) == 2


def test_ctrl_c_leaves_a_usable_model_and_the_history(monkeypatch):
    model, calls = small(), []
    backpropagate = model.backpropagate

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return backpropagate(*args)

    monkeypatch.setattr(model, "backpropagate", interrupted)
    history = fit(model, images(), epochs=9, batch_size=25, progress=False)
    assert history.stopped == "interrupted after 5 steps"
    assert len(history["cost"]) == 2
    monkeypatch.undo()
    twin = small()
    fit(twin, images(), epochs=2, batch_size=25, progress=False)
    assert model.cost(model.theta, images()) < small().cost(small().theta, images())
    assert np.isfinite(model.reconstruct(images())).all()


def test_ctrl_c_in_lbfgs_keeps_the_last_iteration(monkeypatch):
    model, calls = small(), []
    cost_and_grad = model.cost_and_grad

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return cost_and_grad(*args)

    monkeypatch.setattr(model, "cost_and_grad", interrupted)
    history = lbfgs(model, images(), iterations=400, progress=False)
    assert history.stopped.startswith("interrupted after")
    assert model.cost(model.theta, images()) == pytest.approx(history["cost"][-1], rel=1e-14)


def test_lbfgs_finds_the_minimum_of_least_squares():
    # A linear network without bias under squared error: the normal equations know the answer.
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    model = NetworkModel([Dense(4, 2, bias=False)], "squared_error", weight_decay=0.1)
    lbfgs(model, x, target, iterations=100, progress=False)
    # J = 1/(2m) |x w - t|^2 + lambda/2 |w|^2 has its minimum where (x^T x / m + lambda) w = x^T t / m.
    wanted = np.linalg.solve(x.T @ x / 30 + 0.1 * np.eye(4), x.T @ target / 30)
    np.testing.assert_allclose(model.theta.reshape(4, 2), wanted, atol=1e-8)


def test_divergence_says_step_layer_and_advice_and_keeps_the_last_finite_theta():
    layers = [Dense(9, 4), ReLU()], [Dense(4, 9)]
    model = Autoencoder(*layers)
    with pytest.raises(TrainingDiverged) as caught:
        fit(model, 100 * images(), epochs=400, optimizer=SGD(10.0), progress=False)
    message = str(caught.value)
    assert "at step" in message
    assert "layer" in message
    assert "Lower the learning rate (10 now)" in message
    assert np.isfinite(model.theta).all()


def test_divergence_names_the_layer_whose_output_breaks():
    model = Autoencoder([Dense(9, 4), ReLU()], [Dense(4, 9), Sigmoid()])
    model.theta[model.layout["b2"].slice] = np.inf
    model.theta[model.layout["w2"].slice] = 0
    before = model.theta.copy()
    with (
        np.errstate(all="ignore"),
        pytest.raises(TrainingDiverged, match=r"the output of layer 3 \(Dense\(in_features=4"),
    ):
        fit(Broken(model), images(), epochs=1, progress=False)
    np.testing.assert_array_equal(model.theta, before)


def Broken(model):
    """A model whose cost is NaN."""
    model.backpropagate = lambda theta, x, target, ctx, gradient: gradient.fill(0) or np.nan
    return model


def test_clipping_bounds_the_step():
    model = small()
    start = model.theta.copy()
    fit(model, images(50), epochs=1, batch_size=50, optimizer=SGD(1.0), clip_norm=1e-3, progress=False)
    assert np.linalg.norm(model.theta - start) == pytest.approx(1e-3, rel=1e-9)


@pytest.mark.as_users_run_it
def test_a_step_allocates_nothing():
    """After the first, a step needs no memory that grows with the batch.

    What is left is Python's small change, rho_hat, and the buffer of 8192 elements that NumPy's sums work through.
    """
    n, d, h = 1024, 400, 300
    encoder = [Dense(d, h), Sigmoid(), KLSparsity(0.1, 3.0)]
    model = Autoencoder(encoder, [Dense(h, d), Sigmoid()], weight_decay=1e-3, dtype="float32")
    x = images(n, d).astype(np.float32)
    peaks = []
    backpropagate = model.backpropagate

    def measured(*args):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        cost = backpropagate(*args)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
        return cost

    model.backpropagate = measured
    tracemalloc.start()
    try:
        fit(model, x, epochs=4, batch_size=n, progress=False)
    finally:
        tracemalloc.stop()
    activations = 4 * n * h
    assert peaks[0] > 4 * activations  # the measurement sees arrays
    assert max(peaks[2:]) < activations / 10


def test_nothing_outside_a_step_is_a_view_of_its_memory(monkeypatch):
    made = []

    class Watched(steps.Workspace):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(steps, "Workspace", Watched)
    model, x = small(), images()
    history = fit(model, x, epochs=3, batch_size=16, validation=0.1, progress=False)
    cost, theta, recorded = model.cost(model.theta, x), model.theta.copy(), [*history["cost"]]
    made[0].poison()
    assert model.cost(model.theta, x) == cost
    np.testing.assert_array_equal(model.theta, theta)
    assert history["cost"] == recorded
    assert np.isfinite(x).all()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"batch_size": 2.5}, r"batch_size .*got 2\.5"),
        ({"optimizer": "sdg"}, "'sdg' is unknown; known: sgd, "),
        ({"validation": 1.0}, r"validation must be a fraction in \[0, 1\)"),
        ({"validation": 0.001}, "would leave a part empty"),
        ({"validation": [0.1, None]}, r"or a pair \(x, target\), got a list"),
        ({"validation": (0.1,)}, r"or a pair \(x, target\), got a tuple"),
        ({"clip_norm": -1.0}, "clip_norm must be a positive number"),
        ({"callbacks": [EarlyStopping(3)]}, "'validation_cost' is not recorded"),
    ],
)
def test_bad_options(options, message):
    model = small()
    start = model.theta.copy()
    with pytest.raises(ValueError, match=message):
        fit(model, images(), progress=False, **{"epochs": 1, **options})
    if "callbacks" not in options:
        np.testing.assert_array_equal(model.theta, start)


def test_a_warning_where_a_sigmoid_cannot_reach_the_target():
    with pytest.warns(UserWarning, match=r"target has values from 0 to 255 but the network ends in a sigmoid") as found:
        fit(small(), 255 * np.eye(9), epochs=1, progress=False)
    assert len(found) == 1
    fit(small(), np.eye(9), epochs=1, progress=False)  # 0 and 1 are fine, and so is anything where the end is linear
    fit(NetworkModel([Dense(9, 9)], "squared_error"), 255 * np.eye(9), 255 * np.eye(9), epochs=1, progress=False)
    labels = NetworkModel([Dense(9, 4), Sigmoid()], "softmax_cross_entropy")
    fit(labels, images(4), np.arange(4), epochs=1, progress=False)


@pytest.mark.bad_input
def test_bad_data():
    model, x = small(), images()
    x[3, 4] = np.nan
    with pytest.raises(ValueError, match=r"x: 1 of 450 values is not finite, the first at index \(3, 4\)"):
        fit(model, x, progress=False)
    with pytest.raises(ValueError, match="not finite"):
        lbfgs(model, x, progress=False)
    with pytest.raises(TypeError, match="lbfgs works in float64, got a model of float32"):
        lbfgs(small(dtype="float32"), images().astype(np.float32), progress=False)
    with pytest.raises(ValueError, match="target is missing"):
        fit(SoftmaxRegression(9, 3), images(), progress=False)
    with pytest.raises(ValueError, match="50 examples but target has 49"):
        fit(SoftmaxRegression(9, 3), images(), np.zeros(49, int), progress=False)
