"""Training steps captured in a CUDA graph and replayed.

A step of a small network is two dozen kernels or more of a few microseconds each, and launching one from Python takes
longer than that. A graph is a recording of all of them: replaying it costs one launch. What is recorded are kernels,
their arguments and addresses, so that

- all memory a step works in has to be there before and to stay as long as the graph: the model's workspace, and a
  memory pool that nobody else draws from;
- nothing may be read back to the host, nor may a number that changes be handed over from it. The examples' order, the
  optimiser's numbers for every step of the epoch, the step's counter, the costs: all of them lie on the device, are
  brought there at the beginning of an epoch and read at its end;
- a batch of another size, such as the last of an epoch, is another graph.
"""

import gc
import threading
import warnings
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.models.base import Model
from miniae.optimizers import Optimizer
from miniae.steps import Steps, Turn
from miniae_kernels.cuda import gemm
from miniae_kernels.cuda.clipping import shorten
from miniae_kernels.cuda.launch import THREADS, blocks_for
from miniae_kernels.cuda.optimizers import RULES, launch_rule
from miniae_kernels.cuda.step import advance, commit, decay, gather, record
from miniae_kernels.cuda.totals import blocks_of

WARM_UPS = 2  # runs before a capture: the first compiles, loads and allocates, which a capture does not bear


def steps(model: Model, x: Array, target: Array, optimizer: Optimizer, clip_norm: float | None, seed: int) -> Steps:
    """Captured steps where the optimiser has a kernel; a user's own rule is run by its ``update``, step by step."""
    kind = CapturedSteps if type(optimizer) in RULES else Steps
    return kind(model, x, target, optimizer, clip_norm, seed)


