"""What a training step does beside its ops, on the device: choose the batch, record the cost, count.

A step that is captured in a CUDA graph is replayed with the same launches and the same addresses. Whatever changes from
one step to the next therefore lies in device memory, in the arrays here, and is moved on by kernels. Each is a handful
of numbers: their time is the time of a launch.

Shapes: N examples in all, B in a batch; one-element arrays hold counters and flags.
"""

from numba import cuda

from miniae_kernels.cuda.launch import kernel


@kernel("int64[::1], int64[::1], int64[::1]")
def choose(order, first, chosen):
    """Copy the next B entries of the epoch's order, (N,), from ``first`` on."""
    i = cuda.grid(1)
    if i < chosen.size:
        chosen[i] = order[first[0] + i]


@kernel("real[::1], int32[::1], int64, real[::1], int64[::1], int32[::1]")
def record(cost, bad, turn, costs, at, halt):
    """Keep the step's cost. Where it, or the gradient (``bad`` is not 0), is not finite, call a halt.

    ``halt`` is (flag, turn, step): only the first failure is noted, and from then on nothing is updated.
    """
    costs[at[0]] = cost[0]
    difference = cost[0] - cost[0]  # 0 of a finite number; NaN of NaN and of infinities
    if halt[0] == 0 and (bad[0] != 0 or difference != 0):
        halt[0] = 1
        halt[1] = turn
        halt[2] = at[0]


@kernel("real[::1], real[::1], int32[::1]")
def commit(new, buffers, halt):
    """Make the new buffers the current ones, unless there is a halt."""
    i = cuda.grid(1)
    if i < buffers.size and halt[0] == 0:
        buffers[i] = new[i]


@kernel("int64[::1], int64[::1], uint32[::1], int64")
def advance(at, first, count, size):
    """On to the next step: its row in the epoch's tables, its first example, its number in the whole run."""
    at[0] += 1
    first[0] += size
    count[0] += 1
