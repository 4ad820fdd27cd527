"""Broken versions of the convolution."""

from collections.abc import Callable
from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.mutants.mutant import broken_backward, broken_pair
from miniae.ops import OPS, Pair
from miniae.ops.conv2d import Conv2dCache
from miniae.ops.convolution import kernel_gradient, spread
from miniae.ops.windows import Windows

conv2d_forward, conv2d_backward, *_ = OPS["conv2d"]


def with_kernel(dy: Array, cache: Conv2dCache, w: Array) -> Any:
    """The gradients, dx with another kernel."""
    _, dw, db = conv2d_backward(dy, cache)
    dx, _, _ = conv2d_backward(dy, cache._replace(w=np.ascontiguousarray(w)), needs=("x",))
    return dx, dw, db


def with_windows(dy: Array, cache: Conv2dCache, at: Windows, needs: str) -> Any:
    """The gradients, those that ``needs`` names ("x", "w", "xw") over other windows."""
    dx, dw, db = conv2d_backward(dy, cache)
    if "x" in needs:
        spread(dy, cache.w, at, dx)
    if "w" in needs:
        kernel_gradient(cache.x, dy, at, dw)
    return dx, dw, db


def one_by_one(dy: Array, cache: Conv2dCache, put: Callable[[Array, Array], None]) -> Array:
    """dx, for each window in turn: ``put(pixels of dx, what the window hands them)``."""
    at, w = cache.windows, cache.w
    padded = np.zeros((len(dy), *at.padded, w.shape[2]))
    for i, j in np.ndindex(at.out):
        r, q = i * at.stride[0], j * at.stride[1]
        put(padded[:, r : r + at.kernel[0], q : q + at.kernel[1]], np.einsum("no,klco->nklc", dy[:, i, j], w))
    return padded[at.inside()]


@broken_backward("conv2d", "kernel-not-flipped", stride=2, padding=1)
def kernel_turned_going_back(dy: Array, cache: Conv2dCache) -> Any:
    """Convolves dy with the kernel as it is, which is the kernel turned by 180 degrees on the way back."""
    return with_kernel(dy, cache, cache.w[::-1, ::-1])


@broken_backward("conv2d", "kernel-not-flipped")
def kernel_gradient_turned(dy: Array, cache: Conv2dCache) -> Any:
    """Turns dw by 180 degrees, as a convolution of mathematics would need."""
    dx, dw, db = conv2d_backward(dy, cache)
    return dx, dw[::-1, ::-1].copy(), db


@broken_backward("conv2d", "kernel-half-flipped")
def kernel_flipped_in_one_direction(dy: Array, cache: Conv2dCache) -> Any:
    """Flips the kernel top to bottom for the full convolution of dy, and not left to right."""
    return with_kernel(dy, cache, cache.w[:, ::-1])


@broken_backward("conv2d", "kernel-half-flipped")
def kernel_gradient_flipped_in_one_direction(dy: Array, cache: Conv2dCache) -> Any:
    """Flips dw top to bottom."""
    dx, dw, db = conv2d_backward(dy, cache)
    return dx, dw[::-1].copy(), db


@broken_backward("conv2d", "kernel-half-flipped", square=True)
def kernel_turned_once(dy: Array, cache: Conv2dCache) -> Any:
    """Writes rot90(w) for rot90(w, 2)."""
    return with_kernel(dy, cache, np.rot90(cache.w, -1))


@broken_backward("conv2d", "h-w-swapped", square=True, padding="same")
def kernel_transposed_going_back(dy: Array, cache: Conv2dCache) -> Any:
    """Transposes the kernel along with its channels, where only these change places."""
    return with_kernel(dy, cache, cache.w.swapaxes(0, 1))


@broken_backward("conv2d", "h-w-swapped", square=True)
def input_gradient_transposed(dy: Array, cache: Conv2dCache) -> Any:
    """Indexes dx by column and row."""
    dx, dw, db = conv2d_backward(dy, cache)
    return dx.swapaxes(1, 2).copy(), dw, db


@broken_backward("conv2d", "h-w-swapped", square=True)
def kernel_gradient_transposed(dy: Array, cache: Conv2dCache) -> Any:
    """Indexes dw by column and row."""
    dx, dw, db = conv2d_backward(dy, cache)
    return dx, dw.swapaxes(0, 1).copy(), db


@broken_backward("conv2d", "h-w-swapped", stride=(2, 1))
def strides_exchanged(dy: Array, cache: Conv2dCache) -> Any:
    """Takes the stride along the width for that along the height."""
    return with_windows(dy, cache, moved(cache.windows, stride=(1, 2)), "xw")


@broken_backward("conv2d", "channels-swapped", square=True)
def channels_exchanged(dy: Array, cache: Conv2dCache) -> Any:
    """Does not exchange the kernel's channels in and out on the way back; with as many of both nothing complains."""
    return with_kernel(dy, cache, cache.w.swapaxes(2, 3))


