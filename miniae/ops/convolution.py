r"""The three sums behind every convolution, over windows laid out as rows of a matrix.

Shapes: N batch, H W height and width of the image, C its channels; OH OW how many windows, O channels per window;
KH KW kernel.

A window's pixels, row after row, channel after channel, are one row of a matrix; the kernel is a matrix too. The sum
over a window is then one entry of a product. Laid out for a whole batch the rows would repeat every pixel KH KW times,
so they are laid out for a few examples at a time: never more than :data:`CHUNK` bytes of them, or one example's, and as
much again for the padded images they come from or the sums they lead to.
"""

import math
from collections.abc import Iterator

from jaxtyping import Float

from miniae.arrays import Array
from miniae.ops.windows import Windows

CHUNK = 2**24  # bytes of windows laid out at a time: 16 MiB, so that they stay near the processor


def correlate(
    x: Float[Array, "N H W C"], w: Float[Array, "KH KW C O"], at: Windows, y: Float[Array, "N OH OW O"]
) -> None:
    """Write to ``y`` the sum of each window of ``x``, weighted by ``w``."""
    matrix = w.reshape(-1, w.shape[-1])
    for some in _chunks(len(x), w, at):
        y[some] = (rows(x[some], at) @ matrix).reshape(y[some].shape)


def spread(
    dy: Float[Array, "N OH OW O"], w: Float[Array, "KH KW C O"], at: Windows, dx: Float[Array, "N H W C"]
) -> None:
    """Write to ``dx`` what comes back: each window's value spread over its pixels, weighted by ``w``, and added up.

    The transpose of :func:`correlate`, which is linear in x.
    """
    matrix = w.reshape(-1, w.shape[-1])
    for some in _chunks(len(dx), w, at):
        shares = (dy[some].reshape(-1, dy.shape[-1]) @ matrix.T).reshape(-1, *at.out, *w.shape[:3])
        at.add_up((shares[:, :, :, k, l] for k, l in at.positions()), dx[some])


def kernel_gradient(
    x: Float[Array, "N H W C"], dy: Float[Array, "N OH OW O"], at: Windows, dw: Float[Array, "KH KW C O"]
) -> None:
    """Write to ``dw``, for each place in the window, the sum of its pixels times the values they contribute to."""
    dw[...] = 0
    for some in _chunks(len(x), dw, at):
        dw += (rows(x[some], at).T @ dy[some].reshape(-1, dy.shape[-1])).reshape(dw.shape)


def rows(x: Float[Array, "N H W C"], at: Windows) -> Float[Array, "windows pixels"]:
    """The windows of some images, one a row, (N OH OW, KH KW C)."""
    return at.view(at.pad(x)).reshape(x.shape[0] * at.out[0] * at.out[1], -1)


def _chunks(n: int, w: Array, at: Windows) -> Iterator[slice]:
    """As many of ``n`` examples at a time as fit into CHUNK bytes: their windows, sums and padded images each do."""
    kh, kw, c, o = w.shape
    numbers = max(math.prod(at.out) * max(kh * kw * c, o), math.prod(at.padded) * c)
    size = max(1, CHUNK // (numbers * w.dtype.itemsize))
    for start in range(0, n, size):
        yield slice(start, start + size)
