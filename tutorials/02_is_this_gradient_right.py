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
# # Is this gradient right?
#
# **Goal.** You have written a gradient by hand. You will learn to find out whether it is right, to read what the
# checker prints, to tell a wrong gradient from one that cannot be judged, and to know what no such check can see.
#
# **You need** partial derivatives, NumPy, and about 20 minutes. The first lesson's section 7 is a good start, but not
# needed. Install with `pip install -e ".[course]"` in the repository's folder.
#
# **How to use it.** Sections 1 to 5 are for everybody. After that take what is yours:
#
# | you have | you call | section |
# |---|---|---|
# | a cost and its gradient as a function of theta | `check_function` | 2 |
# | a forward and a backward function | `check_pair` | 6 |
# | a layer, network, loss, penalty or model of miniae | `check` | 7 |
# | PyTorch or JAX, a GPU, float32 | `check_against` and the above | 8 |
# | a test suite | `assert_gradients` | 9 |
# | a file, your own or a student's | `miniae check` | 10 |
#
# Where a statement can be checked, a cell checks it with `assert`.

# %%
"""Is this gradient right? The checker, its report, and what it cannot see."""

import json
import math
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from miniae import check, check_function, check_pair
from miniae.gradcheck import assert_gradients, check_against
from miniae.gradcheck.diagnosis import HYPOTHESES, Explanation, register
from miniae.layers import Dense, Tanh
from miniae.losses import softmax_cross_entropy
from miniae.models import SparseAutoencoder
from miniae.network import Sequential
from miniae.penalties import kl_sparsity

# %% [markdown]
# ## 1. A slope from two values
#
# A cost $J(\theta)$ knows its gradient: move one parameter up and down by a little $h$ and see what happens. With $e_p$
# the vector that is 1 at parameter $p$ and 0 elsewhere, Taylor's theorem gives the **central difference**
#
# $$ D_p(h) = \frac{J(\theta + h e_p) - J(\theta - h e_p)}{2h} = J'_p + \frac{h^2}{6} J'''_p + \dots \tag{1} $$
#
# Make $h$ tiny, then? No. The computer keeps 16 digits, so each of the two costs is off by some $\varepsilon |J|$ with
# $\varepsilon \approx 10^{-16}$, and we divide their difference by $h$. Together
#
# $$ \big| D_p(h) - J'_p \big| \approx \frac{h^2}{6} |J'''_p| + \frac{\varepsilon |J|}{h} \tag{2} $$
#
# The first part shrinks with $h$, the second grows. On logarithmic axes that is a V:


# %%
def exponential(theta):
    """A cost and its gradient that nobody doubts."""
    return np.exp(theta).sum(), np.exp(theta)


def central_difference(h):
    """D(h) of exp at 1."""
    return (np.exp(1 + h) - np.exp(1 - h)) / (2 * h)  # (1)


print("h       relative error of D(h)")
relative_error = {}
for power in range(-1, -13, -1):
    relative_error[power] = abs(central_difference(10.0**power) / np.e - 1)
    print(f"1e{power:03}  {relative_error[power]:.0e}")

assert -7 <= min(relative_error, key=relative_error.get) <= -4
assert 1e-12 < min(relative_error.values()) < 1e-9

# %%
check_function(exponential, np.array([1.0])).plot_steps()

# %% [markdown]
# The best single step is near $10^{-5}$, and it gives some ten digits. **Two steps** give more. By (1), $D(2h)$ has
# four times the $h^2$ term of $D(h)$, so it can be cancelled:
#
# $$ G_p = \frac{4 D_p(h) - D_p(2h)}{3} = J'_p + O(h^4) \tag{3} $$

# %%
h = 1e-3
one_step = central_difference(h)
two_steps = (4 * central_difference(h) - central_difference(2 * h)) / 3  # (3)
print(f"relative error: one step {abs(one_step / np.e - 1):.0e}, two steps {abs(two_steps / np.e - 1):.0e}")
assert abs(one_step / np.e - 1) > 1e-7
assert abs(two_steps / np.e - 1) < 1e-12

