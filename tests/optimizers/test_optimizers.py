"""What holds for every optimiser: PyTorch's trajectory, dtypes, memory, resuming, interrupts, and bad input."""

import math
import tracemalloc

import numpy as np
import pytest

from miniae.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Momentum, Nesterov, RMSProp, optimizer
from miniae.schedules import CosineDecay, StepDecay

NAMES = tuple(OPTIMIZERS)
RNG = np.random.default_rng(0)
SIZE = 12
START, A, B = RNG.normal(size=SIZE), RNG.normal(size=(20, SIZE)), RNG.normal(size=20)


def gradient_at(theta):
    """Of sum(log(cosh(A theta - b))) + sum(theta^4) / 10: convex, but nothing like a parabola."""
    return A.T @ np.tanh(A @ theta - B) + 0.4 * theta**3


def trajectory(optimizer, steps=100, dtype=np.float64, decays=None):
    theta = START.astype(dtype)
    state, places = optimizer.start(theta, decays), []
    for _ in range(steps):
        optimizer.update(theta, gradient_at(theta).astype(dtype), state)
        places.append(theta.copy())
    return np.array(places)


# Settings of ours, and the same in PyTorch's words.
TWINS = {
    "sgd": (lambda rate: SGD(rate), lambda o, p, lr: o.SGD(p, lr)),
    "momentum": (lambda rate: Momentum(rate, 0.8), lambda o, p, lr: o.SGD(p, lr, momentum=0.8)),
    "nesterov": (lambda rate: Nesterov(rate, 0.8), lambda o, p, lr: o.SGD(p, lr, momentum=0.8, nesterov=True)),
    "rmsprop": (lambda rate: RMSProp(rate, 0.9, 1e-3), lambda o, p, lr: o.RMSprop(p, lr, alpha=0.9, eps=1e-3)),
    "adam": (lambda rate: Adam(rate, 0.8, 0.99, 1e-3), lambda o, p, lr: o.Adam(p, lr, (0.8, 0.99), 1e-3)),
    "adamw": (
        lambda rate: AdamW(rate, 0.8, 0.99, 1e-3, 0.3),
        lambda o, p, lr: o.AdamW(p, lr, (0.8, 0.99), 1e-3, weight_decay=0.3),
    ),
}
# RMSProp's steps are hardly shorter near the minimum. At twice this rate it arrives there within the 100 steps and
# bounces across, and every bounce multiplies rounding differences; at this one all optimisers are still on their way.
RATE = 0.005


def pytorch_trajectory(make, schedule=None, groups=None, steps=100):
    torch = pytest.importorskip("torch", reason="compares with PyTorch's optimisers")
    theta = torch.from_numpy(START.copy())
    parameters = [theta] if groups is None else groups(torch, theta)
    twin = make(torch.optim, parameters, RATE)
    leaves = [leaf for group in twin.param_groups for leaf in group["params"]]
    scheduler = torch.optim.lr_scheduler.LambdaLR(twin, schedule) if schedule else None
    places = []
    for _ in range(steps):
        # The leaves are consecutive slices that share theta's memory.
        gradient = torch.from_numpy(gradient_at(theta.numpy()))
        for leaf, piece in zip(leaves, gradient.split([len(leaf) for leaf in leaves]), strict=True):
            leaf.grad = piece
        twin.step()
        if scheduler:
            scheduler.step()
        places.append(theta.numpy().copy())
    return np.array(places)


def test_every_optimiser_is_compared_with_pytorch():
    assert set(TWINS) == set(NAMES)


# Measured: 7e-15 of theta's largest element, and 2e-12 of an element that is close to 0. Both compute in float64 and
# differ in the order of operations.
@pytest.mark.parametrize("name", NAMES)
def test_trajectory_is_pytorchs(name):
    ours, theirs = TWINS[name]
    expected = pytorch_trajectory(theirs)
    np.testing.assert_allclose(trajectory(ours(RATE)), expected, rtol=1e-10)
    assert abs(expected[-1] - START).max() > 0.1  # it went somewhere


@pytest.mark.parametrize("name", NAMES)
def test_trajectory_under_a_schedule_is_pytorchs(name):
    ours, theirs = TWINS[name]
    factor = CosineDecay(1.0, 80, 0.1)
    expected = pytorch_trajectory(theirs, schedule=factor)
    np.testing.assert_allclose(trajectory(ours(lambda step: RATE * factor(step))), expected, rtol=1e-10)


