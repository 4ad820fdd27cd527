"""Model: a cost function of one flat theta, with its gradient."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from miniae import backends
from miniae.arrays import FLOATS, Array, array_module, moved
from miniae.backends import Backend
from miniae.context import Context, Shape
from miniae.network import Parameters, Sequential, added


class Model(ABC):
    r"""A cost function of theta with its gradient, and a theta of its own for convenience.

    .. math::
        J(\theta) = C(\theta; x, t) + \frac{\lambda}{2} \sum_{w} \|w\|^2              \tag{1}

    C is what the model says of a batch x and its targets t, in :meth:`forward`; :meth:`backward` says its gradient. The
    last sum runs over the weights, never the biases.

    Nothing here changes ``theta`` but what trains it: ``cost(theta, x)`` and ``cost_and_grad(theta, x)`` are pure
    functions of what they are given, so an optimiser or a gradient check may call them at will. Where a model draws
    random numbers, they are a function of (seed, step, place), so that these two always draw the same.

    Args:
        parameters: what is learned.
        buffers: what is kept beside theta, without a gradient.
        weight_decay: lambda.
        seed: of the initial theta.
        dtype: ``"float64"`` or ``"float32"``, of theta and of the data it is used with.
        backend: a name, or a :class:`~miniae.backends.Backend`.

    Attributes:
        theta: the current parameters, one flat vector.
        layout: where each named parameter lies in it.
        buffers: the current buffers, another flat vector; ``buffers_layout`` says where each lies.
        frozen: names of parameters that are not trained; see :meth:`freeze`.

    Raises:
        ValueError: if a name is unknown or a number out of range.
    """

    def __init__(
        self,
        parameters: Parameters,
        buffers: Parameters | None = None,
        *,
        weight_decay: float = 0.0,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if not 0 <= weight_decay < np.inf:
            raise ValueError(f"weight_decay must be a finite number of at least 0, got {weight_decay}")
        if np.dtype(dtype) not in FLOATS:
            raise ValueError(f"dtype must be float32 or float64, got {dtype!r}")
        buffers = buffers or Parameters({})
        self.backend = backends.backend(backend)
        self.layout, self.buffers_layout = parameters.layout, buffers.layout
        self.weight_decay = weight_decay
        self.theta = parameters.initial(seed, dtype, self.backend.xp)
        self.buffers = buffers.initial(0, dtype, self.backend.xp)
        self.frozen: frozenset[str] = frozenset()

    @property
    def turns(self) -> Mapping[str, "Model"]:
        """What a training step minimises, one after the other, by the name under which its cost is recorded.

        The model itself, for most. Where several costs share one theta and are against each other, one model for each.
        """
        return {"cost": self}

    def to(self, backend: str | Backend) -> "Model":
        """Move to another backend: ``model.to("cuda")``, ``model.to("numpy")``. The model itself, which has changed.

        theta and the buffers are copied to where that backend keeps its arrays; data has to be brought there too, with
        ``cupy.asarray(x)``. The numbers are the same, and so is all that is drawn at random later.

        Raises:
            ValueError: if the name is unknown.
            RuntimeError: if there is no GPU to use; nothing has changed then.

        >>> import numpy as np
        >>> from miniae.models import SparseAutoencoder
        >>> SparseAutoencoder(8, 3).to("numpy").backend.name
        'numpy'
        """
        new = backends.backend(backend)
        theta, buffers = moved(self.theta, new.xp), moved(self.buffers, new.xp)
        for part in vars(self).values():
            if isinstance(part, Sequential):
                part.use(new)
        self.backend, self.theta, self.buffers = new, theta, buffers
        return self

    def freeze(self, *names: str) -> None:
        """From now on train everything but the parameters named; with no name, train everything again.

        Raises:
            ValueError: if a name is unknown; the message lists the known ones.
        """
        self.frozen = frozenset(self.layout[name].name for name in names)

    def cost(self, theta: Array, x: Array, target: Array | None = None) -> float:
        """The cost (1) on a batch.

        Args:
            theta: all parameters, (layout.size,).
            x: the batch, (N, features), of theta's dtype.
            target: what the output should be; the model says what stands in for None.

        Returns:
            The cost, a number.

        Raises:
            TypeError, ValueError: if an argument has a dtype, shape or range that does not fit.
        """
        x, target = self.checked(theta, x, target)
        ctx = self.context(self.buffers)
        cost, _ = self.forward(theta, x, target, ctx)
        decay, _ = self.decay(theta, ctx)
        return float(cost + decay)

    def cost_and_grad(self, theta: Array, x: Array, target: Array | None = None) -> tuple[float, Array]:
        """The cost (1) on a batch and its gradient with respect to theta, a fresh vector.

        Arguments and errors are those of :meth:`cost`. The gradient of a frozen parameter is 0.
        """
        x, target = self.checked(theta, x, target)
        gradient = self.backend.xp.empty_like(theta)
        cost = self.backpropagate(theta, x, target, self.context(self.buffers), gradient)
        return float(cost), gradient

    def checked(self, theta: Array, x: Array, target: Array | None) -> tuple[Array, Array]:
        """Refuse arguments that do not fit this model; return the input and the target to use."""
        self.layout.check("theta", theta)
        check_place("theta", theta, self.theta)
        check_batch("x", x, theta)
        target = self.default_target(x) if target is None else target
        check_place("target", target, theta)
        found = len(target) if getattr(target, "ndim", hasattr(target, "__len__")) else repr(target)
        if found != len(x):
            raise ValueError(f"x has {len(x)} examples but target has {found}")
        dtype = getattr(target, "dtype", None)
        if dtype in FLOATS and dtype != x.dtype:
            raise TypeError(f"x is {x.dtype} but target is {dtype}; convert one: target.astype({str(x.dtype)!r})")
        self.check_shapes(x.shape, target)
        return x, target

    def default_target(self, x: Array) -> Array:
        """What the output should be where no target is given."""
        raise ValueError(f"{type(self).__name__}: target is missing; expected one entry for each of {len(x)} examples")

    @abstractmethod
    def check_shapes(self, shape: Shape, target: Array) -> None:
        """Refuse a batch of this shape, or a target, that does not fit this model."""

    def context(self, buffers: Array, new_buffers: Array | None = None, **options: Any) -> Context:
        """What accompanies a batch on its way.

        Args:
            buffers: the vector of buffers to read.
            new_buffers: where to leave what the buffers shall be; a copy of ``buffers`` when None.
            options: the context's other fields.
        """
        new_buffers = buffers.copy() if new_buffers is None else new_buffers
        views = self.buffers_layout.views
        return Context(backend=self.backend, buffers=views(buffers), new_buffers=views(new_buffers), **options)

    @abstractmethod
    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Any]:
        """C of (1), a 0-d array, and what :meth:`backward` needs."""

    @abstractmethod
    def backward(self, tape: Any, ctx: Context, gradient: Array) -> None:
        """Add the gradient of C to ``gradient``, which is zero; ``tape`` and ``ctx`` are those of :meth:`forward`."""

    def decay(self, theta: Array, ctx: Context) -> tuple[Any, dict[str, Array]]:
        """The last sum of (1), and its gradient by the weight's name."""
        penalties, gradients = [], {}
        for slot in self.layout if self.weight_decay else ():
            if slot.decays:
                w = theta[slot.slice]
                out = ctx.out(f"decay {slot.name}", w.shape, w.dtype)
                penalty, gradients[slot.name] = self.backend.costs["l2"](w, self.weight_decay, out=out)
                penalties.append(penalty)
        return added(*penalties), gradients

    def backpropagate(self, theta: Array, x: Array, target: Array, ctx: Context, gradient: Array) -> Any:
        """The cost (1), a 0-d array; its gradient is left in ``gradient``.

        Weight decay has nothing to do with examples: it comes after C, which is of all workers, once.
        """
        cost = self.backpropagate_examples(theta, x, target, ctx, gradient)
        decay, gradients = self.decay(theta, ctx)
        for name, dw in gradients.items():
            if name not in self.frozen:
                gradient[self.layout[name].slice] += dw
        return added(cost, decay)

    def backpropagate_examples(self, theta: Array, x: Array, target: Array, ctx: Context, gradient: Array) -> Any:
        """C of (1), a 0-d array; its gradient, a sum over examples and so over all workers, is left in ``gradient``."""
        cost, tape = self.forward(theta, x, target, ctx)
        gradient.fill(0)
        self.backward(tape, ctx, gradient)
        total, _ = ctx.reduce(gradient, len(x))
        if total is not gradient:
            gradient[...] = total
        return cost

    def stations(self, theta: Array, x: Array, ctx: Context) -> Iterator[tuple[str, Array, Any]]:
        """What a batch goes through, in order: its name, its output, its own cost. To find where numbers go wrong."""
        return iter(())


