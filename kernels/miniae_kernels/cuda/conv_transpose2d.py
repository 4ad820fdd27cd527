r"""Transposed convolution of images, on its own and with the activation behind it.

Overrides: ``conv_transpose2d``; as fused ops ``conv_transpose2d`` followed by an activation
(``conv_transpose2d_sigmoid``, ...).

.. math::
    y_{nrqc} = f\Big(b_c + \sum_{i,k:\, iS+k-P=r} \;\; \sum_{j,l:\, jS+l-P=q} \;\; \sum_o x_{nijo}\, w_{klco}\Big),
    \qquad dz = dy \odot f'(y)

and from dz the gradients, as the reference takes them from dy.

Idea: the three sums of :mod:`miniae_kernels.cuda.conv2d` with their parts exchanged: what spreads there coming back,
spreads here going forward. The bias and the activation belong to the C channels that come out.

Operations: 2 N H W KH KW C O for each of the sums. Bytes, beside theirs: 5 N OH OW C elements.

Shapes: N batch, H W height and width of the input, O its channels; KH KW kernel; OH OW height and width of the result,
C its channels.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from miniae.arrays import check_cotangent, check_floats, output
from miniae.ops import OPS, Pair
from miniae.ops.windows import Padding, Windows, check_images, check_kernel, transposed_windows
from miniae_kernels.cuda.activations import ACTIVATIONS
from miniae_kernels.cuda.bias_activation import activate, back_through
from miniae_kernels.cuda.convolution import correlate, kernel_gradient, spread


class ConvTranspose2dCache(NamedTuple):
    """What the backward needs; ``windows`` are those of the convolution, over the *result*."""

    x: Any
    w: Any
    y: Any
    p: float
    has_bias: bool
    windows: Windows


def conv_transpose2d(name: str = "identity") -> Pair:
    """The pair of ``conv_transpose2d`` with the activation called ``name`` behind it."""
    _, _, option, default, check = ACTIVATIONS[name]

    def forward(
        x: Any,
        w: Any,
        b: Any = None,
        *,
        stride: int | tuple[int, int] = 1,
        padding: Padding = "valid",
        output_padding: int | tuple[int, int] | None = None,
        out: Any = None,
        **options: float,
    ) -> tuple[Any, ConvTranspose2dCache]:
        p = options.get(option, default)
        check_floats("conv_transpose2d", x=x, w=w, b=b)
        check_kernel("conv_transpose2d", w, b, into="O")
        check_images("conv_transpose2d", x, w.shape[3])
        if check:
            check(x, p)
        at = transposed_windows("conv_transpose2d", x.shape[1:3], w.shape[:2], stride, padding, output_padding)
        y = output("conv_transpose2d", out, (x.shape[0], *at.size, w.shape[2]), x)
        spread(x, w, at, y)
        activate(name, y, b, y, p)
        return y, ConvTranspose2dCache(x, w, y, p, b is not None, at)

    def backward(
        dy: Any,
        cache: ConvTranspose2dCache,
        *,
        needs: Collection[str] = ("x", "w", "b"),
        out: Mapping[str, Any] | None = None,
    ) -> tuple[Any, Any, Any]:
        x, w, y, p, has_bias, at = cache
        check_cotangent("conv_transpose2d", dy, y.shape, y.dtype)
        out = out or {}
        dx = dw = db = None
        if "b" in needs and has_bias:
            db = output("conv_transpose2d", out.get("b"), w.shape[2:3], x)
        dz = back_through(name, dy, y, db, p)
        if "x" in needs:
            dx = output("conv_transpose2d", out.get("x"), x.shape, x)
            correlate(dz, w, at, dx)
        if "w" in needs:
            dw = output("conv_transpose2d", out.get("w"), w.shape, x)
            kernel_gradient(dz, x, at, dw)
        return dx, dw, db

    return Pair(forward, backward, linear=OPS["conv_transpose2d"].linear if name == "identity" else ())


PAIRS = {
    "conv_transpose2d" if name == "identity" else f"conv_transpose2d_{name}": conv_transpose2d(name)
    for name in ACTIVATIONS
}
FUSED = {("conv_transpose2d", name): f"conv_transpose2d_{name}" for name in ACTIVATIONS if name != "identity"}
