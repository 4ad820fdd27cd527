r"""UFLDL's first exercise, the cost of a sparse autoencoder and its gradient, as one writes it by hand.

Not miniae's engine: plain NumPy, a method for each step of the backpropagation, so that a mutant can replace one. With
rows for examples, m of them, and :math:`\delta` the gradient by a layer's pre-activation z:

.. math::
    a &= \sigma(x W_1 + b_1), \qquad h = \sigma(a W_2 + b_2), \qquad \hat\rho_j = \frac1m \sum_n a_{nj} \tag{1} \\
    J &= \frac{1}{2m} \sum_n \|h_n - x_n\|^2 + \frac{\lambda}{2} (\|W_1\|^2 + \|W_2\|^2)
         + \beta \sum_j KL(\rho \,\|\, \hat\rho_j)                                                      \tag{2} \\
    \delta_3 &= \tfrac1m (h - x)\, h\,(1 - h)                                                            \tag{3} \\
    s_j &= \tfrac{\beta}{m} \Big(-\frac{\rho}{\hat\rho_j} + \frac{1 - \rho}{1 - \hat\rho_j}\Big)         \tag{4} \\
    \delta_2 &= (\delta_3 W_2^T + s)\, a\,(1 - a)                                                        \tag{5} \\
    dW &= input^T \delta + \lambda W, \qquad db = \sum_n \delta_n                                        \tag{6}
"""

from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.layout import Layout

INPUTS, HIDDEN, EXAMPLES = 6, 4, 10
LAYOUT = Layout.of(
    {"w1": (INPUTS, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, INPUTS), "b2": (INPUTS,)}, not_decaying=("b1", "b2")
)


class SparseAutoencoderCost:
    """The cost (2) as a function of theta on a batch ``x``, with its gradient.

    >>> cost = SparseAutoencoderCost(np.full((3, 6), 0.5), rho=0.5, beta=3.0, lam=0.1)
    >>> float(cost(np.zeros(58))[0])  # every activation is 1/2, as asked
    0.0
    """

    def __init__(self, x: Array, rho: float, beta: float, lam: float) -> None:
        self.x, self.rho, self.beta, self.lam, self.m = x, rho, beta, lam, len(x)

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Cost and gradient."""
        w1, b1, w2, b2 = LAYOUT.views(theta).values()
        z2 = self.x @ w1 + b1
        a = sigmoid(z2)
        z3 = a @ w2 + b2
        h = sigmoid(z3)  # (1)
        cost = self.error(h) + self.decay(w1, b1, w2, b2) + self.sparsity(a.mean(axis=0))  # (2)
        delta3 = self.output_delta(h, z3)
        delta2 = self.hidden_delta(delta3, w2, a, z2)
        dw1, dw2 = self.weight_gradient(self.x, delta2, w1), self.weight_gradient(a, delta3, w2)
        return float(cost), self.packed(dw1, self.bias_gradient(delta2, b1), dw2, self.bias_gradient(delta3, b2))

    def error(self, h: Array) -> Any:
        """The reconstruction error of (2)."""
        return np.sum((h - self.x) ** 2) / (2 * self.m)

    def decay(self, w1: Array, b1: Array, w2: Array, b2: Array) -> Any:
        """The weight decay of (2)."""
        return self.lam / 2 * (np.sum(w1**2) + np.sum(w2**2))

    def sparsity(self, mean: Array) -> Any:
        """The sparsity penalty of (2)."""
        rho = self.rho
        return self.beta * np.sum(rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean)))

    def output_delta(self, h: Array, z3: Array) -> Array:
        """(3)."""
        return (h - self.x) / self.m * h * (1 - h)

    def sparsity_gradient(self, a: Array) -> Any:
        """(4), by every element of a."""
        return self.beta / self.m * self.slope(a.mean(axis=0))

    def slope(self, mean: Array) -> Array:
        """The derivative of KL by the mean activation, the bracket of (4)."""
        return -self.rho / mean + (1 - self.rho) / (1 - mean)

    def hidden_delta(self, delta3: Array, w2: Array, a: Array, z2: Array) -> Array:
        """(5)."""
        return (delta3 @ w2.T + self.sparsity_gradient(a)) * a * (1 - a)

    def weight_gradient(self, into: Array, delta: Array, w: Array) -> Array:
        """(6), of the weights."""
        return into.T @ delta + self.lam * w

    def bias_gradient(self, delta: Array, b: Array) -> Array:
        """(6), of the biases."""
        return delta.sum(axis=0)

    def packed(self, dw1: Array, db1: Array, dw2: Array, db2: Array) -> Array:
        """The gradients in the order of theta."""
        return np.concatenate([gradient.ravel() for gradient in (dw1, db1, dw2, db2)])


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))
