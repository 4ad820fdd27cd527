"""Training on the GPU backend, captured and replayed, against training on the CPU."""

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from small_top_k import make_small

from miniae import fit
from miniae.backends import backend
from miniae.callbacks import EarlyStopping
from miniae.diverged import TrainingDiverged
from miniae.layers import BatchNorm, Dense, Dropout, GaussianNoise, ReLU, Sigmoid
from miniae.models import (
    Autoencoder,
    GenerativeAdversarialNetwork,
    NetworkModel,
    SoftmaxRegression,
    SparseAutoencoder,
    StackedAutoencoder,
    TopKDictionary,
    VariationalAutoencoder,
)
from miniae.optimizers import SGD, Adam
from miniae.schedules import StepDecay
from miniae.steps import Steps
from miniae_kernels.cuda import captured, gemm

RNG = np.random.default_rng(0)
X = RNG.uniform(0.1, 0.9, (11, 6))  # batches of 4, 4 and 3: two graphs


def sparse(**options):
    return SparseAutoencoder(6, 3, rho=0.2, beta=0.5, weight_decay=1e-3, **options)


def both(gpu, make, x=X, target=None, **options):
    """The same training on the CPU and on the GPU."""
    cpu = make()
    on_cpu = fit(cpu, x, target, progress=False, **options)
    model = make(backend="cuda")
    on_gpu = fit(model, gpu.asarray(x), None if target is None else gpu.asarray(target), progress=False, **options)
    return (cpu, on_cpu), (model, on_gpu)


def agree(one, other, rtol=1e-10):
    (cpu, on_cpu), (model, on_gpu) = one, other
    assert on_cpu.keys() == on_gpu.keys()
    for name, curve in on_cpu.items():
        np.testing.assert_allclose(on_gpu[name], curve, rtol=rtol)
    np.testing.assert_allclose(model.theta.get(), cpu.theta, rtol=rtol, atol=1e-12)


def test_replayed_steps_train_as_the_cpu_does(gpu):
    agree(*both(gpu, sparse, epochs=2, batch_size=4, optimizer=Adam(StepDecay(0.1, 0.5, 2))))


def test_replays_equal_steps_launched_one_by_one(gpu):
    """To the last bit: the same kernels, in the same order, on the same numbers."""
    ends = []
    for captures in (True, False):
        model = sparse(backend="cuda", dtype="float32")
        steps = captured.CapturedSteps(model, *2 * (gpu.asarray(X.astype("float32")),), Adam(0.05), None, seed=0)
        steps.captures = captures
        for epoch in range(2):
            steps.begin(np.random.default_rng(epoch).permutation(11), 4)
            for _ in range(3):
                steps.step()
            cost = steps.end()["cost"]
        assert len(steps.graphs) == (2 if captures else 0)
        state = next(iter(steps.turns.values())).state
        ends.append((cost, model.theta.get(), state["mean"].get(), state["mean_square"].get()))
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_step_is_run_only_to_be_recorded(gpu, monkeypatch):
    """Two sizes of batches, each run to warm up and once to be captured; all else is replayed."""
    sizes, run = [], captured.CapturedSteps._run
    monkeypatch.setattr(captured.CapturedSteps, "_run", lambda self, size: (sizes.append(size), run(self, size)))
    fit(sparse(backend="cuda"), gpu.asarray(X), epochs=3, batch_size=4, progress=False)
    assert sizes == [4] * (captured.WARM_UPS + 1) + [3] * (captured.WARM_UPS + 1)


def test_float32_agrees_to_its_rounding(gpu):
    one, other = both(gpu, lambda **options: sparse(dtype="float32", **options), x=X.astype("float32"), epochs=2)
    assert other[0].theta.dtype == "float32"
    agree(one, other, rtol=1e-4)


@pytest.mark.parametrize("clip_norm", [1e-3, 1e3])
def test_gradients_are_clipped_on_the_device(gpu, clip_norm):
    agree(*both(gpu, sparse, epochs=1, batch_size=4, optimizer=SGD(0.5), clip_norm=clip_norm))


def test_frozen_weights_cost_their_decay_and_stay(gpu):
    def frozen(**options):
        model = sparse(**options)
        model.freeze("w1", "b2")
        return model

    (cpu, on_cpu), (model, on_gpu) = both(gpu, frozen, epochs=1, batch_size=11, optimizer=SGD(0.5))
    agree((cpu, on_cpu), (model, on_gpu))
    w1, b2 = model.layout["w1"].slice, model.layout["b2"].slice
    for still in (w1, b2):
        np.testing.assert_array_equal(model.theta.get()[still], sparse().theta[still])


def test_a_model_may_decay_in_a_way_of_its_own(gpu):
    def stacked(**options):
        return StackedAutoencoder(6, [3], 3, weight_decay=0.1, **options)

    agree(*both(gpu, stacked, target=np.arange(11) % 3, epochs=1, batch_size=11, optimizer=SGD(0.5)))


