"""All optimisers on the GPU backend, thread by thread, against the NumPy ones."""

from dataclasses import dataclass

import numpy as np
import pytest

from miniae.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Momentum, Nesterov, RMSProp
from miniae.schedules import StepDecay
from miniae_kernels.cuda.optimizers import RULES, UPDATES, launch_rule

SCHEDULE = StepDecay(0.1, factor=0.5, every=3)
CASES = [
    *(of() for of in OPTIMIZERS.values()),
    *(of(SCHEDULE) for of in OPTIMIZERS.values()),
    Momentum(0.03, momentum=0.5),
    Nesterov(0.03, momentum=0.5),
    RMSProp(0.03, alpha=0.6, eps=1e-2),
    Adam(0.03, beta1=0.7, beta2=0.8, eps=1e-2),
    Adam(0.03, beta1=0.0, beta2=0.0),
    AdamW(0.03, beta1=0.7, beta2=0.8, eps=1e-2, weight_decay=0.3),
]
EACH = [of() for of in OPTIMIZERS.values()]
STEPS, PARAMETERS = 20, 11
# float32: 20 steps with some ten roundings each, of numbers up to 3, where half a unit in the last place is 1.2e-7.
TOLERANCE = {"float32": 3e-5, "float64": 1e-12}
MASK = np.arange(PARAMETERS) % 3 > 0


def name_of(optimizer):
    return f"{type(optimizer).__name__}-{'schedule' if callable(optimizer.learning_rate) else optimizer.learning_rate}"


def numbers(*shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def reference(optimizer, theta, gradients):
    """theta and the state after a step along each gradient, in float64 on NumPy."""
    theta = theta.astype(float)
    state = optimizer.start(theta, MASK)
    for gradient in gradients:
        optimizer.update(theta, gradient.astype(float), state)
    return theta, state


def close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_every_optimiser_has_a_kernel():
    assert list(RULES) == list(UPDATES) == list(OPTIMIZERS.values())


@pytest.mark.parametrize("optimizer", EACH, ids=name_of)
def test_kernels_in_every_order(launch, optimizer):
    rule, theta, gradient = RULES[type(optimizer)], numbers(PARAMETERS), numbers(PARAMETERS, seed=1)
    expected, state = reference(optimizer, theta, [gradient])
    got = optimizer.start(theta, MASK)
    table = np.array([np.full(9, np.nan)[: len(rule.numbers(optimizer, 0))], rule.numbers(optimizer, 0)])
    arrays = [got[entry] for entry in (*rule.memory, *rule.fixed)]
    arguments = (theta, gradient, *arrays, table, np.array([1]), np.zeros(3, np.int32))
    launch(rule.kernel, 3, 4, arguments)
    np.testing.assert_allclose(theta, expected, rtol=1e-15)
    for entry in rule.memory:
        np.testing.assert_allclose(got[entry], state[entry], rtol=1e-15)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("optimizer", CASES, ids=name_of)
def test_twenty_updates(gpu, optimizer, dtype):
    start, gradients = numbers(PARAMETERS, dtype=dtype), numbers(STEPS, PARAMETERS, dtype=dtype, seed=1)
    expected, final = reference(optimizer, start, gradients)
    theta, update = gpu.asarray(start), UPDATES[type(optimizer)]
    state = optimizer.start(theta, gpu.asarray(MASK))
    for gradient in gradients:
        update(optimizer, theta, gpu.asarray(gradient), state)
    assert theta.dtype == dtype
    assert int(state["step"]) == STEPS
    close(theta.get(), expected, dtype)
    for entry in RULES[type(optimizer)].memory:
        close(state[entry].get(), final[entry], dtype)


@pytest.mark.parametrize("optimizer", CASES, ids=name_of)
def test_a_recorded_step_takes_its_numbers_from_the_table(gpu, optimizer):
    """Twenty replays of one recording, a row of the table each."""
    rule = RULES[type(optimizer)]
    start, gradient = numbers(PARAMETERS), numbers(PARAMETERS, seed=1)
    expected, _ = reference(optimizer, start, [gradient] * STEPS)
    with gpu.cuda.Stream(non_blocking=True) as stream:
        theta, g = gpu.asarray(start), gpu.asarray(gradient)
        state = optimizer.start(theta, gpu.asarray(MASK))
        table = gpu.asarray(np.array([rule.numbers(optimizer, step) for step in range(STEPS)]))
        at, halt = gpu.zeros(1, gpu.int64), gpu.ones(1, gpu.int32)
        launch_rule(optimizer, theta, g, state, table, at, halt)  # compiles, which cannot be recorded; halted
        stream.begin_capture()
        launch_rule(optimizer, theta, g, state, table, at, halt)
        graph = stream.end_capture()
        halt.fill(0)
        for step in range(STEPS):
            at.fill(step)
            graph.launch(stream)
        close(theta.get(), expected, "float64")


@pytest.mark.parametrize("optimizer", EACH, ids=name_of)
def test_after_a_halt_nothing_changes(gpu, optimizer):
    rule, theta, gradient = RULES[type(optimizer)], gpu.asarray(numbers(PARAMETERS)), gpu.full(PARAMETERS, np.nan)
    state = optimizer.start(theta)
    table = gpu.asarray(np.array([rule.numbers(optimizer, 0)]))
    launch_rule(optimizer, theta, gradient, state, table, gpu.zeros(1, gpu.int64), gpu.ones(1, gpu.int32))
    np.testing.assert_array_equal(theta.get(), numbers(PARAMETERS))
    for entry in rule.memory:
        np.testing.assert_array_equal(state[entry].get(), 0)


def test_parameters_of_any_shape(gpu):
    theta, gradient = gpu.ones((2, 3, 2)), gpu.full((2, 3, 2), 2.0)
    UPDATES[SGD](SGD(0.25), theta, gradient, SGD(0.25).start(theta))
    np.testing.assert_array_equal(theta.get(), np.full((2, 3, 2), 0.5))


def test_a_rule_of_ones_own_has_no_kernel():
    @dataclass(frozen=True)
    class Mine(Adam):
        def update(self, theta, gradient, state):
            theta -= gradient

    assert Mine not in RULES


@pytest.mark.bad_input
def test_a_wrong_call_is_refused_before_anything_changes(gpu):
    optimizer, theta = Momentum(), gpu.ones((2, 3))
    state = optimizer.start(theta)
    wrong = {
        "gradient is a NumPy array": np.ones((2, 3)),
        "gradient has shape": gpu.ones((3, 2)),
        "theta is float64 but gradient is float32": gpu.ones((2, 3), "float32"),
        "gradient of shape .* has strides": gpu.ones((3, 2)).T,
    }
    for message, gradient in wrong.items():
        with pytest.raises((TypeError, ValueError), match=f"Momentum: {message}"):
            UPDATES[Momentum](optimizer, theta, gradient, state)
    with pytest.raises(ValueError, match="Momentum: the state lacks velocity"):
        UPDATES[Momentum](optimizer, theta, theta, {"step": state["step"], "scratch": theta})
    with pytest.raises(ValueError, match="Momentum: theta of shape .* has strides"):
        UPDATES[Momentum](optimizer, gpu.ones((3, 2)).T, theta, state)
    assert int(state["step"]) == 0
    np.testing.assert_array_equal(theta.get(), 1)
