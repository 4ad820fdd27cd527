r"""All optimisers: one launch for the whole flat vector of parameters.

Overrides: ``update`` of every class in :mod:`miniae.optimizers`, where the formulas are; their numbers are cited here.

.. math::
    \theta \leftarrow \theta - s(g, \text{memory}), \qquad \text{memory} \leftarrow r(g, \text{memory})

Idea: element by element, so that an update is bound by memory, and the least that can be moved is every array once in
each direction it is needed. The reference's separate operations move 30 elements for each parameter of Adam; 7 will do.
A thread reads what belongs to its parameter, computes in registers, and writes; neighbouring threads have neighbouring
parameters. Nothing is left to gain for a faster kernel: these are the formula and the fast form at once.

What changes from step to step is no argument, as a recorded step could not change it: the numbers of the formula (the
rate, Adam's corrections) are a row of a table on the device, and so is which row it is. All threads read the same few
numbers, which comes from the cache. Where ``halt`` is not 0 nothing is written: a run that has left the finite numbers
keeps the parameters of its last finite step.

Bytes for each parameter of s bytes (read + written): SGD 2 s + 1 s; Momentum, Nesterov, RMSProp 3 s + 2 s; Adam
4 s + 3 s; AdamW one more for its mask. Operations: 2 to 12, two divisions and a root among them.

Shapes: P parameters, S steps in the table, K numbers in a row.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from miniae.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSProp
from miniae.schedules import rate_at
from miniae_kernels.cuda.checks import check_device_array
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, device, kernel

Numbers = tuple[float, ...]


class Rule(NamedTuple):
    """How an optimiser runs on the device.

    Attributes:
        kernel: of (theta, gradient, the arrays of the state, numbers, at, halt).
        numbers: of (optimizer, step counted from 0), the row of the table for that step, worked out in float64.
        memory: names of the state's arrays that it changes, in the kernel's order.
        fixed: names of those that it only reads, which follow.
    """

    kernel: Kernel
    numbers: Callable[[Any, int], Numbers]
    memory: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


@kernel("real[::1], real[::1], real[:, ::1], int64[::1], int32[::1]")
def sgd(theta, gradient, numbers, at, halt):
    """(1) of :class:`~miniae.optimizers.SGD`."""
    i = cuda.grid(1)
    if i < theta.size and halt[0] == 0:
        rate = numbers[at[0], 0]
        theta[i] -= rate * gradient[i]  # (1)


@kernel("real[::1], real[::1], real[::1], real[:, ::1], int64[::1], int32[::1]")
def momentum(theta, gradient, velocity, numbers, at, halt):
    """(1) and (2) of :class:`~miniae.optimizers.Momentum`."""
    i = cuda.grid(1)
    if i < theta.size and halt[0] == 0:
        row = at[0]
        rate, mu = numbers[row, 0], numbers[row, 1]
        v = mu * velocity[i] + gradient[i]  # (1)
        velocity[i] = v
        theta[i] -= rate * v  # (2)


@kernel("real[::1], real[::1], real[::1], real[:, ::1], int64[::1], int32[::1]")
def nesterov(theta, gradient, velocity, numbers, at, halt):
    """(3) and (4) of :class:`~miniae.optimizers.Nesterov`."""
    i = cuda.grid(1)
    if i < theta.size and halt[0] == 0:
        row = at[0]
        rate, mu = numbers[row, 0], numbers[row, 1]
        g = gradient[i]
        v = mu * velocity[i] + g  # (3)
        velocity[i] = v
        theta[i] -= rate * (g + mu * v)  # (4)


@kernel("real[::1], real[::1], real[::1], real[:, ::1], int64[::1], int32[::1]")
def rmsprop(theta, gradient, mean_square, numbers, at, halt):
    """(1) and (2) of :class:`~miniae.optimizers.RMSProp`."""
    i = cuda.grid(1)
    if i < theta.size and halt[0] == 0:
        row = at[0]
        rate, alpha, new, eps = numbers[row, 0], numbers[row, 1], numbers[row, 2], numbers[row, 3]
        g = gradient[i]
        s = alpha * mean_square[i] + new * (g * g)  # (1)
        mean_square[i] = s
        theta[i] -= rate * (g / (math.sqrt(s) + eps))  # (2)


@device
def adam_step(g, mean, mean_square, i, numbers, row):
    """(1) to (3) of :class:`~miniae.optimizers.Adam`: the averages brought up to date, and the step of (4)."""
    size, root, eps = numbers[row, 0], numbers[row, 1], numbers[row, 2]
    beta1, new1, beta2, new2 = numbers[row, 3], numbers[row, 4], numbers[row, 5], numbers[row, 6]
    m = beta1 * mean[i] + new1 * g  # (1)
    v = beta2 * mean_square[i] + new2 * (g * g)  # (2)
    mean[i] = m
    mean_square[i] = v
    return size * (m / (math.sqrt(v) / root + eps))  # (3): its two corrections are in size and root


@kernel("real[::1], real[::1], real[::1], real[::1], real[:, ::1], int64[::1], int32[::1]")
def adam(theta, gradient, mean, mean_square, numbers, at, halt):
    """(4) of :class:`~miniae.optimizers.Adam`."""
    i = cuda.grid(1)
    if i < theta.size and halt[0] == 0:
        theta[i] -= adam_step(gradient[i], mean, mean_square, i, numbers, at[0])  # (4)


@kernel("real[::1], real[::1], real[::1], real[::1], boolean[::1], real[:, ::1], int64[::1], int32[::1]")
def adamw(theta, gradient, mean, mean_square, decays, numbers, at, halt):
    """(5) of :class:`~miniae.optimizers.AdamW`."""
    i = cuda.grid(1)
    if i < theta.size and halt[0] == 0:
        row = at[0]
        step = adam_step(gradient[i], mean, mean_square, i, numbers, row)
        if decays[i]:
            step += numbers[row, 7] * theta[i]
        theta[i] -= step  # (5)


def sgd_numbers(optimizer: SGD, step: int) -> Numbers:
    """The rate."""
    return (rate_at(optimizer.learning_rate, step),)


def momentum_numbers(optimizer: Momentum | Nesterov, step: int) -> Numbers:
    """The rate, and mu."""
    return rate_at(optimizer.learning_rate, step), optimizer.momentum


def rmsprop_numbers(optimizer: RMSProp, step: int) -> Numbers:
    """The rate, alpha, 1 - alpha, and epsilon."""
    return rate_at(optimizer.learning_rate, step), optimizer.alpha, 1 - optimizer.alpha, optimizer.eps


def adam_numbers(optimizer: Adam, step: int) -> Numbers:
    """What m is multiplied by, what the root of v is divided by, epsilon, beta1, 1 - beta1, beta2, and 1 - beta2."""
    rate, t = rate_at(optimizer.learning_rate, step), step + 1
    beta1, beta2 = optimizer.beta1, optimizer.beta2
    corrections = rate / (1 - beta1**t), math.sqrt(1 - beta2**t)
    return *corrections, optimizer.eps, beta1, 1 - beta1, beta2, 1 - beta2


def adamw_numbers(optimizer: AdamW, step: int) -> Numbers:
    """Adam's, and the fraction of a parameter that decays."""
    return *adam_numbers(optimizer, step), rate_at(optimizer.learning_rate, step) * optimizer.weight_decay


