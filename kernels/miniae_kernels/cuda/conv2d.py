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

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from miniae.arrays import check_cotangent, check_floats, output
from miniae.ops import OPS, Pair
from miniae.ops.windows import Padding, Windows, check_images, check_kernel, windows
from miniae_kernels.cuda.activations import ACTIVATIONS
from miniae_kernels.cuda.bias_activation import activate, back_through
from miniae_kernels.cuda.convolution import correlate, kernel_gradient, spread

Sum = Callable[[Any, Any, Windows, Any], None]  # of two arrays over windows, and where to write it


class ConvolutionCache(NamedTuple):
    """What the backward needs."""

    x: Any
    w: Any
    y: Any
    p: float
    has_bias: bool
    windows: Windows


def pairs(op: str, geometry: Callable[..., Any], forward_sum: Sum, dx_sum: Sum, dw_sum: Sum) -> dict[str, Pair]:
    """The pairs of a convolution, on its own and with each activation behind it, by their names.

    Args:
        op: ``conv2d``, or ``conv_transpose2d``, which has the same three sums with their parts exchanged.
        geometry: given ``x``, ``w``, ``b`` and the op's options, the windows and the shape of ``y``.
        forward_sum: of ``x`` and ``w``, written to ``y``.
        dx_sum: of ``dz`` and ``w``, written to ``dx``.
        dw_sum: of ``x`` and ``dz``, written to ``dw``.
    """

    def pair(name: str) -> Pair:
        _, _, option, default, check = ACTIVATIONS[name]

        def forward(x: Any, w: Any, b: Any = None, *, out: Any = None, **options: Any) -> tuple[Any, ConvolutionCache]:
            p = options.pop(option, default)
            check_floats(op, x=x, w=w, b=b)
            at, shape = geometry(x, w, b, **options)
            if check:
                check(x, p)
            y = output(op, out, shape, x)
            forward_sum(x, w, at, y)
            activate(name, y, b, y, p)
            return y, ConvolutionCache(x, w, y, p, b is not None, at)

        def backward(
            dy: Any,
            cache: ConvolutionCache,
            *,
            needs: Collection[str] = ("x", "w", "b"),
            out: Mapping[str, Any] | None = None,
        ) -> tuple[Any, Any, Any]:
            x, w, y, p, has_bias, at = cache
            check_cotangent(op, dy, y.shape, y.dtype)
            out = out or {}
            dx = dw = db = None
            if "b" in needs and has_bias:
                db = output(op, out.get("b"), y.shape[3:], x)
            dz = back_through(name, dy, y, db, p)
            if "x" in needs:
                dx = output(op, out.get("x"), x.shape, x)
                dx_sum(dz, w, at, dx)
            if "w" in needs:
                dw = output(op, out.get("w"), w.shape, x)
                dw_sum(x, dz, at, dw)
            return dx, dw, db

        return Pair(forward, backward, linear=OPS[op].linear if name == "identity" else ())

    return {op if name == "identity" else f"{op}_{name}": pair(name) for name in ACTIVATIONS}


def geometry(
    x: Any, w: Any, b: Any, stride: int | tuple[int, int] = 1, padding: Padding = "valid"
) -> tuple[Windows, tuple[int, ...]]:
    """The windows over ``x``, and the shape (N, OH, OW, O) of the result."""
    check_kernel("conv2d", w, b)
    check_images("conv2d", x, w.shape[2])
    at = windows("conv2d", x.shape[1:3], w.shape[:2], stride, padding)
    return at, (x.shape[0], *at.out, w.shape[3])


PAIRS = pairs("conv2d", geometry, forward_sum=correlate, dx_sum=spread, dw_sum=kernel_gradient)
FUSED = {("conv2d", name): f"conv2d_{name}" for name in ACTIVATIONS if name != "identity"}
