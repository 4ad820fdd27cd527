"""Operations: each a pair of plain functions, forward and backward, written out by hand.

``OPS`` is the table of all of them. A new op is one new file beside this one and one entry here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from miniae.ops.batch_norm import batch_norm_backward, batch_norm_forward
from miniae.ops.conv2d import conv2d_backward, conv2d_forward
from miniae.ops.conv_transpose2d import conv_transpose2d_backward, conv_transpose2d_forward
from miniae.ops.dense import dense_backward, dense_forward
from miniae.ops.elu import elu_backward, elu_forward
from miniae.ops.identity import identity_backward, identity_forward
from miniae.ops.jump_relu import jump_relu_backward, jump_relu_forward
from miniae.ops.leaky_relu import leaky_relu_backward, leaky_relu_forward
from miniae.ops.max_pool2d import max_pool2d_backward, max_pool2d_forward
from miniae.ops.max_unpool2d import max_unpool2d_backward, max_unpool2d_forward
from miniae.ops.mean_pool2d import mean_pool2d_backward, mean_pool2d_forward
from miniae.ops.relu import relu_backward, relu_forward
from miniae.ops.reshape import reshape_backward, reshape_forward
from miniae.ops.selu import selu_backward, selu_forward
from miniae.ops.sigmoid import sigmoid_backward, sigmoid_forward
from miniae.ops.softmax import softmax_backward, softmax_forward
from miniae.ops.softplus import softplus_backward, softplus_forward
from miniae.ops.tanh import tanh_backward, tanh_forward
from miniae.ops.top_k import top_k_backward, top_k_forward
from miniae.ops.upsample2d import upsample2d_backward, upsample2d_forward


class Pair(NamedTuple):
    """An operation: ``forward(x, ...) -> (y, cache)`` and ``backward(dy, cache) -> gradients``.

    ``linear`` names the arguments in which the forward is linear (or affine) while the others are held: a central
    difference with step 1 is exact there. ``kinks`` are the values of ``x`` at which the slope, or the slope's own
    slope, jumps: no difference quotient across one is a derivative to full precision.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    linear: tuple[str, ...] = ()
    kinks: tuple[float, ...] = ()


OPS = {
    "batch_norm": Pair(batch_norm_forward, batch_norm_backward, linear=("gamma", "beta")),
    "conv2d": Pair(conv2d_forward, conv2d_backward, linear=("x", "w", "b")),
    "conv_transpose2d": Pair(conv_transpose2d_forward, conv_transpose2d_backward, linear=("x", "w", "b")),
    "dense": Pair(dense_forward, dense_backward, linear=("x", "w", "b")),
    "elu": Pair(elu_forward, elu_backward, kinks=(0.0,)),
    "identity": Pair(identity_forward, identity_backward, linear=("x",)),
    "jump_relu": Pair(jump_relu_forward, jump_relu_backward),
    "leaky_relu": Pair(leaky_relu_forward, leaky_relu_backward, kinks=(0.0,)),
    "max_pool2d": Pair(max_pool2d_forward, max_pool2d_backward),
    "max_unpool2d": Pair(max_unpool2d_forward, max_unpool2d_backward, linear=("x",)),
    "mean_pool2d": Pair(mean_pool2d_forward, mean_pool2d_backward, linear=("x",)),
    "relu": Pair(relu_forward, relu_backward, kinks=(0.0,)),
    "reshape": Pair(reshape_forward, reshape_backward, linear=("x",)),
    "selu": Pair(selu_forward, selu_backward, kinks=(0.0,)),
    "sigmoid": Pair(sigmoid_forward, sigmoid_backward),
    "softmax": Pair(softmax_forward, softmax_backward),
    "softplus": Pair(softplus_forward, softplus_backward),
    "tanh": Pair(tanh_forward, tanh_backward),
    "top_k": Pair(top_k_forward, top_k_backward),
    "upsample2d": Pair(upsample2d_forward, upsample2d_backward, linear=("x",)),
}

__all__ = [
    "OPS",
    "Pair",
    "batch_norm_backward",
    "batch_norm_forward",
    "conv2d_backward",
    "conv2d_forward",
    "conv_transpose2d_backward",
    "conv_transpose2d_forward",
    "dense_backward",
    "dense_forward",
    "elu_backward",
    "elu_forward",
    "identity_backward",
    "identity_forward",
    "jump_relu_backward",
    "jump_relu_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "max_pool2d_backward",
    "max_pool2d_forward",
    "max_unpool2d_backward",
    "max_unpool2d_forward",
    "mean_pool2d_backward",
    "mean_pool2d_forward",
    "relu_backward",
    "relu_forward",
    "reshape_backward",
    "reshape_forward",
    "selu_backward",
    "selu_forward",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax_backward",
    "softmax_forward",
    "softplus_backward",
    "softplus_forward",
    "tanh_backward",
    "tanh_forward",
    "top_k_backward",
    "top_k_forward",
    "upsample2d_backward",
    "upsample2d_forward",
]
