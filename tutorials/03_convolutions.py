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
# # Convolutions, forward and backward
#
# **Goal.** You will write a convolution as plain loops and read its backward pass off them, have both checked, turn the
# loops into one matrix product, do the same for pooling and upsampling, and put all of it together into a convolutional
# autoencoder.
#
# **You need** the backward pass of a dense layer (the first lesson, sections 2 to 4), NumPy, pencil and paper, and
# about 90 minutes; the code itself runs in some ten seconds. Install with `pip install -e ".[course]"` in the
# repository's folder.
#
# **How to use it.** As the lessons before: a script and a notebook at once. Where a statement can be checked, a cell
# checks it with `assert`.

# %%
"""Convolutions, forward and backward."""

import timeit
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import convolve2d

from miniae import check, check_pair, fit, loops, ops, plots
from miniae.backends import Backend, backend
from miniae.data import digits
from miniae.layers import Conv2d, MaxPool2d
from miniae.models import ConvAutoencoder
from miniae.network import Sequential
from miniae.ops.convolution import CHUNK, rows
from miniae.ops.upsample2d import enlarging
from miniae.ops.windows import windows
from miniae.optimizers import Adam
from miniae.summary import summary

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. What a convolution computes
#
# A dense layer from an image of 8x8 pixels to 16 images of the same size has $64 \cdot 1024 = 65{,}536$ weights, one
# for every pair of an input and an output. It does not know that pixels have neighbours, and what it learns in one
# corner it has to learn again in every other. A convolution drops most of these weights and shares the rest:
#
# - an output looks only at a small **window** of the image;
# - the weights of the window, called the **kernel**, are the same wherever the window stands.
#
# With windows of 3x3 that leaves $3 \cdot 3 \cdot 16 = 144$ weights.
#
# ### In one dimension
#
# Pixels $x_0, x_1, \dots$ in a line, a kernel $w_0, \dots, w_{K-1}$, a bias $b$. The window moves along, and at each
# place $i$ gives one weighted sum:
#
# $$ y_i = b + \sum_k x_{i+k}\, w_k \tag{1} $$
#
# Place $i$ counts windows. Place $k$ counts pixels inside of a window, from its first one on. So the pixel that stands
# at place $k$ of window $i$ has the number $i + k$. All of this lesson is bookkeeping with this one sum of indices.
#
# By pencil: the pixels 1, 2, 3, 4 and the kernel 1, 10, 100 give $1 + 20 + 300 = 321$ and $2 + 30 + 400 = 432$.
#
# ### In two dimensions, with channels
#
# An image has height, width and channels (1 in gray, 3 in colour; later, as many as the layer before has kernels). The
# window moves down and to the right. Three more things come in:
#
# - **Stride** $S$: the window moves $S$ pixels at a time.
# - **Padding** $P$: it starts $P$ pixels before the image. There is nothing to see there; such pixels count as 0.
# - **Channels**: every output channel has a kernel of its own, which sees all the input's channels.
#
# | index | runs over | how many |
# |---|---|---|
# | $n$ | images of the batch | $N$ |
# | $i, j$ | windows: row and column in the output | $OH, OW$ |
# | $k, l$ | places in a window: row and column in the kernel | $KH, KW$ |
# | $r, q$ | pixels: row and column in the image | $H, W$ |
# | $c$, $o$ | channels going in, channels coming out | $C$, $O$ |
#
# Three pairs, then: $(r, q)$ says where in the input, $(i, j)$ where in the output, $(k, l)$ where in the kernel. They
# are tied to each other: at place $(k, l)$ of window $(i, j)$ stands the pixel
#
# $$ (r, q) = (iS + k - P,\; jS + l - P) \tag{2} $$
#
# and the layer computes
#
# $$ y_{nijo} = b_o + \sum_{k,l,c} x_{nrqc}\, w_{klco} \quad \text{with } (r, q) \text{ from (2)} \tag{3} $$
#
# As code: one loop over all outputs, and inside of it one over what is summed. `np.ndindex(a, b, c)` is three nested
# `for` in one.


# %%
class Cache(NamedTuple):
    """What the backward pass will need."""

    x: np.ndarray
    w: np.ndarray
    stride: int
    padding: int


