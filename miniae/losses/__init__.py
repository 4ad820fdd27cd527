"""Losses: each a function ``loss, dy = f(y, target)`` that states its normalisation in its first line.

``LOSSES`` is the table of all of them. A new loss is one new file beside this one and one entry here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from miniae.losses.squared_error import squared_error


class Loss(NamedTuple):
    """A loss and the op that turns a network's output into what the loss compares with the target.

    Losses on logits fold a sigmoid or softmax into themselves; ``link`` names it, for reconstructing and predicting.
    """

    function: Callable[..., Any]
    link: str = "identity"


LOSSES = {
    "squared_error": Loss(squared_error),
}
