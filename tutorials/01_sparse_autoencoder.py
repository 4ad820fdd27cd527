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
# # The sparse autoencoder, derived and run
#
# **Goal.** You will derive the gradient of a sparse autoencoder by hand, write it in some thirty lines of NumPy, have
# it checked, learn to read the bug off a failed check, and train it on patches of photographs until its hidden units
# have become edge detectors. This is the first exercise of Stanford's UFLDL tutorial, with every step written out.
#
# **You need** partial derivatives and the chain rule, matrix products in NumPy, pencil and paper, and about 90 minutes;
# the code itself runs in a few seconds. Install with `pip install -e ".[course]"` in the repository's folder.
#
# **How to use it.** This file is a script and a notebook at once. For the pictures open it as a notebook: in Jupyter
# with the Jupytext extension, in VS Code, or after `jupytext --to notebook 01_sparse_autoencoder.py`. Where a statement
# can be checked, a cell checks it with `assert`: if the text were wrong, the cell would fail.

# %%
"""The sparse autoencoder, derived and run."""

import math

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from miniae import plots
from miniae.data import photo_patches
from miniae.gradcheck import check_function
from miniae.models import SparseAutoencoder

# %% [markdown]
# ## 1. The idea
#
# An autoencoder is a network that is asked to answer with its own input. Copying is useless in itself. What is useful
# is what the network must find out in order to copy under a handicap, and ours has two:
#
# - It is **narrow**: 64 pixels have to pass through 25 hidden units. It cannot keep everything, so it must find out
#   what patches of photographs have in common.
# - It is **sparse**: each hidden unit may be active only a little, on average over all patches. A unit that is nearly
#   always silent has to choose what it speaks up for. We shall see what it chooses.
#
# No labels are needed. The hidden activations are a new description of the input, which later stages can use.
#
# ### The names
#
# There are $m$ examples of $D$ pixels and $H$ hidden units. Four indices keep their meaning throughout: $n$ is an
# example, $i$ an input pixel, $j$ a hidden unit, $k$ an output pixel.
#
# | symbol | in the code | shape | what it is |
# |---|---|---|---|
# | $x$ | `x` | $(m, D)$ | the examples, one per row, with values in $[0, 1]$ |
# | $W^{(1)}$, $b^{(1)}$ | `w1`, `b1` | $(D, H)$, $(H)$ | weights and biases into the hidden layer |
# | $W^{(2)}$, $b^{(2)}$ | `w2`, `b2` | $(H, D)$, $(D)$ | weights and biases into the output layer |
# | $z^{(2)}$, $a$ | `z2`, `a` | $(m, H)$ | the hidden layer before and after the sigmoid |
# | $z^{(3)}$, $h$ | `z3`, `h` | $(m, D)$ | the output layer before and after the sigmoid |
# | $\hat\rho$ | `rho_hat` | $(H)$ | mean activation of each hidden unit |
# | $\delta^{(2)}$, $\delta^{(3)}$ | `delta2`, `delta3` | $(m, H)$, $(m, D)$ | the cost's derivatives by the two $z$ |
# | $\lambda$, $\beta$ | `weight_decay`, `beta` | numbers | how much the second and third term of the cost count |
# | $\rho$ | `rho` | a number | the mean activation asked for |
#
# **If you come from UFLDL:** there an example is a *column*, and $z = Wx + b$. Here it is a row, as is usual in Python,
# and $z = xW + b$. Since $(Wx)^T = x^T W^T$, one convention is the other transposed: our $W^{(1)}$ is UFLDL's turned on
# its side, and every product stands in the opposite order.

# %% [markdown]
# ## 2. Forward
#
# A hidden unit adds up the pixels, each with its weight, and squashes the sum into $(0, 1)$. An output pixel does the
# same with the hidden units:
#
# $$ z^{(2)}_{nj} = \sum_i x_{ni} W^{(1)}_{ij} + b^{(1)}_j \tag{1} $$
#
# $$ a_{nj} = \sigma(z^{(2)}_{nj}), \qquad \sigma(z) = \frac{1}{1 + e^{-z}} \tag{2} $$
#
# $$ z^{(3)}_{nk} = \sum_j a_{nj} W^{(2)}_{jk} + b^{(2)}_k \tag{3} $$
#
# $$ h_{nk} = \sigma(z^{(3)}_{nk}) \tag{4} $$
#
# ## 3. The cost
#
# Three wishes, three terms. **Give back what came in:** half the squared error, summed over pixels, mean over examples.
#
# $$ J_{\text{error}} = \frac{1}{2m} \sum_n \sum_k (h_{nk} - x_{nk})^2 \tag{5} $$
#
# **Keep the weights small:** weight decay.
#
# $$ J_{\text{decay}} = \frac{\lambda}{2}
#    \bigg( \sum_{ij} \big(W^{(1)}_{ij}\big)^2 + \sum_{jk} \big(W^{(2)}_{jk}\big)^2 \bigg) \tag{6} $$
#
# The biases are left out on purpose. Decay is there to stop the output from reacting violently to small changes of the
# input, and how strongly it reacts is up to the weights; a bias only shifts. Besides, a unit that is to be silent most
# of the time needs a sum $z^{(2)}$ far below 0, for which it wants a negative bias. Decay would pull that back to 0.
#
# **Be silent most of the time:** the mean activation of every hidden unit,
#
# $$ \hat\rho_j = \frac{1}{m} \sum_n a_{nj}, \tag{7} $$
#
# should be near a small number $\rho$, say 0.01. The measure of "near" is the Kullback-Leibler divergence between a
# coin that shows heads with probability $\rho$ and one that does so with probability $\hat\rho_j$:
#
# $$ J_{\text{sparse}} = \beta \sum_j \mathrm{KL}(\rho \,\|\, \hat\rho_j), \qquad
#    \mathrm{KL}(\rho \,\|\, r) = \rho \log\frac{\rho}{r} + (1 - \rho) \log\frac{1 - \rho}{1 - r} \tag{8} $$
#
# It is 0 where $r = \rho$, positive everywhere else, and grows without bound as $r$ approaches 0 or 1. Mind the
# normalisation: this term is a sum over units and is *not* divided by $m$. The $m$ is inside $\hat\rho_j$.
#
# The cost is the sum of the three:
#
# $$ J = J_{\text{error}} + J_{\text{decay}} + J_{\text{sparse}} \tag{9} $$

