"""Every model on CuPy's arrays: cost, gradient, training and what it can be asked for, as on NumPy's."""

import inspect

import numpy as np
import pytest
from on_cupy import DTYPES, LABELLED, MODELS, ULPS, batch, labels, moved, same

import miniae.models
from miniae import fit
from miniae.anomaly import AnomalyDetector, Threshold
from miniae.layers import Dense, Sigmoid
from miniae.models import ICA, from_ufldl, to_ufldl
from miniae.network import Sequential
from miniae.resampling import ResampleDeadUnits
from miniae.units import maximizing_input, units

both_dtypes = pytest.mark.parametrize("dtype", DTYPES)
every_model = pytest.mark.parametrize("name", MODELS)


def test_every_model_is_tried():
    """But ICA, which ``fit`` does not take (it has a test of its own), and SparseCoding, which takes SciPy's L-BFGS."""
    models = {value for value in vars(miniae.models).values() if inspect.isclass(value)}
    assert {model.__name__ for model in models} == {*MODELS, "Model", "ICA", "SparseCoding"}


@both_dtypes
@every_model
def test_cost_and_gradient_of_every_model(cupy, on_cupy, name, dtype):
    (x, target), model = batch(name, dtype), MODELS[name](dtype=dtype)
    there = MODELS[name](dtype=dtype, backend=on_cupy)
    same(there.theta, model.theta)
    cost, gradient = model.cost_and_grad(model.theta, x, target)
    cost_there, gradient_there = there.cost_and_grad(there.theta, *moved(cupy, (x, target)))
    assert cost_there == pytest.approx(cost, rel=ULPS * float(np.finfo(dtype).eps))
    same(gradient_there, gradient)


@every_model
def test_every_model_is_trained(cupy, on_cupy, name):
    """Two epochs, with a smaller last batch, clipping and validation: step by step what the CPU does."""
    (x, target), options = batch(name, "float32"), {"dtype": "float32", "seed": 4}
    model, there = MODELS[name](**options), MODELS[name](**options, backend=on_cupy)
    how = {"epochs": 2, "batch_size": 5, "clip_norm": 1.0, "validation": 0.2, "seed": 5, "progress": False}
    if name == "GenerativeAdversarialNetwork":
        how["validation"] = 0.0
    history, history_there = fit(model, x, target, **how), fit(there, *moved(cupy, (x, target)), **how)
    # An ulp of a step is one of Adam's rate, 1e-3, times the few it takes.
    np.testing.assert_allclose(there.theta.get(), model.theta, rtol=1e-5, atol=1e-6)
    assert there.theta.dtype == np.float32
    assert history_there.keys() == history.keys()
    for curve in history:
        assert history_there[curve] == pytest.approx(history[curve], rel=1e-5)


@pytest.mark.parametrize("name", sorted(set(MODELS) - LABELLED - {"GenerativeAdversarialNetwork"}))
def test_what_a_model_is_asked_for_afterwards(cupy, on_cupy, name):
    x, _ = batch(name, "float64")
    model, there = MODELS[name](), MODELS[name](backend=on_cupy)
    for method in ("encode", "reconstruct"):
        same(getattr(there, method)(cupy.asarray(x)), getattr(model, method)(x))


def test_the_methods_of_their_own_that_models_have(cupy, on_cupy):
    x, there = batch("", "float64")[0], None
    for make, ask in {
        MODELS["ContractiveAutoencoder"]: lambda m, x: m.contraction(x),
        MODELS["DenoisingAutoencoder"]: lambda m, x: m.corrupt(x, seed=3),
        MODELS["GenerativeAdversarialNetwork"]: lambda m, x: m.sample(3),
        MODELS["JumpReLUDictionary"]: lambda m, x: m.thresholds,
        MODELS["TopKDictionary"]: lambda m, x: m.dead,
        MODELS["SoftmaxRegression"]: lambda m, x: (m.probabilities(x), m.predict(x)),
        MODELS["StackedAutoencoder"]: lambda m, x: (m.features(x), m.predict(x)),
        MODELS["VariationalAutoencoder"]: lambda m, x: (m.draw(x), m.sample(3), m.interpolate(x[:2], x[2:4], 3)),
    }.items():
        there = make(backend=on_cupy)
        same(ask(there, cupy.asarray(x)), ask(make(), x))


@pytest.mark.parametrize("name", ["SoftmaxRegression", "StackedAutoencoder"])
def test_accuracy(cupy, on_cupy, name):
    x, target = batch(name, "float64")
    found = MODELS[name](backend=on_cupy).accuracy(*moved(cupy, (x, target)))
    assert found == MODELS[name]().accuracy(x, target)


def test_pretraining_layer_by_layer(cupy, on_cupy):
    x, target = batch("StackedAutoencoder", "float64")

    def pretrained(model, x, target):
        def train(part, *data):
            fit(part, *data, epochs=1, batch_size=5, progress=False)

        model.pretrain(x, train)
        model.pretrain_softmax(x, target, train)
        return model.theta

    found = pretrained(MODELS["StackedAutoencoder"](backend=on_cupy), *moved(cupy, (x, target)))
    np.testing.assert_allclose(found.get(), pretrained(MODELS["StackedAutoencoder"](), x, target), atol=1e-12)


def test_ica(cupy, on_cupy):
    x = np.random.default_rng(0).laplace(size=(50, 4))
    model, there = ICA(4, 3), ICA(4, 3, backend=on_cupy)
    costs, costs_there = model.train(x, 5), there.train(cupy.asarray(x), 5)
    assert costs_there == pytest.approx(costs, rel=1e-12)
    np.testing.assert_allclose(there.encode(cupy.asarray(x)).get(), model.encode(x), atol=1e-12)


def test_the_input_a_unit_responds_to_most(cupy, on_cupy):
    layers = [Dense(6, 3), Sigmoid()]
    here, there = Sequential(layers), Sequential(layers, on_cupy)
    found = maximizing_input(there, there.initial(), unit=1, shape=(6,))
    assert type(found).__module__ == "cupy"
    np.testing.assert_allclose(found.get(), maximizing_input(here, here.initial(), unit=1, shape=(6,)), atol=1e-12)


def test_dead_units_are_resampled(cupy, on_cupy):
    x = batch("L1Dictionary", "float64")[0]
    found = []
    for model, data in ((MODELS["L1Dictionary"](backend=on_cupy), cupy.asarray(x)), (MODELS["L1Dictionary"](), x)):
        model.layout.views(model.theta)["b1"][...] = -10.0  # no unit is ever active
        resample = ResampleDeadUnits(data, every=1, until=1, seed=2)
        fit(model, data, epochs=1, callbacks=[resample], progress=False)
        assert resample.counts == [8]
        found.append(np.asarray(model.theta if data is x else model.theta.get()))
    np.testing.assert_allclose(*found, atol=1e-12)


def test_the_tables_and_packings_of_the_host_take_arrays_of_the_device(cupy, on_cupy):
    x, there = batch("SparseAutoencoder", "float64")[0], MODELS["SparseAutoencoder"](backend=on_cupy)
    assert str(units(cupy.asarray(x), cupy.asarray(labels()))) == str(units(x, labels()))
    packed = to_ufldl(there.layout, there.theta)
    same(packed, to_ufldl(there.layout, there.theta.get()))
    same(from_ufldl(there.layout, packed), there.theta.get())
    detector = AnomalyDetector(there, Threshold.from_mean_and_std(cupy.asarray(x[:, 0])))
    assert detector.threshold == Threshold.from_mean_and_std(x[:, 0])
    assert type(detector.predict(cupy.asarray(x))).__module__ == "cupy"