def test_data_may_lie_in_memory_with_gaps(gpu):
    cpu, model, x = sparse(), sparse(backend="cuda"), gpu.asarray(np.repeat(X, 2, axis=1))[:, ::2]
    on_cpu = fit(cpu, X, epochs=1, batch_size=11, progress=False)
    agree((cpu, on_cpu), (model, fit(model, x, epochs=1, batch_size=11, progress=False)))


def test_labels_are_gathered_as_well(gpu):
    labels = np.arange(11) % 3
    agree(*both(gpu, lambda **options: SoftmaxRegression(6, 3, **options), target=labels, epochs=2, batch_size=4))


def test_noise_is_drawn_anew_at_every_replay(gpu):
    """As the CPU draws it: the counter on the device says which step it is."""

    def noisy(**options):
        layers = [Dense(6, 5), ReLU(), Dropout(0.4)]
        return Autoencoder([*layers, GaussianNoise(0.1)], [Dense(5, 6), Sigmoid()], **options)

    agree(*both(gpu, noisy, epochs=2, batch_size=4))


def test_running_statistics_are_kept(gpu):
    def normalised(**options):
        return Autoencoder([Dense(6, 4, bias=False), BatchNorm(4), ReLU()], [Dense(4, 6), Sigmoid()], **options)

    (cpu, on_cpu), (model, on_gpu) = both(gpu, normalised, epochs=2, batch_size=4)
    agree((cpu, on_cpu), (model, on_gpu))
    np.testing.assert_allclose(model.buffers.get(), cpu.buffers, rtol=1e-10)
    assert not np.array_equal(cpu.buffers, normalised().buffers)


def test_a_game_takes_both_its_turns(gpu):
    def game(**options):
        generator, discriminator = [Dense(2, 4), ReLU(), Dense(4, 6)], [Dense(6, 4), ReLU(), Dense(4, 1)]
        return GenerativeAdversarialNetwork(generator, discriminator, latent=2, **options)

    agree(*both(gpu, game, epochs=2, batch_size=4))


def test_a_variational_autoencoder_draws_its_codes(gpu):
    agree(*both(gpu, lambda **options: VariationalAutoencoder(6, 4, 2, **options), epochs=1, batch_size=4))


def test_one_recording_serves_whether_units_are_dead_or_not(gpu, request, monkeypatch):
    """A step to an epoch. One unit is dead and speaks, then none is, then those are that it has silenced."""
    make_small(request, monkeypatch, warps=1)
    dead = []

    def dictionary(**options):
        model = TopKDictionary(6, 20, 1, aux_k=1, aux_strength=0.5, dead_after=2, **options)
        model.layout.views(model.theta)["b1"][0] = 2
        model.buffers[0] = model.dead_after
        dead.append([1])
        return model

    options = {"epochs": 3, "batch_size": 2, "optimizer": SGD(0.1)}
    watch = [lambda epoch: dead[-1].append(int(epoch.model.dead.sum()))]
    (cpu, on_cpu), (model, on_gpu) = both(gpu, dictionary, x=X[:2], callbacks=watch, **options)
    agree((cpu, on_cpu), (model, on_gpu))
    np.testing.assert_array_equal(model.buffers.get(), cpu.buffers)
    assert dead[0] == dead[1]
    assert dead[0][:2] == [1, 0]
    assert dead[0][2] > 10


def test_early_stopping_puts_theta_back_in_place(gpu):
    options = {"epochs": 9, "batch_size": 4, "validation": 0.3, "optimizer": SGD(20.0)}
    one, other = both(gpu, sparse, callbacks=[EarlyStopping(2)], **options)
    assert one[1].stopped
    assert one[1].stopped.split("(")[0] == other[1].stopped.split("(")[0]
    agree(one, other, rtol=1e-8)


def test_another_theta_is_captured_anew(gpu):
    """A callback may put a new array in the place of theta; steps on the old one would be lost."""
    cpu, model = sparse(), sparse(backend="cuda")

    def anew(epoch):
        epoch.model.theta = epoch.model.theta.copy()

    fit(cpu, X, epochs=3, batch_size=4, progress=False, callbacks=[anew])
    fit(model, gpu.asarray(X), epochs=3, batch_size=4, progress=False, callbacks=[anew])
    np.testing.assert_allclose(model.theta.get(), cpu.theta, rtol=1e-10, atol=1e-12)


def test_divergence_is_told_with_the_theta_of_the_last_finite_step(gpu):
    """In float32, a rate of 1e30 overflows within a few steps; on both sides at the same one."""

    def linear(**options):
        return NetworkModel([Dense(6, 6)], "squared_error", dtype="float32", **options)

    x, messages, thetas = X.astype("float32"), [], []
    for model, data in ((linear(), x), (linear(backend="cuda"), gpu.asarray(x))):
        with pytest.raises(TrainingDiverged) as error:
            fit(model, data, data, epochs=5, batch_size=4, optimizer=SGD(1e15), progress=False)
        messages.append(str(error.value))
        thetas.append(model.theta if model.backend.name == "numpy" else model.theta.get())
    assert messages[0] == messages[1]
    assert np.isfinite(thetas[1]).all()
    np.testing.assert_allclose(thetas[1], thetas[0], rtol=1e-3)


