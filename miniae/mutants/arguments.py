"""What to check ops, losses and penalties with: arguments in range, and away from kinks."""

from typing import Any

import numpy as np

from miniae.arrays import Array

MARGIN = 0.05  # kept from every kink: more than twice the largest step of a difference
ROWS, FEATURES, OUTPUTS, SQUARE = 6, 4, 3, 4


def pair_arguments(op: str, rng: np.random.Generator, square: bool = False) -> dict[str, Array]:
    """Arguments of ``op`` by name: standard normal numbers, none within the margin of 0, where all kinks are.

    >>> {name: array.shape for name, array in pair_arguments("dense", np.random.default_rng(0)).items()}
    {'x': (6, 4), 'w': (4, 3), 'b': (3,)}
    """
    n, d, o = (SQUARE,) * 3 if square else (ROWS, FEATURES, OUTPUTS)
    shapes: dict[str, tuple[int, ...]] = {"x": (n, d)}
    if op == "dense":
        shapes |= {"w": (d, o), "b": (o,)}
    return {name: away_from_zero(rng.standard_normal(shape)) for name, shape in shapes.items()}


def cost_arguments(
    name: str, rng: np.random.Generator, square: bool = False
) -> tuple[dict[str, Array], dict[str, Any]]:
    """The first argument of a loss or penalty, the one it is differentiated by, and the others, by name."""
    shape = (SQUARE, SQUARE) if square else (ROWS, FEATURES)
    real = away_from_zero(rng.standard_normal(shape))
    inside = rng.uniform(MARGIN, 1 - MARGIN, shape)
    match name:
        case "kl_sparsity":
            return {"a": inside}, {"rho": 0.05, "beta": 3.0}
        case "l1":
            return {"a": real}, {"strength": 0.3}
        case "l2":
            return {"w": real}, {"strength": 0.3}
        case "softmax_cross_entropy":
            return {"y": real}, {"target": rng.integers(0, shape[1], shape[0])}
        case "binary_cross_entropy":
            return {"y": inside}, {"target": rng.uniform(size=shape)}
        case "binary_cross_entropy_with_logits":
            return {"y": real}, {"target": rng.uniform(size=shape)}
        case _:
            return {"y": real}, {"target": rng.standard_normal(shape)}


def away_from_zero(x: Array) -> Array:
    """``x`` with every element moved from 0 by the margin, to the side it is on.

    >>> away_from_zero(np.array([-1.0, 0.01]))
    array([-1.05,  0.06])
    """
    return x + np.copysign(MARGIN, x)
