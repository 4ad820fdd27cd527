"""The activations and their derivatives as device functions: f(x, p), and f' as a function of y = f(x) and p.

p is the activation's one option: the slope of the leaky ReLU, the alpha of the ELU; the others ignore it. The formulas
are those of the op of the same name in :mod:`miniae.ops`, where they are derived. ``type(x)(1)`` is a 1 of the type of
x: a bare 1 beside a float32 makes a float64.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from miniae.ops.elu import check_elu
from miniae.ops.leaky_relu import check_leaky_relu
from miniae.ops.selu import ALPHA, SCALE
from miniae_kernels.cuda.launch import device


class Activation(NamedTuple):
    """An activation for use inside kernels.

    Attributes:
        f, derivative: device functions, of (x, p) and of (y, p).
        option: the name of p, where there is one.
        default: its value where none is given.
        check: refuses a wrong x or p; for those without p, :func:`~miniae.arrays.check_floats` is enough.
    """

    f: Callable[..., Any]
    derivative: Callable[..., Any]
    option: str = ""
    default: float = 0.0
    check: Callable[[Any, float], None] | None = None


@device
def identity(x, p):
    """The input itself."""
    return x


@device
def identity_derivative(y, p):
    """1."""
    return type(y)(1)


@device
def sigmoid(x, p):
    """1 / (1 + exp(-x)): the exponential may overflow to infinity, and 1 / inf = 0 is the limit."""
    one = type(x)(1)
    return one / (one + math.exp(-x))


@device
def sigmoid_derivative(y, p):
    """y (1 - y)."""
    return y * (type(y)(1) - y)


@device
def tanh(x, p):
    """The hyperbolic tangent."""
    return math.tanh(x)


@device
def tanh_derivative(y, p):
    """(1 - y) (1 + y)."""
    one = type(y)(1)
    return (one - y) * (one + y)


@device
def relu(x, p):
    """max(x, 0); NaN, which is not below 0, stays."""
    return type(x)(0) if x <= 0 else x


@device
def relu_derivative(y, p):
    """1 where positive, 0 elsewhere."""
    return type(y)(1) if y > 0 else type(y)(0)


@device
def leaky_relu(x, p):
    """x where positive, p x elsewhere."""
    return x if x > 0 else p * x


@device
def leaky_relu_derivative(y, p):
    """1 where positive, p elsewhere."""
    return type(y)(1) if y > 0 else p


@device
def elu(x, p):
    """x where positive, p (exp(x) - 1) elsewhere."""
    return x if x > 0 else p * math.expm1(x)


@device
def elu_derivative(y, p):
    """1 where positive, p exp(x) = y + p elsewhere."""
    return type(y)(1) if y > 0 else y + p


@device
def selu(x, p):
    """The ELU, scaled."""
    return type(x)(SCALE) * x if x > 0 else type(x)(SCALE * ALPHA) * math.expm1(x)


@device
def selu_derivative(y, p):
    """The ELU's, scaled."""
    return type(y)(SCALE) if y > 0 else y + type(y)(SCALE * ALPHA)


@device
def softplus(x, p):
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)): the exponential cannot overflow."""
    tail = math.log1p(math.exp(-abs(x)))
    return tail + x if x > 0 else tail


@device
def softplus_derivative(y, p):
    """The sigmoid of x, 1 - exp(-y)."""
    return -math.expm1(-y)


ACTIVATIONS = {
    "identity": Activation(identity, identity_derivative),
    "sigmoid": Activation(sigmoid, sigmoid_derivative),
    "tanh": Activation(tanh, tanh_derivative),
    "relu": Activation(relu, relu_derivative),
    "leaky_relu": Activation(leaky_relu, leaky_relu_derivative, "slope", 0.01, check_leaky_relu),
    "elu": Activation(elu, elu_derivative, "alpha", 1.0, check_elu),
    "selu": Activation(selu, selu_derivative),
    "softplus": Activation(softplus, softplus_derivative),
}
