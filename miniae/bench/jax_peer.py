"""JAX as a contender: a pure cost function, ``value_and_grad``, and the whole step in one ``jit``.

Its arrays have the shapes they have in miniae. The functions below take the module ``jax`` first: it is imported when a
contender is made.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miniae import layers
from miniae.arrays import Array
from miniae.bench.contender import Contender, counterpart
from miniae.models.network_model import NetworkModel
from miniae.optimizers import Adam, Optimizer, RMSProp
from miniae.optional import require

Tree = Any  # parameters, gradients or an optimiser's averages by their names

FULL = "highest"  # precision, on a GPU too, where products would otherwise be rounded to TF32


def dense(jax: Any, layer: layers.Dense, w: Any, b: Any, x: Any) -> Any:
    """``x w + b``."""
    return jax.numpy.matmul(x, w, precision=FULL) + b


def conv2d(jax: Any, layer: layers.Conv2d, w: Any, b: Any, x: Any) -> Any:
    """Windows one pixel apart, on images with channels last."""
    padding, order = str(layer.padding).upper(), ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=order, precision=FULL) + b


def max_pool2d(jax: Any, layer: layers.MaxPool2d, x: Any) -> Any:
    """Windows side by side."""
    window = (1, layer.kernel_size, layer.kernel_size, 1)
    return jax.lax.reduce_window(x, -jax.numpy.inf, jax.lax.max, window, window, "VALID")


def upsample2d(jax: Any, layer: layers.Upsample2d, x: Any) -> Any:
    """Every pixel repeated."""
    return x.repeat(layer.factor, axis=1).repeat(layer.factor, axis=2)


def kl_sparsity(jax: Any, layer: layers.KLSparsity, a: Any) -> Any:
    """The penalty on activations (N, D), which pass through: a cost, no output."""
    rho, mean, log = layer.rho, a.mean(0), jax.numpy.log
    return layer.beta * (rho * log(rho / mean) + (1 - rho) * log((1 - rho) / (1 - mean))).sum()


FUNCTIONS: dict[type[layers.Layer], Callable[..., Any]] = {
    layers.Dense: dense,
    layers.Conv2d: conv2d,
    layers.Sigmoid: lambda jax, layer, x: jax.nn.sigmoid(x),
    layers.ReLU: lambda jax, layer, x: jax.nn.relu(x),
    layers.MaxPool2d: max_pool2d,
    layers.Upsample2d: upsample2d,
    layers.KLSparsity: kl_sparsity,
}

LOSSES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "squared_error": lambda jax, y, x: 0.5 * jax.numpy.square(y - x).sum() / len(x),
    "mean_squared_error": lambda jax, y, x: jax.numpy.square(y - x).mean(),
    "binary_cross_entropy_with_logits": lambda jax, y, x: (jax.nn.softplus(y) - y * x).mean(),
}


def cost_of(jax: Any, model: NetworkModel) -> Callable[[Tree, Any], Any]:
    """The model's cost as a function of its parameters by name and a batch.

    Raises:
        ValueError: if a layer or the loss has no counterpart here.
    """
    loss = counterpart("jax", LOSSES, model.loss)
    functions = [counterpart("jax", FUNCTIONS, type(step.layer)) for step in model.network.steps]

    def cost(parameters: Mapping[str, Any], x: Any) -> Any:
        y, total = x, 0.0
        for step, function in zip(model.network.steps, functions, strict=True):
            result = function(jax, step.layer, *(parameters[name] for name in step.parameters.values()), y)
            if function is kl_sparsity:
                total += result
            else:
                y = result
        total += loss(jax, y, x)
        if model.weight_decay:
            total += model.weight_decay / 2 * sum((w**2).sum() for w in parameters.values() if w.ndim > 1)
        return total

    return cost


def adam(jax: Any, rule: Adam, state: Tree, gradients: Tree) -> tuple[Tree, Tree]:
    """The steps to subtract and the new state; the formulas are miniae's (:mod:`miniae.optimizers.adam`)."""
    t, means, squares = state["step"] + 1, state["mean"], state["mean_square"]
    means = jax.tree.map(lambda m, g: rule.beta1 * m + (1 - rule.beta1) * g, means, gradients)
    squares = jax.tree.map(lambda v, g: rule.beta2 * v + (1 - rule.beta2) * g**2, squares, gradients)
    root = jax.numpy.sqrt
    rate, share = rule.learning_rate / (1 - rule.beta1**t), root(1 - rule.beta2**t)
    steps = jax.tree.map(lambda m, v: rate * m / (root(v) / share + rule.eps), means, squares)
    return steps, {"step": t, "mean": means, "mean_square": squares}