# %% [markdown]
# ## 4. Backward
#
# We want $\partial J/\partial W^{(1)}_{ij}$ and the like for every parameter. One rule is enough: **find every road by
# which a quantity reaches the cost, multiply the derivatives along each road, and add up the roads.**
#
# Apart from the decay, all parameters act through the sums $z^{(2)}$ and $z^{(3)}$. So we first go for the derivatives
# of $J$ with respect to these, called deltas:
#
# $$ \delta^{(3)}_{nk} = \frac{\partial J}{\partial z^{(3)}_{nk}}, \qquad
#    \delta^{(2)}_{nj} = \frac{\partial J}{\partial z^{(2)}_{nj}} $$
#
# The slope of the sigmoid is needed twice, and it can be had from the sigmoid's own value:
#
# $$ \sigma'(z) = \frac{e^{-z}}{(1 + e^{-z})^2} = \frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}}
#    = \sigma(z)\,\big(1 - \sigma(z)\big) \tag{10} $$
#
# ### The output layer
#
# From $z^{(3)}_{nk}$ there is one road to the cost: through $h_{nk}$ into the error (5). (The $x_{nk}$ in (5) is the
# target: data, not a function of any parameter.) One squared term of the double sum contains $h_{nk}$, and the 2 from
# its square cancels the half:
#
# $$ \frac{\partial J}{\partial h_{nk}} = \frac{1}{m} (h_{nk} - x_{nk}), \qquad
#    \delta^{(3)}_{nk} = \frac{\partial J}{\partial h_{nk}} \frac{\partial h_{nk}}{\partial z^{(3)}_{nk}}
#    = \frac{1}{m} (h_{nk} - x_{nk})\, h_{nk} (1 - h_{nk}) \tag{11} $$
#
# ### The hidden layer
#
# From $z^{(2)}_{nj}$ there is one road to $a_{nj}$, but from $a_{nj}$ on there are many:
#
# - through every output of the same example, $z^{(3)}_{n1}, \dots, z^{(3)}_{nD}$. By (3),
#   $\partial z^{(3)}_{nk} / \partial a_{nj} = W^{(2)}_{jk}$;
# - through the mean activation $\hat\rho_j$ into the sparsity term (8). By (7),
#   $\partial\hat\rho_j/\partial a_{nj} = 1/m$.
#
# The slope of the divergence is
#
# $$ \mathrm{KL}'(\hat\rho_j) = \frac{\partial}{\partial \hat\rho_j} \mathrm{KL}(\rho \,\|\, \hat\rho_j)
#    = -\frac{\rho}{\hat\rho_j} + \frac{1 - \rho}{1 - \hat\rho_j} \tag{12} $$
#
# and the roads add up to
#
# $$ \frac{\partial J}{\partial a_{nj}}
#    = \sum_k \delta^{(3)}_{nk} W^{(2)}_{jk} + \frac{\beta}{m}\, \mathrm{KL}'(\hat\rho_j) \tag{13} $$
#
# One more step, from $a_{nj}$ back to $z^{(2)}_{nj}$, multiplies **all** of this by the slope of the sigmoid:
#
# $$ \delta^{(2)}_{nj}
#    = \bigg( \sum_k \delta^{(3)}_{nk} W^{(2)}_{jk} + \frac{\beta}{m}\, \mathrm{KL}'(\hat\rho_j) \bigg)\,
#    a_{nj} (1 - a_{nj}) \tag{14} $$
#
# This is the line of the exercise at which most go astray. Three things about it:
#
# - **The sparsity term stands inside the bracket.** The bracket is the derivative with respect to $a_{nj}$, and the
#   sparsity term is a function of $a_{nj}$ like the error. Both roads lead through the sigmoid, so both get its slope.
# - **Why $\beta/m$.** The divergence is not averaged over examples, but it sees an activation only through a mean, of
#   which each activation is one $m$-th.
# - **Every example gets the same term.** There is no $n$ in $\mathrm{KL}'(\hat\rho_j)$: moving a mean up by moving one
#   of its members works equally well with any of them. It follows that $\hat\rho$ must be known before the first delta
#   can be: all examples go forward before any goes backward.
#
# ### The parameters
#
# $W^{(1)}_{ij}$ enters $z^{(2)}_{nj}$ of every example $n$, with slope $x_{ni}$ by (1), and the decay (6), with slope
# $\lambda W^{(1)}_{ij}$. The bias $b^{(1)}_j$ enters with slope 1, and no decay. The other layer likewise, with $a$ in
# the place of $x$. On the right the same in matrices:
#
# $$ \frac{\partial J}{\partial W^{(1)}_{ij}} = \sum_n x_{ni}\, \delta^{(2)}_{nj} + \lambda W^{(1)}_{ij}
#    \qquad\Longrightarrow\qquad x^T \delta^{(2)} + \lambda W^{(1)} \tag{15} $$
#
# $$ \frac{\partial J}{\partial b^{(1)}_j} = \sum_n \delta^{(2)}_{nj} \tag{16} $$
#
# $$ \frac{\partial J}{\partial W^{(2)}_{jk}} = \sum_n a_{nj}\, \delta^{(3)}_{nk} + \lambda W^{(2)}_{jk}
#    \qquad\Longrightarrow\qquad a^T \delta^{(3)} + \lambda W^{(2)} \tag{17} $$
#
# $$ \frac{\partial J}{\partial b^{(2)}_k} = \sum_n \delta^{(3)}_{nk} \tag{18} $$
#
# These are sums, not means: the $1/m$ is already in the deltas.
#
# **If you come from UFLDL:** its deltas belong to the cost of a single example, so they are $m$ times ours. They have
# no $1/m$, the sparsity term in them is $\beta\,\mathrm{KL}'$ without $/m$, and the mean is taken at the very end. Both
# ways are right. Half of one and half of the other is not, and we shall see what that looks like.