# %% [markdown]
# And two steps do something that one cannot: they tell **how far $G_p$ may itself be off**. In a smooth cost $D(h)$ and
# $D(2h)$ differ by a little that falls with $h^2$. Where they differ otherwise, the difference quotient is not to be
# trusted, and the checker will say so instead of calling your gradient wrong. (`miniae/gradcheck/numeric.py` has the
# formulas. The checker starts with the step $10^{-3}$ and tries others where that is not good enough.)

# %% [markdown]
# ## 2. A cost of your own
#
# An autoencoder as a student might write it: hidden units $a = \tanh(x W_1 + b_1)$, output $y = a W_2 + b_2$, and
#
# $$ J = \frac{1}{2m} \sum_{nk} (y_{nk} - x_{nk})^2 + \frac{\lambda}{2} \Big( \sum W_1^2 + \sum W_2^2 \Big) \tag{4} $$
#
# With $\Delta_y$ and $\Delta_z$ for the derivatives by the output and by what enters the tanh, whose slope is
# $1 - a^2$:
#
# $$ \Delta_y = \frac{1}{m} (y - x), \qquad \Delta_z = \Delta_y W_2^T \odot (1 - a^2) \tag{5} $$
#
# $$ \frac{\partial J}{\partial W_1} = x^T \Delta_z + \lambda W_1, \quad
#    \frac{\partial J}{\partial b_1} = \sum_n \Delta_z, \quad
#    \frac{\partial J}{\partial W_2} = a^T \Delta_y + \lambda W_2, \quad
#    \frac{\partial J}{\partial b_2} = \sum_n \Delta_y \tag{6} $$
#
# The slope of the tanh and the number of examples are arguments of the function only so that we can break them later.

# %%
rng = np.random.default_rng(0)
m, features, hidden, lam = 10, 6, 3, 0.01
x = rng.uniform(-1, 1, size=(m, features))
layout = {"w1": (features, hidden), "b1": (hidden,), "w2": (hidden, features), "b2": (features,)}
theta = rng.normal(scale=0.3, size=sum(map(math.prod, layout.values())))


def slope_of_tanh(a):
    """The derivative of the tanh, from its value."""
    return 1 - a**2


def cost_and_gradient(theta, slope=slope_of_tanh, count=m, x=x):
    """The cost (4) of all parameters in one flat vector, and its gradient."""
    w1, b1, w2, b2 = np.split(theta, [18, 21, 39])
    w1, w2 = w1.reshape(features, hidden), w2.reshape(hidden, features)
    a = np.tanh(x @ w1 + b1)
    y = a @ w2 + b2
    cost = np.sum((y - x) ** 2) / (2 * m) + lam / 2 * (np.sum(w1**2) + np.sum(w2**2))  # (4)

    dy = (y - x) / count  # (5)
    dz = dy @ w2.T * slope(a)  # (5)
    dw1, db1 = x.T @ dz + lam * w1, dz.sum(axis=0)  # (6)
    dw2, db2 = a.T @ dy + lam * w2, dy.sum(axis=0)  # (6)
    return cost, np.concatenate([dw1.ravel(), db1, dw2.ravel(), db2])


report = check_function(cost_and_gradient, theta, layout=layout)
print(report)
assert report.passed

# %% [markdown]
# Any function of theta that returns a cost and its gradient will do. `layout` names the blocks of theta, in their
# order; without it there is one block, `theta`. (Cost and gradient in two functions:
# `check_function(cost, theta, gradient=gradient)`.) As the last line of a notebook's cell, a report is a table in
# colours.
#
# A row of the table, from left to right:
#
# - **block, shape**: which part of theta.
# - **worst error, at**: the largest error in the block, and the index where it is.
# - **analytic, numeric**: what your gradient says there, and what the cost says, by (3).
# - **wrong**: how many of the block's entries are wrong. **verdict**: of the block.
#
# The error of an entry is, with $s$ the largest $|\text{numeric}|$ **of its block**,
#
# $$ \text{error} = \frac{|\text{analytic} - \text{numeric}|}{s} \tag{7} $$
#
# Why not divide by the entry's own size? Because by (2) all entries carry about the same rounding. Of an entry that is
# a millionth of its neighbours, however right, only a few digits can be seen in the cost at all. But why not by the
# largest of *all* blocks? Because a bias's gradient may be a hundred times larger than a weight's, and would then cover
# up its mistakes.
#
# The last line is the verdict on the whole, with the tolerance and UFLDL's own single figure, the norm ratio, which the
# exercise wants below 1e-9. The picture for four blocks:

