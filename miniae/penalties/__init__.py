"""Penalties: each a function ``cost, gradient = f(a, ...)`` that states its normalisation in its first line.

``PENALTIES`` is the table of all of them. A new penalty is one new file beside this one and one entry here.
"""

from collections.abc import Callable
from typing import Any

from miniae.penalties.kl_sparsity import kl_sparsity
from miniae.penalties.l1 import l1
from miniae.penalties.l2 import l2

PENALTIES: dict[str, Callable[..., Any]] = {
    "kl_sparsity": kl_sparsity,
    "l1": l1,
    "l2": l2,
}

__all__ = ["PENALTIES", "kl_sparsity", "l1", "l2"]
