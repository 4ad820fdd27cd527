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

from typing import Any

from miniae.ops.windows import Padding, Windows, check_images, check_kernel, transposed_windows
from miniae_kernels.cuda.activations import ACTIVATIONS
from miniae_kernels.cuda.conv2d import pairs
from miniae_kernels.cuda.convolution import correlate, kernel_gradient, spread


def geometry(
    x: Any,
    w: Any,
    b: Any,
    stride: int | tuple[int, int] = 1,
    padding: Padding = "valid",
    output_padding: int | tuple[int, int] | None = None,
) -> tuple[Windows, tuple[int, ...]]:
    """The windows of the convolution, over the *result*, and the shape (N, OH, OW, C) of that."""
    check_kernel("conv_transpose2d", w, b, into="O")
    check_images("conv_transpose2d", x, w.shape[3])
    at = transposed_windows("conv_transpose2d", x.shape[1:3], w.shape[:2], stride, padding, output_padding)
    return at, (x.shape[0], *at.size, w.shape[2])


def dw_sum(x: Any, dz: Any, at: Windows, dw: Any) -> None:
    """The images are ``dz`` here, and ``x`` is what their windows contribute to."""
    kernel_gradient(dz, x, at, dw)


PAIRS = pairs("conv_transpose2d", geometry, forward_sum=spread, dx_sum=correlate, dw_sum=dw_sum)
FUSED = {("conv_transpose2d", name): f"conv_transpose2d_{name}" for name in ACTIVATIONS if name != "identity"}