def test_masked_decay_is_pytorchs_parameter_groups():
    def groups(torch, theta):
        return [{"params": [theta[:8]]}, {"params": [theta[8:]], "weight_decay": 0.0}]

    ours, theirs = TWINS["adamw"]
    expected = pytorch_trajectory(theirs, groups=groups)
    np.testing.assert_allclose(trajectory(ours(RATE), decays=np.arange(SIZE) < 8), expected, rtol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(name):
    ours, _ = TWINS[name]
    theta = START.astype(np.float32)
    state = ours(RATE).start(theta)
    for _ in range(3):
        ours(RATE).update(theta, gradient_at(theta).astype(np.float32), state)
    assert {array.dtype for entry, array in state.items() if entry not in ("step", "decays")} == {np.dtype(np.float32)}
    assert theta.dtype == np.float32
    # theta is rounded four times, on its way into float32 and by each step, by half a unit of its size; the steps are
    # at most a seventh of its size, of which three times some twenty roundings add: 4 / 2 + 3 * 20 / 7 / 2 < 7 units.
    expected = trajectory(ours(RATE), steps=3)[-1]
    assert abs(theta - expected).max() < 7 * np.finfo(np.float32).eps * abs(START).max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_an_update_allocates_nothing_to_speak_of(name, dtype):
    rng = np.random.default_rng(1)
    theta, gradient = rng.normal(size=(2, 100_000)).astype(dtype)
    minimizer = OPTIMIZERS[name]()
    state = minimizer.start(theta, decays=np.arange(100_000) % 2 == 0)
    minimizer.update(theta, gradient, state)
    tracemalloc.start()
    try:
        minimizer.update(theta, gradient, state)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < theta.nbytes / 10


@pytest.mark.parametrize("name", NAMES)
def test_a_copied_state_goes_on_as_if_nothing_had_been(name):
    ours = TWINS[name][0](StepDecay(RATE, 0.5, 7))
    theta = START.copy()
    state = ours.start(theta, np.arange(SIZE) < 8)
    for _ in range(10):
        ours.update(theta, gradient_at(theta), state)
    saved_theta, saved = theta.copy(), {entry: array.copy() for entry, array in state.items()}
    for array in (saved[entry] for entry in ours.scratch):
        array.fill(np.nan)  # scratch need not be saved
    for run_theta, run_state in (theta, state), (saved_theta, saved):
        for _ in range(10):
            ours.update(run_theta, gradient_at(run_theta), run_state)
    np.testing.assert_array_equal(saved_theta, theta)
    assert saved["step"] == state["step"] == 20
    assert saved["step"].dtype == np.int64
    assert saved["step"].shape == ()


@pytest.mark.parametrize("name", NAMES)
def test_only_theta_and_the_state_change(name):
    minimizer, theta, gradient = OPTIMIZERS[name](), START.copy(), gradient_at(START)
    before = gradient.copy()
    state = minimizer.start(theta)
    arrays = dict(state)
    minimizer.update(theta, gradient, state)
    np.testing.assert_array_equal(gradient, before)
    assert all(state[entry] is array for entry, array in arrays.items())  # changed in place
    assert (theta != START).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_without_gradient_or_decay_stays(name):
    theta, gradient = START.copy(), gradient_at(START)
    gradient[::2] = 0
    minimizer = OPTIMIZERS[name]()
    state = minimizer.start(theta, decays=np.arange(SIZE) % 2 == 1)
    for _ in range(3):
        minimizer.update(theta, gradient, state)
    np.testing.assert_array_equal(theta[::2], START[::2])
    assert (theta[1::2] != START[1::2]).all()


class Interrupted(np.ndarray):
    """An array that an interrupt strikes just before it is written; the interrupt tells what would have been."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **keywords):
        plain = [array.view(np.ndarray) if isinstance(array, Interrupted) else array for array in inputs]
        if any(array is self for array in out):
            raise KeyboardInterrupt(getattr(ufunc, method)(*plain, **keywords))
        return getattr(ufunc, method)(*plain, out=out, **keywords)


@pytest.mark.parametrize("name", NAMES)
def test_theta_is_written_once_and_last(name):
    minimizer = OPTIMIZERS[name](0.1)
    theta, gradient = START.copy(), gradient_at(START)
    finished = minimizer.start(theta)
    minimizer.update(theta, gradient, finished)

    interrupted = START.copy().view(Interrupted)
    state = minimizer.start(START)
    with pytest.raises(KeyboardInterrupt) as interrupt:
        minimizer.update(interrupted, gradient, state)
    np.testing.assert_array_equal(interrupted.view(np.ndarray), START)
    np.testing.assert_array_equal(interrupt.value.args[0], theta)  # the first write would have completed theta
    for entry, array in finished.items():  # and all else had been done by then
        np.testing.assert_array_equal(state[entry], array)


def test_resolver():
    assert [type(optimizer(name)) for name in NAMES] == [SGD, Momentum, Nesterov, RMSProp, Adam, AdamW]
    mine = Adam(0.5)
    assert optimizer(mine) is mine


@pytest.mark.bad_input
def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="'adagrad' is unknown; known: sgd, momentum, nesterov, rmsprop, adam, adamw"):
        optimizer("adagrad")


@pytest.mark.bad_input
@pytest.mark.parametrize("name", NAMES)
def test_wrong_arrays_are_refused_before_anything_changes(name):
    minimizer, theta = OPTIMIZERS[name](), np.ones(3)
    state = minimizer.start(theta)
    first = next(entry for entry in state if entry != "step")
    before = {entry: array.copy() for entry, array in state.items()}
    bad = [
        (theta, np.ones(4), state, ValueError, r"gradient has shape \(4,\) but theta has shape \(3,\)"),
        (theta, np.ones((3, 1)), state, ValueError, r"gradient has shape \(3, 1\) but"),
        (theta, np.ones(3, np.float32), state, TypeError, "theta is float64 but gradient is float32"),
        (theta, [1.0, 1.0, 1.0], state, TypeError, "gradient must be a float32 or float64 array, got list"),
        (np.arange(3), np.ones(3), state, TypeError, "theta must be float32 or float64, got int64"),
        (np.ones(4), np.ones(4), state, ValueError, rf"state {first} has shape \(3,\) but theta has shape \(4,\)"),
        (theta, np.ones(3), {"step": state["step"]}, ValueError, r"the state lacks .*; it holds step"),
    ]
    for wrong_theta, gradient, wrong_state, error, message in bad:
        with pytest.raises(error, match=f"{type(minimizer).__name__}: {message}"):
            minimizer.update(wrong_theta, gradient, wrong_state)
    assert theta.tolist() == [1, 1, 1]
    for entry, array in state.items():
        np.testing.assert_array_equal(array, before[entry])


@pytest.mark.bad_input
@pytest.mark.parametrize("name", NAMES)
def test_start_refuses_what_is_no_theta_or_no_mask(name):
    minimizer = OPTIMIZERS[name]()
    with pytest.raises(TypeError, match="theta must be float32 or float64, got int64"):
        minimizer.start(np.arange(3))
    with pytest.raises(TypeError, match="theta must be a float32 or float64 array, got list"):
        minimizer.start([1.0])
    with pytest.raises(TypeError, match="decays must be a boolean array, got float64"):
        minimizer.start(np.ones(3), np.ones(3))
    with pytest.raises(TypeError, match="decays must be a boolean array, got list"):
        minimizer.start(np.ones(3), [True, False, True])
    with pytest.raises(ValueError, match=r"decays has shape \(2,\) but theta has shape \(3,\)"):
        minimizer.start(np.ones(3), np.ones(2, bool))


@pytest.mark.bad_input
@pytest.mark.parametrize("name", NAMES)
def test_learning_rates_out_of_range_are_refused(name):
    for rate in -0.1, math.nan, math.inf:
        with pytest.raises(ValueError, match=rf"learning_rate must lie in \[0, inf\), got {rate}"):
            OPTIMIZERS[name](rate)
    with pytest.raises(TypeError, match="learning_rate must be a number, got 'fast'"):
        OPTIMIZERS[name]("fast")
    minimizer, theta = OPTIMIZERS[name](lambda step: math.nan), np.ones(3)
    state = minimizer.start(theta)
    with pytest.raises(ValueError, match="gave nan at step 0"):
        minimizer.update(theta, np.ones(3), state)
    assert state["step"] == 0
    assert theta.tolist() == [1, 1, 1]


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("make", "setting"),
    [
        (Momentum, "momentum"),
        (Nesterov, "momentum"),
        (RMSProp, "alpha"),
        (Adam, "beta1"),
        (Adam, "beta2"),
        (AdamW, "beta1"),
        (AdamW, "beta2"),
    ],
)
def test_memories_lie_between_0_and_1(make, setting):
    make(**{setting: 0.0})
    for value in -0.1, 1.0, math.nan:
        with pytest.raises(ValueError, match=rf"{make.__name__}: {setting} must lie in \[0, 1\), got {value}"):
            make(**{setting: value})


@pytest.mark.bad_input
@pytest.mark.parametrize("make", [RMSProp, Adam, AdamW])
def test_eps_is_above_0(make):
    for value in 0.0, -1e-8, math.inf, math.nan:
        with pytest.raises(ValueError, match=rf"{make.__name__}: eps must lie in \(0, inf\), got {value}"):
            make(eps=value)


@pytest.mark.bad_input
def test_weight_decay_is_not_negative():
    AdamW(weight_decay=0.0)
    for value in -0.1, math.inf, math.nan:
        with pytest.raises(ValueError, match=r"AdamW: weight_decay must lie in \[0, inf\), got"):
            AdamW(weight_decay=value)
