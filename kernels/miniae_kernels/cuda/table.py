"""The CUDA backend's table: which kernels stand in for which ops, losses and penalties."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from miniae.ops import Pair
from miniae_kernels import Kernels
from miniae_kernels.cuda.captured import steps
from miniae_kernels.cuda.checks import checked
from miniae_kernels.cuda.noise import DRAWS
from miniae_kernels.cuda.optimizers import UPDATES

# Every file says which of the tables below its kernels belong to. A new one is one more name here.
FILES = (
    "conv2d",
    "conv_transpose2d",
    "dense",
    "dropout",
    "kl_sparsity",
    "losses",
    "max_pool2d",
    "mean_pool2d",
    "softmax",
    "softmax_cross_entropy",
    "top_k",
    "top_k_dense",
    "upsample2d",
    "weight_penalties",
)


def merged(table: str) -> dict[Any, Any]:
    """What the files have under this name, ``"PAIRS"``, ``"COSTS"`` or ``"FUSED"``, in one table."""
    files = [import_module(f"miniae_kernels.cuda.{file}") for file in FILES]
    return {key: value for file in files for key, value in getattr(file, table, {}).items()}


PAIRS: dict[str, Pair] = merged("PAIRS")
COSTS: dict[str, Callable[..., Any]] = merged("COSTS")
FUSED: dict[tuple[str, ...], str] = merged("FUSED")


def load() -> Kernels:
    """The table, every function of it refusing arrays that its kernels cannot take."""
    return Kernels(
        array_module="cupy",
        pairs={
            name: pair._replace(forward=checked(name, pair.forward), backward=checked(name, pair.backward))
            for name, pair in PAIRS.items()
        },
        costs={name: checked(name, cost) for name, cost in COSTS.items()},
        fused=FUSED,
        draws=DRAWS,
        updates=UPDATES,
        steps=steps,
    )