# By class: one that a user derives from these is not in the table, and runs its own update.
RULES: dict[type, Rule] = {
    SGD: Rule(sgd, sgd_numbers),
    Momentum: Rule(momentum, momentum_numbers, Momentum.memory),
    Nesterov: Rule(nesterov, momentum_numbers, Nesterov.memory),
    RMSProp: Rule(rmsprop, rmsprop_numbers, RMSProp.memory),
    Adam: Rule(adam, adam_numbers, Adam.memory),
    AdamW: Rule(adamw, adamw_numbers, AdamW.memory, ("decays",)),
}


def launch_rule(
    optimizer: Optimizer, theta: Any, gradient: Any, state: Mapping[str, Any], numbers: Any, at: Any, halt: Any
) -> None:
    """Take one step, all arrays on the device; nothing is checked but their dtypes, and nothing counted.

    Args:
        optimizer: of a class in :data:`RULES`.
        theta: the parameters, C-contiguous; changed in place, as are the arrays in ``state``.
        gradient: shaped like ``theta``.
        state: from ``optimizer.start``.
        numbers: (S, K), a row of the rule's numbers for each step.
        at: int64, (1,): which row.
        halt: int32: where its first element is not 0, nothing is done.
    """
    rule = RULES[type(optimizer)]
    arrays = (theta, gradient, *(state[entry] for entry in (*rule.memory, *rule.fixed)))
    flat = (array.reshape(-1) for array in arrays)
    rule.kernel[blocks_for(theta.size), THREADS](*flat, numbers, at, halt)


def update(optimizer: Optimizer, theta: Any, gradient: Any, state: dict[str, Any]) -> None:
    """Take one step; see :meth:`miniae.optimizers.Optimizer.update`.

    The table has one row, which is brought from the host: not for a stream that is being captured.

    Raises:
        TypeError, ValueError: as the reference; if an array is a NumPy array, on another device, or not C-contiguous.
    """
    import cupy

    name, rule = type(optimizer).__name__, RULES[type(optimizer)]
    entries = {f"state {entry}": state.get(entry) for entry in (*rule.memory, *rule.fixed)}
    for argument, array in {"theta": theta, "gradient": gradient, **entries}.items():
        check_device_array(name, argument, array)
    step = int(state.get("step", 0))
    optimizer._begin(theta, gradient, state)
    numbers = cupy.asarray(np.array([rule.numbers(optimizer, step)], theta.dtype))
    at, halt = cupy.zeros(1, cupy.int64), cupy.zeros(1, cupy.int32)
    launch_rule(optimizer, theta, gradient, state, numbers, at, halt)


UPDATES: dict[type, Callable[..., None]] = dict.fromkeys(RULES, update)


def main() -> None:
    """Hold every rule against the reference and against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n = 2**25
    start, gradient = (cupy.random.default_rng(seed).standard_normal(n, dtype=cupy.float32) for seed in (0, 1))
    at, halt = cupy.zeros(1, cupy.int64), cupy.zeros(1, cupy.int32)
    for of, rule in RULES.items():
        optimizer, theta, expected = of(), start.copy(), start.get().astype(np.float64)
        optimizer.update(expected, gradient.get().astype(np.float64), optimizer.start(expected))
        numbers = cupy.asarray(np.array([rule.numbers(optimizer, 0)], np.float32))
        run = partial(launch_rule, optimizer, theta, gradient, optimizer.start(theta), numbers, at, halt)
        compare(
            f"{of.__name__}, {n} parameters, float32",
            Case("one launch", run, moved=(3 + 2 * len(rule.memory)) * start.nbytes + len(rule.fixed) * n),
            got=theta.copy,  # a copy, so that theta itself is not filled with NaN before the update
            expected=expected,
        )


if __name__ == "__main__":
    main()
