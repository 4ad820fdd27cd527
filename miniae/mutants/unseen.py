"""Mistakes that a gradient check cannot see, with what can.

A cost that is a hundred times too large, with a gradient a hundred times too large, is consistent: the gradient is
right, the cost is another than was meant, and the check passes. So it does where cost and gradient share any wrong
formula. Only a value from elsewhere shows it: one worked out by hand, published, or computed by someone else's code.
Each entry holds such a value for a small example. A unit's slope at its very corner is of this kind as well: no
difference quotient across a corner says anything about it, and the convention has to be tested as such.
"""

from collections.abc import Callable
from math import log
from typing import Any, NamedTuple

import numpy as np

from miniae.arrays import Array
from miniae.gradcheck import Report, check_function
from miniae.mutants.penalties import slope
from miniae.penalties import kl_sparsity, l1, l2


class Unseen(NamedTuple):
    """A broken cost whose gradient is consistent with it.

    Attributes:
        name: the loss, penalty or op and how it is broken.
        breaks: the name of the right one.
        text: the mistake in a sentence.
        function: ``cost, gradient = f(*args)``.
        args: of the example worked out by hand, the first the one differentiated.
        right: the cost that the example should have.
    """

    name: str
    breaks: str
    text: str
    function: Callable[..., tuple[Any, Any]]
    args: tuple[Any, ...]
    right: float

    def check(self) -> Report:
        """A gradient check on the example; it passes."""
        value, *others = self.args
        return check_function(lambda theta: self.function(theta, *others), value)

    def caught(self) -> bool:
        """Whether the example's cost differs from what it should be."""
        return not bool(np.isclose(self.function(*self.args)[0], self.right, rtol=1e-9, atol=0))


Y, TARGET = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [3.0, 2.0]])
LOGITS, LABELS = np.array([[0.0, np.log(3.0)], [5.0, 5.0]]), np.array([1, 0])
A = np.array([[0.1, 0.5], [0.3, 0.5]])
W = np.array([[1.0, -2.0], [0.0, 3.0]])


def integer_division(y: Array, labels: Array) -> Any:
    """Averages with the factor (-1 // m), which integer division makes -1: cost and gradient m times too large."""
    scale, k = -1 // len(y), (np.arange(len(y)), labels)
    p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    return scale * np.log(p[k]).sum(), scale * (np.eye(y.shape[1])[labels] - p)


def target_added(y: Array, target: Array) -> Any:
    """Writes y + t for the error y - t, in the cost and in the gradient."""
    return np.sum((y + target) ** 2) / (2 * len(y)), (y + target) / len(y)


def half_missing(y: Array, target: Array) -> Any:
    """Leaves out the half, and differentiates rightly what is left."""
    return np.sum((y - target) ** 2) / len(y), 2 * (y - target) / len(y)


def mean_over_elements(y: Array, target: Array) -> Any:
    """Averages over the outputs as well, in the cost and in the gradient."""
    return np.sum((y - target) ** 2) / (2 * y.size), (y - target) / y.size


def sparsity_averaged_over_examples(a: Array, rho: float, beta: float) -> Any:
    """Divides the penalty by m along with the loss."""
    cost, da = kl_sparsity(a, rho, beta)
    return cost / len(a), da / len(a) * np.ones_like(a)


def running_average(a: Array, rho: float, beta: float) -> Any:
    """Takes cost and gradient alike at a running average of rho_hat, begun at rho."""
    mean = 0.9 * rho + 0.1 * a.mean(axis=0)
    cost, _ = kl_sparsity(mean[None], rho, beta)
    return cost, 0.1 * beta / len(a) * slope(rho, mean) * np.ones_like(a)


def sum_over_examples(a: Array, strength: float) -> Any:
    """Sums over the examples where a mean is meant."""
    cost, da = l1(a, strength)
    return len(a) * cost, len(a) * da


def half_of_the_decay_missing(w: Array, strength: float) -> Any:
    """Writes lambda |w|^2 with its gradient 2 lambda w: decays twice as strongly as asked."""
    cost, dw = l2(w, strength)
    return 2 * cost, 2 * dw


def _unseen(breaks: str, function: Callable[..., Any], *args: Any, right: float) -> Unseen:
    text = (function.__doc__ or "").partition("\n")[0]
    return Unseen(f"{breaks}/{function.__name__}", breaks, text, function, args, right)


UNSEEN = (
    _unseen("softmax_cross_entropy", integer_division, LOGITS, LABELS, right=(log(4 / 3) + log(2)) / 2),
    _unseen("squared_error", target_added, Y, TARGET, right=(1 + 0 + 0 + 4) / (2 * 2)),
    _unseen("squared_error", half_missing, Y, TARGET, right=(1 + 0 + 0 + 4) / (2 * 2)),
    _unseen("squared_error", mean_over_elements, Y, TARGET, right=(1 + 0 + 0 + 4) / (2 * 2)),
    # the first unit is on target, the second at 0.5
    _unseen("kl_sparsity", sparsity_averaged_over_examples, A, 0.2, 3.0, right=3 * (0.2 * log(0.4) + 0.8 * log(1.6))),
    _unseen("kl_sparsity", running_average, A, 0.2, 3.0, right=3 * (0.2 * log(0.4) + 0.8 * log(1.6))),
    # moved away from the corner at 0, where a check would say nothing
    _unseen("l1", sum_over_examples, W + 0.5, 0.5, right=0.5 * (1.5 + 1.5 + 0.5 + 3.5) / 2),
    _unseen("l2", half_of_the_decay_missing, W, 0.5, right=0.5 / 2 * (1 + 4 + 0 + 9)),
)
