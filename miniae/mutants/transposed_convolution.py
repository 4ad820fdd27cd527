"""Broken versions of the transposed convolution."""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.mutants.convolution import moved
from miniae.mutants.mutant import broken_backward
from miniae.ops import OPS
from miniae.ops.conv_transpose2d import ConvTranspose2dCache
from miniae.ops.convolution import correlate, kernel_gradient

conv_transpose2d_backward = OPS["conv_transpose2d"].backward


def back_through(dy: Array, cache: ConvTranspose2dCache, w: Array) -> Any:
    """The gradients, dx with another kernel."""
    dx, dw, db = conv_transpose2d_backward(dy, cache)
    correlate(dy, np.ascontiguousarray(w), cache.windows, dx)
    return dx, dw, db


@broken_backward("conv_transpose2d", "kernel-not-flipped", stride=2)
def transposed_kernel_turned(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Turns the kernel for dx, as the convolution's own backward does."""
    return back_through(dy, cache, cache.w[::-1, ::-1])


@broken_backward("conv_transpose2d", "kernel-not-flipped")
def transposed_kernel_gradient_turned(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Turns dw by 180 degrees."""
    dx, dw, db = conv_transpose2d_backward(dy, cache)
    return dx, dw[::-1, ::-1].copy(), db


@broken_backward("conv_transpose2d", "kernel-half-flipped")
def transposed_kernel_flipped_once(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Flips the kernel left to right for dx."""
    return back_through(dy, cache, cache.w[:, ::-1])


@broken_backward("conv_transpose2d", "h-w-swapped", square=True)
def transposed_kernel_height_for_width(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Transposes the kernel's height and width, because the operation is called transposed."""
    return back_through(dy, cache, cache.w.swapaxes(0, 1))


@broken_backward("conv_transpose2d", "channels-swapped", square=True)
def transposed_channels_exchanged(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Takes the kernel's channels in for those out."""
    return back_through(dy, cache, cache.w.swapaxes(2, 3))


@broken_backward("conv_transpose2d", "stride-wrong", stride=2)
def transposed_stride_ignored(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Convolves dy with stride 1 for dx."""
    dx, dw, db = conv_transpose2d_backward(dy, cache)
    correlate(dy, cache.w, moved(cache.windows, stride=(1, 1)), dx)
    return dx, dw, db


@broken_backward("conv_transpose2d", "padding-wrong", stride=2, padding=1)
def transposed_padding_forgotten(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Does not pad dy in either gradient: everything is shifted by a pixel."""
    dx, dw, db = conv_transpose2d_backward(dy, cache)
    at = moved(cache.windows, before=(0, 0))
    correlate(dy, cache.w, at, dx)
    kernel_gradient(dy, cache.x, at, dw)
    return dx, dw, db


@broken_backward("conv_transpose2d", "assigned-not-added")
def transposed_last_channel_wins(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Writes = for += in the loop over the channels of dy."""
    only = np.zeros_like(cache.w)
    only[:, :, -1] = cache.w[:, :, -1]
    return back_through(dy, cache, only)


@broken_backward("conv_transpose2d", "one-example-only")
def transposed_kernel_of_the_first_example(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Takes dw from the first example alone."""
    dx, dw, db = conv_transpose2d_backward(dy, cache)
    kernel_gradient(dy[:1], cache.x[:1], cache.windows, dw)
    return dx, dw, db


@broken_backward("conv_transpose2d", "bias-averaged")
def transposed_bias_averaged(dy: Array, cache: ConvTranspose2dCache) -> Any:
    """Averages db over examples and pixels."""
    dx, dw, _ = conv_transpose2d_backward(dy, cache)
    return dx, dw, dy.mean(axis=(0, 1, 2))
