"""PyTorch as a contender, written as its users write it: modules, autograd, an optimiser of ``torch.optim``."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from miniae import layers
from miniae.arrays import Array
from miniae.bench.contender import Contender, counterpart
from miniae.models.network_model import NetworkModel
from miniae.optimizers import Adam, Optimizer, RMSProp
from miniae.optional import require


def kl_sparsity(layer: layers.KLSparsity, a: Any) -> Any:
    """The penalty on activations (N, D): beta times the KL divergence, summed over units."""
    rho, mean = layer.rho, a.mean(0)
    return layer.beta * (rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()).sum()


MODULES: dict[type[layers.Layer], Callable[[Any, Any], Any]] = {
    layers.Dense: lambda nn, layer: nn.Linear(layer.in_features, layer.out_features),
    layers.Conv2d: lambda nn, layer: nn.Conv2d(
        layer.in_channels, layer.out_channels, layer.kernel, padding=[k // 2 for k in layer.kernel]
    ),
    layers.Sigmoid: lambda nn, layer: nn.Sigmoid(),
    layers.ReLU: lambda nn, layer: nn.ReLU(),
    layers.MaxPool2d: lambda nn, layer: nn.MaxPool2d(layer.kernel_size),
    layers.Upsample2d: lambda nn, layer: nn.Upsample(scale_factor=layer.factor, mode=layer.mode),
    layers.KLSparsity: lambda nn, layer: nn.Identity(),  # the activations pass through; see cost_of
}

LOSSES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "squared_error": lambda functional, y, x: 0.5 * (y - x).square().sum() / len(x),
    "mean_squared_error": lambda functional, y, x: functional.mse_loss(y, x),
    "binary_cross_entropy_with_logits": lambda functional, y, x: functional.binary_cross_entropy_with_logits(y, x),
}

OPTIMIZERS: dict[type[Optimizer], Callable[..., Any]] = {
    Adam: lambda optim, parameters, rule, fused: optim.Adam(
        parameters, rule.learning_rate, (rule.beta1, rule.beta2), rule.eps, fused=fused or None
    ),
    RMSProp: lambda optim, parameters, rule, fused: optim.RMSprop(  # there is no fused one
        parameters, rule.learning_rate, rule.alpha, rule.eps
    ),
}

# From miniae's order of a weight's axes to PyTorch's: (in, out) to (out, in), (KH, KW, C, O) to (O, C, KH, KW).
TO_TORCH = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}


def cost_of(torch: Any, model: NetworkModel, modules: Sequence[Any]) -> Callable[[Any], Any]:
    """The model's cost of a batch that the network, module by module, is to give back.

    Raises:
        ValueError: if the loss has no counterpart here.
    """
    loss = counterpart("torch", LOSSES, model.loss)
    weights = [w for module in modules for w in module.parameters() if w.ndim > 1]

    def cost(x: Any) -> Any:
        y, penalties = x, []
        for layer, module in zip(model.network.layers, modules, strict=True):
            y = module(y)
            if isinstance(layer, layers.KLSparsity):
                penalties.append(kl_sparsity(layer, y))
        if model.weight_decay:
            penalties += [model.weight_decay / 2 * w.square().sum() for w in weights]
        return sum(penalties, loss(torch.nn.functional, y, x))

    return cost


class Torch(Contender):
    """A model of miniae's in PyTorch.

    Args:
        name: what a table calls it.
        model: miniae's model, on the NumPy backend; its theta is copied.
        x: the batch, images channels-last as miniae has them.
        optimizer: miniae's, whose settings are taken over.
        device: ``"cpu"`` or ``"cuda"``.
        channels_last: whether images and kernels lie in memory with channels last.
        compiled: the mode in which the cost goes through ``torch.compile``, the optimiser then being PyTorch's fused
            one; "" for neither.

    Raises:
        ImportError: if PyTorch is not installed.
        ValueError: if a layer, the loss or the optimiser has no counterpart here.
    """

    def __init__(
        self,
        name: str,
        model: NetworkModel,
        x: Array,
        optimizer: Optimizer,
        device: str,
        *,
        channels_last: bool = False,
        compiled: str = "",
    ) -> None:
        self.torch = torch = require("torch", extra="oracle")
        torch.backends.cudnn.allow_tf32 = False  # float32 means float32; for matrix products this is the default
        self.name, self.device, self.layout = name, device, model.layout
        self.x = torch.from_numpy(x).to(device)
        makes = [counterpart("torch", MODULES, type(layer)) for layer in model.network.layers]
        modules = [make(torch.nn, layer) for make, layer in zip(makes, model.network.layers, strict=True)]
        network = torch.nn.Sequential(*modules).to(device=device, dtype=self.x.dtype)
        if x.ndim == 4:
            form = torch.channels_last if channels_last else torch.contiguous_format
            network = network.to(memory_format=form)
            self.x = self.x.permute(0, 3, 1, 2).contiguous(memory_format=form)
        self.parameters = list(network.parameters())  # w1, b1, w2, ... as in miniae's layout
        with torch.no_grad():
            for parameter, w in zip(self.parameters, self.layout.views(model.theta).values(), strict=True):
                parameter.copy_(torch.from_numpy(w.transpose(TO_TORCH[w.ndim]).copy()))
        rule = counterpart("torch", OPTIMIZERS, type(optimizer))
        self.optimizer = rule(torch.optim, self.parameters, optimizer, bool(compiled))
        self.cost = cost_of(torch, model, modules)
        self.compiled = bool(compiled)
        if compiled:
            self.cost = torch.compile(self.cost, mode=compiled)

    def cost_and_grad(self) -> tuple[float, NDArray[np.floating]]:
        """By autograd, through the code that is timed."""
        cost = self._backpropagate()
        return float(cost), self._flat([parameter.grad for parameter in self.parameters])

    def step(self) -> None:
        """Forward, backward, and the optimiser's step."""
        self._backpropagate()
        self.optimizer.step()

    def _backpropagate(self) -> Any:
        self.optimizer.zero_grad(set_to_none=True)
        cost = self.cost(self.x)
        cost.backward()
        return cost.detach()

    def wait(self) -> None:
        """Wait for the GPU; the CPU is done when a call returns."""
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def theta(self) -> NDArray[np.floating]:
        """The parameters, taken together."""
        return self._flat(self.parameters)

    def close(self) -> None:
        """Forget what was compiled: with the next row's it would count against a limit. For all contenders at once."""
        if self.compiled:
            self.torch.compiler.reset()

    def _flat(self, tensors: Sequence[Any]) -> NDArray[np.floating]:
        arrays = [tensor.detach().cpu().numpy() for tensor in tensors]
        vector = np.zeros(self.layout.size, arrays[0].dtype)
        for view, w in zip(self.layout.views(vector).values(), arrays, strict=True):
            view[...] = w.transpose(np.argsort(TO_TORCH[w.ndim]))
        return vector


def eager(model: NetworkModel, x: Array, optimizer: Optimizer, device: str) -> Contender:
    """PyTorch as it comes."""
    return Torch("torch eager", model, x, optimizer, device)


def channels_last(model: NetworkModel, x: Array, optimizer: Optimizer, device: str) -> Contender:
    """With images in the memory order that its convolutions are fastest in."""
    return Torch("torch channels-last", model, x, optimizer, device, channels_last=True)


def compiled(model: NetworkModel, x: Array, optimizer: Optimizer, device: str) -> Contender:
    """``torch.compile``, with ``mode="reduce-overhead"`` (CUDA graphs) on a GPU, and a fused optimiser."""
    mode = "reduce-overhead" if device == "cuda" else "default"
    return Torch("torch.compile", model, x, optimizer, device, compiled=mode)


def autotuned(model: NetworkModel, x: Array, optimizer: Optimizer, device: str) -> Contender:
    """``torch.compile`` where it tries many kernels for each product and keeps the fastest, with CUDA graphs."""
    return Torch("torch.compile max-autotune", model, x, optimizer, device, compiled="max-autotune")
