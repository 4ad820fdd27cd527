# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Kernels, thread by thread, on a laptop
#
# **Goal.** You will write the GPU's side of backpropagation: a bias with its sigmoid, their backward with the sum over
# examples, the backward of max-pooling, and a training step that is recorded and replayed. All of it runs on your
# processor, thread by thread, under a runner that sees what a GPU does not tell: two threads in one place, a barrier
# that some never reach, shared memory that nobody has written. You will make each of these mistakes and read what it
# says.
#
# **You need** the backward pass of a dense layer (the first lesson, sections 2 to 4), max-pooling (the third lesson,
# section 5), NumPy, pencil and paper, and about 90 minutes; the code itself runs in a few seconds. No GPU, no driver
# and no compiler is needed. Install with `pip install -e ".[course,threads]"` in the repository's folder.
#
# **How to use it.** As the lessons before: a script and a notebook at once. Where a statement can be checked, a cell
# checks it with `assert`. Nothing in this lesson was timed on a GPU: where a time stands, it is worked out from figures
# that are given with their source.

# %%
"""Kernels, thread by thread, on a laptop."""

import math

import numpy as np
from numba import cuda, float32, uint32

from miniae import noise, ops
from miniae.plots.canvas import SMALL, new_figure
from miniae_kernels import threads
from miniae_kernels.cuda import columns
from miniae_kernels.cuda.bias_activation import KERNELS
from miniae_kernels.cuda.noise import uniform_at

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. One function, many threads
#
# A processor has a few cores, each of which is to be fast. A GPU has room for some hundred thousand **threads**, none
# of which is. A **kernel** is a function that all of them run, each with a number of its own. There is no loop over the
# elements: every element has its thread.
#
# | word | what it is |
# |---|---|
# | thread | one run of the kernel, with variables of its own |
# | block | up to 1024 threads that can wait for each other and share a little fast memory |
# | grid | all blocks of one launch; in an ordinary one they cannot wait for each other, and run in any order |
# | warp | 32 threads of a block, neighbours, which the hardware moves on together where it can |
#
# Who launches a kernel says how many blocks, and how many threads in each. Thread $t$ of block $b$, with $T$ threads in
# every block, has in the whole grid the number
#
# $$ i = b\,T + t \tag{1} $$
#
# which Numba calls `cuda.grid(1)`. Here each thread writes down who it is:


# %%
def who_am_i(block, thread):
    """Write down the own number, at the place that it stands for."""
    i = cuda.grid(1)  # (1)
    if i < block.size:
        block[i], thread[i] = cuda.blockIdx.x, cuda.threadIdx.x


block, thread = np.zeros(10, np.int32), np.zeros(10, np.int32)
threads.run_all_orders(who_am_i, 3, 4, (block, thread))  # 3 blocks of 4 threads, for 10 places
print("block ", *block, "\nthread", *thread)
assert block.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
assert (4 * block + thread).tolist() == [*range(10)]

# %% [markdown]
# `threads.run` launches a kernel on the processor, one thread after the other. `threads.run_all_orders` does so
# forwards, backwards and in two shuffles, each time from the same start, and demands the same bits. For a GPU promises
# no order. All this is done in Python, and slow: try kernels on small arrays, just large enough for several blocks.
#
# ### Bias and sigmoid
#
# After its matrix product a dense layer adds the bias and applies the sigmoid, element by element, for $N$ examples
# and $O$ units:
#
# $$ y_{no} = \sigma(x_{no} + b_o), \qquad \sigma(z) = \frac{1}{1 + e^{-z}} \tag{2} $$
#
# In memory row stands behind row. A kernel sees a matrix best as what it is there, $N O$ numbers one behind the other:
# element $i$ stands in column $i \bmod O$.


# %%
def bias_sigmoid(x, b, y):
    """A thread for each element."""
    i = cuda.grid(1)  # (1)
    if i < x.size:
        one = x.dtype.type(1)
        y[i] = one / (one + math.exp(-(x[i] + b[i % b.size])))  # (2)


THREADS = 16  # in a block. 256 is usual on a GPU; here we want to see several blocks


