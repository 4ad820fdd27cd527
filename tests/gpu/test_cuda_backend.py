"""The CUDA backend as a whole, kernels and all: every op and every model against NumPy in float64."""

import numpy as np
import op_cases
import pytest
from on_cupy import MODELS, batch, cast, moved
from small_top_k import make_small

from miniae import fit
from miniae.backends import backend
from miniae_kernels.cuda import captured, table

# Of the largest number of an array: some roundings of float32 after each other; in float64 far less than any mistake.
TOLERANCE = {"float32": 2e-5, "float64": 1e-11}
DRAWS = {"GenerativeAdversarialNetwork", "VariationalAutoencoder"}  # other numbers in float32 than in float64


@pytest.fixture(autouse=True)
def _small(request, monkeypatch):
    make_small(request, monkeypatch, warps=1)


def near(found, wanted, dtype):
    """Demand an array of the device with these numbers, to the tolerance, and with this dtype."""
    wanted = np.asarray(wanted)
    assert type(found).__module__ == "cupy"
    assert (found.dtype, found.shape) == (dtype, wanted.shape)
    bound = TOLERANCE[dtype] * np.abs(wanted).max(initial=1)
    np.testing.assert_allclose(found.get(), wanted, rtol=0, atol=bound)


def few(n, x, target):
    """The first n examples: a kernel takes its time here."""
    return x[:n], None if target is None else target[:n]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("case", op_cases.CASES.values(), ids=op_cases.CASES)
def test_every_op(gpu, case, dtype):
    """Forward and backward, the inputs untouched; where there is no kernel the reference runs."""
    pair, arguments = backend("cuda").pairs[case.op], case.make()
    y, _, gradients = op_cases.run(case, arguments)
    there = moved(gpu, cast(arguments, dtype))
    options = moved(gpu, dict(case.options_for(cast(arguments, dtype))))
    y_there, cache_there = pair.forward(*there.values(), **options)
    near(y_there, y, dtype)
    dy = op_cases.cotangent(y)
    dy_there = gpu.asarray(dy.astype(dtype))
    found = pair.backward(dy_there, cache_there)
    found = found if isinstance(found, tuple) else (found,)
    for name, each in zip(arguments, found, strict=False):
        near(each, gradients[name], dtype)
    for name, x in cast(arguments, dtype).items():
        np.testing.assert_array_equal(there[name].get(), x)
    np.testing.assert_array_equal(dy_there.get(), dy.astype(dtype))


def test_every_kernel_of_the_table_overrides_an_op_or_stands_for_a_sequence():
    noise = {"dropout", "masking_noise", "salt_and_pepper", "gaussian_noise"}  # what a noise layer looks for
    assert set(table.PAIRS) - set(backend("numpy").pairs) - set(table.FUSED.values()) == noise
    assert set(table.COSTS) <= set(backend("numpy").costs)
    assert set(table.FUSED.values()) <= set(table.PAIRS)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", MODELS)
def test_cost_and_gradient_of_every_model(gpu, name, dtype):
    x, target = few(4, *batch(name, "float64"))
    kind = dtype if name in DRAWS else "float64"
    model, there = MODELS[name](dtype=kind), MODELS[name](dtype=dtype, backend="cuda")
    cost, gradient = model.cost_and_grad(model.theta, x.astype(kind), target)
    data = moved(gpu, (x.astype(dtype), target))
    found, gradient_there = there.cost_and_grad(there.theta, *data)
    assert found == pytest.approx(cost, rel=10 * TOLERANCE[dtype])
    near(gradient_there, gradient, dtype)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_trained_by_captured_steps(gpu, name, monkeypatch):
    """In float64, with two sizes of batches: the costs and theta of the CPU, and a graph for either size."""
    graphs = []
    end = captured.CapturedSteps.end
    monkeypatch.setattr(captured.CapturedSteps, "end", lambda self: (graphs.append(len(self.graphs)), end(self))[1])
    x, target = few(5, *batch(name, "float64"))
    model, there = MODELS[name](), MODELS[name](backend="cuda")
    how = {"epochs": 1, "batch_size": 3, "seed": 5, "progress": False, "optimizer": "sgd"}
    history = fit(model, x, target, **how)
    history_there = fit(there, *moved(gpu, (x, target)), **how)
    assert graphs == [2]
    for curve in history:
        assert history_there[curve] == pytest.approx(history[curve], rel=1e-9)
    near(there.theta, model.theta, "float64")