def conv_forward(x, w, b, stride=1, padding=0):
    """A convolution, one product at a time."""
    (n_images, height, width, n_in), (kh, kw, _, n_out) = x.shape, w.shape
    oh, ow = ((size + 2 * padding - k) // stride + 1 for size, k in ((height, kh), (width, kw)))  # (5), see below
    y = np.zeros((n_images, oh, ow, n_out))
    for n, i, j, o in np.ndindex(y.shape):
        y[n, i, j, o] = b[o]
        for k, l, c in np.ndindex(kh, kw, n_in):
            r, q = i * stride + k - padding, j * stride + l - padding  # (2)
            if 0 <= r < height and 0 <= q < width:
                y[n, i, j, o] += x[n, r, q, c] * w[k, l, c, o]  # (3)
    return y, Cache(x, w, stride, padding)


def line(values):
    """Numbers as one image, one pixel high, with one channel: (1, 1, W, 1)."""
    return np.array(values, float).reshape(1, 1, -1, 1)


ones_tens_hundreds = line([1, 10, 100]).swapaxes(1, 2)  # a kernel one pixel high: (1, KW, 1, 1)
y, _ = conv_forward(line([1, 2, 3, 4]), ones_tens_hundreds, np.zeros(1))
print(y.ravel())
assert y.ravel().tolist() == [321, 432]

# %% [markdown]
# The library has the same loops in `miniae/loops.py`, as the specification that all fast code is held to. There
# `at`, made by `windows`, stands for sizes, stride and padding. Ours, the library's loops, and its fast convolution:

# %%
x, w, b = rng.normal(size=(2, 6, 5, 2)), rng.normal(size=(3, 3, 2, 4)), rng.normal(size=4)
GEOMETRIES = (1, 0), (1, 2), (2, 1)
for stride, padding in GEOMETRIES:
    y, _ = conv_forward(x, w, b, stride, padding)
    at = windows("conv2d", (6, 5), (3, 3), stride, padding)
    y_fast, _ = ops.conv2d_forward(x, w, b, stride=stride, padding=padding)
    assert np.allclose(y, loops.conv2d(x, w, at) + b, rtol=0, atol=1e-12)
    assert np.allclose(y, y_fast, rtol=0, atol=1e-12)
    print(f"stride {stride}, padding {padding}: {x.shape} -> {y.shape}")

# %% [markdown]
# What can one kernel of 3x3 see? A difference of neighbours sees edges. Here a digit, through "right minus left" and
# "below minus above":

# %%
x_digits = digits()[0].reshape(-1, 8, 8, 1)
right_minus_left = np.array([[-1, 0, 1]] * 3, float)
by_hand = np.stack([right_minus_left, right_minus_left.T], axis=-1)[:, :, None]  # (3, 3, 1, 2)
edges, _ = ops.conv2d_forward(x_digits[:1], by_hand, padding="same")
assert edges[0, 3, 1, 0] > 0 > edges[0, 3, 6, 0]  # the ring's left side begins, its right side ends
plots.feature_maps(np.concatenate([x_digits[0], edges[0]], axis=2), columns=3)

# %% [markdown]
# The digit; light where ink begins from left to right, dark where it ends; the same from top to bottom. Such a picture,
# one channel of an output, is called a **feature map**.
#
# Because the weights are the same everywhere, a shifted image gives the same map, shifted, with stride 1 and away from
# the border:

# %%
shifted = np.roll(x_digits[:1], 1, axis=2)
map_of_shifted, _ = ops.conv2d_forward(shifted, by_hand)
map_of_digit, _ = ops.conv2d_forward(x_digits[:1], by_hand)
assert np.allclose(map_of_shifted[:, :, 1:], map_of_digit[:, :, :-1], rtol=0, atol=1e-15)

# %% [markdown]
# ### Correlation and convolution
#
# In mathematics a convolution runs through the kernel *backwards*:
#
# $$ (x * w)_i = \sum_k x_{i - k}\, w_k \tag{4} $$
#
# Our (1) has $x_{i+k}$, and is strictly a *correlation*. Networks use (1) and call it a convolution all the same; where
# the kernel is learned it makes no difference, for a flipped kernel is learned as easily. It does make one where
# formulas or code are copied. NumPy's `convolve`, SciPy's `convolve2d` and MATLAB's `conv2`, which UFLDL's exercises
# use, compute (4). With the kernel flipped, along both axes, one is the other:

# %%
assert np.convolve([1, 2, 3, 4], [1, 10, 100], mode="valid").tolist() == [123, 234]  # not 321, 432
assert np.convolve([1, 2, 3, 4], [100, 10, 1], mode="valid").tolist() == [321, 432]

image, kernel = rng.normal(size=(6, 5)), rng.normal(size=(3, 2))
flipped = kernel[::-1, ::-1, None, None].copy()
y, _ = ops.conv2d_forward(image[None, :, :, None], flipped)
assert np.allclose(y[0, :, :, 0], convolve2d(image, kernel, mode="valid"), rtol=0, atol=1e-12)

# %% [markdown]
# ### How large is the output?
#
# Along each axis there are $P$ pixels of padding, $H$ of the image, and $Q$ of padding again. The last pixel of window
# $i$ is the one at $k = K - 1$, pixel $iS + K - 1$ of these. It has to exist: $iS + K - 1 \le P + H + Q - 1$. So $i$ is
# at most $(H + P + Q - K)/S$, rounded down, and since it starts from 0 there is one more:
#
# $$ OH = \Big\lfloor \frac{H + P + Q - K}{S} \Big\rfloor + 1 \tag{5} $$
#
# Two choices of padding have names. `"valid"` is none. `"same"` is as much as it takes for $OH = \lceil H / S \rceil$,
# with stride 1 the size that went in:
#
# $$ P + Q = \max\big( (OH - 1) S + K - H,\; 0 \big) \tag{6} $$
#
# If that is odd, the odd pixel goes to the end: $P$ is half of it, rounded down. (A number for the padding, as in our
# `conv_forward`, means $P = Q$.)

# %%
print("  H  K  S  padding  ->  P  Q  OH")
for height, k, stride, padding in (
    (28, 5, 1, "valid"), (28, 3, 1, "same"), (28, 3, 2, "same"), (28, 4, 1, "same"), (28, 3, 2, 1), (7, 2, 2, 1)
):  # fmt: skip
    at = windows("conv2d", (height, height), k, stride, padding)
    before, after, out = at.before[0], at.after[0], at.out[0]
    print(f"{height:3} {k:2} {stride:2}  {padding:>7}     {before:2} {after:2} {out:3}")
    assert out == (height + before + after - k) // stride + 1  # (5)
    if padding == "same":
        assert out == -(-height // stride)
        assert before + after == max((out - 1) * stride + k - height, 0)  # (6)
        assert before == (before + after) // 2

# %% [markdown]
# ## 2. Backward, read off the loops
#
# Let $dy_{nijo}$ stand for $\partial J/\partial y_{nijo}$, and $dx$, $dw$, $db$ likewise, as in the code. Given $dy$,
# we want the other three.
#
# The forward loops do nothing but one kind of step, many times over:
#
#     y += x * w
#
# If $x$ moves by a little, $y$ moves by $w$ times as much, and the cost by $dy \cdot w$. If $w$ moves, the cost moves
# by $dy \cdot x$. So to this one step belong two steps backward:
#
#     dx += dy * w
#     dw += dy * x
#
# That is the chain rule for one product. A pixel takes part in many products, since several windows contain it, and a
# weight in even more. By many roads they reach the cost, and the roads add up: hence `+=`. **Run through the same
# loops, with the same indices, and turn every product round.** That is the whole backward pass:


# %%
def conv_backward(dy, cache):
    """The gradients of conv_forward, one product at a time."""
    x, w, stride, padding = cache
    (_, height, width, n_in), (kh, kw, _, n_out) = x.shape, w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(n_out)
    for n, i, j, o in np.ndindex(dy.shape):
        db[o] += dy[n, i, j, o]  # (8)
        for k, l, c in np.ndindex(kh, kw, n_in):
            r, q = i * stride + k - padding, j * stride + l - padding  # (2)
            if 0 <= r < height and 0 <= q < width:
                dw[k, l, c, o] += dy[n, i, j, o] * x[n, r, q, c]  # (7)
                dx[n, r, q, c] += dy[n, i, j, o] * w[k, l, c, o]  # (9)
    return dx, dw, db


# %% [markdown]
# Which sums do these loops collect? Look at what stays fixed while the others run. A weight has fixed $k, l, c, o$, and
# all images and windows run past it. A bias has $o$ alone:
#
# $$ dw_{klco} = \sum_{n,i,j} dy_{nijo}\, x_{n,\,iS+k-P,\,jS+l-P,\,c} \tag{7} $$
#
# $$ db_o = \sum_{n,i,j} dy_{nijo} \tag{8} $$
#
# A pixel has fixed $n, r, q, c$. It hears from those windows that contain it, and from each at another place of the
# kernel:
#
# $$ dx_{nrqc} = \sum_{\substack{i,k:\\ iS+k-P=r}} \;\; \sum_{\substack{j,l:\\ jS+l-P=q}} \;\; \sum_o
#    dy_{nijo}\, w_{klco} \tag{9} $$
#
# Is it right? `check_pair` draws a random $dy$ and holds the three gradients against central differences (second
# lesson, section 6). In `x`, in `w` and in `b`, the other two held, the output is linear but for a constant, so the
# differences are exact with a step of 1:


# %%
def check_conv(backward, stride=2, padding=1, images=2):
    """Check a backward pass for conv_forward."""
    args = {"x": rng.normal(size=(images, 5, 5, 2)), "w": rng.normal(size=(3, 3, 2, 3)), "b": rng.normal(size=3)}
    linear = ("x", "w", "b")
    return check_pair(lambda x, w, b: conv_forward(x, w, b, stride, padding), backward, args, linear=linear)


report = check_conv(conv_backward)
print(report)
assert report.passed

y, cache = conv_forward(x, w, b, stride=2, padding=1)
dy = rng.normal(size=y.shape)
_, cache_fast = ops.conv2d_forward(x, w, b, stride=2, padding=1)
for mine, fast in zip(conv_backward(dy, cache), ops.conv2d_backward(dy, cache_fast), strict=True):
    assert np.allclose(mine, fast, rtol=0, atol=1e-12)

# %% [markdown]
# ### dx as a picture
#
# But for the bias a convolution is linear in $x$, so it is a matrix. In one dimension one can see it. Three windows of
# a kernel of 3 over five pixels:
#
# $$ \begin{pmatrix} y_0 \\ y_1 \\ y_2 \end{pmatrix} =
#    \underbrace{\begin{pmatrix}
#    w_0 & w_1 & w_2 & & \\ & w_0 & w_1 & w_2 & \\ & & w_0 & w_1 & w_2
#    \end{pmatrix}}_{A}
#    \begin{pmatrix} x_0 \\ x_1 \\ x_2 \\ x_3 \\ x_4 \end{pmatrix} \tag{10} $$
#
# Every row is the same kernel, one pixel further on; a matrix that is constant along its diagonals is called a Toeplitz
# matrix. For any matrix, $y = Ax$ has the backward $dx = A^T dy$, as in the dense layer:
#
# $$ \begin{pmatrix} dx_0 \\ dx_1 \\ dx_2 \\ dx_3 \\ dx_4 \end{pmatrix} =
#    \underbrace{\begin{pmatrix}
#    w_0 & & \\ w_1 & w_0 & \\ w_2 & w_1 & w_0 \\ & w_2 & w_1 \\ & & w_2
#    \end{pmatrix}}_{A^T}
#    \begin{pmatrix} dy_0 \\ dy_1 \\ dy_2 \end{pmatrix} \tag{11} $$
#
# Read the middle row of $A^T$: $w_2, w_1, w_0$. The transpose is a window that moves over $dy$ with the kernel
# **flipped**, and it begins and ends outside: $dy$ is padded by $K - 1$ zeros on both sides. That is called a *full*
# convolution,
#
# $$ dx_r = \sum_k dy_{r-k}\, w_k \tag{12} $$
#
# the convolution (4) of mathematics, with $dy$ taken as 0 outside. It is (9) with the condition solved for $i$: with
# $S = 1$ and $P = 0$, $i + k = r$ says $i = r - k$.
#
# The matrix can be measured: its column $r$ is what comes out if pixel $r$ is 1 and the others are 0.


# %%
def matrix_of(linear_map, size):
    """The matrix of a linear map on ``size`` numbers, column by column."""
    return np.stack([linear_map(unit).ravel() for unit in np.eye(size)], axis=1)


a = matrix_of(lambda v: ops.conv2d_forward(line(v), ones_tens_hundreds)[0], 5)
a_strided = matrix_of(lambda v: ops.conv2d_forward(line(v), ones_tens_hundreds, stride=(1, 2))[0], 5)
for matrix in a, a.T, a_strided:
    print(matrix.astype(int), "\n")

_, cache = ops.conv2d_forward(line(np.zeros(5)), ones_tens_hundreds)
dx, _, _ = ops.conv2d_backward(line([3, -1, 2]), cache)
assert dx.ravel().tolist() == (a.T @ [3, -1, 2]).tolist()  # (11)
assert dx.ravel().tolist() == np.convolve([3, -1, 2], [1, 10, 100], mode="full").tolist()  # (12)

assert np.array_equal(a_strided, a[::2])
assert (a_strided.T @ [3, 2]).tolist() == np.convolve([3, 0, 2], [1, 10, 100], mode="full").tolist()

# %% [markdown]
# The last matrix has stride 2: a stride leaves out rows. Its transpose leaves out the columns that belonged to the $dy$
# that are not there. The same comes of (12) with zeros in their place, $S - 1$ of them between any two $dy$.
#
# In two dimensions the same holds, with the kernel flipped along both axes, and with its channels in and out exchanged,
# since $dy$ has $O$ channels and $dx$ has $C$. With stride 1 and no padding:

# %%
w_back = w[::-1, ::-1].swapaxes(2, 3)  # (3, 3, O, C)
y, cache = conv_forward(x, w, b)
dy = rng.normal(size=y.shape)
full, _ = conv_forward(dy, w_back, np.zeros(2), padding=3 - 1)
dx, _, _ = conv_backward(dy, cache)
assert np.allclose(full, dx, rtol=0, atol=1e-12)

# %% [markdown]
# ### Five mistakes
#
# Now break it, in five ways that are easily found by oneself:
#
# - **A:** dx as a full convolution, and the kernel is not flipped.
# - **B:** windows counted from 1, as in MATLAB: pixel $iS + k - P + 1$. That is the same as a padding one too small.
# - **C:** the stride is forgotten on the way back: pixel $i + k - P$.
# - **D:** `=` for `+=` in the bias's sum over the batch. What is left is the last image's share.
# - **E:** height and width of dx are exchanged. With square images nothing complains.


# %%
def not_flipped(dy, cache):
    """A: the kernel as it is, only with its channels exchanged."""
    _, dw, db = conv_backward(dy, cache)
    dx, _ = conv_forward(dy, cache.w.swapaxes(2, 3), np.zeros(2), padding=3 - 1)
    return dx, dw, db


def off_by_one(dy, cache):
    """B: every pixel is the one after."""
    return conv_backward(dy, cache._replace(padding=cache.padding - 1))


def stride_forgotten(dy, cache):
    """C: every window one pixel after the one before."""
    return conv_backward(dy, cache._replace(stride=1))


def last_image(dy, cache):
    """D: = for += in the loop over images."""
    dx, dw, db = conv_backward(dy, cache)
    for dy_of_one in dy:
        db = dy_of_one.sum(axis=(0, 1))
    return dx, dw, db


def exchanged(dy, cache):
    """E: dx[n, q, r, c] in the place of dx[n, r, q, c]."""
    dx, dw, db = conv_backward(dy, cache)
    return dx.swapaxes(1, 2).copy(), dw, db


print(check_conv(not_flipped, stride=1, padding=0))

# %% [markdown]
# `w` and `b` pass, `x` fails in every entry. The report has recognised the forward as a convolution, has tried what a
# backward may do wrong, and says "turned by 180 degrees": flipped along both axes. All five:

# %%
causes = {
    not_flipped: ("x", "kernel-not-flipped"),
    off_by_one: ("x, w", "padding-wrong"),
    stride_forgotten: ("x, w", "stride-wrong"),
    last_image: ("b", "one-example-only"),
    exchanged: ("x", "h-w-swapped"),
}
for letter, (mistake, expected) in zip("ABCDE", causes.items(), strict=True):
    report = check_conv(mistake, *((1, 0) if mistake is not_flipped else (2, 1)))
    failing = ", ".join(report.names("fail"))
    print(f"{letter}: {failing} fail.\n{str(report.diagnosis).partition('(Judged')[0]}")
    assert (failing, report.diagnosis.first) == expected

# %% [markdown]
# In B and C both `x` and `w` fail, since a wrong pixel hits (7) and (9); the bias has no pixel. What to suspect:
#
# | what fails | what to suspect |
# |---|---|
# | `x` and `w` | the pixel's index (2): stride, padding, counting from 1 |
# | `x` alone | the kernel on the way back: not flipped, channels not exchanged; axes of dx exchanged |
# | `w` alone | the sum over images and windows in (7) |
# | `b` alone | the sum over images and windows in (8) |
#
# **How to choose the sizes for a check.** Mistake E needs square images to go unnoticed, C needs a stride above 1 to be
# seen at all, and D more than one image. So check with all sizes different, a stride, a padding, and several images.

# %%
assert check_conv(stride_forgotten, stride=1).passed  # nothing is seen, and nothing is wrong
assert check_conv(last_image, images=1).passed

# %% [markdown]
# ## 3. From loops to a matrix product
#
# A loop in Python costs far more than the product inside of it. The way out: write every window as a **row**, all its
# $KH \cdot KW \cdot C$ pixels side by side. Then (3) multiplies each row by each kernel, and that is a matrix product:
#
# $$ Y = R\, W + b, \qquad R: (N\, OH\, OW,\; KH\, KW\, C), \quad W: (KH\, KW\, C,\; O) \tag{13} $$
#
# This is the dense layer of the first lesson, with windows for examples. So its backward is known,
#
# $$ dW = R^T dY, \qquad db = \sum_{\text{rows}} dY, \qquad dR = dY\, W^T \tag{14} $$
#
# and one step is left: a pixel stands in several rows of $R$, so $dx$ **adds up** what $dR$ holds for it.


# %%
def windows_of(x, w, stride, padding):
    """All windows of all images, (N, OH, OW, KH, KW, C)."""
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    view = sliding_window_view(padded, w.shape[:2], axis=(1, 2))[:, ::stride, ::stride]
    return np.moveaxis(view, 3, 5)  # NumPy has put the window's axes last, behind the channels


def fast_forward(x, w, b, stride=1, padding=0):
    """A convolution as one matrix product."""
    kh, kw, c, o = w.shape
    view = windows_of(x, w, stride, padding)
    y = view.reshape(-1, kh * kw * c) @ w.reshape(-1, o) + b  # (13)
    return y.reshape(*view.shape[:3], o), Cache(x, w, stride, padding)


def fast_backward(dy, cache):
    """Its gradients."""
    x, w, stride, padding = cache
    (n, height, width, c), (kh, kw, _, o), (_, oh, ow, _) = x.shape, w.shape, dy.shape
    r, dy = windows_of(*cache).reshape(-1, kh * kw * c), dy.reshape(-1, o)
    dw, db = (r.T @ dy).reshape(w.shape), dy.sum(axis=0)  # (14)
    dr = (dy @ w.reshape(-1, o).T).reshape(n, oh, ow, kh, kw, c)  # (14)

    padded = np.zeros((n, height + 2 * padding, width + 2 * padding, c))
    for k, l in np.ndindex(kh, kw):  # windows overlap, but not their pixels at one and the same place
        padded[:, k : k + stride * oh : stride, l : l + stride * ow : stride] += dr[:, :, :, k, l]
    return padded[:, padding : padding + height, padding : padding + width], dw, db


for stride, padding in GEOMETRIES:
    y, cache = conv_forward(x, w, b, stride, padding)
    y_fast, cache_fast = fast_forward(x, w, b, stride, padding)
    dy = rng.normal(size=y.shape)
    assert np.allclose(y, y_fast, rtol=0, atol=1e-12)
    for slow, fast in zip(conv_backward(dy, cache), fast_backward(dy, cache_fast), strict=True):
        assert np.allclose(slow, fast, rtol=0, atol=1e-12)

# %% [markdown]
# One loop is left, in the backward, over the $KH \cdot KW$ places of the kernel. What is it worth?


# %%
def milliseconds(function, *args):
    """How long one call takes, the best of three."""
    return 1e3 * min(timeit.repeat(lambda: function(*args), number=1, repeat=3))


forward_args = rng.normal(size=(8, 8, 8, 4)), rng.normal(size=(3, 3, 4, 8)), np.zeros(8)
y, cache = fast_forward(*forward_args)
for name, slow, fast, args in (
    ("forward", conv_forward, fast_forward, forward_args),
    ("backward", conv_backward, fast_backward, (y, cache)),
):
    by_loops, by_product = milliseconds(slow, *args), milliseconds(fast, *args)
    print(f"{name:8}: {by_loops:.0f} ms, {by_product:.2f} ms, {by_loops / by_product:.0f} times as fast")
    assert by_product < by_loops

# %% [markdown]
# ### What it costs
#
# `sliding_window_view` copies nothing: it is the image itself, read with other steps through memory. But a matrix
# product wants its rows laid out, and `reshape` makes a copy, in which a pixel stands once for every window that
# contains it. With stride 1 that is about $KH \cdot KW$ times the memory of the image.
#
# So the library does not lay out the whole batch. It takes as many images at a time as fit into `CHUNK` bytes, and what
# it needs beside the result no longer grows with the batch. (`rows` in `miniae/ops/convolution.py` is our `windows_of`
# with its `reshape`; `correlate`, `kernel_gradient` and `spread` beside it are the products of (13) and (14).)

# %%
image = rng.normal(size=(1, 30, 30, 16))
view = windows_of(image, np.zeros((3, 3, 16, 1)), 1, 0)
laid_out = view.reshape(-1, 3 * 3 * 16)
assert not np.shares_memory(view, laid_out)
assert np.array_equal(laid_out, rows(image, windows("conv2d", (30, 30), 3, 1, "valid")))
print(f"an image of 30x30x16 {image.nbytes / 2**20:.2f} MiB, its windows {laid_out.nbytes / 2**20:.2f} MiB")
print(f"windows of 10,000 such images {1e4 * laid_out.nbytes / 2**30:.0f} GiB, CHUNK {CHUNK / 2**20:.0f} MiB")
assert 7.5 < laid_out.nbytes / image.nbytes < 9  # a little less than 9: pixels at the border stand in fewer windows

# %% [markdown]
# ## 4. The way back as a layer: transposed convolution
#
# The dx of a convolution is itself a useful map: it takes the small image $dy$ to the large image $dx$. A decoder needs
# just that, so it is made a layer of its own, the **transposed convolution**. Where a convolution collects a window
# into one number, its transpose spreads one number over a window.
#
# What makes two linear maps transposes of each other? For a matrix, $\sum_i (Au)_i\, v_i = \sum_r u_r\, (A^T v)_r$ for
# all $u$ and $v$. Written with $\langle a, b \rangle$ for the sum of all products of entries, this is the **adjoint
# identity**
#
# $$ \langle \mathrm{conv}(u),\, v \rangle = \langle u,\, \mathrm{conv}^T(v) \rangle \tag{15} $$
#
# It says once more what a backward pass is: choose $v = dy$, and the left side is the cost $J$ whose derivative by $y$
# is $dy$, while the right side is the sum of $u$ times its gradient. Random $u$ and $v$ make it a good test, because it
# needs no differences:

# %%
u, kernel = rng.normal(size=(2, 9, 8, 3)), rng.normal(size=(3, 3, 3, 5))
for stride, padding in (1, "valid"), (2, "valid"), (2, "same"), (3, 1):
    y, cache = ops.conv2d_forward(u, kernel, stride=stride, padding=padding)
    v = rng.normal(size=y.shape)
    back = loops.conv_transpose2d(v, kernel, windows("conv2d", (9, 8), 3, stride, padding))
    print(f"stride {stride}, padding {padding}: {(y * v).sum():+.12f} {(u * back).sum():+.12f}")
    assert np.isclose((y * v).sum(), (u * back).sum(), rtol=0, atol=1e-11)  # (15)
    assert np.allclose(back, ops.conv2d_backward(v, cache)[0], rtol=0, atol=1e-12)  # it is the dx

# %% [markdown]
# It is *not* an inverse. It gives back the shape, not the pixels:

# %%
two, _ = ops.conv2d_forward(line([1, 2, 3, 4]), ones_tens_hundreds)
back, _ = ops.conv_transpose2d_forward(two, ones_tens_hundreds)
print(back.ravel())
assert back.shape == (1, 1, 4, 1)
assert back.ravel().tolist() == [321, 3642, 36420, 43200]

# %% [markdown]
# ### Which size?
#
# By (5) with a stride above 1, images of several sizes have equally many windows, since the division is rounded down:
# the last pixels of the larger ones are not reached. Going back one has to say which is meant. The smallest, and then
# `output_padding` more:
#
# $$ H = (OH - 1)\, S + K - P - Q + \text{output padding}, \qquad 0 \le \text{output padding} < S \tag{16} $$

# %%
three = np.ones((3, 3, 1, 1))
sizes = {h: ops.conv2d_forward(np.ones((1, h, h, 1)), three, stride=2)[0].shape[1] for h in range(25, 31)}
print(sizes)
assert sizes[27] == sizes[28] == 13
for more in 0, 1:
    large, _ = ops.conv_transpose2d_forward(np.ones((1, 13, 13, 1)), three, stride=2, output_padding=more)
    assert large.shape[1] == (13 - 1) * 2 + 3 + more  # (16)
assert not large[:, -1].any()  # the additional row is reached by no window

# %% [markdown]
# ## 5. Pooling and upsampling
#
# **Max-pooling** takes the largest value of every window, each channel by itself, usually in windows of 2x2 side by
# side:
#
# $$ y_{nijc} = \max_{k,l}\; x_{n,\,iS+k-P,\,jS+l-P,\,c} \tag{17} $$
#
# What is padded counts as minus infinity here, not as 0: it is never chosen.
#
# Which place it was is remembered: the **switch**. A little change of the largest pixel changes $y$ by as much, a
# little change of another one not at all. So going back, each window hands its $dy$ to the pixel of its switch, and
# nothing to the others. Where windows overlap, one pixel may be chosen several times. Then it collects.

# %%
two_windows = np.array([[1, 5, 2, 2], [3, 4, 2, 0]], float).reshape(1, 2, 4, 1)
y, pool = ops.max_pool2d_forward(two_windows)
dx = ops.max_pool2d_backward(line([10, 20]), pool)
print(y.ravel(), pool.switches.ravel())  # a switch is k KW + l: 1 is top right
print(dx[0, :, :, 0])
assert dx[0, :, :, 0].tolist() == [[0, 10, 20, 0], [0, 0, 0, 0]]

_, pool_overlapping = ops.max_pool2d_forward(line([0, 9, 1]), kernel_size=(1, 2), stride=1)
assert ops.max_pool2d_backward(line([10, 20]), pool_overlapping).ravel().tolist() == [0, 30, 0]

# %% [markdown]
# The second window has three 2s: a **tie**. There the function has a kink and no derivative. By convention the first
# one gets all of $dy$. A gradient check cannot say that this is right or wrong, and says so:

# %%
tie = check_pair(ops.max_pool2d_forward, ops.max_pool2d_backward, {"x": two_windows})
no_tie = check_pair(ops.max_pool2d_forward, ops.max_pool2d_backward, {"x": rng.normal(size=(2, 4, 4, 3))})
print(f"with a tie: {tie.verdict}, {tie['x'].reason}\nwithout: {no_tie.verdict}")
assert tie.verdict == "inconclusive"
assert no_tie.passed

# %% [markdown]
# **Mean-pooling** takes the mean. Each pixel of a window of $m$ pixels has the weight $1/m$ in it, and gets this share
# of the window's $dy$; where windows overlap, it sums its shares:
#
# $$ y_{nijc} = \frac1m \sum_{k,l} x_{n,\,iS+k-P,\,jS+l-P,\,c}, \qquad
#    dx_{nrqc} = \sum_{\substack{i,k:\\ iS+k-P=r}} \;\; \sum_{\substack{j,l:\\ jS+l-P=q}}
#    \frac{dy_{nijc}}{m} \tag{18} $$
#
# That is (3) and (9) once more, each channel by itself, with all weights $1/m$. (Padding is not counted: at the border
# $m$ is how many pixels of the window lie inside the image.)
#
# **Unpooling** goes the other way: an image of zeros, and every value at the place of its switch. That is what the
# max-pooling's backward does with $dy$; so pooling's backward is unpooling, and unpooling's backward reads the pixels
# at the switches.

# %%
mean, mean_pool = ops.mean_pool2d_forward(line([2, 4, 6]), kernel_size=(1, 2), stride=1)
assert mean.ravel().tolist() == [3, 5]
assert ops.mean_pool2d_backward(line([10, 20]), mean_pool).ravel().tolist() == [5, 15, 10]  # (18)

unpooled, _ = ops.max_unpool2d_forward(line([10, 20]), pool)
assert np.array_equal(unpooled, dx)

# %% [markdown]
# **Upsampling** enlarges an image $F$ times without any parameters. *Nearest* repeats each pixel, $F$ times down and
# $F$ times across. *Bilinear* interpolates between the centres of the pixels. In both, a new pixel is a weighted mean
# of old ones, so along each axis there is a matrix $A$, and backward there is its transpose:
#
# $$ y_{nijc} = \sum_{r,q} A_{ir}\, A'_{jq}\, x_{nrqc}, \qquad
#    dx_{nrqc} = \sum_{i,j} A_{ir}\, A'_{jq}\, dy_{nijc} \tag{19} $$
#
# A matrix for 3 pixels and a factor of 2, nearest and bilinear:

# %%
nearest, bilinear = enlarging(3, 2, "nearest", np.zeros(0)), enlarging(3, 2, "bilinear", np.zeros(0))
print(f"nearest\n{nearest}\nbilinear\n{bilinear}")
assert (nearest.sum(axis=1) == 1).all()
assert (bilinear.sum(axis=1) == 1).all()

# %% [markdown]
# In bilinear, the row `0.75 0.25 0` is the new pixel whose centre lies a quarter of the way from the first old centre
# to the second. The outermost new pixels lie beyond the last old centre, and copy.
#
# In nearest with $F = 2$, one old pixel is copied to four new ones: $y \mathrel{+}= x$, four times. So $dx$ **sums**
# the four $dy$. It is tempting to undo the enlarging instead, and take every second pixel of $dy$. The shape is right,
# and three of every four $dy$ are lost:


# %%
def subsampled(dy, cache):
    """Wrong: one of the four copies in the place of their sum."""
    return dy[:, ::2, ::2].copy()


args = {"x": rng.normal(size=(2, 3, 4, 2))}
right = check_pair(ops.upsample2d_forward, ops.upsample2d_backward, args, linear=("x",))
wrong = check_pair(ops.upsample2d_forward, subsampled, args, linear=("x",))
print(wrong)
assert right.passed
assert wrong.diagnosis.first == "upsample-subsampled"
y, cache = ops.upsample2d_forward(args["x"])
dy = rng.normal(size=y.shape)
sum_of_four = dy[:, ::2, ::2] + dy[:, 1::2, ::2] + dy[:, ::2, 1::2] + dy[:, 1::2, 1::2]
assert np.allclose(ops.upsample2d_backward(dy, cache), sum_of_four, rtol=0, atol=1e-14)

# %% [markdown]
# ## 6. A convolutional autoencoder
#
# The encoder: two stages of convolution, ReLU and max-pooling. The image becomes smaller; its channels are first 16,
# then 8. The decoder mirrors it: each stage enlarges by repeating pixels, and a transposed convolution brings the
# channels back. The loss is the cross-entropy of every pixel, on logits; there is a sigmoid in it.

# %%
model = ConvAutoencoder((8, 8, 1), channels=(16, 8), dtype="float32", seed=0)
table = summary(model, (8, 8, 1))
print(table)
assert model.encode(x_digits[:1].astype(np.float32)).shape == (1, 2, 2, 8)  # 64 pixels as 32 numbers
assert table.rows[0].parameters == 3 * 3 * 1 * 16 + 16
assert table.rows[0].multiply_adds == 8 * 8 * 16 * 3 * 3 * 1

# %% [markdown]
# Follow the shapes from row to row with (5). The last column, *sees*, is how large a part of the input one output
# depends on, its **receptive field**. With $f$ for its size and $s$ for how many pixels of the input two neighbouring
# outputs are apart, both 1 at the start, a layer with kernel $K$ and stride $S$ makes of them
#
# $$ f \leftarrow f + (K - 1)\, s, \qquad s \leftarrow s\, S \tag{20} $$
#
# Down the encoder: convolution 3, pooling $3 + 1 = 4$ and $s = 2$, convolution $4 + 2 \cdot 2 = 8$, pooling
# $8 + 2 = 10$. It can be measured. Put a NaN into one pixel, and it spreads to every output that depends on it. (Images
# of 16x16 have room for a field of 10.)

# %%
one_nan_each = np.zeros((256, 16, 16, 1), np.float32)
one_nan_each.reshape(256, 256)[np.arange(256), np.arange(256)] = np.nan
code = model.network.part(0, 6)(model.theta, one_nan_each)
seen = np.isnan(code[:, 1, 1, 0]).reshape(16, 16)  # by which of the 256 pixels was this number of the code hit?
print(f"{seen.any(axis=1).sum()} x {seen.any(axis=0).sum()} pixels")
assert table.rows[5].field == (10, 10)
assert np.array_equal(np.flatnonzero(seen.any(axis=1)), np.arange(1, 11))
assert seen.sum() == 10 * 10

# %% [markdown]
# ### Is its gradient right?
#
# A bug does not mind the size, so we check a small one. One thing has to be thought of. The digits are black in large
# parts, and the biases start at 0. Over black the convolution gives 0, exactly at the kink of the ReLU; four zeros in a
# window are a tie of the pooling. There no difference tells anything, and the checker does not let that pass:

# %%
small_model = ConvAutoencoder((8, 8, 1), channels=(2, 1), seed=0)
at_the_kink = check(small_model, x_digits[:2], kinks=0.05)
print(f"{at_the_kink.verdict}: b1: {at_the_kink['b1'].reason}")
assert at_the_kink["b1"].verdict != "pass"

# %% [markdown]
# At random parameters, with biases that are not 0, most of it is away from the kinks. Up to 5 % of a block's entries
# may still lie beside one; they are left out and counted.

# %%
theta = small_model.theta + 0.1 * np.random.default_rng(0).normal(size=small_model.theta.size)
report = check(small_model, x_digits[:2], theta=theta, kinks=0.05)
print(report)
assert report.passed

# %% [markdown]
# ### Tied kernels
#
# A decoder may use the encoder's own kernels, which halves the weights. The transposed convolution is made for it: it
# takes the *same* $w$, of shape $(KH, KW, C, O)$, and goes from $O$ channels to $C$.
#
# Its gradient? The kernel has two roads to the cost, one through the encoder and one through the decoder. As ever,
# roads add up. With $dw^{\text{enc}}$ and $dw^{\text{dec}}$ for the gradients that the two would have as separate
# kernels of the same value:
#
# $$ dw = dw^{\text{enc}} + dw^{\text{dec}} \tag{21} $$

# %%
tied = ConvAutoencoder((8, 8, 1), channels=(2, 1), tied=True, seed=0)
print(f"tied:   {tied.layout}\nuntied: {small_model.layout}")
theta_tied = tied.theta + 0.1 * np.random.default_rng(0).normal(size=tied.theta.size)
theta_untied = np.empty_like(small_model.theta)
own, shared = small_model.layout.views(theta_untied), tied.layout.views(theta_tied)
for name, view in own.items():
    view[...] = shared[{"w3": "w2", "w4": "w1"}.get(name, name)]  # the decoder goes backwards through the stages

_, gradient_tied = tied.cost_and_grad(theta_tied, x_digits[:3])
_, gradient_untied = small_model.cost_and_grad(theta_untied, x_digits[:3])
d_tied, d_untied = tied.layout.views(gradient_tied), small_model.layout.views(gradient_untied)
assert np.allclose(d_tied["w1"], d_untied["w1"] + d_untied["w4"], rtol=0, atol=1e-14)  # (21)
assert np.allclose(d_tied["w2"], d_untied["w2"] + d_untied["w3"], rtol=0, atol=1e-14)  # (21)

# %% [markdown]
# ### Train it
#
# Two numbers first. Whoever answers every digit with the mean digit has a cross-entropy that we can compute. And
# because the pixels are gray, not just black or white, even a perfect copy does not get to 0: with $y = x$ there is
# left the entropy of the pixels themselves.


# %%
def cross_entropy(y, x):
    """Mean over all pixels; ``y`` is kept off 0 and 1 for the logarithms."""
    y = np.clip(y, 1e-12, 1 - 1e-12)
    return -(x * np.log(y) + (1 - x) * np.log(1 - y)).mean()


x_train = x_digits.astype(np.float32)
mean_digit, perfect = cross_entropy(x_digits.mean(axis=0), x_digits), cross_entropy(x_digits, x_digits)
history = fit(model, x_train, epochs=12, batch_size=64, optimizer=Adam(3e-3), validation=0.1, progress=False)
print(f"the mean digit {mean_digit:.3f}, a perfect copy {perfect:.3f}")
print(f"after {len(history['cost'])} epochs {history['cost'][-1]:.3f}, held out {history['validation_cost'][-1]:.3f}")
assert perfect < history["validation_cost"][-1] < perfect + 0.5 * (mean_digit - perfect)
plots.curves({**history, "perfect_copy_cost": [perfect] * 12})

# %% [markdown]
# (At first *cost* lies above *validation cost*: it is the mean over an epoch in which theta was still changing fast,
# while the other is taken at the epoch's end.)
#
# What comes back? One digit of each kind over its reconstruction:

# %%
ten = x_train[:10]
plots.image_rows({"original": ten, "reconstruction": model.reconstruct(ten)})

# %% [markdown]
# Through 32 numbers the strokes come back. Small holes do not: look at the 8 and the 9.
#
# The 16 kernels of the first convolution, white counts for, black against:

# %%
kernels = model.layout.views(model.theta)["w1"]  # (3, 3, 1, 16)
plots.filters(kernels.reshape(-1, 16), (3, 3))

# %% [markdown]
# Nine weights are not much room for a picture, and the first lesson's clear edges are not to be seen. What a kernel
# does shows better in its feature map. Here are those of the first digit, behind the ReLU:

# %%
maps = model.network.part(0, 2)(model.theta, ten[:1])[0]
assert maps.shape == (8, 8, 16)
assert maps.min() == 0
plots.feature_maps(maps)

# %% [markdown]
# Some show the whole ring, some one side of it, some its inside or the empty paper around it. Nobody told the network
# which; compare with the two kernels by hand in section 1.

# %% [markdown]
# ## 7. Check yourself
#
# The answers are at the very end. Write yours down first.
#
# 1. An image of 32x32x3 goes through: convolution, 16 kernels of 5, "valid"; max-pooling 2; convolution, 32 kernels of
#    3, "same"; convolution, 8 kernels of 3, stride 2, padding 1. What is the size of each output? How many weights and
#    biases has each layer? What is the receptive field at the end?
# 2. A kernel of 1x1 with stride 1. Which layer is this?
# 3. A convolution has one window only, as large as the image. Which layer is this?
# 4. `x` passes, `b` passes, and `w` is right but for a factor of 1/9. What was done, with an output of 3x3?
# 5. In the convolutions of the autoencoder (not in the transposed ones) somebody forgets to flip the kernel for dx
#    (mistake A). Which of the blocks `w1, b1, ..., w4, b4` fail? Why not all?
#
# ## 8. Exercises
#
# 1. **Mean-pooling backward, as loops.** Write (18) for windows with stride and no padding, with `np.ndindex`. Hold it
#    against `mean_pool2d_backward`, for windows that overlap.
# 2. **Dilated windows.** Let the pixels of a window stand $D$ apart: $r = iS + kD - P$. What becomes of (2), (5), (7)
#    and (9)? Change `conv_forward` and `conv_backward`, check them, and compare with an ordinary convolution whose
#    kernel has $D - 1$ zeros between its weights.
# 3. **Images from overlapping patches.** Cut an image into all its windows of 3x3. Put them back where they were, and
#    where several windows claim a pixel, take their mean. Do not loop over windows. You should get the image.
# 4. **For two.** Plant a bug in `fast_backward`. Show your neighbour nothing but the report. Who finds more?
#
# ## 9. What to read next
#
# - `miniae/loops.py`: all of this lesson's operations as loops;
# - `miniae/ops/conv2d.py`: (3) and (7) to (9), there (1) to (4), each beside the line that computes it;
# - `miniae/ops/convolution.py`: (13) and (14), some images at a time;
# - `miniae/ops/windows.py`: (5), (6) and (16);
# - `miniae/ops/conv_transpose2d.py`, `max_pool2d.py`, `mean_pool2d.py`, `max_unpool2d.py`, `upsample2d.py`;
# - `miniae/models/conv_autoencoder.py`: section 6 in one page;
# - `miniae demo --model conv`: the same on a command line, with MNIST if you like.
#
# Elsewhere: LeCun et al. (1998), "Gradient-based learning applied to document recognition", on why windows and shared
# weights; Masci et al. (2011), "Stacked convolutional auto-encoders for hierarchical feature extraction"; the UFLDL
# tutorial, "Feature extraction using convolution" and "Pooling".

# %% [markdown]
# ## Answers
#
# 1. 28x28x16, 14x14x16, 14x14x32, 7x7x8. Weights and biases: $5 \cdot 5 \cdot 3 \cdot 16 + 16 = 1216$, 0,
#    $3 \cdot 3 \cdot 16 \cdot 32 + 32 = 4640$, $3 \cdot 3 \cdot 32 \cdot 8 + 8 = 2312$. The field:
#    5, 6 (with $s = 2$), 10, 14.
# 2. A dense layer from $C$ to $O$ features, applied to every pixel by itself.
# 3. A dense layer from all pixels to $O$ outputs.
# 4. Its sum over windows was made a mean: $3 \cdot 3$ windows.
# 5. `w1` and `b1`. The dx of the first convolution nobody needs, for the input is no parameter. The dx of the second
#    one goes on into the first convolution's parameters. All other blocks come before it on the way back, and the
#    decoder's layers are another operation.
#
# The exercises: in 1 and 2 the loops are those of the forward, as always. In 2 a window spans $(K - 1) D + 1$ pixels;
# this takes the place of $K$ in (5), and $kD$ that of $k$ in (2), (7) and (9). In 3, what puts windows back is the last
# step of `fast_backward`, with windows in the place of `dr`; divide by the same of ones.

# %%
# Question 1
stack = Sequential([Conv2d(3, 16, 5), MaxPool2d(), Conv2d(16, 32, padding="same"), Conv2d(32, 8, stride=2, padding=1)])
table = summary(stack, (32, 32, 3))
print(table)
assert [row.output_shape for row in table.rows] == [(28, 28, 16), (14, 14, 16), (14, 14, 32), (7, 7, 8)]
assert [row.parameters for row in table.rows] == [1216, 0, 4640, 2312]
assert [row.field for row in table.rows] == [(5, 5), (6, 6), (10, 10), (14, 14)]

# Questions 2 and 3
x, b = rng.normal(size=(2, 6, 5, 2)), rng.normal(size=4)
one, whole = rng.normal(size=(1, 1, 2, 4)), rng.normal(size=(6, 5, 2, 4))
assert np.allclose(ops.conv2d_forward(x, one, b)[0], x @ one[0, 0] + b, rtol=0, atol=1e-12)
assert np.allclose(ops.conv2d_forward(x, whole, b)[0][:, 0, 0], x.reshape(2, -1) @ whole.reshape(-1, 4) + b, atol=1e-12)


# Question 5
def backward_not_flipped(dy, cache, **options):
    """Wrong: dx through the kernel turned by 180 degrees."""
    dx, _, _ = ops.conv2d_backward(dy, cache._replace(w=cache.w[::-1, ::-1].copy()), **options)
    _, dw, db = ops.conv2d_backward(dy, cache, **options)
    return dx, dw, db


plain = backend("numpy")
pairs = {**plain.pairs, "conv2d": ops.Pair(ops.conv2d_forward, backward_not_flipped)}
broken = ConvAutoencoder((8, 8, 1), (2, 1), backend=Backend("broken", plain.xp, pairs, plain.costs, {}))
(_, gradient), (_, wrong_gradient) = (m.cost_and_grad(theta, x_digits[:3]) for m in (small_model, broken))
right, wrong = broken.layout.views(gradient), broken.layout.views(wrong_gradient)
assert {name for name in right if not np.allclose(right[name], wrong[name])} == {"w1", "b1"}

# %%
# Exercise 1


def mean_pool_backward(dy, x_shape, size, stride):
    """dx of mean-pooling, one pixel at a time."""
    dx = np.zeros(x_shape)
    for n, i, j, c in np.ndindex(dy.shape):
        for k, l in np.ndindex(size, size):
            dx[n, i * stride + k, j * stride + l, c] += dy[n, i, j, c] / size**2  # (18)
    return dx


y, cache = ops.mean_pool2d_forward(x, kernel_size=3, stride=2)
dy = rng.normal(size=y.shape)
assert np.allclose(mean_pool_backward(dy, x.shape, 3, 2), ops.mean_pool2d_backward(dy, cache), rtol=0, atol=1e-14)

# Exercise 2, for stride 1 and no padding; a product for all channels at once


def dilated_forward(x, w, d):
    """A convolution over windows with gaps."""
    oh, ow = (size - (kernel - 1) * d for size, kernel in zip(x.shape[1:3], w.shape[:2], strict=True))  # (5)
    y = np.zeros((len(x), oh, ow, w.shape[3]))
    for i, j, k, l in np.ndindex(oh, ow, *w.shape[:2]):
        y[:, i, j] += x[:, i + k * d, j + l * d] @ w[k, l]
    return y, (x, w, d)


def dilated_backward(dy, cache):
    """Its gradients."""
    x, w, d = cache
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for i, j, k, l in np.ndindex(*dy.shape[1:3], *w.shape[:2]):
        dx[:, i + k * d, j + l * d] += dy[:, i, j] @ w[k, l].T
        dw[k, l] += x[:, i + k * d, j + l * d].T @ dy[:, i, j]
    return dx, dw


x, w = rng.normal(size=(2, 7, 6, 2)), rng.normal(size=(3, 2, 2, 4))
assert check_pair(lambda x, w: dilated_forward(x, w, 2), dilated_backward, {"x": x, "w": w}, linear=("x", "w")).passed
with_zeros = np.zeros((5, 3, 2, 4))
with_zeros[::2, ::2] = w
assert np.allclose(dilated_forward(x, w, 2)[0], ops.conv2d_forward(x, with_zeros)[0], rtol=0, atol=1e-12)

# Exercise 3
image = x_digits[:1]
patches = windows_of(image, np.zeros((3, 3, 1, 1)), 1, 0)  # (1, 6, 6, 3, 3, 1)
total, count = np.zeros(image.shape), np.zeros(image.shape)
for k, l in np.ndindex(3, 3):
    total[:, k : k + 6, l : l + 6] += patches[:, :, :, k, l]
    count[:, k : k + 6, l : l + 6] += 1
assert np.allclose(total / count, image, rtol=0, atol=1e-15)