# %%
report.plot_steps()

# %% [markdown]
# `w1` and `b1` make the V. `w2` and `b2` have only its left arm: the output is linear in them and the cost a square, so
# the third derivative in (1) is 0, and nothing is lost however long the step.

# %% [markdown]
# ## 3. Make a mistake
#
# The slope of the *sigmoid* is $a(1 - a)$. Someone copies it from the last exercise, and forgets that this network has
# a tanh:


# %%
def slope_of_sigmoid(a):
    """The wrong slope for a tanh."""
    return a * (1 - a)


def wrong_slope(theta):
    """The mistake."""
    return cost_and_gradient(theta, slope=slope_of_sigmoid)


report = check_function(wrong_slope, theta, layout=layout, context={"x": x, "lam": lam})
print(report)
assert report.names("fail") == ("w1", "b1")
assert report.diagnosis.first == "derivative-other-activation"

# %% [markdown]
# Below the table the report goes on in sentences:
#
# - **Right:** the blocks that are right. `w2` and `b2`: so $\Delta_y$ is right, and the mistake lies behind it.
# - **- w1:** and **- b1:** how many entries are wrong, and both values at the worst of them.
# - **Likely cause:** the *diagnosis*, here that the derivative of the sigmoid was taken. A cause is named only if a
#   gradient computed *with* this mistake is the one you returned: "explains 100.0 % of the error" is measured. Where
#   nothing fits, the report says that no known mistake explains the error.
# - **(Judged from ...)** what the diagnosis had to go by.
# - **Next:** where to look.
# - **Repeat:** the call that does it again. The last line is the verdict.
#
# The diagnosis knew what it did because of `context`: what the cost was computed from. It then rebuilds your
# calculation, tries the mistakes of the trade, and compares. Without it much less can be said:

# %%
without_context = check_function(wrong_slope, theta, layout=layout)
print(without_context.diagnosis)
assert without_context.diagnosis.first is None

# %% [markdown]
# The keys of `context` are the usual names: `x`, `t` (targets or labels), `lam`, `rho`, `beta`. The layout's names help
# as well: call weights `w1`, `w2` or `W1`, `W2`, and biases `b1`, `b2`.
#
# The same as a picture: right entries on the diagonal, wrong ones beside it, a cross each.

# %%
report.plot_scatter()

# %% [markdown]
# The crosses lie in a cloud around a flat line: no factor, no sign, but other numbers. Compare with a mean over the
# $m = 10$ examples that was forgotten in $\Delta_y$: the crosses lie along a line, ten times as steep.


# %%
def mean_forgotten(theta):
    """The gradient of the sum over examples, of a cost that is their mean."""
    return cost_and_gradient(theta, count=1)


forgotten = check_function(mean_forgotten, theta, layout=layout, context={"x": x, "lam": lam})
print(forgotten.diagnosis)
assert forgotten.diagnosis.first == "missing-1/m"
forgotten.plot_scatter()

# %% [markdown]
# And what a step size has to do with it: nothing. Where the gradient is wrong, every step says so. In the picture the
# V has become a floor. The thin dotted line below it is the V around the *numerical* gradient, which shows that the
# differences themselves are sound.

# %%
report.plot_steps()

# %% [markdown]
# ## 4. Three verdicts
#
# An entry is **wrong** if its error (7) is above the tolerance, 1e-9, *and* above ten times what the difference may
# itself be off. A block **fails** if any entry is wrong. It is **inconclusive** if none is wrong, but the differences
# are too poor to say that all are right: a checker that called these "pass" would miss mistakes, and one that called
# them "fail" would cry wolf. Else it **passes**. Three ways to be in doubt, and how to get out of it:


# %%
def relu(theta):
    """A corner at 0."""
    return np.maximum(theta, 0).sum(), (theta > 0).astype(float)


