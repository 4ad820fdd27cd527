"""Broken losses: the cost is right, its gradient is not, or the other way round."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    mean_squared_error,
    softmax_cross_entropy,
    squared_error,
)
from miniae.mutants.mutant import broken_cost
from miniae.ops import sigmoid_forward, softmax_forward


@broken_cost("squared_error", "missing-half")
def half_forgotten(y: Array, target: Array) -> Any:
    """Keeps the 2 of the derivative though the half of the cost cancels it."""
    loss, dy = squared_error(y, target)
    return loss, 2 * dy


@broken_cost("squared_error", "missing-1/m")
def mean_forgotten(y: Array, target: Array) -> Any:
    """Averages the cost over the examples, the gradient not."""
    return squared_error(y, target)[0], y - target


@broken_cost("squared_error", "wrong-sign")
def target_minus_output(y: Array, target: Array) -> Any:
    """Writes t - y: the direction of descent instead of the gradient."""
    return squared_error(y, target)[0], (target - y) / len(y)


@broken_cost("squared_error", "missing-1/n-outputs")
def averaged_over_outputs_in_the_cost_only(y: Array, target: Array) -> Any:
    """Averages the cost over outputs as well; the gradient, only over examples, is n_outputs times too large."""
    return np.mean((y - target) ** 2) / 2, (y - target) / len(y)


@broken_cost("squared_error", "zero-gradient")
def integer_division(y: Array, target: Array) -> Any:
    """Divides by m in integers: 1 // m is 0 for every batch of more than one example."""
    return squared_error(y, target)[0], (1 // len(y)) * (y - target)


@broken_cost("squared_error", "absolute-error")
def sign_of_the_error(y: Array, target: Array) -> Any:
    """Takes the gradient of the absolute error."""
    return squared_error(y, target)[0], np.sign(y - target) / len(y)


@broken_cost("mean_squared_error", "doubled-half")
def two_forgotten(y: Array, target: Array) -> Any:
    """Cancels the 2 of the derivative against a half that this cost does not have."""
    loss, dy = mean_squared_error(y, target)
    return loss, dy / 2


@broken_cost("mean_squared_error", "missing-1/n-outputs")
def mean_over_examples_only(y: Array, target: Array) -> Any:
    """Divides the gradient by the number of examples where the cost is divided by that of elements."""
    return mean_squared_error(y, target)[0], 2 * (y - target) / len(y)


@broken_cost("mean_squared_error", "missing-1/m")
def mean_over_features_only(y: Array, target: Array) -> Any:
    """Divides the gradient by the number of features and forgets the examples."""
    return mean_squared_error(y, target)[0], 2 * (y - target) / y.shape[1]


@broken_cost("binary_cross_entropy", "loss-derivative-missing")
def denominator_forgotten(y: Array, target: Array) -> Any:
    """Returns y - t, the gradient by the logits, where that by the probabilities is divided by y (1 - y)."""
    return binary_cross_entropy(y, target)[0], (y - target) / y.size


@broken_cost("binary_cross_entropy", "loss-one-sided")
def only_the_ones(y: Array, target: Array) -> Any:
    """Differentiates t log y and forgets (1 - t) log(1 - y)."""
    return binary_cross_entropy(y, target)[0], -target / y / y.size


@broken_cost("binary_cross_entropy", "loss-term-sign")
def second_term_negative(y: Array, target: Array) -> Any:
    """Forgets the inner derivative of 1 - y, which is -1."""
    return binary_cross_entropy(y, target)[0], (-target / y - (1 - target) / (1 - y)) / y.size


@broken_cost("binary_cross_entropy", "missing-1/n-outputs")
def summed_over_features(y: Array, target: Array) -> Any:
    """Divides the gradient by the number of examples where the cost is divided by that of elements."""
    loss, dy = binary_cross_entropy(y, target)
    return loss, dy * y.shape[1]


@broken_cost("binary_cross_entropy_with_logits", "logits-not-squashed")
def sigmoid_forgotten(y: Array, target: Array) -> Any:
    """Takes the logits for probabilities: y - t."""
    return binary_cross_entropy_with_logits(y, target)[0], (y - target) / y.size


@broken_cost("binary_cross_entropy_with_logits", "derivative-twice-in-loss")
def sigmoid_differentiated_again(y: Array, target: Array) -> Any:
    """Multiplies p - t by the sigmoid's slope, which has cancelled."""
    p, _ = sigmoid_forward(y)
    return binary_cross_entropy_with_logits(y, target)[0], (p - target) * p * (1 - p) / y.size


@broken_cost("binary_cross_entropy_with_logits", "wrong-sign")
def target_minus_probability(y: Array, target: Array) -> Any:
    """Writes t - p."""
    loss, dy = binary_cross_entropy_with_logits(y, target)
    return loss, -dy


@broken_cost("binary_cross_entropy_with_logits", "missing-1/mn")
def sum_for_mean(y: Array, target: Array) -> Any:
    """Averages the cost over all elements, the gradient over none."""
    return binary_cross_entropy_with_logits(y, target)[0], sigmoid_forward(y)[0] - target


@broken_cost("softmax_cross_entropy", "labels-not-subtracted")
def label_not_subtracted(y: Array, target: Array) -> Any:
    """Returns the probabilities and forgets the 1 at the label."""
    return softmax_cross_entropy(y, target)[0], softmax_forward(y)[0] / len(y)


@broken_cost("softmax_cross_entropy", "label-only")
def only_the_label(y: Array, target: Array) -> Any:
    """Differentiates by the logit of the right class only, as if the others did not stand in the denominator."""
    loss, dy = softmax_cross_entropy(y, target)
    return loss, dy * (np.arange(y.shape[1]) == target[:, None])


@broken_cost("softmax_cross_entropy", "missing-1/m")
def mean_forgotten_for_classes(y: Array, target: Array) -> Any:
    """Averages the cost over the examples, the gradient not."""
    loss, dy = softmax_cross_entropy(y, target)
    return loss, dy * len(y)


@broken_cost("softmax_cross_entropy", "doubled-1/n-outputs")
def averaged_over_classes_too(y: Array, target: Array) -> Any:
    """Divides the gradient by the number of elements where the cost is a mean over examples."""
    loss, dy = softmax_cross_entropy(y, target)
    return loss, dy / y.shape[1]


@broken_cost("softmax_cross_entropy", "softmax-wrong-axis")
def normalised_over_the_batch(y: Array, target: Array) -> Any:
    """Takes the softmax down the columns, over the examples."""
    p = softmax_forward(y.T)[0].T
    return softmax_cross_entropy(y, target)[0], (p - np.eye(y.shape[1])[target]) / len(y)


@broken_cost("softmax_cross_entropy", "labels-off-by-one")
def labels_counted_from_one(y: Array, target: Array) -> Any:
    """Subtracts the 1 from the class before the label, as labels counted from 1 would have it."""
    p, _ = softmax_forward(y)
    return softmax_cross_entropy(y, target)[0], (p - np.eye(y.shape[1])[target - 1]) / len(y)