def rmsprop(jax: Any, rule: RMSProp, state: Tree, gradients: Tree) -> tuple[Tree, Tree]:
    """The steps to subtract and the new state (:mod:`miniae.optimizers.rmsprop`)."""
    squares = jax.tree.map(lambda s, g: rule.alpha * s + (1 - rule.alpha) * g**2, state["mean_square"], gradients)
    root = jax.numpy.sqrt
    steps = jax.tree.map(lambda g, s: rule.learning_rate * g / (root(s) + rule.eps), gradients, squares)
    return steps, {"step": state["step"] + 1, "mean_square": squares}


RULES: dict[type[Optimizer], Callable[..., tuple[Tree, Tree]]] = {Adam: adam, RMSProp: rmsprop}


class Jax(Contender):
    """A model of miniae's in JAX.

    Args:
        model: miniae's model, on the NumPy backend; its theta is copied.
        x: the batch.
        optimizer: miniae's, whose settings are taken over.
        device: ``"cpu"`` or ``"cuda"``.

    Raises:
        ImportError: if JAX is not installed.
        ValueError: if a layer, the loss or the optimiser has no counterpart here.
        RuntimeError: if this JAX knows no such device.
    """

    name = "jax.jit"

    def __init__(self, model: NetworkModel, x: Array, optimizer: Optimizer, device: str) -> None:
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # leave some of a GPU's memory to the others
        self.jax = jax = require("jax", extra="oracle")
        cost, rule = cost_of(jax, model), counterpart("jax", RULES, type(optimizer))
        self.layout = model.layout
        place = jax.devices(device)[0]
        zeros = {name: np.zeros_like(w) for name, w in self.layout.views(model.theta).items()}
        state = {"step": np.zeros((), x.dtype)} | dict.fromkeys(optimizer.memory, zeros)
        copies = {name: w.copy() for name, w in self.layout.views(model.theta).items()}
        self.x, self.parameters, self.state = jax.device_put((x, copies, state), place)
        self._cost_and_grad = jax.jit(jax.value_and_grad(cost))

        def step(parameters: Tree, state: Tree, x: Any) -> tuple[Tree, Tree, Any]:
            value, gradients = jax.value_and_grad(cost)(parameters, x)
            steps, state = rule(jax, optimizer, state, gradients)
            return jax.tree.map(lambda w, moved: w - moved, parameters, steps), state, value

        self._step = jax.jit(step, donate_argnums=(0, 1))  # the new parameters take the old ones' memory

    def cost_and_grad(self) -> tuple[float, NDArray[np.floating]]:
        """By autodiff."""
        value, gradients = self._cost_and_grad(self.parameters, self.x)
        return float(value), self._flat(gradients)

    def step(self) -> None:
        """All of it in one compiled function."""
        self.parameters, self.state, _ = self._step(self.parameters, self.state, self.x)

    def wait(self) -> None:
        """Wait for the parameters: calls return before their work is done, on a CPU too."""
        self.jax.block_until_ready(self.parameters)

    def theta(self) -> NDArray[np.floating]:
        """The parameters, taken together."""
        return self._flat(self.parameters)

    def _flat(self, tree: Tree) -> NDArray[np.floating]:
        vector = np.zeros(self.layout.size, self.x.dtype)
        for name, view in self.layout.views(vector).items():
            view[...] = tree[name]
        return vector


def jit(model: NetworkModel, x: Array, optimizer: Optimizer, device: str) -> Contender:
    """JAX with the whole step compiled."""
    return Jax(model, x, optimizer, device)