# %% [markdown]
# ## 5. By pencil
#
# Before any code, once by hand: 2 pixels, 1 hidden unit, 2 examples. With $L = \log 3 \approx 1.0986$ the sigmoid gives
# friendly numbers: $\sigma(-L) = \frac14$, $\sigma(0) = \frac12$, $\sigma(L) = \frac34$. We take
# $\lambda = \frac1{10}$, $\beta = 1$, $\rho = \frac14$, and
#
# $$ x = \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}, \quad
#    W^{(1)} = \begin{pmatrix} L \\ -L \end{pmatrix}, \quad b^{(1)} = 0, \quad
#    W^{(2)} = \begin{pmatrix} 2L & -2L \end{pmatrix}, \quad
#    b^{(2)} = \begin{pmatrix} -\tfrac12 L & \tfrac32 L \end{pmatrix} $$
#
# Do it yourself, then compare:
#
# | | first example | second example |
# |---|---|---|
# | (1) $z^{(2)}$ | $L$ | $-L$ |
# | (2) $a$ | $\frac34$ | $\frac14$ |
# | (3) $z^{(3)}$ | $L,\; 0$ | $0,\; L$ |
# | (4) $h$ | $\frac34,\; \frac12$ | $\frac12,\; \frac34$ |
# | (11) $\delta^{(3)}$ | $-\frac{3}{128},\; \frac{8}{128}$ | $\frac{8}{128},\; -\frac{3}{128}$ |
# | the sum in (13) | $-\frac{11}{64} L$ | $\frac{11}{64} L$ |
# | (14) $\delta^{(2)}$ | $\frac{3}{16} (\frac12 - \frac{11}{64} L)$ | $\frac{3}{16} (\frac12 + \frac{11}{64} L)$ |
#
# In between, $\hat\rho = \frac12$ by (7), so $\mathrm{KL}' = -\frac12 + \frac32 = 1$ by (12) and
# $\frac{\beta}{m} \mathrm{KL}' = \frac12$. The cost is
#
# $$ J = \underbrace{\tfrac{5}{32}}_{(5)} + \underbrace{\tfrac12 L^2}_{(6)}
#    + \underbrace{\tfrac34 L - \log 2}_{(8)} \approx 0.891 $$
#
# and the gradient, by (15) to (18),
#
# $$ \frac{\partial J}{\partial W^{(1)}} = \begin{pmatrix}
#    \tfrac{3}{32} - \tfrac{33}{1024} L + \tfrac1{10} L \\
#    \tfrac{3}{32} + \tfrac{33}{1024} L - \tfrac1{10} L \end{pmatrix}, \qquad
#    \frac{\partial J}{\partial b^{(1)}} = \tfrac{3}{16}, $$
#
# $$ \frac{\partial J}{\partial W^{(2)}} = \begin{pmatrix}
#    -\tfrac{1}{512} + \tfrac15 L & \tfrac{21}{512} - \tfrac15 L \end{pmatrix}, \qquad
#    \frac{\partial J}{\partial b^{(2)}} = \begin{pmatrix} \tfrac{5}{128} & \tfrac{5}{128} \end{pmatrix} $$
#
# Look at $\partial J/\partial b^{(1)} = \frac{3}{16}$. The error's parts of the two examples have cancelled; what is
# left comes from the sparsity alone. It is positive, so going downhill lowers the bias: rightly, since the unit is
# active half of the time and should be a quarter. And it gives three popular mistakes away. Had we forgotten the
# sparsity term in (14) we would have 0; outside of the bracket it gives 1; without its $/m$, $\frac38$.

# %% [markdown]
# ## 6. In NumPy
#
# Optimisers and checkers want all parameters in one flat vector, theta. Ours holds `w1, b1, w2, b2`, one behind the
# other, each matrix row by row. (UFLDL puts both matrices before both biases; `to_ufldl` in `miniae.models` converts.)


# %%
def shapes(features, hidden):
    """Names and shapes of the blocks of theta, in their order."""
    return {"w1": (features, hidden), "b1": (hidden,), "w2": (hidden, features), "b2": (features,)}


def unpack(theta, features, hidden):
    """Cut theta into w1, b1, w2, b2."""
    blocks = shapes(features, hidden).values()
    *ends, _ = np.cumsum([math.prod(shape) for shape in blocks])
    return [part.reshape(shape) for part, shape in zip(np.split(theta, ends), blocks, strict=True)]


def sigmoid(z):
    """Squash every element into (0, 1)."""
    return 1 / (1 + np.exp(-z))


# %% [markdown]
# The two deltas become functions of their own: they are where bugs live, and further down we shall swap in wrong ones.


# %%
def output_delta(h, x):
    """Derivative of the cost with respect to z3."""
    return (h - x) / len(x) * h * (1 - h)  # (11)


def hidden_delta(back, kl_slope, a, beta):
    """Derivative of the cost with respect to z2; ``back`` is what comes from the outputs, the sum in (13)."""
    return (back + beta / len(a) * kl_slope) * a * (1 - a)  # (14)