def huge(theta):
    """A sine on top of a billion."""
    return 1e9 + np.sin(theta).sum(), np.cos(theta)


def in_float32(theta):
    """A cost that has lost its last nine digits on the way."""
    return float(np.float32(np.exp(theta).sum())), np.exp(theta)


kink = check_function(relu, np.array([-1.5, 1e-7, 2.0]))
rounding = check_function(huge, np.array([0.1, 0.5, 2.0]))
noise = check_function(in_float32, np.array([0.1, 0.5, 2.0]))
for doubtful in kink, rounding, noise:
    print(doubtful, end="\n\n")

assert (kink["theta"].why, rounding["theta"].why, noise["theta"].why) == ("kink", "rounding", "noise")
assert kink.verdict == rounding.verdict == noise.verdict == "inconclusive"

# %% [markdown]
# - **Kink.** One entry lies $10^{-7}$ beside the corner of the ReLU. Every step used reaches across it, and there the
#   quotient is neither slope. Check elsewhere: draw the inputs with a distance from corners (section 9). Or declare
#   that a part of the entries may lie beside one: these are then left out, and counted.
# - **Rounding.** Of a billion and a bit, float64 keeps seven digits of the bit. Leave the constant out.
# - **Noise.** A cost in float32, or one that draws random numbers. Compute in float64; draw the numbers once,
#   outside of the function.
#
# Doubt is no excuse for what is plainly wrong. The huge cost with its sign turned still *fails*: an error of 200 % is
# far above the doubt.

# %%
with_corners = check_function(relu, np.array([-1.5, 1e-7, 2.0]), kinks=0.4)
print(f"with kinks declared: {with_corners.verdict}; {with_corners['theta'].reason}")
assert with_corners.passed

turned = check_function(lambda theta: (huge(theta)[0], -huge(theta)[1]), np.array([0.1, 0.5, 2.0]))
print(f"with the sign turned: {turned.verdict}; {turned['theta'].reason}")
assert turned.verdict == "fail"

# %% [markdown]
# One more way to fail: a gradient of zeros whose cost does not change either. Nothing was tested there. If it is meant
# to be zero, say so, with the block's name: `zero=("b2",)`.

# %% [markdown]
# ## 5. A second opinion, and large thetas
#
# **The complex step.** Put $\theta + ih e_p$ into (1)'s series in place of $\theta + h e_p$; the imaginary part is
#
# $$ \frac{\mathrm{Im}\, J(\theta + i h e_p)}{h} = J'_p - \frac{h^2}{6} J'''_p + \dots \tag{8} $$
#
# Nothing is subtracted, so $h$ may be $10^{-20}$, and the result is exact to the last digits, *if* the code computes
# with complex numbers as it does with real ones. `abs`, `norm` and conversions to float throw the imaginary part away.
# So this is an opinion to ask for, it never decides, and the report says when it is not to be trusted:


# %%
def stable_cross_entropy(z):
    """The cross-entropy of a target of 0.3 with the logits z, as it is written to be safe from overflow."""
    cost = np.maximum(z, 0) - 0.3 * z + np.log1p(np.exp(-np.abs(z)))
    return cost.sum(), 1 / (1 + np.exp(-z)) - 0.3


smooth = check_function(cost_and_gradient, theta, layout=layout, complex_step=True)
print(smooth, end="\n\n")
with_abs = check_function(stable_cross_entropy, np.array([0.1, -0.5, 2.0]), complex_step=True)
print(with_abs)
assert all(opinion.trusted for opinion in smooth.evidence.complex_step.values())
assert not with_abs.evidence.complex_step["theta"].trusted
assert with_abs.passed

# %% [markdown]
# The second gradient is right. It is the *complex step* that went wrong, by the `np.abs`, and without the central
# differences beside it nobody would have known.
#
# **Large thetas.** At least four costs for every entry are too many for a million entries. Up to 4,000 entries all are
# measured. Of a larger theta only the small blocks are; every other block is held against 16 **random projections**:
# with $v$ a vector of random signs, $g$ your gradient and $g^*$ the true one,
#
# $$ \frac{J(\theta + h v) - J(\theta - h v)}{2h} \approx \sum_p v_p g^*_p, \qquad
#    \sum_p v_p g_p - \sum_p v_p g^*_p = \sum_p v_p (g_p - g^*_p) \tag{9} $$
#
# A single wrong entry shows in all 16 of them. Several may cancel in one direction, but hardly ever in 16. Where they
# disagree, the checker goes looking for the entries. Here one of 13,000 is wrong by a hundredth:

