"""Losses: each a function ``loss, dy = f(y, target)`` that states its normalisation in its first line.

``LOSSES`` is the table of all of them. A new loss is one new file beside this one and one entry here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from miniae.arrays import Array
from miniae.losses.binary_cross_entropy import binary_cross_entropy
from miniae.losses.binary_cross_entropy_with_logits import binary_cross_entropy_with_logits
from miniae.losses.mean_squared_error import mean_squared_error
from miniae.losses.softmax_cross_entropy import softmax_cross_entropy
from miniae.losses.squared_error import squared_error
from miniae.losses.targets import check_labels, check_probabilities, check_values


class Loss(NamedTuple):
    """A loss, what its target must be, and the op between a network's output and what is compared with the target.

    ``check_target(target, output_shape)`` raises where the target's dtype, shape or values do not fit: to be called
    once, before training (:mod:`miniae.losses.targets`). Losses on logits fold a sigmoid or softmax into themselves;
    ``link`` names it, for reconstructing and predicting.
    """

    function: Callable[..., Any]
    check_target: Callable[[Array, tuple[int, ...]], None]
    link: str = "identity"


LOSSES = {
    "binary_cross_entropy": Loss(binary_cross_entropy, check_probabilities),
    "binary_cross_entropy_with_logits": Loss(binary_cross_entropy_with_logits, check_probabilities, link="sigmoid"),
    "mean_squared_error": Loss(mean_squared_error, check_values),
    "softmax_cross_entropy": Loss(softmax_cross_entropy, check_labels, link="softmax"),
    "squared_error": Loss(squared_error, check_values),
}

__all__ = [
    "LOSSES",
    "Loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "check_labels",
    "check_probabilities",
    "check_values",
    "mean_squared_error",
    "softmax_cross_entropy",
    "squared_error",
]
