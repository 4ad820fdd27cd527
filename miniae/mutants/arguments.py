"""What to check ops, losses and penalties with: arguments in range, and away from kinks."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.ops import max_pool2d_forward

MARGIN = 0.05  # kept from every kink: more than twice the largest step of a difference
APART = 3 * MARGIN  # between any two numbers of which the larger counts
ROWS, FEATURES, OUTPUTS, SQUARE = 6, 4, 3, 4

# (N, H, W, C), (KH, KW, C, O): first all lengths different that may be, then all alike that can be
SHAPES: dict[str, tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]] = {
    "dense": (
        {"x": (ROWS, FEATURES), "w": (FEATURES, OUTPUTS), "b": (OUTPUTS,)},
        {"x": (SQUARE, SQUARE), "w": (SQUARE, SQUARE), "b": (SQUARE,)},
    ),
    "conv2d": (
        {"x": (2, 6, 5, 2), "w": (3, 2, 2, 3), "b": (3,)},
        {"x": (2, 5, 5, 2), "w": (3, 3, 2, 2), "b": (2,)},
    ),
    "conv_transpose2d": (
        {"x": (2, 4, 3, 3), "w": (3, 2, 2, 3), "b": (2,)},
        {"x": (2, 4, 4, 2), "w": (3, 3, 2, 2), "b": (2,)},
    ),
    "max_pool2d": ({"x": (2, 6, 4, 2)}, {"x": (2, 6, 6, 1)}),
    "max_unpool2d": ({"x": (2, 3, 2, 2)}, {"x": (2, 3, 3, 1)}),
    "mean_pool2d": ({"x": (2, 6, 4, 2)}, {"x": (2, 6, 6, 1)}),
    "upsample2d": ({"x": (2, 3, 2, 2)}, {"x": (2, 3, 3, 1)}),
    "reshape": ({"x": (2, 3, 2, 2)}, {"x": (2, 3, 3, 1)}),
    "jump_relu": (
        {"x": (ROWS, FEATURES), "threshold": (FEATURES,)},
        {"x": (SQUARE, SQUARE), "threshold": (SQUARE,)},
    ),
    "batch_norm": (
        {"x": (2, 3, 2, 3), "gamma": (3,), "beta": (3,)},
        {"x": (SQUARE, SQUARE), "gamma": (SQUARE,), "beta": (SQUARE,)},
    ),
}
STRAIGHT_THROUGH = {"jump_relu": ("threshold",)}  # gradients that are no derivatives: no difference can check them
ROWS_OF_FEATURES = {"x": (ROWS, FEATURES)}, {"x": (SQUARE, SQUARE)}


def pair_arguments(op: str, rng: np.random.Generator, square: bool = False) -> dict[str, Any]:
    """Arguments of ``op`` by name: standard normal numbers, none within the margin of 0, where most kinks are.

    Numbers of which the larger count, for a maximum or a top-k, are not near each other, and those for a JumpReLU not
    near their thresholds. ``max_unpool2d`` takes besides x what a pooling left behind, and ``top_k`` its k: these are
    no arrays.

    >>> {name: array.shape for name, array in pair_arguments("dense", np.random.default_rng(0)).items()}
    {'x': (6, 4), 'w': (4, 3), 'b': (3,)}
    """
    shapes = SHAPES.get(op, ROWS_OF_FEATURES)[square]
    if op == "max_pool2d":
        return {"x": far_apart(rng, shapes["x"])}
    if op == "top_k":
        return {"x": far_apart(rng, shapes["x"]), "k": 2}
    arguments: dict[str, Any] = {name: away_from_zero(rng.standard_normal(shape)) for name, shape in shapes.items()}
    if op == "jump_relu":
        arguments["x"] += arguments["threshold"]
    if op == "max_unpool2d":
        n, h, w, c = shapes["x"]
        _, arguments["pool"] = max_pool2d_forward(rng.standard_normal((n, 2 * h, 2 * w, c)))
    return arguments


def arrays(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the arguments that have a gradient."""
    return tuple(name for name, value in arguments.items() if isinstance(value, np.ndarray))


def checkable(
    op: str, arguments: Mapping[str, Any], backward: Callable[..., Any]
) -> tuple[tuple[str, ...], Callable[..., Any]]:
    """The names of the arguments whose gradients differences can check, and the backward without the others'."""
    names = arrays(arguments)
    places = [place for place, name in enumerate(names) if name not in STRAIGHT_THROUGH.get(op, ())]
    if len(places) == len(names):
        return names, backward
    return tuple(names[place] for place in places), lambda dy, cache: tuple(backward(dy, cache)[p] for p in places)


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


def far_apart(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers around 0 in random order, no two of them nearer than three margins.

    >>> np.sort(far_apart(np.random.default_rng(0), (3,))).round(2)
    array([-0.15,  0.  ,  0.15])
    """
    size = int(np.prod(shape))
    return APART * (rng.permutation(size) - (size - 1) / 2).reshape(shape)


def away_from_zero(x: Array) -> Array:
    """``x`` with every element moved from 0 by the margin, to the side it is on.

    >>> away_from_zero(np.array([-1.0, 0.01]))
    array([-1.05,  0.06])
    """
    return x + np.copysign(MARGIN, x)