# %%
patches = np.random.default_rng(2).uniform(0.1, 0.9, size=(10, 64))
model = SparseAutoencoder(64, 100)


def one_wrong_entry(theta):
    """The library's gradient, but for entry 1000 of w1."""
    cost, gradient = model.cost_and_grad(theta, patches)
    gradient[1000] *= 1.01
    return cost, gradient


large = check_function(one_wrong_entry, model.theta, cost=lambda t: model.cost(t, patches), layout=model.layout)
print(f"{len(model.theta)} parameters")
print(large)
assert large.names("fail") == ("w1",)
assert large["w1"].index == (10, 0)  # entry 1000 of a block of 100 columns

# %% [markdown]
# `cost=` is a way to the cost alone, which is faster than computing a gradient that is then thrown away. What
# projections cannot do: see an entry that is small beside the *norm* of its block. A small network shows more. Check
# small, train large.

# %% [markdown]
# ## 6. A forward and a backward function
#
# A layer has no cost, but an output $y$ and a backward pass that turns $\partial J/\partial y$ into
# $\partial J/\partial x$. Draw $dy$ at random and take
#
# $$ J = \sum dy \cdot y \tag{10} $$
#
# for the cost: its derivative by $y$ is $dy$, so `backward(dy, cache)` must return the derivatives of this $J$. The
# $dy$ has to be random; with ones everywhere the gradient of a softmax is 0, and any nonsense that returns zeros
# passes. Here an activation with a slope to learn, $y = g \cdot x \sigma(x)$:


# %%
def forward(x, g):
    """The output, and what the backward pass needs."""
    p = 1 / (1 + np.exp(-x))
    return g * x * p, (x, g, p)


def backward(dy, cache):
    """The gradients with respect to x and g, in this order."""
    x, g, p = cache
    return dy * g * (p + x * p * (1 - p)), (dy * x * p).sum(axis=0)


args = {"x": rng.normal(size=(4, 3)), "g": rng.normal(size=3)}
pair = check_pair(forward, backward, args, linear=("g",), contract=True, batch=("x",))
print(pair)
assert pair.passed

# %% [markdown]
# `linear` names arguments in which the output is linear: a central difference is then exact with any step, and these
# are held to 1e-12. `contract=True` repeats the check with arrays that are not contiguous in memory, and with a single
# example; `batch` says whose rows the examples are.
#
# A pair must also *behave*. This backward computes the right numbers and fails:


# %%
def backward_in_place(dy, cache):
    """Right, but it overwrites an array that belongs to its caller."""
    x, g, p = cache
    dg = (dy * x * p).sum(axis=0)
    dy *= g * (p + x * p * (1 - p))
    return dy, dg


rude = check_pair(forward, backward_in_place, args)
print(rude)
assert rude.verdict == "fail"
assert rude["x"].failing == 0

# %% [markdown]
# In a network with two branches the other branch would now get a wrong `dy`. The same rules hold for `check_function`:
# theta is left alone, the same question gets the same answer, no array is handed out twice.

# %% [markdown]
# ## 7. What miniae is made of
#
# `check` takes anything of the library, or of your own making in its form, and finds out what to differentiate: a model
# by its parameters, a layer or network by its input and parameters, a loss or penalty by its first argument.

# %%
batch = rng.uniform(0.1, 0.9, size=(5, 4))
labels = np.array([0, 1, 2, 3, 0])
subjects = {
    "layer": (Dense(4, 3), batch),
    "network": (Sequential([Dense(4, 3), Tanh(), Dense(3, 2)]), batch),
    "loss": (softmax_cross_entropy, batch, labels),
    "penalty": (kl_sparsity, batch, 0.1, 3.0),
    "model": (SparseAutoencoder(4, 2), batch),
}
for name, (subject, *data) in subjects.items():
    report = check(subject, *data)
    print(f"{name:8} {report.verdict}: {', '.join(block.name for block in report.blocks)}")
    assert report.passed