class CapturedSteps(Steps):
    """As :class:`~miniae.steps.Steps`, whose arguments it has, but the host only starts the steps of an epoch.

    So a cost that is not finite is noticed when the epoch ends. Until then the device has held theta as the last finite
    step left it.

    Attributes:
        captures: whether steps are captured, or launched kernel by kernel.
        graphs, pools: by the size of a batch, the graph and the memory that it works in.
        order: on the device, the examples as this epoch takes them.
        at, count: on the device, the number of the next step in this epoch and in the whole run.
        start: on the device, where in ``order`` its batch begins.
        taken: steps started in this epoch.
        halt: on the device, whether a step was not finite, and which; see :func:`~miniae_kernels.cuda.step.record`.
        tables: by the name of the turn, what it needs on the device for an epoch.
    """

    under_way = False  # whether a step may have been started that nobody has waited for

    def __init__(
        self, model: Model, x: Array, target: Array, optimizer: Optimizer, clip_norm: float | None, seed: int
    ) -> None:
        import cupy

        self.stream = stream_of(cupy.cuda.Device().id, threading.get_ident())
        # A pool for each graph: one that runs short gives back what it takes to be unused, and a graph may need it.
        self.pools: dict[int, Any] = {}
        self.graphs: dict[int, Any] = {}
        reason = gemm.why_not_captured()
        self.captures = reason is None
        if reason:
            warnings.warn(
                "training steps are not captured in a CUDA graph, so that small models train several times slower: "
                + reason,
                RuntimeWarning,
                stacklevel=4,
            )
        rows = cupy.ascontiguousarray(x)  # for gather; the array itself where it is so already, as most are
        target = rows if target is x else cupy.ascontiguousarray(target)
        super().__init__(model, rows, target, optimizer, clip_norm, seed)
        self.order = cupy.empty(len(x), cupy.int64)
        self.at, self.start = cupy.zeros(1, cupy.int64), cupy.zeros(1, cupy.int64)
        self.count, self.halt = cupy.zeros(1, cupy.uint32), cupy.zeros(3, cupy.int32)
        self.tables: dict[str, Table] = {}
        self.vectors: list[Array] = []  # what the graphs work on
        self.batches = 0

    def begin(self, order: np.ndarray, batch_size: int) -> None:
        """Bring to the device what the epoch's steps need."""
        import cupy

        batches = -(-len(order) // batch_size)
        vectors = [vector for turn in self.turns.values() for vector in (turn.model.theta, turn.model.buffers)]
        if list(map(id, vectors)) != list(map(id, self.vectors)) or batches != self.batches:
            self.graphs.clear()  # they point at memory that is no longer what counts
            self.tables.clear()
        self.vectors, self.batches, self.batch_size, self.taken = vectors, batches, batch_size, 0
        for name, turn in self.turns.items():
            if name not in self.tables:
                self.tables[name] = Table(turn, batches)
            self.tables[name].fill(turn)
        self.order[...] = cupy.asarray(order.astype(np.int64, copy=False))
        self.at.fill(0)
        self.start.fill(0)
        self.halt.fill(0)
        self.count.fill(next(iter(self.turns.values())).count)
        cupy.cuda.Device().synchronize()  # what was started on other streams is done before ours goes on

    def step(self) -> None:
        """Start the next step; it has hardly begun when this returns."""
        import cupy

        size = min(self.batch_size, self.order.size - self.taken * self.batch_size)
        if size not in self.pools:
            self.pools[size] = cupy.cuda.MemoryPool()
        self.under_way = True
        with self.stream, cupy.cuda.using_allocator(self.pools[size].malloc):
            if self.captures and size not in self.graphs:
                self._capture(size)
            if self.captures:
                self.graphs[size].launch(self.stream)
            else:
                self._run(size)
        self.taken += 1

    def __del__(self) -> None:
        """Wait for steps that Ctrl-C has left under way: they work on theta, and in memory that is now given back."""
        if self.under_way:
            self.stream.synchronize()

    def end(self) -> dict[str, float]:
        """The mean cost over the examples of the epoch, by the name of the turn.

        Raises:
            TrainingDiverged: if a step's cost or gradient was not finite.
        """
        self.stream.synchronize()
        self.under_way = False
        halted, number, at = (int(value) for value in self.halt.get())
        if halted:
            self._explain(list(self.turns)[number], at)
        sizes = np.full(self.batches, self.batch_size)
        sizes[-1] = self.order.size - self.batch_size * (self.batches - 1)
        for turn in self.turns.values():
            turn.count += self.taken
            turn.state["step"] += self.taken
        return {
            name: float(table.costs.get().astype(np.float64) @ sizes) / self.order.size
            for name, table in self.tables.items()
        }

    def _run(self, size: int) -> None:
        """One step, as it is captured: no host read, no number from the host that will be another the next time."""
        for number, (name, turn) in enumerate(self.turns.items()):
            table = self.tables[name]
            x, target = self._batch(turn, size)
            cost = turn.cost(x, target, self.count, decay=table.own_decay)
            self._record(number, turn, table, cost)
            if turn.clip_norm is not None:
                shorten(turn.gradient, table.norm, turn.clip_norm)
            theta, buffers = turn.model.theta, turn.model.buffers
            launch_rule(turn.optimizer, theta, turn.gradient, turn.state, table.numbers, self.at, self.halt)
            commit[blocks_for(buffers.size), THREADS](turn.new_buffers, buffers, self.halt)
        advance[1, 1](self.at, self.start, self.count, size)

    def _batch(self, turn: Turn, size: int) -> tuple[Array, Array]:
        """The next examples of the epoch's order, in memory of the workspace."""
        import cupy

        def chosen(name: str, data: Array) -> Array:
            batch = turn.workspace.array(cupy, (), name, (size, *data.shape[1:]), data.dtype)
            gather(self.order, self.start, data, batch)
            return batch

        x = chosen("x", turn.x)
        return x, x if turn.target is turn.x else chosen("target", turn.target)

    def _record(self, number: int, turn: Turn, table: "Table", cost: Array) -> None:
        """Add weight decay to cost and gradient, see that both are finite, keep the cost and the gradient's norm."""
        import cupy

        theta, gradient, blocks = turn.model.theta, turn.gradient, blocks_of(turn.gradient.size)
        found = [cupy.empty(blocks, dtype) for dtype in (gradient.dtype, gradient.dtype, cupy.int32)]
        decay[blocks, THREADS](theta, gradient, table.decays, table.trained, table.strength, *found)
        kept = table.norm, table.costs, self.at, self.halt
        record[1, THREADS](*found, cost.reshape(1), table.strength / 2, number, *kept)

    def _capture(self, size: int) -> None:
        """Record the graph for batches of this size; what the runs to warm up changed is put back."""
        import cupy

        changed = self._changed()
        before = [array.copy() for array in changed]
        for _ in range(WARM_UPS):
            self._run(size)
            for array, value in zip(changed, before, strict=True):
                cupy.copyto(array, value)
        self.stream.synchronize()
        gc.collect()  # now and not during the capture, where what is collected might wait for the device
        try:
            self.graphs[size] = self._graph(size)
        except Exception as error:
            self.captures = False
            warnings.warn(
                f"a step of {type(next(iter(self.turns.values())).model).__name__} cannot be captured in a CUDA graph, "
                f"and is launched kernel by kernel instead: {error}",
                RuntimeWarning,
                stacklevel=4,
            )

    def _graph(self, size: int) -> Any:
        """The recording of a step."""
        collects = gc.isenabled()
        gc.disable()
        self.stream.begin_capture()
        try:
            self._run(size)
        except BaseException:
            with suppress(Exception):  # the echo of the error that is told
                self.stream.end_capture()
            raise
        finally:
            if collects:
                gc.enable()
        return self.stream.end_capture()

    def _changed(self) -> list[Array]:
        """Every array that a step leaves other than it was and that counts afterwards."""
        changed = [self.at, self.start, self.count, self.halt]
        for name, turn in self.turns.items():
            changed += [turn.model.theta, turn.model.buffers, self.tables[name].costs]
            changed += [turn.state[entry] for entry in RULES[type(turn.optimizer)].memory]
        return changed

    def _explain(self, name: str, at: int) -> None:
        """Take the step that failed once more, where the host can look at it."""
        import cupy

        turn, size = self.turns[name], min(self.batch_size, self.order.size - at * self.batch_size)
        chosen = self.order[at * self.batch_size :][:size]
        x = turn.gather("x", turn.x, chosen)
        target = x if turn.target is turn.x else turn.gather("target", turn.target, chosen)
        step = turn.count + at
        cost = float(turn.cost(x, target, cupy.full(1, step, cupy.uint32)))
        raise turn.diverged(x, cost, step)


@cache
def stream_of(device: int, thread: int) -> Any:
    """The stream of all trainings of a thread on a device, the current one.

    One for each training would do, but cuBLAS keeps a handle and memory for every stream it has ever worked on. Threads
    must not share one: what one of them launches would end up in the graph that another is recording.
    """
    import cupy

    return cupy.cuda.Stream(non_blocking=True)


class Table:
    """What one turn needs on the device for an epoch.

    Attributes:
        numbers: a row for each step: the optimiser's numbers, learning rate and all.
        costs: of each step, to be read at the end.
        norm: the length of the gradient.
        own_decay: whether the model has a weight decay of its own, which the model itself then adds.
        strength: lambda of any other weight decay.
        decays, trained: of each parameter, whether it decays and whether it is trained.
    """

    def __init__(self, turn: Turn, batches: int) -> None:
        import cupy

        dtype = turn.model.theta.dtype
        self.numbers = cupy.empty((batches, len(self._row(turn, 0))), dtype)
        self.costs, self.norm = cupy.zeros(batches, dtype), cupy.zeros(1, dtype)
        model, layout = turn.model, turn.model.layout
        self.own_decay = type(model).decay is not Model.decay
        self.strength = 0.0 if self.own_decay else model.weight_decay
        self.decays = cupy.asarray(layout.mask([slot.name for slot in layout if slot.decays]))
        self.trained = cupy.asarray(~layout.mask(model.frozen))

    def fill(self, turn: Turn) -> None:
        """Work out the numbers of the next epoch's steps and bring them to the device."""
        import cupy

        rows = [self._row(turn, turn.count + k) for k in range(len(self.numbers))]
        self.numbers[...] = cupy.asarray(np.array(rows, self.numbers.dtype))

    @staticmethod
    def _row(turn: Turn, step: int) -> tuple[float, ...]:
        return RULES[type(turn.optimizer)].numbers(turn.optimizer, step)
