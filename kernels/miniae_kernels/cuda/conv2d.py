r"""Convolution of images, on its own and with the activation behind it.

Overrides: ``conv2d``; as fused ops ``conv2d`` followed by an activation (``conv2d_relu``, ...).

.. math::
    y_{nijo} = f\Big(b_o + \sum_{k,l,c} x_{n,\; iS+k-P,\; jS+l-P,\; c}\; w_{klco}\Big), \qquad dz = dy \odot f'(y)

and from dz the gradients, as the reference takes them from dy.

Idea: the three sums are those of :mod:`miniae_kernels.cuda.convolution`. To the bias and the activation, the result is
a matrix with a row for each pixel: they are one pass over it, in place, and so are, coming back, dz and db
(:mod:`miniae_kernels.cuda.bias_activation`).

Operations: 2 N OH OW KH KW C O for each of the sums. Bytes, beside theirs: 5 N OH OW O elements.

Shapes: N batch, H W height and width of the image, C channels in; KH KW kernel; OH OW height and width of the result,
O channels out.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from miniae.arrays import check_cotangent, check_floats, output
from miniae.ops import OPS, Pair
from miniae.ops.windows import Padding, Windows, check_images, check_kernel, windows
from miniae_kernels.cuda.activations import ACTIVATIONS
from miniae_kernels.cuda.bias_activation import activate, back_through
from miniae_kernels.cuda.convolution import correlate, kernel_gradient, spread


class Conv2dCache(NamedTuple):
    """What the backward needs."""

    x: Any
    w: Any
    y: Any
    p: float
    has_bias: bool
    windows: Windows


def conv2d(name: str = "identity") -> Pair:
    """The pair of ``conv2d`` with the activation called ``name`` behind it."""
    _, _, option, default, check = ACTIVATIONS[name]

    def forward(
        x: Any,
        w: Any,
        b: Any = None,
        *,
        stride: int | tuple[int, int] = 1,
        padding: Padding = "valid",
        out: Any = None,
        **options: float,
    ) -> tuple[Any, Conv2dCache]:
        p = options.get(option, default)
        check_floats("conv2d", x=x, w=w, b=b)
        check_kernel("conv2d", w, b)
        check_images("conv2d", x, w.shape[2])
        if check:
            check(x, p)
        at = windows("conv2d", x.shape[1:3], w.shape[:2], stride, padding)
        y = output("conv2d", out, (x.shape[0], *at.out, w.shape[3]), x)
        correlate(x, w, at, y)
        activate(name, y, b, y, p)
        return y, Conv2dCache(x, w, y, p, b is not None, at)

    def backward(
        dy: Any, cache: Conv2dCache, *, needs: Collection[str] = ("x", "w", "b"), out: Mapping[str, Any] | None = None
    ) -> tuple[Any, Any, Any]:
        x, w, y, p, has_bias, at = cache
        check_cotangent("conv2d", dy, y.shape, y.dtype)
        out = out or {}
        dx = dw = db = None
        if "b" in needs and has_bias:
            db = output("conv2d", out.get("b"), w.shape[3:], x)
        dz = back_through(name, dy, y, db, p)
        if "x" in needs:
            dx = output("conv2d", out.get("x"), x.shape, x)
            spread(dz, w, at, dx)
        if "w" in needs:
            dw = output("conv2d", out.get("w"), w.shape, x)
            kernel_gradient(x, dz, at, dw)
        return dx, dw, db

    return Pair(forward, backward, linear=OPS["conv2d"].linear if name == "identity" else ())


PAIRS = {"conv2d" if name == "identity" else f"conv2d_{name}": conv2d(name) for name in ACTIVATIONS}
FUSED = {("conv2d", name): f"conv2d_{name}" for name in ACTIVATIONS if name != "identity"}