def cost_and_gradient(theta, x, hidden, rho, beta, weight_decay, output_delta=output_delta, hidden_delta=hidden_delta):
    """The cost of a sparse autoencoder on the examples x, and its gradient, shaped like theta."""
    m, features = x.shape
    w1, b1, w2, b2 = unpack(theta, features, hidden)

    z2 = x @ w1 + b1  # (1)
    a = sigmoid(z2)  # (2)
    z3 = a @ w2 + b2  # (3)
    h = sigmoid(z3)  # (4)

    error = np.sum((h - x) ** 2) / (2 * m)  # (5)
    decay = weight_decay / 2 * (np.sum(w1**2) + np.sum(w2**2))  # (6)
    rho_hat = a.mean(axis=0)  # (7)
    kl = rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat))  # (8)
    cost = error + decay + beta * kl.sum()  # (9)

    delta3 = output_delta(h, x)  # (11)
    kl_slope = -rho / rho_hat + (1 - rho) / (1 - rho_hat)  # (12)
    delta2 = hidden_delta(delta3 @ w2.T, kl_slope, a, beta)  # (13), (14)
    dw1 = x.T @ delta2 + weight_decay * w1  # (15)
    db1 = delta2.sum(axis=0)  # (16)
    dw2 = a.T @ delta3 + weight_decay * w2  # (17)
    db2 = delta3.sum(axis=0)  # (18)
    return cost, np.concatenate([dw1.ravel(), db1, dw2.ravel(), db2])


# %% [markdown]
# Does it agree with the pencil?

# %%
L = np.log(3)
theta_pencil = np.array([L, -L, 0, 2 * L, -2 * L, -L / 2, 3 * L / 2])
settings_pencil = {"hidden": 1, "rho": 1 / 4, "beta": 1, "weight_decay": 1 / 10}
cost, gradient = cost_and_gradient(theta_pencil, np.eye(2), **settings_pencil)

w1_pencil = [3 / 32 - 33 / 1024 * L + L / 10, 3 / 32 + 33 / 1024 * L - L / 10]
w2_pencil = [-1 / 512 + L / 5, 21 / 512 - L / 5]
by_pencil = [*w1_pencil, 3 / 16, *w2_pencil, 5 / 128, 5 / 128]
assert np.isclose(cost, 5 / 32 + L**2 / 2 + 3 / 4 * L - np.log(2), rtol=1e-12)
assert np.allclose(gradient, by_pencil, rtol=1e-12, atol=1e-15)
print(f"cost {cost:.6f}\ngradient {gradient.round(6)}")

# %% [markdown]
# ## 7. Is the gradient right?
#
# A network of 64, 25 and 64 units has 3,289 parameters, and nobody does that by pencil. But the cost is easy to get
# right, and it knows what its gradient has to be: move one parameter up and down by a little $\epsilon$ and see how the
# cost changes. With $e_p$ the vector that is 1 at parameter $p$ and 0 elsewhere, Taylor's theorem gives
#
# $$ \frac{J(\theta + \epsilon e_p) - J(\theta - \epsilon e_p)}{2 \epsilon}
#    = \frac{\partial J}{\partial \theta_p}
#    + \frac{\epsilon^2}{6} \frac{\partial^3 J}{\partial \theta_p^3} + \dots \tag{19} $$
#
# $J(\theta)$ and the term with the second derivative have cancelled, which is why one steps to both sides.
# `check_function` takes two $\epsilon$ for every parameter and combines them so that the $\epsilon^2$ cancels, too.
# That is at least four costs for each parameter: good for checking, far too slow for training. A few examples and a
# small network will do, for a bug does not mind the size.

# %%
FEATURES, HIDDEN = 16, 5
x_small = photo_patches(count=10, size=4, seed=0)  # (10, 16)
theta_small = np.random.default_rng(0).normal(scale=0.2, size=16 * 5 + 5 + 5 * 16 + 16)  # no entry is 0
settings = {"hidden": HIDDEN, "rho": 0.01, "beta": 3.0, "weight_decay": 1e-4}


def check_mine(theta=theta_small, **changes):
    """Check cost_and_gradient at theta, with one of the deltas changed if you like."""
    return check_function(
        lambda t: cost_and_gradient(t, x_small, **settings, **changes), theta, layout=shapes(FEATURES, HIDDEN)
    )


report = check_mine()
print(report)
assert report.passed
assert report.norm_ratio < 1e-9

# %% [markdown]
# One row for each block of theta. *worst error* is the largest difference between your gradient (*analytic*) and the
# one from the cost (*numeric*), as a fraction of the block's largest numeric value; *at* says at which index, the two
# columns after it give both values there; *wrong* is the share of the entries that fail. The last line has UFLDL's own
# single figure, the norm ratio; the exercise asks for less than 1e-9.
#
# The library has this model, too. The same theta must give the same numbers:

# %%
model = SparseAutoencoder(FEATURES, HIDDEN, rho=0.01, beta=3.0, weight_decay=1e-4)
cost, gradient = cost_and_gradient(theta_small, x_small, **settings)
cost_theirs, gradient_theirs = model.cost_and_grad(theta_small, x_small)
print(model.layout)
print(f"cost {cost:.12f}, the library's {cost_theirs:.12f}")
print(f"largest difference of the gradients {np.abs(gradient - gradient_theirs).max():.1e}")
assert np.isclose(cost, cost_theirs, rtol=1e-12)
assert np.allclose(gradient, gradient_theirs, rtol=1e-12, atol=1e-12)