def launch(kernel, n, *args):
    """Run a kernel with a thread for each of n, in every order; arrays are handed over flat."""
    args = [arg.reshape(-1) if isinstance(arg, np.ndarray) else arg for arg in args]
    threads.run_all_orders(kernel, -(-n // THREADS), THREADS, args)  # so many blocks: n / THREADS, rounded up


N, O = 10, 5
x, b = rng.normal(size=(N, O)).astype(np.float32), rng.normal(size=O).astype(np.float32)
y = np.empty_like(x)
launch(bias_sigmoid, x.size, x, b, y)

expected, cache = ops.sigmoid_forward(x + b)
print(f"largest difference from the library's sigmoid: {abs(y - expected).max():.1e}")
assert np.allclose(y, expected, rtol=1e-6, atol=0)

# %% [markdown]
# Why `one` and not 1? For Numba a bare 1 is a 64-bit integer, and together with a float32 it makes a float64. The
# kernel would be right, and slow: most GPUs compute far fewer float64 than float32. The runner cannot see that;
# section 6 says what else it cannot see.
#
# ### Without the `if`
#
# 50 elements take 4 blocks of 16, and that makes 64 threads. Fourteen of them have nothing to do. What if nobody tells
# them?


# %%
def caught(kernel, blocks, in_a_block, args):
    """Run a kernel that is wrong; print what the runner says of it, and return what kind of mistake that is."""
    try:
        threads.run_all_orders(kernel, blocks, in_a_block, args)
    except threads.KernelError as error:
        print(f"{type(error).__name__}: {error}")
        return type(error)
    print("Nothing: no rule was broken.")
    return None


def unguarded(x, b, y):
    """Wrong: every thread writes, whether it has an element or not."""
    i = cuda.grid(1)
    y[i] = x[i] + b[i % b.size]


flat = x.reshape(-1), b, y.reshape(-1)
assert caught(unguarded, 4, THREADS, flat) is threads.OutOfBounds

# %% [markdown]
# Block 3, thread 2 is number $3 \cdot 16 + 2 = 50$, the first one too many. On a GPU there would most likely be no
# message: the thread reads and writes what lies behind the array, which may be another array, perhaps your weights.
#
# The opposite mistake, a block too few (rounded down instead of up), breaks no rule. The last two elements are never
# written, and only a comparison with what ought to come out shows it:

# %%
y_short = np.zeros_like(x)
assert caught(bias_sigmoid, x.size // THREADS, THREADS, (x.reshape(-1), b, y_short.reshape(-1))) is None
assert not np.allclose(y_short, expected)
assert np.flatnonzero(y_short.reshape(-1) != y.reshape(-1)).tolist() == [48, 49]

# %% [markdown]
# So there are two questions to every kernel, and both must be asked: *is a rule broken?* (the runner) and *is it the
# right function?* (the operation's reference).
#
# **On a GPU** the same function is compiled and launched like this, with arrays of CuPy:
#
#     compiled = cuda.jit(bias_sigmoid)
#     compiled[4, 16](x.reshape(-1), b, y.reshape(-1))

# %% [markdown]
# ## 2. Bytes, not operations
#
# How fast can it be? Two limits are printed in a GPU's data sheet. NVIDIA's for the H100 (SXM) says: 3.35 TB/s between
# memory and the chip, and 67 TFLOP/s in float32, with $ab + c$ counted as two. While one float32, 4 bytes, comes in, it
# could do
#
# $$ \frac{67 \cdot 10^{12}}{3.35 \cdot 10^{12} / 4} = 80 \text{ operations.} $$
#
# Bias and sigmoid do four operations and an exponential to an element. So we count bytes, and forget about operations.
# There are $n = NO$ elements of $s$ bytes; the bias is small beside them.
#
# One operation after the other, as NumPy does it, $x + b$, $-z$, $\exp$, $1 + e$, $1 / u$, makes five passes. Each
# reads an array and writes one. **Fused** into one kernel, an element is read once, is worked on in a register, and is
# written once:
#
# $$ B_{\text{unfused}} = 5 \cdot 2\,n s, \qquad B_{\text{fused}} = 2\,n s \tag{3} $$
#
# No kernel is faster than its bytes, nor than its operations $F$:
#
# $$ \text{time} \;\ge\; \max\Big( \frac{B}{\text{bandwidth}},\; \frac{F}{\text{rate}} \Big) \tag{4} $$

# %%
BANDWIDTH, RATE = 3.35e12, 67e12  # NVIDIA's data sheet of the H100 (SXM): bytes and float32 operations per second


def bound(moved, operations):
    """Microseconds that it takes at least, for the bytes and for the operations."""
    return 1e6 * moved / BANDWIDTH, 1e6 * operations / RATE


n, s = 32_768 * 2048, 4  # a large layer in float32
for name, moved in ("unfused", 5 * 2 * n * s), ("fused", 2 * n * s):  # (3)
    to_move, to_compute = bound(moved, 24 * n)  # an exponential counted as 20 operations
    print(f"{name:8} {moved / 1e9:.2f} GB: at least {to_move:.0f} us for the bytes, {to_compute:.0f} us to compute")
    assert to_move > 5 * to_compute
assert 160 < bound(2 * n * s, 24 * n)[0] < 161

# %% [markdown]
# Fusing saves four fifths, and not one operation. These are bounds, from a data sheet: a good kernel comes near them,
# and none goes below, unless its arrays are small enough to be found in a cache. That is how every kernel of the
# library is introduced: by its bytes, in its file's first lines.
#
# ### The backward
#
# With $dy = \partial J / \partial y$ and the slope from the sigmoid's own value (first lesson, (10)):
#
# $$ dx_{no} = dy_{no}\; y_{no} (1 - y_{no}), \qquad db_o = \sum_n dx_{no} \tag{5} $$
#
# Note that $x$ is not needed: the forward may write $y$ over it. Pass by pass: $1 - y$ moves $2ns$, two products $3ns$
# each, the sum $ns$, in all $9ns$. Fused: read $dy$, read $y$, write $dx$, and have the sum on the way, $3ns$. The
# first part of (5) is as easy as (2). The sum is not, and the next section is about nothing else.

# %% [markdown]
# ## 3. Many threads, one sum
#
# ### The race
#
# The obvious kernel: each thread works out its $dx$ and adds it to its column of $db$.

# %%
dy = rng.normal(size=(N, O)).astype(np.float32)
dx_expected = ops.sigmoid_backward(dy, cache)
db_expected = dx_expected.sum(axis=0, dtype=np.float64)


@cuda.jit(device=True)
def slope(dy, y):
    """The first part of (5), for one element; a function that kernels call becomes a part of them."""
    return dy * (y * (type(y)(1) - y))


def all_into_one(dy, y, dx, db):
    """Wrong: ten threads add to one element of db."""
    i = cuda.grid(1)
    if i < dy.size:
        dx[i] = slope(dy[i], y[i])  # (5)
        db[i % db.size] += dx[i]


dx, db = np.zeros_like(dy), np.zeros(O, np.float32)
backward_args = dy.reshape(-1), y.reshape(-1), dx.reshape(-1), db
assert caught(all_into_one, 4, THREADS, backward_args) is threads.Race

one_after_the_other = np.zeros(O, np.float32)
for i, d in enumerate(dx_expected.reshape(-1)):
    one_after_the_other[i % O] += d
assert np.allclose(one_after_the_other, db_expected, rtol=1e-5, atol=1e-6)

# %% [markdown]
# It says:
#
#     Race: all_into_one, block 0, thread 5, at 05_kernels.py:...: reads db[0], which block 0, thread 0
#     wrote at 05_kernels.py:..., and no barrier between the two orders them
#
# (In a notebook the line itself is shown, since a cell has no name.) `db[0] += d` is not one thing but three: read,
# add, write. Two threads that do it at once may read the same old value, and then one of the two additions is lost:
#
# | thread 0 adds 2 | thread 5 adds 3 | db[0] |
# |---|---|---|
# | reads 0 | | 0 |
# | | reads 0 | 0 |
# | writes 0 + 2 | | 2 |
# | | writes 0 + 3 | **3** |
#
# Mind how the runner has found it. It runs one thread after the other, so that nothing would have been lost: the sum
# comes out *right*, as in the loop above, and a comparison would have passed. On a GPU the threads of one warp would
# lose nearly every time; but there are races that go well there, too, until one day they do not. The runner keeps
# books: who has read and written what since the last barrier. Two threads in one place, one of them writing, nothing to
# say which comes first: that is a race, whatever numbers it happens to give.
#
# ### Atomic additions
#
# `cuda.atomic.add` makes one thing of the three. Nothing is lost any more. But who comes first is as open as before:


# %%
def atomically(dy, y, dx, db):
    """No race, but the order of the sum is left to chance."""
    i = cuda.grid(1)
    if i < dy.size:
        dx[i] = slope(dy[i], y[i])
        cuda.atomic.add(db, i % db.size, dx[i])


assert caught(atomically, 4, THREADS, backward_args) is threads.OrderDependent

a = np.float32(1e8)
assert (a + -a) + np.float32(1) == 1
assert a + (-a + np.float32(1)) == 0  # 1 is lost in the rounding of 100 million

# %% [markdown]
# The sum of floats depends on its order. The two values above differ in the last digit; is that worth a thought? With a
# fixed order two runs agree **to the bit**. Then a training that is resumed is the same as one that was never
# interrupted, and a test can demand it; a change to the code that should change nothing can be shown to change nothing;
# and a cost of NaN at step 8,000 is there again when you look for it. Where the order is left to chance, all of these
# become "about equal", and small bugs live in "about". So the library has no atomic additions of floats.
#
# ### A thread for each column
#
# Give every sum to one thread, and there is nobody to race with:


# %%
def naive(dy, y, dx, db):
    """A thread for each column, which goes through all rows."""
    o = cuda.grid(1)
    if o < db.size:
        total = dy.dtype.type(0)
        for i in range(o, dy.size, db.size):
            dx[i] = slope(dy[i], y[i])  # (5)
            total += dx[i]
        db[o] = total


launch(naive, O, dy, y, dx, db)
assert np.allclose(dx, dx_expected, rtol=1e-5, atol=1e-7)
assert np.allclose(db, db_expected, rtol=1e-5, atol=1e-7)

# %% [markdown]
# That is right, fixed, and slow: the sparse autoencoder of the first lesson has 25 hidden units, so 25 threads would be
# at work on a machine that has room for 270,336 (an H100: 132 multiprocessors of 2048).
#
# ### Stay in the column
#
# Look at the kernel again: thread $o$ starts at element $o$ and goes on by $O$ elements. Why not by more? Let $S$
# threads start at elements 0 to $S - 1$ and go on by $S$. If $S = qO$ is a whole number of rows, thread $t$ meets the
# elements $t + kS$, and
#
# $$ (t + kS) \bmod O = (t + k\,q\,O) \bmod O = t \bmod O: \tag{6} $$
#
# it never leaves its column, and can keep a sum of it in a register. There are $q$ threads to a column now. What they
# leave is a matrix of $q$ rows, partial sums, in the same order as the elements they began with.


# %%
def walk(dy, y, dx, partial, stride):
    """A thread stays in its column and keeps the sum of what it writes."""
    t = cuda.grid(1)
    if t < stride:
        total = dy.dtype.type(0)
        for i in range(t, dy.size, stride):
            dx[i] = slope(dy[i], y[i])  # (5)
            total += dx[i]
        partial[t] = total


def diary(who, when, stride):
    """The same walk, written down: which thread comes to an element, and as which of its elements."""
    t = cuda.grid(1)
    if t < stride:
        for i in range(t, who.size, stride):
            who[i], when[i] = t, i // stride


def picture_of(strides):
    """The matrix once for each stride, with the numbers of the threads, darker the later they come."""
    figure = new_figure(1500, 900)
    for (title, stride), ax in zip(strides.items(), figure.subplots(1, len(strides)), strict=True):
        who, when = np.zeros((N, O), np.int64), np.zeros((N, O), np.int64)
        launch(diary, stride, who, when, stride)
        assert (who % O == np.arange(O)).all() == (stride % O == 0)  # (6)
        ax.imshow(when, cmap="Blues", vmin=-1, vmax=1.5 * N)
        for (row, column), t in np.ndenumerate(who):
            ax.text(column, row, t, ha="center", va="center", fontsize=SMALL)
        ax.set_title(title, fontsize=SMALL)
        ax.set_axis_off()
    return figure


picture_of({"S = O": O, "S = 2 O": 2 * O, "S = 7": 7})

# %% [markdown]
# The matrix three times: the number is the thread that comes to an element, and the darker, the later it comes. On the
# left a thread to a column. On the right $S$ is not a multiple of $O = 5$, and every thread drifts through all columns:
# its sum would be a sum of nothing in particular. In the middle there is one more thing to see: neighbours in a row
# belong to neighbouring threads, at the same time. A warp's 32 threads read 32 numbers that lie side by side, which the
# memory hands over together (**coalesced** access).
#
# ### The tree
#
# Now the partial sums, (q, O), have to be added up, column by column. A block to a column; its threads first add up
# what is left beyond their number, and then meet in a **tree**, in memory that the block shares:
#
#     place       0         1        2     3     4    5    6    7
#     start       a         b        c     d     e    f    g    h
#     half = 4    a+e       b+f      c+g   d+h
#     half = 2    a+e+c+g   b+f+d+h
#     half = 1    all
#
# With $T$ threads it takes $\log_2 T$ levels in the place of $T - 1$ additions in a row. Between two levels all
# threads have to wait: `cuda.syncthreads()` is a **barrier**, which nobody passes before all of the block have come.

# %%
LEAVES = 8  # threads in a block that adds up


@cuda.jit(device=True)
def sum_tree(tree, t, value):
    """Leave in tree[0] the sum of the values of a block's threads; every one of them must come here."""
    tree[t] = value
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if t < half:
            tree[t] += tree[t + half]
        cuda.syncthreads()
        half //= 2


def finish_with(sum_tree):
    """The kernel that adds up partial sums, by a tree of your choice."""

    def finish(partial, sums):
        tree = cuda.shared.array(LEAVES, float32)  # one for each block; a compiler must know the size
        column, t = cuda.blockIdx.x, cuda.threadIdx.x
        total = partial.dtype.type(0)
        for row in range(t, partial.shape[0], cuda.blockDim.x):
            total += partial[row, column]
        sum_tree(tree, t, total)
        if t == 0:
            sums[column] = tree[0]

    return finish


def fused_backward(walk, finish, stride):
    """Run both kernels, in all orders; return dx and db."""
    dx, db = np.zeros_like(dy), np.zeros(O, np.float32)
    partial = np.full((stride // O, O), np.nan, np.float32)
    launch(walk, stride, dy, y, dx, partial, stride)
    threads.run_all_orders(finish, O, LEAVES, (partial, db))
    return dx, db


for stride in O, 2 * O, 5 * O, 10 * O:
    dx, db = fused_backward(walk, finish_with(sum_tree), stride)
    print(f"{stride:2} threads: db[1] = {db[1]:.9f}")
    assert np.allclose(dx, dx_expected, rtol=1e-5, atol=1e-7)
    assert np.allclose(db, db_expected, rtol=1e-5, atol=1e-6)

# %% [markdown]
# Each line was the same to the bit in four orders of blocks and threads. For which numbers are added in which order is
# decided by $N$, $O$, $S$ and $T$ alone, nowhere by who comes first. Among each other the lines may differ in the last
# digits: another $S$ is another order. So $S$ must be worked out from the size of the array, never from the device or
# from what happens to be free. And there is a second gain: of $N$ rows, no number goes through more than
#
# $$ \underbrace{N / q}_{\text{in the column}} + \underbrace{q / T}_{\text{before the tree}} +
#    \underbrace{\log_2 T}_{\text{in the tree}} \tag{7} $$
#
# additions, each of which rounds, in the place of $N$. (Each term rounded up.)
#
# ### What happens at a barrier
#
# Three ways to get the tree wrong. **No barrier at the start:** a thread takes what its neighbour has not yet put
# there.


# %%
@cuda.jit(device=True)
def no_barrier_first(tree, t, value):
    """Wrong: a fast thread adds what a slow one has not yet written."""
    tree[t] = value
    half = cuda.blockDim.x // 2
    while half > 0:
        if t < half:
            tree[t] += tree[t + half]
        cuda.syncthreads()
        half //= 2


partial, db = rng.normal(size=(10, O)).astype(np.float32), np.zeros(O, np.float32)
assert caught(finish_with(no_barrier_first), O, LEAVES, (partial, db)) is threads.Uninitialised

# %% [markdown]
# Shared memory does not begin with zeros, but with whatever the last block has left. **No barrier between the levels:**


# %%
@cuda.jit(device=True)
def no_barrier_between(tree, t, value):
    """Wrong: a fast thread begins the next level before the last one has ended."""
    tree[t] = value
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if t < half:
            tree[t] += tree[t + half]
        half //= 2


assert caught(finish_with(no_barrier_between), O, LEAVES, (partial, db)) is threads.Race

# %% [markdown]
# **A barrier in an `if`.** Only half of the threads work in the first level, so why should the others wait?


# %%
@cuda.jit(device=True)
def barrier_in_an_if(tree, t, value):
    """Wrong: threads wait for others that never come."""
    tree[t] = value
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if t < half:
            tree[t] += tree[t + half]
            cuda.syncthreads()
        half //= 2


assert caught(finish_with(barrier_in_an_if), O, LEAVES, (partial, db)) is threads.DivergentBarrier

# %% [markdown]
# CUDA demands that all threads of a block reach the same barrier. What happens otherwise is left open; a GPU may hang,
# or go on with wrong numbers. So: `if` around the work, never around the barrier.
#
# ### The library's own
#
# `miniae_kernels/cuda/columns.py` and `bias_activation.py` have these kernels for every activation, made faster, with
# an option for the activation and a factor for the sum. The runner takes them as they are. They add in our order, so
# they agree with ours to the bit:

# %%
dx, db = fused_backward(walk, finish_with(sum_tree), 2 * O)
dx_library, db_library = np.zeros_like(dx), np.zeros_like(db)
partial = np.zeros((2, O), np.float32)
launch(KERNELS["sigmoid"].backward_with_bias, 2 * O, dy, y, dx_library, partial, 0.0, 2 * O)
threads.run_all_orders(columns.finish, O, LEAVES, (partial, db_library, 1.0))
assert np.array_equal(dx, dx_library)
assert np.array_equal(db, db_library)

# %% [markdown]
# ## 4. Backward as a gather
#
# The bias was a first case of something general. Going forward, a thread per output *reads* what it needs; many may
# read one place. Going backward, read as "each output hands its gradient to its inputs", a thread per output *writes*
# into inputs, and many may write into one place. Forward gathers, backward **scatters**.
#
# Take max-pooling (third lesson, (17), without padding): every window remembers its **switch**, the place of its
# largest pixel, as $k \cdot KW + l$. Going back each window hands its $dy$ to that pixel. A thread for each window,
# then, in a grid of three axes:


# %%
def scatter(dy, switches, dx, size, stride):
    """A thread for each window, which hands its dy to the pixel of its switch."""
    j, i, n = cuda.grid(3)  # x, y, z: neighbouring threads differ in x
    if n < dy.shape[0] and i < dy.shape[1] and j < dy.shape[2]:
        for c in range(dy.shape[3]):
            k, l = switches[n, i, j, c] // size, switches[n, i, j, c] % size
            dx[n, i * stride + k, j * stride + l, c] += dy[n, i, j, c]


def pooled(image, size, stride):
    """Switches of max-pooling, a random dy, and the dx that the library has for it."""
    y, cache = ops.max_pool2d_forward(image, kernel_size=size, stride=stride)
    dy = rng.normal(size=y.shape).astype(np.float32)
    return dy, cache.switches, ops.max_pool2d_backward(dy, cache)


GRID, BLOCK = (2, 2, 2), (4, 4, 1)  # 8 x 8 places in each of two images: more than there are
image = rng.normal(size=(2, 7, 7, 3)).astype(np.float32)

dy_side_by_side, switches, expected = pooled(image, 2, 2)
dx = np.zeros_like(image)
assert caught(scatter, GRID, BLOCK, (dy_side_by_side, switches, dx, 2, 2)) is None
assert np.allclose(dx, expected, rtol=1e-6, atol=0)

# %% [markdown]
# No complaint, and right. The windows stand side by side, and no pixel is in two of them. Now windows that overlap, 3x3
# with stride 2:

# %%
dy_overlapping, switches, expected = pooled(image, 3, 2)
assert caught(scatter, GRID, BLOCK, (dy_overlapping, switches, np.zeros_like(image), 3, 2)) is threads.Race

rising = np.arange(image.size, dtype=np.float32).reshape(image.shape)  # brighter to the bottom and to the right
dy_rising, switches_rising, _ = pooled(rising, 3, 2)
assert caught(scatter, GRID, BLOCK, (dy_rising, switches_rising, np.zeros_like(image), 3, 2)) is None

# %% [markdown]
# The same kernel breaks a rule with one image and none with the other: where the picture grows brighter to the bottom
# right, every window chooses its own last pixel, and no two choose the same. The bookkeeping finds what happens, not
# what might happen with other data. Try kernels on data that make trouble, random ones at least.
#
# ### The other way round
#
# Which windows have chosen pixel $p$? As a sum over all of them, with $[\cdot]$ for 1 where it holds and 0 otherwise,
#
# $$ dx_p = \sum_{\text{windows } w} [\,\text{switch of } w \text{ points at } p\,]\; dy_w \tag{8} $$
#
# A scatter goes through $w$ on the outside, a thread for each, and adds to many $p$. Turn the loops round: a thread for
# each $p$, and inside a loop over $w$. Not over all of them, since by (2) of the third lesson place $(k, l)$ of window
# $(i, j)$ is the pixel $(iS + k, jS + l)$. So a pixel has for every $(k, l)$ at most one window: $i = (r - k)/S$ and
# $j = (q - l)/S$, if these are whole numbers and there is such a window.


# %%
def gather(dy, switches, dx, size, stride):
    """A thread for each pixel, which asks the windows it stands in whether they have chosen it."""
    q, r, n = cuda.grid(3)
    if n < dx.shape[0] and r < dx.shape[1] and q < dx.shape[2]:
        for c in range(dx.shape[3]):
            total = dx.dtype.type(0)
            for k in range(size):
                for l in range(size):
                    i, j = (r - k) // stride, (q - l) // stride
                    whole = i * stride + k == r and j * stride + l == q
                    there = whole and 0 <= i < dy.shape[1] and 0 <= j < dy.shape[2]
                    if there and switches[n, i, j, c] == k * size + l:
                        total += dy[n, i, j, c]  # (8)
            dx[n, r, q, c] = total


dx = np.full_like(image, np.nan)  # every pixel is written: it need not be 0 to begin with
threads.run_all_orders(gather, GRID, BLOCK, (dy_overlapping, switches, dx, 3, 2))
assert np.allclose(dx, expected, rtol=1e-6, atol=1e-7)

chosen = np.zeros_like(dy_overlapping)  # what the windows would take from an image u: the way forward
u = rng.normal(size=image.shape).astype(np.float32)
for n, i, j, c in np.ndindex(chosen.shape):
    chosen[n, i, j, c] = u[n, 2 * i + switches[n, i, j, c] // 3, 2 * j + switches[n, i, j, c] % 3, c]
assert np.isclose((chosen * dy_overlapping).sum(), (u * dx).sum(), rtol=0, atol=1e-4)

# %% [markdown]
# The last line is the adjoint identity, (15) of the third lesson. In its words: the way forward is a matrix $A$ with a
# single 1 in every row, and $dx = A^T dy$. A scatter goes through $A$ row by row, a gather through $A^T$ row by row. It
# is the same product. In the second every thread owns what it writes, so that there is no race, no atomic addition, no
# array to be set to 0 before, and the order of every sum is fixed. It reads more, each switch up to $K^2$ times, but
# most of that from a cache.
#
# The library's backward passes of convolutions (`im2col.py`, with (9) of the third lesson in its head), pooling and
# upsampling are gathers, all of them. **A thread for each number that is written.** If you keep one sentence of this
# lesson, keep this one.

# %% [markdown]
# ## 5. The whole step
#
# A training step of the sparse autoencoder takes two dozen launches: the batch is picked, two products forward with two
# activations, the mean activations, the divergence and the cost with the sums they need, three products backward with
# two slopes and their sums, weight decay, the optimiser, a counter. How long is that?
#
# With 64 pixels, 25 hidden units and 256 examples the five products do
# $5 \cdot 2 \cdot 256 \cdot 64 \cdot 25 \approx 4$ million operations. By the data sheet of section 2 that is a
# sixteenth of a microsecond. And a launch? For one by Numba from Python, 6.6 us were reported for a kernel without
# arguments, 10.6 with one array and 14.1 with two (github.com/NVIDIA/numba-cuda, pull request 288). Take 10:
#
# $$ \text{step} \;\ge\; \max\big( \underbrace{24 \cdot 10\ \text{us}}_{\text{the processor launches}},\;
#    \text{time of the GPU} \big) \;\ge\; 240\ \text{us} \tag{9} $$

# %%
_, to_compute = bound(0, 5 * 2 * 256 * 64 * 25)
print(f"to compute {to_compute:.3f} us, to launch {24 * 10} us: {24 * 10 / to_compute:.0f} times as long")
assert 0.061 < to_compute < 0.062

# %% [markdown]
# The arithmetic is nothing beside the launches. Fusing helps twice, fewer bytes and fewer launches; but what is left is
# too much still. A **CUDA graph** is the remedy: the processor goes through the step once more while the driver
# *records* what is launched and runs none of it, and from then on one call replays the whole recording.
#
# ### What a recording knows
#
# It holds the kernels, their order, and their arguments: a number as the number it was, an array as its *address*.
# In a few lines, with the runner for a GPU:


# %%
class Recording:
    """Launches, kept to be run again."""

    def __init__(self):
        self.launches = []

    def launch(self, *launch):
        """Keep a launch: kernel, blocks, threads, arguments."""
        self.launches.append(launch)

    def replay(self):
        """Run them all."""
        for launch in self.launches:
            threads.run_all_orders(*launch)


# %% [markdown]
# To see what follows from it, the smallest training there is. The network is nothing but a bias, $\hat x = \theta$, the
# cost of an example $\frac12 (\theta - x)^2$, its gradient $\theta - x$. With the learning rate $1/k$ in step $k$, one
# epoch of single examples ends at their mean, whatever their order: $\theta_k = \theta_{k-1} - \frac1k (\theta_{k-1} -
# x_k)$ is how one updates a mean. A first attempt:


# %%
def pick(data, row, batch):
    """Bring an example to where the step expects it."""
    i = cuda.grid(1)
    if i < batch.size:
        batch[i] = data[row, i]


def descend(theta, batch, rate):
    """A step down the gradient."""
    i = cuda.grid(1)
    if i < theta.size:
        theta[i] -= rate * (theta[i] - batch[i])


data = rng.normal(size=(6, 4)).astype(np.float32)
theta, batch = np.zeros(4, np.float32), np.zeros(4, np.float32)
order = rng.permutation(6)

naive_step, k = Recording(), 1
naive_step.launch(pick, 1, 4, (data, order[k - 1], batch))
naive_step.launch(descend, 1, 4, (theta, batch, np.float32(1 / k)))
for _ in range(6):
    naive_step.replay()
    k += 1
print("the first example", data[order[0]], "\nwhat was learned ", theta, "\nthe mean         ", data.mean(axis=0))
assert np.array_equal(theta, data[order[0]])

# %% [markdown]
# Six steps, and six times the first example with the first learning rate. `k` went on; the recording knows nothing of
# `k`, it has a 1. What changes from step to step must be **read from memory on the device**, at the place that a
# counter says, and the counter must be moved by a kernel, too:


# %%
def pick_next(data, order, at, batch):
    """The example that is next in the epoch's order."""
    i = cuda.grid(1)
    if i < batch.size:
        batch[i] = data[order[at[0]], i]


def descend_next(theta, batch, rates, at, costs):
    """A step with the learning rate that is next; the cost is kept for later."""
    i = cuda.grid(1)
    if i < theta.size:
        if i == 0:
            costs[at[0]] = (theta[0] - batch[0]) * (theta[0] - batch[0]) / theta.dtype.type(2)
        theta[i] -= rates[at[0]] * (theta[i] - batch[i])


def advance(at):
    """The step is done; by one thread."""
    at[0] += 1


at, rates, costs = np.zeros(1, np.int64), np.zeros(6, np.float32), np.zeros(6, np.float32)
theta[...] = 0
step = Recording()
step.launch(pick_next, 1, 4, (data, order, at, batch))
step.launch(descend_next, 1, 4, (theta, batch, rates, at, costs))
step.launch(advance, 1, 1, (at,))
for epoch in range(2):
    order[...], rates[...], at[...], theta[...] = rng.permutation(6), 1 / np.arange(1, 7), 0, 0  # handed over once
    for _ in range(6):
        step.replay()
    print(f"epoch {epoch}: learned {theta}, costs of the first feature {costs.round(2)}")
    assert np.allclose(theta, data.mean(axis=0), rtol=0, atol=1e-6)

# %% [markdown]
# One recording, two epochs, in two orders. Why is `advance` a launch of its own, for one number? Because all threads of
# `descend_next` read the counter. Were one of them to move it meanwhile, some would read the old and some the new
# value:


# %%
def descend_and_advance(theta, batch, rates, at):
    """Wrong: a counter is moved that others still read."""
    i = cuda.grid(1)
    theta[i] -= rates[at[0]] * (theta[i] - batch[i])
    if i == 0:
        at[0] += 1


at[...] = 0
assert caught(descend_and_advance, 1, 4, (theta, batch, rates, at)) is threads.Race

# %% [markdown]
# Between two launches (in one stream, as a GPU's queue is called) everything is ordered. Within a launch only a barrier
# orders, and only within a block. So where all blocks must have finished, there a launch ends.
#
# ### The real one
#
# `miniae_kernels/cuda/captured.py` is the same with a whole network in it. Read it beside this table:
#
# | what changes from step to step | where it lies, and who reads it |
# |---|---|
# | which examples | `order`, `start`: the epoch's permutation; `gather` picks the batch |
# | learning rate, Adam's corrections | `Table.numbers`, a row for each step, worked out before the epoch |
# | the random numbers of noise | none are stored: made from (seed, `count`, stream), and `count` is on the device |
# | the cost | `Table.costs`, an entry for each step, read by the processor when the epoch ends |
# | that something went wrong | `halt`: the optimiser's kernel looks at it and leaves theta alone |
# | the step's number | `at`, `count`: moved by `advance`, the last launch |
#
# Two more things follow from addresses. All memory of a step must be there before and stay (a pool for each graph). And
# a batch of another size, the last of an epoch, is another recording. Before a capture the step is run twice for
# nothing, because the first run compiles, which no recording can hold; what it has changed is put back. The two dozen
# launches stand by name in `tests/gpu/test_nodes.py`, and whoever adds one has to change that test.
#
# ## 6. What the runner does not see
#
# - **Speed.** Nothing of it: neither whether neighbouring threads read neighbouring numbers, nor how many registers a
#   thread takes, nor what a launch costs. A kernel with one thread for everything passes every check.
# - **Rounding.** A GPU makes of $ab + c$ one operation with one rounding (FMA), and has an `exp` of its own; the last
#   digit differs from NumPy's. Bit-equal runs are so on one device, with one compiled kernel.
# - **float64 by accident.** `1 - y` beside a float32 is float64 on the device, as section 1 says. A compiler's output
#   shows it; the library has every kernel's looked through (`kernels/compiled.md`).
# - **The memory model.** Here a write is seen by all at once. On a GPU it may take its time, and writes may be seen in
#   another order. Where threads hand values to each other across barriers, exchanges of a warp and launches only, that
#   makes no difference; of kernels that do more, such as locks made of atomics, the runner's word is not enough.
# - **What did not happen.** Races that need other data, other sizes, another launch.
# - **Arguments that nobody has filled.** Only shared and local memory is known to be unwritten. What `np.empty` happens
#   to hold counts as written: fill an output with NaN first, as section 4 does.
# - **What does not compile.** Here a kernel is Python, and may use a list or a random number of NumPy's. For a GPU,
#   Numba takes neither.
#
# What it does see, it sees every time, with the line. On a GPU there is a tool for that, too, NVIDIA's
# `compute-sanitizer`. It needs the GPU, and looks for races in shared memory only: that of section 4 it would miss.

# %% [markdown]
# ## 7. Check yourself
#
# The answers are at the very end. Write yours down first.
#
# 1. 1000 elements, blocks of 256. How many blocks, and how many threads have nothing to do?
# 2. The tree, with 6 threads in its block. Which rule is broken, and what comes out?
# 3. In `walk`, every thread reads `dy` and `y` and writes `dx` at the same place $i$. May `dx` be `dy` itself?
# 4. Could the blocks of `finish` be spared, by letting the last thread of `walk` that has finished add up the rest?
# 5. A recorded step with dropout draws the same mask in every step. What was forgotten?
# 6. A kernel passes `run_all_orders`. Name three things that you still do not know.
#
# ## 8. Exercises
#
# Solutions follow the answers. For each: launch with `run_all_orders`, compare with the library's operation.
#
# 1. **Tanh.** The fused backward of bias and tanh, $dx = dy\,(1 - y^2)$, $db_o = \sum_n dx_{no}$. Try also a stride
#    that is not a multiple of $O$, and `db[t % db.size] += total`. What does the runner say to either?
# 2. **Dropout**, $y_i = x_i / (1 - r)$ where $u_i \ge r$, else 0. The mask must not depend on how many threads there
#    are, and the backward must find the same one without storing it. `uniform_at(i, seed, step, stream, real)` is the
#    library's $i$-th random number, as a function to be called in a kernel. First try a generator for each thread that
#    goes on from number to number (1664525 times the last plus 1013904223, in uint32), and launch it twice, with
#    different numbers of threads. `cuda.gridsize(1)` is how many there are.
# 3. **Softmax** of every row, a block to a row: the largest by a tree, then the sum of $e^{x - \max}$ by a tree, then
#    the division. One shared array is enough for both trees, but not just so.
# 4. **For two.** Take one of the library's kernels in `kernels/miniae_kernels/cuda`, remove one barrier or one
#    condition, and show your neighbour nothing but what the runner says. `tests/gpu/broken` is a shelf of broken ones.
#
# ## 9. What to read next
#
# Every kernel's file has the same order: what it overrides, the idea with its bytes, a naive kernel that reads like the
# formula, the faster one.
#
# - `kernels/miniae_kernels/cuda/bias_activation.py`, `columns.py`, `totals.py`: sections 1 to 3;
# - `max_pool2d.py`, `upsample2d.py`, `im2col.py`: section 4;
# - `captured.py`, `step.py`: section 5;
# - `noise.py`, `dropout.py`, `softmax.py`: exercises 2 and 3;
# - `kernels/miniae_kernels/threads`: the runner. `ledger.py` finds the races.
#
# Elsewhere: NVIDIA's CUDA C++ Programming Guide, the chapters on the programming model and on CUDA graphs; Mark Harris,
# "Optimizing Parallel Reduction in CUDA", on trees (without barriers its last warp is a race: since 2017, with Volta, a
# warp's threads may drift apart); and Williams, Waterman and Patterson (2009), "Roofline: an insightful visual
# performance model for multicore architectures", Communications of the ACM 52, on (4).

# %% [markdown]
# ## Answers
#
# 1. Four blocks; 24 threads.
# 2. None. Half is 3, then 1: place 2 is added to nothing in the second level, and is missing in the sum. The number of
#    threads must be a power of 2. No rule is broken by leaving something out; the comparison shows it.
# 3. Yes: the thread that writes place $i$ is the only one that reads it, and it has read it before.
# 4. Not with what this lesson has. "The last one" is known by an atomic counter alone, and what the other blocks have
#    written need not be visible to it without a further rule (a memory fence). One more launch is what orders blocks.
# 5. The step's number was handed over as a number. It must be read from the device.
# 6. Whether it computes the right function; whether it breaks a rule with other data or sizes; how fast it is. Or:
#    whether a float64 slipped in; what the last digit will be on a GPU.
#
# What can be checked is checked:

# %%
# 1. The idle threads
assert -(-1000 // 256) == 4
assert 4 * 256 - 1000 == 24

# 2. Six threads in a tree
partial, sums = np.ones((6, O), np.float32), np.zeros(O, np.float32)
assert caught(finish_with(sum_tree), O, 6, (partial, sums)) is None
assert (sums == 4).all()  # of 6: places 2 and 5 have got lost

# 3. dx in the place of dy
dx, partial = dy.copy(), np.zeros((2, O), np.float32)
launch(walk, 2 * O, dx, y, dx, partial, 2 * O)
assert np.allclose(dx, dx_expected, rtol=1e-5, atol=1e-7)

# %% [markdown]
# ## Solutions
#
# ### 1. Tanh


# %%
def tanh_backward(dy, y, dx, partial, stride):
    """Stay in the column, with another slope."""
    t = cuda.grid(1)
    if t < stride:
        one, total = dy.dtype.type(1), dy.dtype.type(0)
        for i in range(t, dy.size, stride):
            dx[i] = dy[i] * (one - y[i] * y[i])
            total += dx[i]
        partial[t] = total


y_tanh, cache_tanh = ops.tanh_forward(x + b)
dx_tanh = ops.tanh_backward(dy, cache_tanh)
dx, db, partial = np.zeros_like(dy), np.zeros(O, np.float32), np.zeros((4, O), np.float32)
launch(tanh_backward, 4 * O, dy, y_tanh, dx, partial, 4 * O)
threads.run_all_orders(finish_with(sum_tree), O, LEAVES, (partial, db))
assert np.allclose(dx, dx_tanh, rtol=1e-5, atol=1e-6)
assert np.allclose(db, dx_tanh.sum(axis=0), rtol=1e-5, atol=1e-6)

# A stride of 7: dx is right, no rule is broken, and the partial sums are of no column
partial = np.zeros(7, np.float32)
flat = dy.reshape(-1), y_tanh.reshape(-1), dx.reshape(-1), partial
assert caught(tanh_backward, 1, THREADS, (*flat, 7)) is None
assert np.allclose(dx, dx_tanh, rtol=1e-5, atol=1e-6)
assert np.isclose(partial[0], dx_tanh.reshape(-1)[::7].sum(), rtol=1e-4)  # elements 0, 7, 14: columns 0, 2, 4


def into_the_column(dy, y, dx, db, stride):
    """Wrong: the threads of a column add to one place."""
    t = cuda.grid(1)
    if t < stride:
        one, total = dy.dtype.type(1), dy.dtype.type(0)
        for i in range(t, dy.size, stride):
            dx[i] = dy[i] * (one - y[i] * y[i])
            total += dx[i]
        db[t % db.size] += total


assert caught(into_the_column, 2, THREADS, (*flat[:3], db, 4 * O)) is threads.Race

# %% [markdown]
# ### 2. Dropout
#
# A generator for each thread: in every order the same, so the runner is content. But which number an element gets
# depends on how many threads there are, and the backward, or another GPU, may have another number of them.

# %%
RATE_OF_DROPS = 0.25
SCALE = np.float32(1) / np.float32(1 - RATE_OF_DROPS)


def drop_by_thread(x, y, rate, scale):
    """Wrong: a thread's numbers go to the elements that it happens to have."""
    t = cuda.grid(1)
    state = uint32(t + 1)
    for i in range(t, x.size, cuda.gridsize(1)):
        state = uint32(uint32(1664525) * state + uint32(1013904223))
        y[i] = x[i] * scale if float32(state) * float32(2.0**-32) >= rate else x.dtype.type(0)


def drop(x, y, rate, scale, seed, step, stream):
    """The number of an element is a function of its place."""
    for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
        u = uniform_at(i, seed, step[0], stream, x.dtype.type)
        y[i] = x[i] * scale if u >= rate else x.dtype.type(0)


def in_launches(kernel, x, *args):
    """What comes out with different numbers of threads, each run in every order."""
    results = []
    for blocks, in_a_block in (1, 8), (2, 16), (7, 8):
        y = np.zeros_like(x)
        threads.run_all_orders(kernel, blocks, in_a_block, (x, y, np.float32(RATE_OF_DROPS), SCALE, *args))
        results.append(y)
    return results


flat_x, step_on_device = x.reshape(-1), np.full(1, 7, np.uint32)
first, *others = in_launches(drop_by_thread, flat_x)
assert not any(np.array_equal(first, other) for other in others)

place = np.uint64(2024), step_on_device, np.uint32(3)  # seed, step, stream
first, *others = in_launches(drop, flat_x, *place)
assert all(np.array_equal(first, other) for other in others)
u = noise.uniform(flat_x.shape, np.float32, seed=2024, step=7, stream=3)
assert np.array_equal(first, np.where(u >= np.float32(RATE_OF_DROPS), flat_x * SCALE, 0))

# The backward is the same kernel on dy: it makes the same numbers again
dx, *_ = in_launches(drop, dy.reshape(-1), *place)
assert np.array_equal(dx == 0, first == 0)

# %% [markdown]
# `step_on_device` is an array with a single number, for the reason of section 5: a recorded step reads it anew each
# time. The library's `dropout.py` does the same, with less work: a block of four random words is made once, and shared
# by the threads of a block.
#
# ### 3. Softmax


# %%
@cuda.jit(device=True)
def max_tree(tree, t, value):
    """Leave in tree[0] the largest of the values of a block's threads."""
    tree[t] = value
    cuda.syncthreads()
    half = cuda.blockDim.x // 2
    while half > 0:
        if t < half:
            tree[t] = max(tree[t], tree[t + half])
        cuda.syncthreads()
        half //= 2


def softmax(x, y):
    """A block to a row; both trees in one shared array."""
    tree = cuda.shared.array(LEAVES, float32)
    row, t = cuda.blockIdx.x, cuda.threadIdx.x
    largest = x.dtype.type(-math.inf)
    for c in range(t, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, c])
    max_tree(tree, t, largest)
    largest = tree[0]
    cuda.syncthreads()  # all have read the largest: the second tree may use its place
    total = x.dtype.type(0)
    for c in range(t, x.shape[1], cuda.blockDim.x):
        y[row, c] = math.exp(x[row, c] - largest)
        total += y[row, c]
    sum_tree(tree, t, total)
    for c in range(t, x.shape[1], cuda.blockDim.x):
        y[row, c] /= tree[0]


def softmax_in_a_hurry(x, y):
    """Wrong: thread 0 begins the second tree where others still read the first one's result."""
    tree = cuda.shared.array(LEAVES, float32)
    row, t = cuda.blockIdx.x, cuda.threadIdx.x
    largest = x.dtype.type(-math.inf)
    for c in range(t, x.shape[1], cuda.blockDim.x):
        largest = max(largest, x[row, c])
    max_tree(tree, t, largest)
    largest = tree[0]
    total = x.dtype.type(0)
    for c in range(t, x.shape[1], cuda.blockDim.x):
        y[row, c] = math.exp(x[row, c] - largest)
        total += y[row, c]
    sum_tree(tree, t, total)
    for c in range(t, x.shape[1], cuda.blockDim.x):
        y[row, c] /= tree[0]


logits = 3 * rng.normal(size=(4, 11)).astype(np.float32)
p = np.zeros_like(logits)
threads.run_all_orders(softmax, len(logits), LEAVES, (logits, p))
assert np.allclose(p, ops.softmax_forward(logits)[0], rtol=1e-5, atol=1e-7)
assert caught(softmax_in_a_hurry, len(logits), LEAVES, (logits, p)) is threads.Race