# %% [markdown]
# ## 8. PyTorch, JAX, float32
#
# The checker knows nothing of frameworks. Arrays go in, arrays come out, the report is the same. This cell is not run
# here, since it needs PyTorch; the repository's tests run it.
#
# ```python
# import numpy as np
# import torch
#
# from miniae.gradcheck import check_pair
#
#
# class Cube(torch.autograd.Function):
#     @staticmethod
#     def forward(ctx, x):
#         ctx.save_for_backward(x)
#         return x**3
#
#     @staticmethod
#     def backward(ctx, dy):
#         (x,) = ctx.saved_tensors
#         return dy * 3 * x**2
#
#
# def forward(x):
#     x = torch.tensor(x, requires_grad=True)  # float64, like the array it is made from
#     y = Cube.apply(x)
#     return y.detach().numpy(), (x, y)
#
#
# def backward(dy, cache):
#     x, y = cache
#     return torch.autograd.grad(y, x, torch.tensor(dy))[0].numpy()
#
#
# assert check_pair(forward, backward, {"x": np.array([1.0, 2.0, -0.5])}).passed
# ```
#
# A `custom_vjp` in JAX, as a cost of theta. JAX computes in float32 unless told otherwise; here it is told:
#
# ```python
# import jax
# import numpy as np
#
# from miniae.gradcheck import check_function
#
#
# @jax.custom_vjp
# def cube(x):
#     return x**3
#
#
# cube.defvjp(lambda x: (x**3, x), lambda x, dy: (dy * 3 * x**2,))
# value_and_grad = jax.value_and_grad(lambda theta: cube(theta).sum())
#
#
# def cost_and_gradient(theta):
#     cost, gradient = value_and_grad(theta)
#     return float(cost), np.array(gradient)
#
#
# with jax.enable_x64(True):
#     assert check_function(cost_and_gradient, np.array([1.0, 2.0, -0.5])).passed
# ```
#
# More of both, a whole module among them, in `tests/gradcheck/test_frameworks.py`.
#
# **Why float64?** Put $\varepsilon \approx 10^{-7}$ into (2): in float32 no step gives more than about four digits, and
# many mistakes are smaller. So `check_function` refuses float32. Check the formula in float64, and then the fast
# version, on a GPU or in float32, against that: a gradient against a gradient, no differences.

# %%
_, reference = cost_and_gradient(theta)
_, fast = cost_and_gradient(theta.astype(np.float32), x=x.astype(np.float32))
assert fast.dtype == np.float32
against = check_against(fast, reference, layout=layout)
print(against)
assert against.passed

# %% [markdown]
# Here *numeric* is the reference, and the tolerance is one that suits float32.

# %% [markdown]
# ## 9. In a test suite
#
# `assert_gradients` takes what `check_function`, `check_pair` and `check` take, and raises an `AssertionError` with the
# report as its message unless the verdict is *pass*:

# %%
assert_gradients(cost_and_gradient, theta, layout=layout)
assert_gradients(forward, backward, args)
assert_gradients(softmax_cross_entropy, batch, labels)
try:
    assert_gradients(wrong_slope, theta, layout=layout)
except AssertionError as error:
    print(str(error).partition("\n")[0])

# %% [markdown]
# Wherever miniae is installed pytest has a fixture of this name, without an import:
#
# ```python
# def test_my_layer(assert_gradients):
#     assert_gradients(forward, backward, args)
# ```
#
# Let Hypothesis draw the inputs (`pip install -e ".[test]"`). `strategies.arrays` keeps a distance from the corners
# that you name, so that no verdict is in doubt; `strategies.networks` draws whole models with data.
#
# ```python
# import numpy as np
# from hypothesis import given
#
# from miniae import strategies
# from miniae.gradcheck import assert_gradients
#
#
# def leaky_forward(x):
#     return np.where(x > 0, x, 0.1 * x), x
#
#
# def leaky_backward(dy, x):
#     return dy * np.where(x > 0, 1.0, 0.1)
#
#
# @given(strategies.arrays((2, 3), margin_from=(0.0,)))
# def test_leaky_relu(x):
#     assert_gradients(leaky_forward, leaky_backward, {"x": x})
#
#
# test_leaky_relu()  # pytest would call it by itself
# ```

