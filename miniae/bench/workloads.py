"""The workloads: which networks are timed, on batches of what size, with which optimiser."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Shape
from miniae.layers import Conv2d, Dense, MaxPool2d, ReLU, Upsample2d
from miniae.layers.base import Layer
from miniae.models import Autoencoder, SparseAutoencoder
from miniae.optimizers import Adam, Optimizer, RMSProp

Make = Callable[[str | Backend, Any], Autoencoder]  # of a backend and a dtype

FLOAT_BYTES = 4  # workloads are timed in float32


@dataclass(frozen=True)
class Workload:
    """One training step to time.

    Attributes:
        title: what it is, for a table.
        make: the model, on a backend and with a dtype.
        example: shape of one example.
        batch: examples in a step.
        optimizer: what turns gradients into steps.
        large: whether it takes a GPU to be done in reasonable time; such rows run when they are asked for.
    """

    title: str
    make: Make
    example: Shape
    batch: int
    optimizer: Optimizer
    large: bool = False

    def data(self, dtype: Any = "float32") -> Array:
        """A batch, (batch, *example), uniform in [.1, .9]: time does not depend on what the examples show."""
        rng = np.random.default_rng(0)
        return rng.uniform(0.1, 0.9, size=(self.batch, *self.example)).astype(dtype)


@dataclass(frozen=True)
class Work:
    """What a step has to do at the least.

    Attributes:
        parameters: P, how many numbers are learned.
        multiply_adds: of the matrix products and convolutions, forward and backward.
        optimizer_bytes: read and written by the optimiser.
    """

    parameters: int
    multiply_adds: int
    optimizer_bytes: int

    def limit(self, flops: float, bandwidth: float) -> float:
        """Milliseconds of a step that does nothing but this work.

        Args:
            flops: floating-point operations a second; a multiply-add is two.
            bandwidth: bytes a second, reading and writing counted each.

        >>> round(Work(314_384, 200_704_000, 8_802_752).limit(480e9, 40e9), 2)
        1.06
        """
        return 1e3 * (2 * self.multiply_adds / flops + self.optimizer_bytes / bandwidth)


def work(workload: Workload) -> Work:
    r"""Count a workload's work.

    A layer with weights takes as many multiply-adds for dx and for dw each as going forward; nobody wants the first
    layer's dx. The optimiser reads theta, the gradient and its k averages, and writes theta and the averages:

    .. math::
        M = 3 \sum_l M_l - M_1, \qquad B = 4 (3 + 2k) P                      \tag{1}
    """
    model = workload.make("numpy", "float32")
    shape: Shape = (workload.batch, *workload.example)
    forward = []
    for layer in model.network.layers:
        forward.append(layer.multiply_adds(shape))
        shape = layer.output_shape(shape)
    first = next(count for count in forward if count)
    moved = FLOAT_BYTES * (3 + 2 * len(workload.optimizer.memory)) * model.layout.size
    return Work(sum(math.prod(slot.shape) for slot in model.layout), 3 * sum(forward) - first, moved)


def sparse(features: int, hidden: int) -> Make:
    """UFLDL's sparse autoencoder: sigmoid units, KL sparsity, weight decay."""

    def make(backend: str | Backend, dtype: Any) -> Autoencoder:
        return SparseAutoencoder(features, hidden, rho=0.05, beta=3.0, weight_decay=1e-4, dtype=dtype, backend=backend)

    return make


def dense(features: int, hidden: int) -> Make:
    """A hidden layer of ReLUs and a linear decoder: matrix products and little else."""

    def make(backend: str | Backend, dtype: Any) -> Autoencoder:
        encoder = [Dense(features, hidden, init="he_uniform"), ReLU()]
        return Autoencoder(encoder, [Dense(hidden, features)], "mean_squared_error", dtype=dtype, backend=backend)

    return make


def convolutional(channels: Sequence[int], pools: int) -> Make:
    """3x3 convolutions with ReLUs, the last one without: its outputs are logits.

    Args:
        channels: going in, and out of each convolution.
        pools: so many of the first convolutions are followed by max-pooling; before as many of the last, the image is
            doubled.
    """

    def make(backend: str | Backend, dtype: Any) -> Autoencoder:
        encoder: list[Layer] = []
        decoder: list[Layer] = []
        last = len(channels) - 1
        for k in range(1, last + 1):
            conv = Conv2d(channels[k - 1], channels[k], 3, padding="same", init="he_uniform")
            if k <= pools:
                encoder += [conv, ReLU(), MaxPool2d()]
            else:
                decoder += [Upsample2d()] if k > last - pools else []
                decoder += [conv, ReLU()] if k < last else [conv]
        return Autoencoder(encoder, decoder, "binary_cross_entropy_with_logits", dtype=dtype, backend=backend)

    return make


def two_convolutions(channels: int) -> Make:
    """Two 3x3 convolutions that keep height, width and channels, with a ReLU between them."""

    def make(backend: str | Backend, dtype: Any) -> Autoencoder:
        first, second = (Conv2d(channels, channels, 3, padding="same", init="he_uniform") for _ in range(2))
        return Autoencoder([first, ReLU()], [second], "mean_squared_error", dtype=dtype, backend=backend)

    return make


WORKLOADS = {
    "D1": Workload("sparse AE 64-25-64, batch 10,000", sparse(64, 25), (64,), 10_000, Adam()),
    "D2": Workload("sparse AE 784-200-784, batch 256", sparse(784, 200), (784,), 256, Adam()),
    "D3": Workload("sparse AE 784-256-784, batch 64", sparse(784, 256), (784,), 64, Adam()),
    "D4": Workload("sparse AE 784-1000-784, batch 256", sparse(784, 1000), (784,), 256, Adam()),
    "D5": Workload("sparse AE on conv features 2704-128-2704, batch 256", sparse(2704, 128), (2704,), 256, Adam()),
    "C1": Workload(
        "conv AE 16-8-8-16-1, 28x28, batch 128", convolutional((1, 16, 8, 8, 16, 1), 2), (28, 28, 1), 128, RMSProp(1e-3)
    ),
    "C2": Workload(
        "conv AE 16-32-64-32-16-3, 48x48, batch 64",
        convolutional((3, 16, 32, 64, 32, 16, 3), 3),
        (48, 48, 3),
        64,
        RMSProp(1e-3),
    ),
    "L1": Workload("dense AE 784-4096-784, batch 8192", dense(784, 4096), (784,), 8192, Adam(), large=True),
    "L2": Workload(
        "two convs of 64 channels, 64x64, batch 256", two_convolutions(64), (64, 64, 64), 256, Adam(), large=True
    ),
}


def chosen(names: Sequence[str], *, with_large: bool) -> dict[str, Workload]:
    """The workloads named, in that order; all but the large ones where none is named.

    Args:
        names: keys of :data:`WORKLOADS`.
        with_large: whether the large ones belong to those of no name.

    Raises:
        ValueError: if a name is unknown; the message lists the known ones.

    >>> list(chosen(["C1", "D2"], with_large=False)), len(chosen([], with_large=True))
    (['C1', 'D2'], 9)
    """
    for name in names:
        if name not in WORKLOADS:
            raise ValueError(f"row: {name!r} is unknown; known: {', '.join(WORKLOADS)}")
    every = [name for name, workload in WORKLOADS.items() if with_large or not workload.large]
    return {name: WORKLOADS[name] for name in names or every}
