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
from miniae.ops import OPS, Pair
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
        gradient: the gradient it should have, where it stands at a corner and the mistake is in the convention there.
    """

    name: str
    breaks: str
    text: str
    function: Callable[..., tuple[Any, Any]]
    args: tuple[Any, ...]
    right: float
    gradient: Array | None = None

    def check(self) -> Report:
        """A gradient check on the example; it passes, corners declared as such."""
        value, *others = self.args
        kinks = 0.0 if self.gradient is None else 0.5
        return check_function(lambda theta: self.function(theta, *others), value, kinks=kinks)

    def caught(self) -> bool:
        """Whether the example's cost, or its gradient at a corner, differs from what it should be."""
        cost, gradient = self.function(*self.args)
        same = bool(np.isclose(cost, self.right, rtol=1e-9, atol=0))
        return not same or (self.gradient is not None and not np.array_equal(gradient, self.gradient))


Y, TARGET = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [3.0, 2.0]])
LOGITS, LABELS = np.array([[0.0, np.log(3.0)], [5.0, 5.0]]), np.array([1, 0])
A = np.array([[0.1, 0.5], [0.3, 0.5]])
W = np.array([[1.0, -2.0], [0.0, 3.0]])
LINE, PIXELS = np.array([1.0, 2.0, 4.0]).reshape(1, 1, 3, 1), np.array([1.0, 3.0]).reshape(1, 1, 2, 1)
KERNEL = np.array([1.0, 10.0]).reshape(1, 2, 1, 1)
TIED = np.array([[3.0, 5.0, 2.0, 1.0], [5.0, 4.0, 0.0, -1.0]]).reshape(1, 2, 4, 1)


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


def half_square(pair: Pair, *args: Any, **options: Any) -> tuple[float, Any]:
    """An op as a cost of its first argument: half the sum of the squares of its output."""
    y, cache = pair.forward(*args, **options)
    gradients = pair.backward(y, cache)
    return float(np.sum(y**2)) / 2, gradients[0] if isinstance(gradients, tuple) else gradients


def kernel_turned_both_ways(x: Array, w: Array) -> Any:
    """Turns the kernel by 180 degrees going forward and back: a convolution where a correlation is meant."""
    return half_square(OPS["conv2d"], x, w[::-1, ::-1].copy())


def padding_counted(x: Array) -> Any:
    """Counts the padding as pixels of the mean, going forward and back."""
    padded = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))
    cost, gradient = half_square(OPS["mean_pool2d"], padded)
    return cost, gradient[:, :-1, :-1]


def corners_aligned(x: Array) -> Any:
    """Interpolates between the corners of the image, going forward and back, where pixel centres are meant."""
    matrix = np.array([[1, 0], [2 / 3, 1 / 3], [1 / 3, 2 / 3], [0, 1]])
    y = np.einsum("jq,nrqc->nrjc", matrix, x)
    return np.sum(y**2) / 2, np.einsum("jq,nrjc->nrqc", matrix, y)


def ties_counted_twice(x: Array) -> Any:
    """Gives each of the largest pixels of a max-pooling's window all of its gradient, though one would do."""
    y, _ = OPS["max_pool2d"].forward(x)
    largest = x == y.repeat(2, axis=1).repeat(2, axis=2)
    return np.sum(y**2) / 2, x * largest


def _unseen(breaks: str, function: Callable[..., Any], *args: Any, right: float, gradient: Any = None) -> Unseen:
    text = (function.__doc__ or "").partition("\n")[0]
    return Unseen(f"{breaks}/{function.__name__}", breaks, text, function, args, right, gradient)


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
    _unseen("conv2d", kernel_turned_both_ways, LINE, KERNEL, right=(21**2 + 42**2) / 2),
    _unseen("mean_pool2d", padding_counted, LINE, right=(1.5**2 + 4**2) / 2),
    _unseen("upsample2d", corners_aligned, PIXELS, right=(1 + 1.5**2 + 2.5**2 + 9) / 2),
    # of two pixels that are both the largest, the first alone has the gradient
    _unseen(
        "max_pool2d",
        ties_counted_twice,
        TIED,
        right=(5**2 + 2**2) / 2,
        gradient=np.array([[0.0, 5.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]]).reshape(1, 2, 4, 1),
    ),
)