@broken_backward("conv2d", "channels-swapped")
def channels_reshaped(dy: Array, cache: Conv2dCache) -> Any:
    """Reshapes the kernel from (C, O) to (O, C), where it must be transposed."""
    k, l, c, o = cache.w.shape
    return with_kernel(dy, cache, cache.w.reshape(k, l, o, c).swapaxes(2, 3))


@broken_backward("conv2d", "channels-swapped", square=True)
def kernel_gradient_of_exchanged_channels(dy: Array, cache: Conv2dCache) -> Any:
    """Multiplies dy by x where x is multiplied by dy: dw with the channels exchanged."""
    dx, dw, db = conv2d_backward(dy, cache)
    return dx, dw.swapaxes(2, 3).copy(), db


def moved(at: Windows, stride: tuple[int, int] | None = None, before: tuple[int, int] | None = None) -> Windows:
    """The windows with another stride, or padding before the image; plenty of padding behind."""
    return at._replace(stride=stride or at.stride, before=before or at.before, after=(20, 20))


@broken_backward("conv2d", "stride-wrong", stride=2, padding=1)
def stride_ignored(dy: Array, cache: Conv2dCache) -> Any:
    """Computes dx as if the windows lay side by side: no zeros between the dy."""
    return with_windows(dy, cache, moved(cache.windows, stride=(1, 1)), "x")


@broken_backward("conv2d", "stride-wrong", stride=2)
def stride_off_by_one(dy: Array, cache: Conv2dCache) -> Any:
    """Puts S zeros between the dy instead of S - 1."""
    return with_windows(dy, cache, moved(cache.windows, stride=(3, 3)), "x")


@broken_backward("conv2d", "stride-wrong", stride=2)
def stride_ignored_by_the_kernel(dy: Array, cache: Conv2dCache) -> Any:
    """Takes the pixels of dw with stride 1."""
    return with_windows(dy, cache, moved(cache.windows, stride=(1, 1)), "w")


@broken_backward("conv2d", "padding-wrong", padding=1)
def padding_not_cropped(dy: Array, cache: Conv2dCache) -> Any:
    """Does not crop the padding at the top and left: everything is shifted by a pixel."""
    return with_windows(dy, cache, moved(cache.windows, before=(0, 0)), "x")


@broken_backward("conv2d", "padding-wrong", padding=1)
def padding_off_by_one(dy: Array, cache: Conv2dCache) -> Any:
    """Crops one pixel too many."""
    return with_windows(dy, cache, moved(cache.windows, before=(2, 2)), "x")


@broken_backward("conv2d", "padding-wrong", padding="same", stride=1)
def odd_pixel_at_the_wrong_end(dy: Array, cache: Conv2dCache) -> Any:
    """Puts the odd pixel of the padding at the start in the backward, at the end in the forward."""
    return with_windows(dy, cache, moved(cache.windows, before=(1, 1)), "xw")


@broken_backward("conv2d", "padding-wrong", padding=(1, 0))
def image_not_padded_for_the_kernel(dy: Array, cache: Conv2dCache) -> Any:
    """Takes the pixels of dw from the image without its padding."""
    return with_windows(dy, cache, moved(cache.windows, before=(0, 0)), "w")


@broken_backward("conv2d", "shifted")
def shifted_by_a_column(dy: Array, cache: Conv2dCache) -> Any:
    """Counts the columns of dx from 1."""
    dx, dw, db = conv2d_backward(dy, cache)
    return np.concatenate([np.zeros_like(dx[:, :, :1]), dx[:, :, :-1]], axis=2), dw, db


@broken_backward("conv2d", "border-wrong", padding=1)
def padded_windows_left_out(dy: Array, cache: Conv2dCache) -> Any:
    """Skips the windows that reach into the padding."""
    at = cache.windows
    dx, dw, _ = conv2d_backward(dy * (at.counts(dy) == at.kernel[0] * at.kernel[1]), cache)
    return dx, dw, dy.sum(axis=(0, 1, 2))


@broken_backward("conv2d", "border-wrong", padding=1)
def border_left_at_zero(dy: Array, cache: Conv2dCache) -> Any:
    """Runs from 1 to H - 1, and leaves the border of dx at zero."""
    dx, dw, db = conv2d_backward(dy, cache)
    dx[:, [0, -1]] = 0
    dx[:, :, [0, -1]] = 0
    return dx, dw, db