class ReadsBack(SparseAutoencoder):
    """Asks on the host what lies on the device."""

    def forward(self, theta, x, target, ctx):
        cost, tape = super().forward(theta, x, target, ctx)
        return cost * (1.0 if float(x.sum()) > 0 else 2.0), tape


def test_a_model_that_reads_back_is_launched_kernel_by_kernel(gpu):
    cpu, model = ReadsBack(6, 3), ReadsBack(6, 3, backend="cuda")
    fit(cpu, X, epochs=2, batch_size=4, progress=False)
    with pytest.warns(RuntimeWarning, match="a step of ReadsBack cannot be captured") as told:
        fit(model, gpu.asarray(X), epochs=2, batch_size=4, progress=False)
    assert len(told) == 1
    np.testing.assert_allclose(model.theta.get(), cpu.theta, rtol=1e-9, atol=1e-12)


def three_steps(kind, model, x):
    """The steps of an epoch, about to begin."""
    steps = kind(model, x, x, SGD(0.5), None, seed=0)
    steps.begin(np.arange(11), 4)
    return steps


def test_a_capture_that_is_interrupted_is_done_again(gpu, monkeypatch):
    cpu, model = sparse(), sparse(backend="cuda")
    on_cpu, on_gpu = three_steps(Steps, cpu, X), three_steps(captured.CapturedSteps, model, gpu.asarray(X))
    run = captured.CapturedSteps._run

    def interrupted(self, size):
        run(self, size)
        if self.stream.is_capturing():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(captured.CapturedSteps, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            on_gpu.step()
    assert not on_gpu.graphs
    for steps in (on_cpu, on_gpu):
        for _ in range(3):
            steps.step()
    on_gpu.end()
    np.testing.assert_allclose(model.theta.get(), cpu.theta, rtol=1e-10, atol=1e-12)


def test_no_garbage_is_collected_during_a_capture(gpu, monkeypatch):
    """What is collected may wait for the device, as an abandoned training does, and that ruins a recording."""
    steps = three_steps(captured.CapturedSteps, sparse(backend="cuda"), gpu.asarray(X))
    run = captured.CapturedSteps._run

    class Waits:
        def __init__(self):
            self.cycle = self

        def __del__(self):
            steps.stream.synchronize()

    def littering(self, size):
        Waits()
        run(self, size)

    monkeypatch.setattr(captured.CapturedSteps, "_run", littering)
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        steps.step()
    finally:
        gc.set_threshold(*thresholds)
    assert len(steps.graphs) == 1
    steps.stream.synchronize()


def test_steps_left_under_way_are_waited_for(gpu, monkeypatch):
    """After Ctrl-C nobody ends the epoch; theta and the memory of the steps belong to them until they are done."""
    steps = captured.CapturedSteps(sparse(backend="cuda"), *2 * (gpu.asarray(X),), Adam(), None, seed=0)
    steps.begin(np.arange(11), 4)
    steps.step()
    waited, synchronize = [], type(steps.stream).synchronize
    monkeypatch.setattr(type(steps.stream), "synchronize", lambda self: (waited.append(self), synchronize(self)))
    del steps
    assert len(waited) == 1


def test_trainings_of_a_thread_share_a_stream_and_threads_do_not(gpu):
    model, x = sparse(backend="cuda"), gpu.asarray(X)

    def stream():
        return captured.CapturedSteps(model, x, x, Adam(), None, seed=0).stream.ptr

    with ThreadPoolExecutor(1) as other:
        assert stream() == stream() != other.submit(stream).result()


def test_without_the_binding_steps_are_not_captured_and_that_is_said(gpu, monkeypatch):
    monkeypatch.setattr(gemm, "why_not_captured", lambda: "nvmath-python is somewhere else")
    cpu, model = sparse(), sparse(backend="cuda")
    fit(cpu, X, epochs=1, batch_size=4, progress=False)
    with pytest.warns(RuntimeWarning, match="not captured in a CUDA graph.*nvmath-python is somewhere else"):
        fit(model, gpu.asarray(X), epochs=1, batch_size=4, progress=False)
    np.testing.assert_allclose(model.theta.get(), cpu.theta, rtol=1e-10, atol=1e-12)


def test_a_rule_of_ones_own_runs_its_own_update(gpu):
    class Halved(SGD):
        def update(self, theta, gradient, state):
            super().update(theta, gradient / 2, state)

    agree(*both(gpu, sparse, epochs=1, batch_size=4, optimizer=Halved(0.1)))


def test_models_move_between_backends(gpu):
    model = sparse().to("cuda")
    assert isinstance(model.theta, gpu.ndarray)
    fit(model, gpu.asarray(X), epochs=1, progress=False)
    cost = model.cost(model.theta, gpu.asarray(X))
    assert model.to("numpy").cost(model.theta, X) == pytest.approx(cost, rel=1e-12)
    assert isinstance(model.theta, np.ndarray)
    assert backend("cuda").xp is gpu