# %% [markdown]
# ## 10. From the command line
#
# A file with a function is enough. What else the command looks for in it: `theta0`, where to check; `layout` and
# `context`, as above.

# %%
EXERCISE = '''
import numpy as np

x, t = np.random.default_rng(1).normal(size=(20, 3)), np.linspace(-1, 1, 20)
lam = 0.1
theta0 = np.array([0.5, -1.0, 2.0, 0.1])
layout = {"w": (3,), "b": (1,)}
context = {"x": x, "t": t, "lam": lam}


def regression(theta):
    """Linear regression with a decay of the weights."""
    w, b = theta[:3], theta[3]
    error = x @ w + b - t
    cost = (error**2).mean() / 2 + lam / 2 * w @ w
    return cost, np.append(x.T @ error / len(x) + lam * w, error.mean())


def without_decay(theta):
    """The same with a mistake."""
    cost, gradient = regression(theta)
    return cost, gradient - lam * np.append(theta[:3], 0)
'''


def command(line, folder):
    """Run ``miniae ...`` in a folder, as a terminal would, and show what it says, unless that is for programs."""
    miniae = [sys.executable, "-c", "from miniae.cli import app; app()"]
    done = subprocess.run([*miniae, *shlex.split(line)[1:]], cwd=folder, capture_output=True, text=True, check=False)
    if "--json" not in line:
        print(f"$ {line}\n{done.stdout}{done.stderr}exit code {done.returncode}\n")
    return done


with tempfile.TemporaryDirectory() as folder:
    Path(folder, "exercise.py").write_text(EXERCISE)
    right = command("miniae check exercise.py::regression", folder)
    wrong = command("miniae check exercise.py::without_decay", folder)
    elsewhere = command("miniae check exercise.py::regression --seed 1", folder)
    missing = command("miniae check exercise.py::regresion", folder)
    as_json = command("miniae check exercise.py::without_decay --json", folder)

assert (right.returncode, wrong.returncode, elsewhere.returncode, missing.returncode) == (0, 1, 0, 2)
found = json.loads(as_json.stdout)
print(found["verdict"], [finding["cause"] for finding in found["diagnosis"]["findings"]])
assert found["diagnosis"]["findings"][0]["cause"] == "decay-missing"

# %% [markdown]
# | exit code | means |
# |---|---|
# | 0 | pass |
# | 1 | fail |
# | 2 | the file cannot be checked; a sentence says why |
# | 3 | inconclusive |
#
# - `file.py::cost,gradient` checks two functions.
# - `--seed 1` draws theta instead of taking `theta0`; `--size 50` says how long it is, for a file that has neither
#   `theta0` nor `layout`. `--layout '{"w": [3], "b": [1]}'` stands in for the file's.
# - `--json` prints the report for programs: verdict, blocks, diagnosis with a stable name of each cause.
# - `--time-limit 10` gives up after ten seconds.
#
# To grade a class, loop over the files and look at the exit codes. Mind that the command *runs* the files: do that
# where a stranger's code can do no harm.

# %% [markdown]
# ## 11. For teachers: a mistake of your own
#
# The diagnosis knows some ninety mistakes (`miniae.gradcheck.diagnosis.CAUSES`). `register` adds the one that your
# class makes. A hypothesis says what gradient *would* come out; whether it did is found out by the checker. Suppose
# that somebody returns not the gradient but the step of gradient descent, $-0.1$ times the gradient:


# %%
@register
def step_for_gradient(clues):
    """The update in place of the gradient."""
    step = {c.name: -0.1 * c.difference.gradient for c in clues.wrong}
    yield Explanation("step-for-gradient", "This is the step, -alpha times the gradient: return the gradient", step)


def returns_the_step(theta):
    """That mistake."""
    cost, gradient = cost_and_gradient(theta)
    return cost, -0.1 * gradient


