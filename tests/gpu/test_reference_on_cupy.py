"""Ops, costs, optimisers and layers of the reference on CuPy's arrays: they run, and find what they find on NumPy's.

The arrays are those of the stand-in (``standin``), which computes with NumPy: the same arithmetic, and so the same
numbers, but for sums that NumPy adds up in another order.
"""

import inspect
from typing import NamedTuple

import cost_cases
import numpy as np
import op_cases
import pytest
from on_cupy import DTYPES, cast, moved, same

import miniae.layers
from miniae.arrays import array_module
from miniae.clipping import clip_by_norm
from miniae.context import Workspace
from miniae.data.checks import check_finite_floats
from miniae.layers import (
    ELU,
    SELU,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Identity,
    JumpReLU,
    KLSparsity,
    L1Sparsity,
    Layer,
    LeakyReLU,
    MaskingNoise,
    MaxPool2d,
    MaxUnpool2d,
    MeanPool2d,
    ReLU,
    Reshape,
    SaltAndPepper,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    TopK,
    Upsample2d,
)
from miniae.network import Sequential
from miniae.ops import OPS
from miniae.optimizers import OPTIMIZERS

both_dtypes = pytest.mark.parametrize("dtype", DTYPES)


# ops, losses, penalties


@both_dtypes
@pytest.mark.parametrize("case", op_cases.CASES.values(), ids=op_cases.CASES)
def test_every_op(cupy, case, dtype):
    pair, arguments = OPS[case.op], cast(case.make(), dtype)
    options = case.options_for(arguments)
    y, cache = pair.forward(*arguments.values(), **options)
    dy = op_cases.cotangent(y)
    dx = pair.backward(dy, cache)
    there, options_there, dy_there = moved(cupy, arguments), moved(cupy, dict(options)), cupy.asarray(dy)
    y_there, cache_there = pair.forward(*there.values(), **options_there)
    same((y_there, cache_there), (y, cache))
    same(pair.backward(dy_there, cache_there), dx)
    # ... and into memory that is offered, which holds NaN
    y_there, cache_there = pair.forward(*there.values(), **options_there, out=cupy.empty(y.shape, dtype))
    memory = {name: cupy.empty(x.shape, dtype) for name, x in arguments.items()}
    same(y_there, y)
    same(pair.backward(dy_there, cache_there, out=case.backward_out(memory)), dx)
    same([*there.values(), dy_there], [*arguments.values(), dy])


def test_every_op_has_a_case():
    assert {case.op for case in op_cases.CASES.values()} == set(OPS)


@both_dtypes
@pytest.mark.parametrize(("name", "case"), cost_cases.CASES.items(), ids=cost_cases.CASES)
def test_every_loss_and_penalty(cupy, name, case, dtype):
    function, arguments = cost_cases.FUNCTIONS[name], cast(case.make(), dtype)
    there = moved(cupy, arguments)
    same(function(*there.values(), **case.options), function(*arguments.values(), **case.options))
    same(there, arguments)


def test_every_loss_and_penalty_has_a_case():
    assert set(cost_cases.CASES) == set(cost_cases.FUNCTIONS)


# optimisers


@both_dtypes
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser(cupy, name, dtype):
    rng, rule = np.random.default_rng(0), OPTIMIZERS[name]()
    theta, gradients = rng.normal(size=7).astype(dtype), rng.normal(size=(3, 7)).astype(dtype)
    decays = np.arange(7) < 4
    there = cupy.asarray(theta)
    state, state_there = rule.start(theta, decays), rule.start(there, cupy.asarray(decays))
    for gradient in gradients:
        rule.update(theta, gradient, state)
        rule.update(there, cupy.asarray(gradient), state_there)
    same(there, theta)
    assert int(state_there.pop("step")) == int(state.pop("step")) == 3
    same(state_there, state)


@both_dtypes
@pytest.mark.parametrize("norm", [0.5, 100.0])
def test_clip_by_norm(cupy, norm, dtype):
    gradient = np.array([3.0, 4.0], dtype)
    there = cupy.asarray(gradient)
    same(clip_by_norm(there, norm), clip_by_norm(gradient, norm))
    same(there, gradient)


# layers


IMAGE, ROW = (2, 4, 4, 3), (3, 6)


class Chain(NamedTuple):
    """Layers to run a batch of this shape through."""

    shape: tuple[int, ...]
    layers: list


CHAINS = [
    *(Chain(ROW, [layer]) for layer in (ELU(), SELU(), Identity(), LeakyReLU(), ReLU(), Sigmoid(), Softmax(),
                                        Softplus(), Tanh(), TopK(2), BatchNorm(6), Dense(6, 4), JumpReLU(6))),
    *(Chain(ROW, [Sigmoid(), layer]) for layer in (KLSparsity(0.1, 3.0), L1Sparsity(0.3))),
    *(Chain(ROW, [layer]) for layer in (Dropout(0.3), MaskingNoise(0.3), SaltAndPepper(0.4), GaussianNoise(0.2),
                                        GaussianNoise(0.5, clip=(0.0, 1.0)))),
    Chain(ROW, [Dense(6, 4), Tanh(), Dense(4, 6, tied="w1")]),
    *(Chain(IMAGE, [layer]) for layer in (BatchNorm(3), Conv2d(3, 2, 3, padding="same"),
                                          ConvTranspose2d(3, 2, 2, stride=2), MaxPool2d(), MeanPool2d(),
                                          Upsample2d(), Upsample2d(mode="bilinear"),
                                          Flatten(), Reshape((16, 3)))),
    Chain(IMAGE, [MaxPool2d(switches="s"), MaxUnpool2d("s")]),
]  # fmt: skip


def pass_through(network, x, dtype):
    """A training pass forward and back, in memory of a workspace: output, cost, both gradients, new buffers."""
    xp = array_module(x)
    theta, buffers = network.initial(1, dtype), network.initial_buffers(dtype)
    new_buffers, gradient = buffers.copy(), xp.zeros_like(theta)
    ctx = network.context(buffers, new_buffers, training=True, seed=3, step=2, workspace=Workspace())
    y, records, cost = network.forward(theta, x, ctx)
    dx = network.backward(2 * y, records, gradient, ctx, needs_x=True)
    return y, cost, gradient, dx, new_buffers


@both_dtypes
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: "-".join(type(layer).__name__ for layer in chain.layers))
def test_every_layer(cupy, on_cupy, chain, dtype):
    x = np.random.default_rng(0).uniform(size=chain.shape).astype(dtype)
    found = pass_through(Sequential(chain.layers, on_cupy), cupy.asarray(x), dtype)
    same(found, pass_through(Sequential(chain.layers), x, dtype))


def test_every_layer_has_a_chain():
    layers = {value for value in vars(miniae.layers).values() if inspect.isclass(value) and issubclass(value, Layer)}
    assert {type(layer) for chain in CHAINS for layer in chain.layers} == layers - {Layer}


# data


def test_data_is_checked_where_it_lies(cupy):
    x = cupy.asarray(np.array([[1.0, np.nan], [np.inf, 0.0]]))
    with pytest.raises(ValueError, match=r"x: 2 of 4 values are not finite, the first at index \(0, 1\): nan"):
        check_finite_floats("x", x)