# %% [markdown]
# ## 8. Break it on purpose
#
# A check that has never failed teaches nothing. We now make four mistakes and read the reports. Keep in mind in which
# direction a gradient travels: from the cost through the output layer (`b2`, `w2`), then through the hidden layer
# (`b1`, `w1`). **A mistake in a delta spoils what comes after
# it on this way and nothing before.**
#
# **Mistake A:** the sparsity term is in the cost, but was forgotten in (14).


# %%
def forgotten(back, kl_slope, a, beta):
    """Wrong: no sparsity term."""
    return back * a * (1 - a)


report_a = check_mine(hidden_delta=forgotten)
print(report_a)

# %% [markdown]
# `w2` and `b2` pass: the output delta is right, and so are (17) and (18). `w1` and `b1` fail, in every entry. What they
# have in common is the hidden delta, so look at (12) to (14). Now compare the two values in the row of `b1`: analytic
# is next to nothing beside numeric. Something large is *missing*.
#
# **Mistake B:** the term is there, but behind the derivative, outside of the bracket.


# %%
def outside(back, kl_slope, a, beta):
    """Wrong: the sparsity term misses the slope of the sigmoid."""
    return back * a * (1 - a) + beta / len(a) * kl_slope


report_b = check_mine(hidden_delta=outside)
print(report_b)

# %% [markdown]
# The same blocks fail, but now analytic is too *large*, by a factor of a little over four. Where does a four come from?
# From $a(1 - a)$, which is at most $\frac14$ and close to it while a unit is undecided. Four times too large, or
# somewhat more, smells of a sigmoid whose slope is missing.
#
# **Mistake C:** the term is in its place, but is not divided by $m$. That is UFLDL's delta in our formulas.


# %%
def undivided(back, kl_slope, a, beta):
    """Wrong: beta where beta / m belongs."""
    return (back + beta * kl_slope) * a * (1 - a)


report_c = check_mine(hidden_delta=undivided)
print(report_c)

# %% [markdown]
# Again `w1` and `b1`, and now they are about ten times too large. There are ten examples.
#
# **Mistake D:** the output delta is not divided by $m$.


# %%
def sum_instead_of_mean(h, x):
    """Wrong: the gradient of a sum over examples, while the cost is a mean."""
    return (h - x) * h * (1 - h)


report_d = check_mine(output_delta=sum_instead_of_mean)
print(report_d)

# %% [markdown]
# Everything fails, so the bug is at what all roads lead through: the output delta. The first block, `b2`, tells
# most, because nothing else is mixed into it, neither decay nor sparsity: its ratio is not *about* ten but ten. In `w2`
# there is a little decay beside it. In `w1` and `b1` the sparsity term, which is right, outweighs the rest, and the
# factor of ten is hardly to be seen.
#
# Side by side, analytic over numeric at the worst entry of each block:


# %%
def failing(report):
    """The names of the blocks that fail."""
    return {block.name for block in report.blocks if block.verdict == "fail"}


def ratio(report, name):
    """Analytic over numeric at the worst entry of a block."""
    return report[name].analytic / report[name].numeric


print("mistake      b2      w2      b1      w1")
for letter, report in zip("ABCD", (report_a, report_b, report_c, report_d), strict=True):
    print(letter, "     ", *(f"{ratio(report, name):7.3f}" for name in ("b2", "w2", "b1", "w1")))

assert failing(report_a) == failing(report_b) == failing(report_c) == {"w1", "b1"}
assert failing(report_d) == {"w1", "b1", "w2", "b2"}
assert abs(ratio(report_a, "b1")) < 0.01
assert 4 < ratio(report_b, "b1") < 5
assert 9.9 < ratio(report_c, "b1") < 10
assert np.isclose(ratio(report_d, "b2"), 10, rtol=1e-8)

# The three wrong values of the bias that the pencil promised:
for wrong, db1 in (forgotten, 0), (outside, 1), (undivided, 3 / 8):
    _, gradient = cost_and_gradient(theta_pencil, np.eye(2), **settings_pencil, hidden_delta=wrong)
    assert np.isclose(gradient[2], db1, atol=1e-15)

# %% [markdown]
# What to suspect, then:
#
# | what fails | what to suspect |
# |---|---|
# | all four blocks | the output delta, (11) |
# | `w1` and `b1` | the hidden delta, (12) to (14) |
# | a weight, but not its bias | the product with the delta, or the decay, in (15) or (17) |
# | a bias, but not its weight | the sum over examples in (16) or (18), or a bias that decays |
#
# The ratio of analytic to numeric tells what kind of mistake it is. Read it at the first block that fails on the way,
# `b2`, `w2`, `b1`, `w1`, for further on other terms are mixed in. Near 0: the largest term is missing. Negative: a
# sign.
# 2 or ½: the half of (5). Four or more: the slope of a sigmoid. The number of examples: a mean that is a sum. Near 1,
# in a weight whose bias is right: the decay, which is small beside the rest.
#
# ### What a check does not see
#
# **A mistake that is 0 where you look.** Suppose the biases decay by mistake, in the gradient only. At the start of
# training all biases are 0, so $\lambda b$ is 0, and the check passes. Check at a theta without zeros, as we did above.

# %%
is_bias = np.repeat([False, True, False, True], [16 * 5, 5, 5 * 16, 16])


def biases_decay(theta):
    """Wrong: the gradient has a decay of the biases, the cost has none."""
    cost, gradient = cost_and_gradient(theta, x_small, **settings)
    return cost, gradient + settings["weight_decay"] * is_bias * theta


with_biases_of_0 = np.where(is_bias, 0, theta_small)
unseen = check_function(biases_decay, with_biases_of_0, layout=shapes(FEATURES, HIDDEN))
seen = check_function(biases_decay, theta_small, layout=shapes(FEATURES, HIDDEN))
print("biases of 0:", unseen.verdict)
print(seen)
assert unseen.passed
assert failing(seen) == {"b1", "b2"}

