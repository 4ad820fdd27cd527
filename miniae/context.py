"""What accompanies a batch on its way through the layers: the backend, the memory, the hook for means."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from miniae.arrays import Array
from miniae.backends import Backend, backend
from miniae.reduce import Reduce, local

Shape = tuple[int, ...]


class Workspace:
    """Memory that one training step leaves to the next, so that a step allocates nothing.

    Every array is asked for by the position in the network, a name and a shape, and comes back as the previous step
    left it. Nothing that leaves a step may be a view of it.

    >>> from miniae.backends import backend
    >>> memory, xp = Workspace(), backend("numpy").xp
    >>> a = memory.array(xp, (0,), "y", (2, 3), "float32")
    >>> a is memory.array(xp, (0,), "y", (2, 3), "float32"), a is memory.array(xp, (1,), "y", (2, 3), "float32")
    (True, False)
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[Any, ...], Array] = {}

    def array(self, xp: Any, position: Shape, name: str, shape: Shape, dtype: Any) -> Array:
        """The array kept under this position, name, shape and dtype; made on the first call."""
        key = position, name, shape, str(dtype)
        if key not in self._arrays:
            self._arrays[key] = xp.empty(shape, dtype)
        return self._arrays[key]

    def poison(self) -> None:
        """Fill all memory with NaN, to show that nothing outside a step still reads it."""
        for array in self._arrays.values():
            array.fill(float("nan"))


@dataclass(frozen=True)
class Context:
    """One pass of one batch through a network.

    Attributes:
        backend: whose functions run.
        training: whether noise, dropout and batch statistics are on.
        seed, step: with the layer's position they determine its random numbers (:mod:`miniae.noise`). In a step that a
            GPU replays, ``step`` is the counter on the device.
        reduce: adds sums and counts over all workers (:mod:`miniae.reduce`).
        workspace: memory kept between steps; None for fresh arrays.
        position: where in the network the layer at work stands.
        buffers: what the layer at work keeps beside its parameters (running statistics), to be read.
        new_buffers: where it writes what they shall be once the step has succeeded.
        kept: what a layer leaves to a later one of the same pass, by a name (the switches of a pooling).
        x_shape: in a backward pass, the shape of the layer's input.
        needs_x: in a backward pass, whether the gradient with respect to that input is wanted.
        fresh: in a backward pass, whether nothing has been added to the parameters' gradients yet, nor will be by other
            layers: a layer may then write there what it would add.
    """

    backend: Backend = field(default_factory=backend)
    training: bool = False
    seed: int = 0
    step: Any = 0
    reduce: Reduce = local
    workspace: Workspace | None = None
    position: Shape = ()
    buffers: Mapping[str, Array] = field(default_factory=dict)
    new_buffers: Mapping[str, Array] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    x_shape: Shape = ()
    needs_x: bool = True
    fresh: bool = False

    def at(self, index: int, **changes: Any) -> "Context":
        """The context of the layer that stands at ``index`` inside this one's position."""
        return replace(self, position=(*self.position, index), **changes)

    def draw(self, kind: str, shape: Shape, dtype: Any, stream: int) -> Array:
        """Random numbers of this step, ``"uniform"`` or ``"normal"``; every place that draws has its own ``stream``."""
        numbers = self.backend.draws[kind](shape, dtype, seed=self.seed, step=self.step, stream=stream)
        return self.backend.xp.asarray(numbers)

    def out(self, name: str, shape: Shape, dtype: Any) -> Array | None:
        """Memory for the result called ``name``, to pass on as ``out=``: None without a workspace."""
        if self.workspace is None:
            return None
        return self.workspace.array(self.backend.xp, self.position, name, shape, dtype)