@broken_backward("conv2d", "border-wrong", padding=1)
def border_repeated(dy: Array, cache: Conv2dCache) -> Any:
    """Pads with copies of the border pixels for dw, with zeros in the forward."""
    dx, _, db = conv2d_backward(dy, cache)
    _, again = conv2d_forward(np.pad(cache.x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge"), cache.w)
    return dx, conv2d_backward(dy, again, needs=("w",))[1], db


@broken_backward("conv2d", "assigned-not-added")
def last_window_wins(dy: Array, cache: Conv2dCache) -> Any:
    """Writes = for += where windows overlap."""

    def assign(pixels: Array, share: Array) -> None:
        pixels[...] = share

    _, dw, db = conv2d_backward(dy, cache)
    return one_by_one(dy, cache, assign), dw, db


@broken_backward("conv2d", "assigned-not-added", padding=1)
def last_place_wins(dy: Array, cache: Conv2dCache) -> Any:
    """Writes = for += in the loop over the places of the kernel."""
    at = cache.windows
    padded = np.zeros((len(dy), *at.padded, cache.w.shape[2]))
    for k, l in at.positions():
        padded[at.pixels(k, l)] = dy @ cache.w[k, l].T
    return padded[at.inside()], *conv2d_backward(dy, cache)[1:]


@broken_backward("conv2d", "assigned-not-added")
def last_channel_wins(dy: Array, cache: Conv2dCache) -> Any:
    """Writes = for += in the loop over the channels out."""
    only = np.zeros_like(dy)
    only[..., -1] = dy[..., -1]
    dx, _, _ = conv2d_backward(only, cache)
    return dx, *conv2d_backward(dy, cache)[1:]


@broken_backward("conv2d", "assigned-not-added")
def kernel_of_the_last_window(dy: Array, cache: Conv2dCache) -> Any:
    """Writes = for += in the loop over the windows: dw is that of the last one."""
    only = np.zeros_like(dy)
    only[:, -1, -1] = dy[:, -1, -1]
    dx, _, db = conv2d_backward(dy, cache)
    return dx, conv2d_backward(only, cache)[1], db


@broken_backward("conv2d", "one-example-only")
def kernel_of_the_last_example(dy: Array, cache: Conv2dCache) -> Any:
    """Writes = for += in the loop over the batch: dw is that of the last example."""
    dx, _, db = conv2d_backward(dy, cache)
    return dx, conv2d_backward(dy[-1:], cache._replace(x=cache.x[-1:]))[1], db


@broken_backward("conv2d", "bias-averaged")
def bias_averaged_over_everything(dy: Array, cache: Conv2dCache) -> Any:
    """Averages db over examples and pixels."""
    dx, dw, _ = conv2d_backward(dy, cache)
    return dx, dw, dy.mean(axis=(0, 1, 2))


@broken_backward("conv2d", "bias-averaged")
def bias_averaged_over_pixels(dy: Array, cache: Conv2dCache) -> Any:
    """Averages db over the pixels of each example."""
    dx, dw, _ = conv2d_backward(dy, cache)
    return dx, dw, dy.mean(axis=(1, 2)).sum(axis=0)


@broken_backward("conv2d", "wrong-shape")
def bias_not_summed_over_pixels(dy: Array, cache: Conv2dCache) -> Any:
    """Sums db over the examples, as in a dense layer, and not over the pixels."""
    dx, dw, _ = conv2d_backward(dy, cache)
    return dx, dw, dy.sum(axis=0)


@broken_backward("conv2d", "bias-wrong-axis", square=True, stride=3, padding=1)
def bias_over_the_wrong_axes(dy: Array, cache: Conv2dCache) -> Any:
    """Sums db over the last three axes, as if channels came before pixels."""
    dx, dw, _ = conv2d_backward(dy, cache)
    return dx, dw, dy.sum(axis=(0, 2, 3))


@broken_backward("conv2d", "bias-missing")
def bias_forgotten(dy: Array, cache: Conv2dCache) -> Any:
    """Makes room for db and never fills it."""
    dx, dw, db = conv2d_backward(dy, cache)
    return dx, dw, np.zeros_like(db)


@broken_backward("conv2d", "cotangent-ignored")
def kernel_gradient_without_cotangent(dy: Array, cache: Conv2dCache) -> Any:
    """Sums the windows of x into dw as if every dy were 1."""
    dx, _, db = conv2d_backward(dy, cache)
    return dx, conv2d_backward(np.ones_like(dy), cache)[1], db


@broken_backward("conv2d", "doubled-1/m")
def kernel_gradient_averaged(dy: Array, cache: Conv2dCache) -> Any:
    """Divides dw by the number of examples, where the loss has already done so."""
    dx, dw, db = conv2d_backward(dy, cache)
    return dx, dw / len(dy), db


@broken_pair("conv2d", "kernel-not-flipped")
def true_convolution() -> Pair:
    """Turns the kernel going forward, as MATLAB's conv2 does, and goes back as if it had not."""

    def forward(x: Array, w: Array, b: Array) -> Any:
        y, _ = conv2d_forward(x, w[::-1, ::-1].copy(), b)
        return y, conv2d_forward(x, w, b)[1]

    return Pair(forward, conv2d_backward)