# %% [markdown]
# **A mistake made twice.** The check compares your gradient with *your* cost. If both are a hundred times too large,
# they agree. What helps is a number from elsewhere: the pencil of section 5, or the library.


# %%
def hundredfold(theta):
    """Wrong, but consistently so."""
    cost, gradient = cost_and_gradient(theta, x_small, **settings)
    return 100 * cost, 100 * gradient


assert check_function(hundredfold, theta_small, layout=shapes(FEATURES, HIDDEN)).passed

# %% [markdown]
# ## 9. Train it
#
# The data are patches of 8x8 pixels, cut out of eight photographs at random places. The photographs are whitened first,
# which evens out their spatial frequencies. Then each patch loses its own mean, and all are scaled into $[0.1, 0.9]$,
# where a sigmoid can reach them. Middle gray is 0.5.

# %%
PATCHES, SIDE, UNITS, ITERATIONS = 5000, 8, 25, 200
x = photo_patches(PATCHES, SIDE, seed=0)
print(x.shape, x.min().round(3), x.max().round(3))
contrast = np.sum((x - 0.5) ** 2, axis=1)  # of each patch
by_contrast = np.argsort(contrast)[::-1]
tenth, half = contrast[by_contrast[: PATCHES // 10]].sum(), contrast[by_contrast[PATCHES // 2 :]].sum()
print(f"the strongest tenth of the patches has {tenth / contrast.sum():.0%} of the contrast", end=", ")
print(f"the weaker half {half / contrast.sum():.0%}")
assert 0.35 < tenth / contrast.sum() < 0.45
assert half / contrast.sum() < 0.06
shown = np.concatenate([x[:5], x[by_contrast[:5]]])
plots.image_rows({"patches": shown})

# %% [markdown]
# On the left the first five patches, on the right the five with the strongest contrast. A tenth of all patches has some
# 40 % of all the contrast, half of them have 5 % together: in photographs little happens in most places, and much in a
# few. Keep it in mind; it will matter.
#
# The weights start at random, uniform within $\pm\sqrt{6 / (D + H + 1)}$, the biases at 0. The optimiser is L-BFGS: it
# walks downhill, remembers how the last gradients changed along the way, and from this knows how the cost bends and how
# far to step. All it asks for is a function from theta to the cost and its gradient. You have just written one.


# %%
def initial_theta(features, hidden, seed=0):
    """UFLDL's start: random weights, biases of 0."""
    rng, bound = np.random.default_rng(seed), np.sqrt(6 / (features + hidden + 1))
    w1 = rng.uniform(-bound, bound, features * hidden)
    w2 = rng.uniform(-bound, bound, hidden * features)
    return np.concatenate([w1, np.zeros(hidden), w2, np.zeros(features)])


def train(x, rho, beta):
    """Minimise the cost; return theta and the cost after every iteration."""
    costs = []
    with threadpool_limits(1):  # matrices this small are multiplied faster by one thread than by several
        result = minimize(
            cost_and_gradient,
            initial_theta(x.shape[1], UNITS),
            args=(x, UNITS, rho, beta, 1e-4),
            jac=True,  # the function returns its gradient, too
            method="L-BFGS-B",
            callback=lambda intermediate_result: costs.append(intermediate_result.fun),
            options={"maxiter": ITERATIONS, "maxfun": 20 * ITERATIONS, "maxcor": 20},
        )
    return result.x, costs


assert np.allclose(initial_theta(64, 25), SparseAutoencoder(64, 25, seed=0).theta)  # the library starts there, too

# %% [markdown]
# Have two numbers ready before you start. With random weights each unit is active about half of the time, so at the
# start the sparsity term alone should cost about $\beta H\, \mathrm{KL}(0.01 \,\|\, 0.5)$. And a network that has
# learned nothing but to answer middle gray has an error (5) that we can compute: whoever ends above it has a bug.

# %%
rho, beta = 0.01, 3.0
half_active = beta * UNITS * (rho * np.log(rho / 0.5) + (1 - rho) * np.log((1 - rho) / 0.5))
gray = np.sum((0.5 - x) ** 2) / (2 * PATCHES)
first_cost, _ = cost_and_gradient(initial_theta(SIDE * SIDE, UNITS), x, UNITS, rho, beta, 1e-4)
print(f"sparsity term of half active units {half_active:.1f}, the whole cost at the start {first_cost:.1f}")
print(f"error of answering gray {gray:.3f}")

theta, costs = train(x, rho, beta)
print("\niteration  cost")
for iteration in 1, 2, 5, 10, 20, 50, 100, len(costs):
    print(f"{iteration:9}  {costs[iteration - 1]:.3f}")
assert costs[-1] < 0.9 * gray
plots.curves({"cost": costs, "answering_gray": [gray] * len(costs)}, step="iteration", log=True)

# %% [markdown]
# The curve has two parts. Within ten iterations the sparsity term falls from about 50 to almost nothing: the network
# silences its units, and answers gray. Only then, slowly, does it learn to see.
#
# What does it see? Unit $j$ adds up $\sum_i x_{ni} W^{(1)}_{ij}$. Among all inputs of the same length, this sum is
# largest for the one that is proportional to the weights themselves (the Cauchy-Schwarz inequality). So a unit's
# weights, drawn as a patch, are a picture of what it looks for: white where it wants light, black where it wants dark.


# %%
def forward(theta, x):
    """The weights into the hidden units, their activations, and the reconstructions."""
    w1, b1, w2, b2 = unpack(theta, x.shape[1], UNITS)
    a = sigmoid(x @ w1 + b1)
    return w1, a, sigmoid(a @ w2 + b2)


w1, a, h = forward(theta, x)
plots.filters(w1)

# %% [markdown]
# Most of them are edges and stripes, a bright band beside a dark one, in various places and orientations. Nobody told
# the network about edges. So that we need not trust our eyes alone, here is a number for "one direction prevails": at
# every pixel of a filter we ask in which direction the gray value changes, and how strongly. In parallel stripes it
# changes along one line only, and the number is 1; where all directions are alike, it is 0.


# %%
def stripedness(w1):
    """How far one direction prevails in each unit's filter: 1 in parallel stripes, 0 where none does."""
    down, across = np.gradient(w1.T.reshape(-1, SIDE, SIDE), axis=(1, 2))
    cc, dd, cd = ((p * q).sum(axis=(1, 2)) for p, q in ((across, across), (down, down), (across, down)))
    return np.hypot(cc - dd, 2 * cd) / (cc + dd)


w1_at_start, _, _ = forward(initial_theta(SIDE * SIDE, UNITS), x)
print(f"median stripedness: at the start {np.median(stripedness(w1_at_start)):.2f}", end=", ")
print(f"after training {np.median(stripedness(w1)):.2f}")
assert np.median(stripedness(w1_at_start)) < 0.3 < 0.6 < np.median(stripedness(w1))

# %% [markdown]
# Are the units as silent as we asked?

# %%
rho_hat = a.mean(axis=0)
assert rho_hat.min() > 0.8 * rho
assert rho_hat.max() < 1.3 * rho
assert np.median(rho_hat) > rho
plots.mean_activations(a, rho)

# %% [markdown]
# Yes, all of them, most a little above $\rho$ rather than below (why? Question 6). Negative biases helped them there,
# which is one reason why we did not let the biases decay.
#
# And what comes back?

# %%
_, b1, _, _ = unpack(theta, SIDE * SIDE, UNITS)
assert (b1 < 0).all()
print(f"biases b1 from {b1.min():.2f} to {b1.max():.2f}")
any_on = (a > 0.5).any(axis=1).mean()
print(f"patches for which any unit is above one half: {any_on:.1%}")
assert 0.03 < any_on < 0.08
_, _, h_shown = forward(theta, shown)
assert np.flatnonzero(h_shown.std(axis=1) > 0.05).tolist() == [1, 5, 6, 7, 8, 9]  # those that do not come back gray
plots.image_rows({"original": shown, "reconstruction": h_shown})

# %% [markdown]
# The five strong patches come back, softened. Of the five on the left only the second does, an edge itself; the others
# come back gray, the clear texture of the fourth included. With 25 units, each allowed a mean activation of 0.01, only
# one patch in twenty or so switches any unit on. A sparse autoencoder of this size is a poor compressor, but it was not
# built for compressing. It was to find out what is worth a word, and that is edges.
#
# ## 10. What sparsity does
#
# **Predict first, then run the cell.** The same network with (i) $\rho = 0.2$, (ii) no sparsity at all, $\beta = 0$.
# Which of the three has the smallest error? Where will the mean activations of (ii) be? Will (i) and (ii) see edges?

# %%
runs = {
    "rho 0.01, beta 3": theta,
    "rho 0.2,  beta 3": train(x, 0.2, 3.0)[0],
    "beta 0": train(x, 0.01, 0.0)[0],
}
found = {}
print(f"{'':18}error  mean activations: lowest, median, highest  stripedness")
for name, theta_of_run in runs.items():
    w1, a, h = forward(theta_of_run, x)
    error, stripes = np.sum((h - x) ** 2) / (2 * PATCHES), np.median(stripedness(w1))
    low, middle, high = np.quantile(a.mean(axis=0), (0, 0.5, 1))
    found[name] = error, middle, stripes
    print(f"{name:18}{error:.3f}  {low:24.3f}, {middle:.3f}, {high:.3f}  {stripes:15.2f}")

sparse, loose, free = found.values()
assert free[0] < loose[0] < sparse[0] < gray
assert 0.3 < free[1] < 0.7
assert max(loose[2], free[2]) < 0.5 < sparse[2]

# %%
plots.filters(forward(runs["rho 0.2,  beta 3"], x)[0])

# %%
plots.filters(forward(runs["beta 0"], x)[0])

# %% [markdown]
# The less sparsity, the better the reconstruction, and the less there is to see. Without the sparsity term most units
# stay active about half of the time, and the filters, the upper picture's as well as the lower one's, are speckled:
# hardly an edge among them.
#
# Why? Where all units may speak in every patch, 25 of them describe it *together*, and many sets of 25 patterns do that
# equally well: replace the patterns by mixtures of them, undo the mixing in the decoder, and little changes. Nothing
# favours one mixture over another. Ask for silence, and one choice stands out. Little happens in most patches, and
# where much happens it is often an edge. So an edge detector has nothing to say most of the time, and much to say when
# it speaks.
#
# ## 11. Check yourself
#
# The answers are at the very end. Write yours down first.
#
# 1. Every patch is put into the batch twice. What happens to the cost, and to the gradient?
# 2. To save memory, someone splits the batch into two halves, computes the cost and the gradient of each, and takes the
#    means of both. For which terms of (9) is that right?
# 3. A unit has $\hat\rho_j = 0.001$ where $\rho = 0.01$. What sign has $\mathrm{KL}'(\hat\rho_j)$, and which way will
#    gradient descent move the unit's bias?
# 4. In a report `w1` fails, while `b1`, `w2` and `b2` pass. Where do you look?
# 5. Training starts with theta all zeros. What will become of the 25 hidden units?
# 6. Why do most mean activations end a little above $\rho$, not below?
# 7. The output loses its sigmoid: $h = z^{(3)}$. Which of the equations (1) to (18) change?
#
# ## 12. Exercises
#
# 1. **Loops.** Write (1) to (18) as they stand, with a `for` for every index and no matrix product. Compare with
#    `cost_and_gradient` on `x_small`, to 1e-12, and time both.
# 2. **Tied weights.** Let the decoder use the encoder's weights: $W^{(2)} = (W^{(1)})^T$. A weight now has two roads to
#    the cost. Derive its gradient, write it, and hand it to `check_function`.
# 3. **Another sparsity.** Replace (8) by $\frac{\beta}{m} \sum_n \sum_j a_{nj}$. What becomes of (12) and (13)? Must
#    all examples still go forward before the first goes backward?
# 4. **Full size.** Set 10,000 patches and 400 iterations, as UFLDL does, for the run of section 9. It takes some ten
#    seconds, the cost should fall below 0.39, and the edges become crisper.
# 5. **For two.** Plant a bug in one line of `cost_and_gradient`. Show your neighbour nothing but the report. Who finds
#    more?
#
# ## 13. What to read next
#
# In the library each operation is a pair of functions, forward and backward, with its own derivation:
#
# - `miniae/ops/dense.py`: (1) and (3); its backward gives the sum in (13), and (15) to (18) without the decay;
# - `miniae/ops/sigmoid.py`: (2), (4) and (10);
# - `miniae/losses/squared_error.py`: (5) and the first half of (11);
# - `miniae/penalties/kl_sparsity.py`: (7), (8), (12), and what to do when $\hat\rho_j$ is exactly 0 or 1;
# - `miniae/layers/sparsity.py`: how a layer gets the sparsity term into the bracket of (13);
# - `miniae/models/sparse_autoencoder.py`: all of it put together, in one page;
# - `miniae/gradcheck/numeric.py`: (19), and how far a numerical gradient can be trusted;
# - `miniae/lbfgs.py`: what our `train` does, for every model of the library.
#
# Elsewhere: the UFLDL tutorial (ufldl.stanford.edu), "Backpropagation Algorithm", "Gradient checking and advanced
# optimization" and "Autoencoders and Sparsity"; and Olshausen and Field (1996), "Emergence of simple-cell receptive
# field properties by learning a sparse code for natural images", Nature 381, on why edges.

# %% [markdown]
# ## Answers
#
# 1. Nothing. (5) and (7) are means over examples, and (6) does not look at them.
# 2. For the error and the decay. Not for the sparsity: $\hat\rho_j$ of a half is not that of the whole, and the mean of
#    two divergences is not the divergence of the mean. (It is larger, since KL is convex.)
# 3. $-\frac{0.01}{0.001} + \frac{0.99}{0.999} \approx -9$: negative, and so is its share in
#    $\partial J/\partial b^{(1)}_j$. Descent goes against the gradient and *raises* the bias. The term wakes units that
#    are too silent just as it hushes the others.
# 4. At (15). The hidden delta is right, or `b1` would fail as well; so it is the product with `x`, or the decay of
#    `w1`.
# 5. They all become the same unit. With $W^{(2)} = 0$ nothing comes back from the outputs, and every unit gets the same
#    sparsity term; so all columns of $\partial J/\partial W^{(1)}$ are equal, all rows of $\partial J/\partial W^{(2)}$
#    are, too, and after the step we are in the same situation. Random weights are there to make the units different.
# 6. Two terms pull at a bias $b^{(1)}_j$, and in a minimum they cancel. At $\hat\rho_j = \rho$ the sparsity does not
#    pull at all ($\mathrm{KL}' = 0$), but the error does: a unit that speaks up more often explains more. So the
#    balance is above $\rho$.
# 7. (4), and (11), which loses $h(1 - h)$. Everything else stays as it is.
#
# What can be checked is checked:

# %%
cost, gradient = cost_and_gradient(theta_small, x_small, **settings)

# 1. Every patch twice
cost_twice, gradient_twice = cost_and_gradient(theta_small, np.concatenate([x_small, x_small]), **settings)
assert np.isclose(cost_twice, cost, rtol=1e-12)
assert np.allclose(gradient_twice, gradient, rtol=1e-12, atol=1e-12)

# 2. Two halves, with and without sparsity
for beta, same in (0.0, True), (3.0, False):
    with_beta = {**settings, "beta": beta}
    whole, gradient_whole = cost_and_gradient(theta_small, x_small, **with_beta)
    first, gradient_first = cost_and_gradient(theta_small, x_small[:5], **with_beta)
    second, gradient_second = cost_and_gradient(theta_small, x_small[5:], **with_beta)
    assert np.isclose((first + second) / 2, whole, rtol=1e-12) == same
    assert np.allclose((gradient_first + gradient_second) / 2, gradient_whole, rtol=1e-12, atol=1e-12) == same
assert (first + second) / 2 > whole

# 3. The slope of the divergence
assert np.isclose(-0.01 / 0.001 + 0.99 / 0.999, -9, atol=0.01)


# 4. A gradient whose w1 decays the wrong way
def wrong_decay(theta):
    """Wrong: minus lambda w1."""
    cost, gradient = cost_and_gradient(theta, x_small, **settings)
    return cost, gradient - np.where(np.arange(len(theta)) < 16 * 5, 2 * settings["weight_decay"] * theta, 0)


assert failing(check_function(wrong_decay, theta_small, layout=shapes(FEATURES, HIDDEN))) == {"w1"}

# 5. All zeros: the units get one and the same gradient, now and after a step
zeros = np.zeros_like(theta_small)
for _ in range(3):
    _, gradient = cost_and_gradient(zeros, x_small, **settings)
    dw1, db1, dw2, db2 = unpack(gradient, FEATURES, HIDDEN)
    assert np.allclose(dw1, dw1[:, :1], rtol=1e-12)
    assert np.allclose(dw2, dw2[:1], rtol=1e-12)
    zeros = zeros - 0.1 * gradient