def check_batch(name: str, x: Any, theta: Array) -> None:
    """Refuse a batch, called ``name`` in the message, that is not where theta is, not of its dtype, or empty.

    Raises:
        TypeError: with the place or dtype found and what to do about it.
        ValueError: with the shape.
    """
    found, dtype = getattr(x, "dtype", None), theta.dtype
    if found is None:
        raise TypeError(f"{name} must be an array of {dtype}, got {type(x).__name__}")
    check_place(name, x, theta)
    if found.kind in "iu":
        raise TypeError(f"{name} must be {dtype} with values in [0, 1] or so, got {found}; divide images by 255")
    if found != dtype:
        raise TypeError(f"{name} is {found} but theta is {dtype}; convert one: {name}.astype({str(dtype)!r})")
    if x.ndim < 2 or x.size == 0:
        raise ValueError(f"{name} must have shape (examples, features), at least one of each, got {x.shape}")


def check_place(name: str, x: Any, theta: Array) -> None:
    """Refuse an array, called ``name`` in the message, that is on the GPU where theta is not, or the other way round.

    Raises:
        TypeError: with what to do about it.
    """
    on_gpu, theta_on_gpu = (array_module(array).__name__ == "cupy" for array in (x, theta))
    if theta_on_gpu and not on_gpu:
        raise TypeError(
            f"the model is on the GPU but {name} is not: pass cupy.asarray({name}), or move the model, "
            "model.to('numpy')"
        )
    if on_gpu and not theta_on_gpu:
        raise TypeError(
            f"{name} is on the GPU but the model is not: move the model, model.to('cuda'), or pass {name}.get()"
        )