step = check_function(returns_the_step, theta, layout=layout)
print(step.diagnosis)
assert step.diagnosis.first == "step-for-gradient"
HYPOTHESES.remove(step_for_gradient)

# %% [markdown]
# `clues.wrong` are the failing blocks, each with its `name`, `value`, `analytic` and `difference.gradient`;
# `clues.context` is what the caller passed. `miniae mutants` shows gradients that were broken on purpose, and what the
# diagnosis makes of each.

# %% [markdown]
# ## 12. What no gradient check can see
#
# It compares your gradient with *your* cost. What is wrong in both alike, it cannot see.
#
# **The scale of the cost.** Someone writes $-1/m$ as `-1 // m`. In Python that is a division of whole numbers, rounded
# down: $-1$ for every $m$. Cost and gradient are both $m$ times too large, and agree.


# %%
def log_likelihood(logits, labels=labels):
    """Wrong: m times too large, in the cost and in the gradient."""
    scale, p = -1 // len(logits), np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = np.arange(len(logits))
    return scale * np.log(p[rows, labels]).sum(), scale * (np.eye(4)[labels] - p)


assert check_function(log_likelihood, batch).passed
cost_at_zero, _ = log_likelihood(np.zeros((5, 4)))
print(f"all classes alike should cost log 4 = {np.log(4):.3f}; here {cost_at_zero:.3f}")
assert np.isclose(cost_at_zero, 5 * np.log(4))

once, _ = log_likelihood(batch)
twice, _ = log_likelihood(np.concatenate([batch, batch]), np.concatenate([labels, labels]))
assert np.isclose(twice, 2 * once)

# %% [markdown]
# What sees it is a value from elsewhere: worked out by hand, published, or by someone else's code. And the cost must
# not change when every example is put into the batch twice; this one doubled.
#
# **A mistake in what is sampled.** A variational autoencoder draws $z = \mu + \sigma \epsilon$ with
# $\sigma = e^{\text{log\_var} / 2}$. Someone forgets the half. The gradient is right, of the wrong distribution.

# %%
noise = np.random.default_rng(3).normal(size=(100_000, 1))


def second_moment(log_var):
    """Wrong: the standard deviation is exp(log_var / 2)."""
    z = np.exp(log_var) * noise
    return (z**2).mean(), 2 * (z**2).mean(axis=0)


log_var = np.array([-1.0])
assert check_function(second_moment, log_var).passed
measured = (np.exp(log_var) * noise).std()
print(f"standard deviation of the samples {measured:.2f}, meant {np.exp(-0.5):.2f}")
assert abs(measured - np.exp(-0.5)) > 0.2

# %% [markdown]
# What sees it is a test of the samples: their mean and standard deviation.
#
# **A mistake that is 0 where you look.** A decay of biases that are all 0 (section 8 of the first lesson), or a branch
# that is not taken. Check at a theta without zeros, and at more than one.
#
# ## 13. Check yourself
#
# 1. You divide the step $h$ by 10, from $10^{-2}$ to $10^{-3}$. What becomes of the error of $D(h)$? And from $10^{-8}$
#    to $10^{-9}$?
# 2. A report says *inconclusive* with "there is a kink nearby". Is your gradient right?
# 3. `w1` fails and `b1` passes. What is right, what is not?
# 4. Your loss and its gradient have the same wrong target. What does the check say?
#
# **Answers.** 1. By (2) it falls to a hundredth; then it grows tenfold. 2. Nobody knows: the differences are no good
# there. Check at another theta. 3. $\Delta_z$ is right, or `b1` would fail as well. Look at the product $x^T \Delta_z$
# and the decay, in (6). 4. Pass. A value from elsewhere is what you need.
#
# ## 14. What to read next
#
# - `miniae/gradcheck/numeric.py`: (1) to (3), and how the checker knows how far it may be off;
# - `miniae/gradcheck/judge.py`: (7) and the verdicts;
# - `miniae/gradcheck/projections.py`: (9), and how often a mistake escapes;
# - `miniae/gradcheck/diagnosis/scale.py`: what a hypothesis looks like;
# - `miniae/mutants/unseen.py`: more mistakes that no gradient check sees, each with a value that shows it.
