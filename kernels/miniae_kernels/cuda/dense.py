r"""Dense, on its own and with the activation behind it; and the activations alone.

Overrides: ``dense`` and the activations; as fused ops ``dense`` followed by any of them (``dense_sigmoid``, ...).

.. math::
    y = f(x w + b), \qquad dz = dy \odot f'(y), \qquad db = \sum_n dz_n, \quad dw = x^T dz, \quad dx = dz\, w^T

Idea: the products are cuBLAS's, which nobody beats. The bias and the activation are one pass over the result, in place;
coming back, one pass gives dz and db together (:mod:`miniae_kernels.cuda.bias_activation`), and two products the rest.

Operations: 2 N D O for each product, three of them in all. Bytes, beside theirs: 5 N O elements.

Shapes: N batch, D features in, O features out.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from miniae.arrays import check_cotangent, check_floats, output
from miniae.ops import OPS, Pair
from miniae.ops.dense import check_dense
from miniae_kernels.cuda.activations import ACTIVATIONS
from miniae_kernels.cuda.bias_activation import activate, activate_backward, back_through
from miniae_kernels.cuda.gemm import matmul


class ActivationCache(NamedTuple):
    """What the backward of an activation needs."""

    y: Any
    p: float


class DenseCache(NamedTuple):
    """What the backward needs."""

    x: Any
    w: Any
    y: Any
    p: float
    has_bias: bool


def activation(name: str) -> Pair:
    """The pair of the activation called ``name``, with the signature of the reference."""
    _, _, option, default, check = ACTIVATIONS[name]

    def forward(x: Any, *, out: Any = None, **options: float) -> tuple[Any, ActivationCache]:
        p = options.get(option, default)
        check(x, p) if check else check_floats(name, x=x)
        y = output(name, out, x.shape, x)
        activate(name, x, None, y, p)
        return y, ActivationCache(y, p)

    def backward(dy: Any, cache: ActivationCache, *, out: Any = None) -> Any:
        check_cotangent(name, dy, cache.y.shape, cache.y.dtype)
        dx = output(name, out, dy.shape, dy)
        activate_backward(name, dy, cache.y, dx, None, cache.p)
        return dx

    return Pair(forward, backward, *OPS[name][2:])


def dense(name: str = "identity") -> Pair:
    """The pair of ``dense`` with the activation called ``name`` behind it."""
    _, _, option, default, check = ACTIVATIONS[name]

    def forward(x: Any, w: Any, b: Any = None, *, out: Any = None, **options: float) -> tuple[Any, DenseCache]:
        p = options.get(option, default)
        check_dense(x, w, b)
        if check:
            check(x, p)
        y = output("dense", out, (x.shape[0], w.shape[1]), x)
        matmul(x, w, y)
        activate(name, y, b, y, p)
        return y, DenseCache(x, w, y, p, b is not None)

    def backward(
        dy: Any, cache: DenseCache, *, needs: Collection[str] = ("x", "w", "b"), out: Mapping[str, Any] | None = None
    ) -> tuple[Any, Any, Any]:
        x, w, y, p, has_bias = cache
        check_cotangent("dense", dy, y.shape, y.dtype)
        out = out or {}
        dx = dw = db = None
        if "b" in needs and has_bias:
            db = output("dense", out.get("b"), w.shape[1:], x)
        dz = back_through(name, dy, y, db, p)
        if "x" in needs:
            dx = output("dense", out.get("x"), x.shape, x)
            matmul(dz, w, dx, transpose_b=True)
        if "w" in needs:
            dw = output("dense", out.get("w"), w.shape, x)
            matmul(x, dz, dw, transpose_a=True)
        return dx, dw, db

    return Pair(forward, backward, linear=OPS["dense"].linear if name == "identity" else ())


BEHIND = [name for name in ACTIVATIONS if name != "identity"]  # the activations that do something
PAIRS = {
    "dense": dense(),
    **{name: activation(name) for name in BEHIND},
    **{f"dense_{name}": dense(name) for name in BEHIND},
}
FUSED = {("dense", name): f"dense_{name}" for name in BEHIND}
