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
# # Spot the bug: a gallery
#
# **Goal.** Eighteen mistakes that were printed, in articles on autoencoders that many have learned from. Each is here
# in our own words and notation, run as it stands, its failure measured, and then put right. Few of them crash. Most of
# them *train*: the cost goes down, pictures come out, and what is claimed has not happened. You will learn what to
# measure so that it shows. The articles are not named: it is the mistakes that come back, in one text after another.
#
# **You need** the first lesson, and about an hour; the code itself runs in half a minute. Install with
# `pip install -e ".[course]"` in the repository's folder.
#
# **How to use it.** Read what is printed under **As printed**, stop, and find the mistake before you read on. Then say
# what you would measure. The cell that follows measures it; the `assert` in it would fail if the text were wrong.
#
# | | the mistake | what shows it |
# |---|---|---|
# | 1 | $\hat\rho$ is one number for all units | it is 80, where a mean of activations is below 1 |
# | 2 | the KL term is taken for each example by itself | the code hardly depends on the input |
# | 3 | weights start as $N(0, 1)$ | slopes below $10^{-3}$, and a cost that is NaN |
# | 4 | KL of units that are not in (0, 1) | NaN for every second unit |
# | 5 | a "sparse" autoencoder without a sparsity term | the mean activation |
# | 6 | a denoiser trained from noisy to noisy | PSNR against the clean picture |
# | 7 | a sigmoid decoder for ReLU features | the error that no weights can get below |
# | 8 | ReLU output under a cross-entropy | infinities |
# | 9 | a decoder that forgets to sum over channels | the shape, and the error |
# | 10 | a layer that is built and not used | a gradient that is zero |
# | 11 | a layer that is used and not trained | how many numbers the optimiser is given |
# | 12 | "fine-tuning" without labels | the error of a classifier on the features |
# | 13 | reconstructions exported as features | their shape, and the same error |
# | 14 | one anomaly score for all | nothing is ever detected |
# | 15 | "accuracy" of a regression, on its training data | a black picture has half of it |
# | 16 | SELU on inputs and weights it is not made for | the spread from layer to layer |
# | 17 | a learning rate that belongs to another loss | the factor that repairs it |
# | 18 | an "optimiser" that is none | it has no step |

# %%
"""Spot the bug: eighteen printed mistakes, run as they stand, measured, and put right."""

import math
import warnings

import numpy as np
from scipy.optimize import minimize

from miniae import check, check_function, fit, plots
from miniae.data import digits
from miniae.layers import SELU, Dense, ReLU, Sigmoid
from miniae.lbfgs import lbfgs
from miniae.losses import squared_error
from miniae.models import Autoencoder, NetworkModel, SoftmaxRegression, SparseAutoencoder
from miniae.network import Sequential
from miniae.ops import conv2d_backward, conv2d_forward, sigmoid_backward, sigmoid_forward
from miniae.optimizers import SGD, Adam
from miniae.penalties import kl_sparsity

pictures, labels = digits()  # 8x8 pixels, one picture a row, in [0, 1]
x, x_test = pictures[:1297], pictures[-500:]
y, y_test = labels[:1297], labels[-500:]
RHO = 0.1


def classification_error(features, features_test):
    """Test error, in per cent, of a softmax regression on some features of the digits."""
    mean, std = features.mean(axis=0), features.std()
    softmax = SoftmaxRegression(features.shape[1], 10, weight_decay=1e-3)
    lbfgs(softmax, (features - mean) / std, y, iterations=200, progress=False)
    return 100 * (1 - softmax.accuracy((features_test - mean) / std, y_test))


# %% [markdown]
# ## Sparsity
#
# What it should be, from the first lesson. Every hidden unit $j$ has a mean activation over the $m$ examples, and is
# asked for a mean of $\rho$:
#
# $$ \hat\rho_j = \frac1m \sum_n a_{nj}, \qquad C = \sum_j \Big( \rho \log\frac{\rho}{\hat\rho_j}
#    + (1-\rho) \log\frac{1-\rho}{1-\hat\rho_j} \Big) \tag{1} $$
#
# $$ \frac{\partial C}{\partial a_{nj}} = \frac1m \Big( -\frac{\rho}{\hat\rho_j} + \frac{1-\rho}{1-\hat\rho_j} \Big)
#    \tag{2} $$
#
# ### 1. The best of the set
#
# **As printed**, with $H$ hidden units:
#
# $$ \hat\rho = \frac1H \sum_{n,j} a_{nj}, \qquad C = \rho \log\frac{\rho}{\hat\rho}
#    + (1-\rho) \log\frac{1-\rho}{1-\hat\rho}, \qquad
#    \frac{\partial C}{\partial a_{nj}} \propto -\frac{\rho}{\hat\rho} + \frac{1-\rho}{1-\hat\rho} \tag{3} $$
#
# The sum runs over examples *and* units and is divided by the number of units. What comes out is no mean activation of
# anything. It is one number, and it grows with the batch.


# %%
def printed_kl(a):
    """Equation (3), as it stands."""
    rho_hat = a.sum() / a.shape[1]
    with np.errstate(invalid="ignore"):
        cost = RHO * np.log(RHO / rho_hat) + (1 - RHO) * np.log((1 - RHO) / (1 - rho_hat))
    slope = -RHO / rho_hat + (1 - RHO) / (1 - rho_hat)  # (3)
    return cost, slope, rho_hat


a = np.random.default_rng(0).uniform(0.3, 0.7, size=(160, 40))  # 160 examples, 40 units, far too active
cost, slope, rho_hat = printed_kl(a)
print(f"printed: rho_hat {rho_hat:.1f}, cost {cost}, slope {slope:.4f}")
right_cost, right_gradient = kl_sparsity(a, RHO, 1.0)
print(f"right:   rho_hat {a.mean(axis=0).mean():.1f}, cost {right_cost:.1f}, slope {160 * right_gradient.mean():.4f}")

assert rho_hat > 70
assert math.isnan(cost)
assert slope < 0 < right_gradient.min()

# %% [markdown]
# Three failures in one line. $\hat\rho$ is about 80, so $1 - \hat\rho$ is negative and the cost is **NaN**. The slope,
# though, is a perfectly **finite** number, so training goes on. And it is **negative**: gradient descent makes units
# that are too active *more* active. Someone who prints the reconstruction error alone sees nothing of all this.
#
# Would a gradient check have told? At once: no difference can be taken of a NaN.


# %%
def printed_cost_and_gradient(theta):
    """Equation (3) as a function of all activations in a row."""
    cost, slope, _ = printed_kl(theta.reshape(160, 40))
    return cost, np.full(theta.size, slope)


refusal = ""
try:
    check_function(printed_cost_and_gradient, a.ravel())
except ValueError as error:
    refusal = str(error)
print(refusal)
assert "the cost at theta is nan" in refusal

# %% [markdown]
# **Put right:** (1) and (2), a mean over examples for each unit; `miniae.penalties.kl_sparsity`.
#
# ### 2. Each example by itself
#
# **As printed:**
#
# $$ C = \frac1m \sum_{n,j} \Big( a_{nj} \log\frac{a_{nj}}{\rho}
#    + (1-a_{nj}) \log\frac{1-a_{nj}}{1-\rho} \Big) \tag{4} $$
#
# Two things are turned round. The roles of $\rho$ and the activation are exchanged. And where (1) asks for the *mean*
# of a unit over the examples, (4) asks for *every single activation* to be $\rho$. Its derivative is easily had:


# %%
def per_example_kl(a):
    """Equation (4) and its gradient."""
    cost = (a * np.log(a / RHO) + (1 - a) * np.log((1 - a) / (1 - RHO))).sum() / len(a)  # (4)
    return cost, (np.log(a / RHO) - np.log((1 - a) / (1 - RHO))) / len(a)


report = check(per_example_kl, a[:5, :4])
print(report)
assert report.passed

# %% [markdown]
# The gradient check **passes**. It must: the gradient is that of (4). No gradient check can know that (4) is not what
# you wanted. So train with it, beside the right one, and look at what the units do.


# %%
def train_sparse(penalty, beta=3.0, hidden=36, iterations=150):
    """A sparse autoencoder written out, its penalty an argument. Returns activations and mean squared error."""
    rng = np.random.default_rng(0)
    w1, w2 = (rng.uniform(-1, 1, shape) * math.sqrt(6 / sum(shape)) for shape in ((64, hidden), (hidden, 64)))
    ends = np.cumsum([w1.size, hidden, w2.size])

    def forward(theta):
        v1, b1, v2, b2 = np.split(theta, ends)
        v1, v2 = v1.reshape(w1.shape), v2.reshape(w2.shape)
        a = 1 / (1 + np.exp(-(x @ v1 + b1)))
        return v2, a, 1 / (1 + np.exp(-(a @ v2 + b2)))

    def cost_and_gradient(theta):
        v2, a, h = forward(theta)
        penalty_cost, penalty_gradient = penalty(a)
        dz2 = (h - x) / len(x) * h * (1 - h)
        dz1 = (dz2 @ v2.T + beta * penalty_gradient) * a * (1 - a)
        gradient = [(x.T @ dz1).ravel(), dz1.sum(axis=0), (a.T @ dz2).ravel(), dz2.sum(axis=0)]
        return ((h - x) ** 2).sum() / 2 / len(x) + beta * penalty_cost, np.concatenate(gradient)

    start = np.concatenate([w1.ravel(), np.zeros(hidden), w2.ravel(), np.zeros(64)])
    found = minimize(cost_and_gradient, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    _, a, h = forward(found.x)
    return a, ((h - x) ** 2).sum(axis=1).mean()


of_the_mean, error = train_sparse(lambda a: kl_sparsity(a, RHO, 1.0))
of_each, error_of_each = train_sparse(per_example_kl)
for name, a, squared in (("mean of a unit", of_the_mean, error), ("each activation", of_each, error_of_each)):
    print(f"KL of {name:15}  mean {a.mean():.3f}  std over examples {a.std(axis=0).mean():.3f}  error {squared:.2f}")

assert abs(of_the_mean.mean() - RHO) < 0.01
assert abs(of_each.mean() - RHO) < 0.01
assert of_each.std(axis=0).mean() < of_the_mean.std(axis=0).mean() / 3
assert error_of_each > 1.5 * error

# %%
plots.activation_histogram(of_each)

# %% [markdown]
# Both have a mean activation of .1. Whoever looks at that alone is content. But with (4) every unit says .1 to *every*
# digit: its minimum is the constant code, and only the reconstruction term keeps a rest of information in it. Sparse
# means: mostly silent and now and then loud. **Put right:** (1).
#
# ### 3. Weights that start as N(0, 1)
#
# **As printed:** $w \sim N(0, 1)$, sigmoid units, (4) for sparsity. What enters a unit is a sum of all inputs, and its
# spread grows with their number. The pictures there had 784 pixels. Here they are enlarged to 24x24:

# %%
rng = np.random.default_rng(0)
large = np.kron(x.reshape(-1, 8, 8), np.ones((3, 3))).reshape(len(x), -1).astype(np.float32)
start = rng.normal(size=(576, 256)).astype(np.float32)
for name, w in (("N(0, 1)", start), ("N(0, 1/576)", start / 24)):
    z = large @ w
    with np.errstate(all="ignore"):
        a = 1 / (1 + np.exp(-z))
        cost, _ = per_example_kl(a)
    stuck, slope = ((a == 0) | (a == 1)).mean(), np.median(a * (1 - a))
    print(f"w {name:12} std of z {z.std():5.2f}  exactly 0 or 1: {stuck:.1%}  median slope {slope:.4f}  KL {cost:.4g}")
    if w is start:
        assert stuck > 0.05
        assert slope < 0.001
        assert math.isnan(cost)
    else:
        assert stuck == 0
        assert slope > 0.2
        assert math.isfinite(cost)

# %% [markdown]
# A sigmoid is flat where its input is large. With a spread of 12 most units sit there: half of them pass on less than 4
# / 10,000 of the gradient. In float32, which frameworks use, one activation in thirteen is rounded to exactly 0 or 1,
# and $0 \cdot \log 0$ is NaN. **Put right:** a variance of the order of 1 / (number of inputs), see `miniae.init`; and
# a KL that continues along its tangent near 0 and 1, in value *and* gradient (`miniae/penalties/kl_sparsity.py` says
# how).
#
# ### 4. KL of something that is no probability
#
# **As printed:** the encoder is linear, $a = x W + b$, and (1) is applied to it. But (1) needs
# $0 < \hat\rho_j < 1$. Nothing holds a linear unit there.

# %%
rho_hat = (x @ rng.normal(scale=1 / 8, size=(64, 256))).mean(axis=0)
with np.errstate(invalid="ignore"):
    kl = RHO * np.log(RHO / rho_hat) + (1 - RHO) * np.log((1 - RHO) / (1 - rho_hat))  # (1), for each unit
print(f"NaN for {np.isnan(kl).mean():.0%} of the units; mean activation below 0 for {(rho_hat < 0).mean():.0%}")
assert 0.4 < np.isnan(kl).mean() < 0.6

# %% [markdown]
# Half of the units start with a negative mean, and one NaN in a sum makes it NaN. **Put right:** a sigmoid before the
# KL term; or, for units that are not bounded, another penalty: L1 (`miniae.layers.L1Sparsity`).
#
# ### 5. Sparse by name
#
# **As printed:** a class called `SparseAutoencoder`, with this cost and nothing else:
#
# $$ J = \frac{1}{2m} \sum_n \|h_n - x_n\|^2 \tag{5} $$

# %%
for beta in (0.0, 3.0):
    model = SparseAutoencoder(64, 100, rho=RHO, beta=beta)
    lbfgs(model, x, iterations=100, progress=False)
    a = model.encode(x_test)
    print(f"beta {beta:g}: mean activation {a.mean():.3f}, {(a > 0.5).sum(axis=1).mean():.0f} of 100 units above .5")
    if beta:
        assert abs(a.mean() - RHO) < 0.03
    else:
        assert a.mean() > 0.4

# %% [markdown]
# Without a sparsity term nothing is sparse. **Put right:** $+\,\beta C$, with (1). And a habit: **print the mean
# activation**. It costs one line, and it would have shown mistakes 1, 3, 4 and 5.
#
# ## Targets, outputs and losses
#
# ### 6. From noisy to noisy
#
# **As printed:** `model.fit(x_noisy, x_noisy)`; then a picture with the words "denoised".

# %%
rng = np.random.default_rng(1)
noisy, noisy_test = (np.clip(clean + rng.normal(scale=0.4, size=clean.shape), 0, 1) for clean in (x, x_test))


def psnr(y):
    """Peak signal-to-noise ratio against the clean test pictures, in decibels; higher is better."""
    return -10 * math.log10(((y - x_test) ** 2).mean())


denoised = {"noisy": noisy_test}
for name, target in (("trained on noisy", noisy), ("trained on clean", x)):
    model = Autoencoder([Dense(64, 128), ReLU()], [Dense(128, 64), Sigmoid()])
    fit(model, noisy, target, epochs=40, batch_size=64, optimizer=Adam(2e-3), progress=False)
    denoised[name] = model.reconstruct(noisy_test)
for name, picture in denoised.items():
    print(f"{name:17} {psnr(picture):5.2f} dB")
assert abs(psnr(denoised["trained on noisy"]) - psnr(noisy_test)) < 1
assert psnr(denoised["trained on clean"]) > psnr(noisy_test) + 3

# %%
plots.image_rows({**denoised, "clean": x_test})

# %% [markdown]
# It learned what it was asked: to reproduce noise. **Put right:** the target is the clean picture. What shows it is a
# number against the *clean* picture; a number against the noisy one rewards the mistake.
#
# ### 7. A decoder that cannot reach its target
#
# **As printed:** features of a network with ReLU units are the input of an autoencoder whose output layer is a sigmoid,
# with squared error. ReLU features go beyond 1. A sigmoid does not.

# %%
features = np.maximum(x @ rng.normal(scale=math.sqrt(2 / 64), size=(64, 100)), 0)
variance = ((features - features.mean(axis=0)) ** 2).sum()
floor = ((features - np.clip(features, 0, 1)) ** 2).sum() / variance
print(f"error that no weights can get below: {floor:.1%} of the variance")
unexplained = {}
for name, last in (("sigmoid", [Sigmoid()]), ("linear", [])):
    model = Autoencoder([Dense(100, 50), Sigmoid()], [Dense(50, 100), *last])
    with warnings.catch_warnings(record=True, action="always") as told:
        fit(model, features, epochs=40, batch_size=64, optimizer=Adam(1e-2), progress=False)
    unexplained[name] = ((model.reconstruct(features) - features) ** 2).sum() / variance
    print(f"{name} decoder: {unexplained[name]:.1%}", *(f"({warning.message})" for warning in told))
    assert len(told) == (name == "sigmoid")
assert unexplained["linear"] < floor < unexplained["sigmoid"]

# %% [markdown]
# **Put right:** the output layer must be able to say everything the target can be: linear for features of any size, a
# sigmoid for pixels in [0, 1]. `fit` warns of a target beyond a sigmoid's reach.
#
# ### 8. A ReLU under a cross-entropy
#
# **As printed:** the last layer is a ReLU, and the loss
#
# $$ -t \log h - (1 - t) \log (1 - h) \tag{6} $$
#
# needs $0 < h < 1$. A ReLU gives exactly 0 half of the time, and 0 there is infinitely wrong wherever $t > 0$.

# %%
network = Sequential([Dense(64, 32), ReLU(), Dense(32, 64), ReLU()])
h = network(network.initial(seed=0), x)
with np.errstate(all="ignore"):
    loss = -x * np.log(h) - (1 - x) * np.log(1 - h)  # (6)
print(
    f"h is exactly 0: {(h == 0).mean():.0%}; "
    f"loss infinite: {np.isinf(loss).mean():.0%}, NaN: {np.isnan(loss).mean():.0%}"
)
assert np.isinf(loss).mean() > 0.1
assert not np.isfinite(loss.mean())

# %% [markdown]
# Keras clips $h$ to $[10^{-7}, 1 - 10^{-7}]$ before the logarithm. Then the loss is finite, and the mistake lives on:
# where $h$ was clipped the gradient is zero, and at a ReLU's zero it is zero once more. From such an example the pixel
# learns nothing.
# **Put right:** train on what comes *before* a sigmoid, with the sigmoid folded into the loss
# (`binary_cross_entropy_with_logits`): no logarithm of 0, and $dy = h - t$.
#
# ## Networks
#
# ### 9. The sum over channels
#
# **As printed**, for a convolutional autoencoder with $K$ feature maps $a^k$ and kernels $\tilde w^k$ on the way back:
#
# $$ h = \sigma(a^k * \tilde w^k + c) \tag{7} $$
#
# The $k$ on the right is nowhere on the left. Run as it stands, there are $K$ outputs $h^k$, one for each map, where
# one image is wanted; and NumPy compares all $K$ of them with the image without a word, since a last axis of length 1
# broadcasts. Here both are trained, with the gradient by hand; in (7) each map has a kernel and an output to itself.


# %%
def train_decoder(sum_over_maps, steps=300, maps=4):
    """K convolutions there and back again; returns the mean squared error of the images that come out."""
    rng = np.random.default_rng(0)
    images = x[:200].reshape(-1, 8, 8, 1)
    there, back = rng.normal(scale=0.3, size=(3, 3, 1, maps)), rng.normal(scale=0.3, size=(3, 3, maps, maps))
    # (7) couples map k with output k and nothing else; with the sum, all maps go into one output.
    coupled = np.ones((maps, 1)) if sum_over_maps else np.eye(maps)
    back = back[..., : coupled.shape[1]] * coupled
    bias = np.zeros(coupled.shape[1])
    optimizer, theta = Adam(0.02), np.concatenate([there.ravel(), back.ravel(), bias])
    state = optimizer.start(theta)
    for _ in range(steps):
        w, v, c = np.split(theta, [there.size, there.size + back.size])
        maps_in, c1 = conv2d_forward(images, w.reshape(there.shape), padding="same")
        a, c2 = sigmoid_forward(maps_in)
        logits, c3 = conv2d_forward(a, v.reshape(back.shape), c, padding="same")
        h, c4 = sigmoid_forward(logits)
        dh = (h - images) / h.size
        da, dv, dc = conv2d_backward(sigmoid_backward(dh, c4), c3)
        _, dw, _ = conv2d_backward(sigmoid_backward(da, c2), c1, needs=("w",))
        optimizer.update(theta, np.concatenate([dw.ravel(), (dv * coupled).ravel(), dc]), state)
    return h.shape[3], ((h - images) ** 2).mean()


outputs, error = train_decoder(sum_over_maps=False)
right_outputs, right_error = train_decoder(sum_over_maps=True)
print(
    f"printed (7): {outputs} outputs, error {error:.4f};  with the sum: {right_outputs} output, error {right_error:.4f}"
)
assert (outputs, right_outputs) == (4, 1)
assert right_error < 0.8 * error

# %% [markdown]
# Each map alone has to reconstruct the whole image; they cannot share the work. **Put right:**
#
# $$ h = \sigma\Big( \sum_k a^k * \tilde w^k + c \Big) \tag{8} $$
#
# And an index that stands on one side of an equation only is always worth a question.
#
# ### 10. Built, but not used
#
# **As printed:** (the names are ours)
#
#     h = dense_1(x)
#     h = relu(h)
#     h = dense_2(x)         # meant: dense_2(h)
#
# The first layers are made, counted, saved, and stand in the summary. Nothing flows through them. No error is raised as
# long as the shapes allow it; the article's images went into the second convolution, and the first convolution and the
# first pooling were left out.


# %%
def slipped(theta):
    """Dense-ReLU-Dense, with the slip, and squared error; its gradient is right."""
    w1, w2 = theta[: 64 * 64].reshape(64, 64), theta[64 * 64 :].reshape(64, 64)
    _ = np.maximum(few @ w1, 0)
    cost, dh = squared_error(few @ w2, few)  # meant: the line above @ w2
    return cost, np.concatenate([np.zeros(w1.size), (few.T @ dh).ravel()])


few = x[:5]
theta = np.random.default_rng(0).normal(size=2 * 64 * 64) / 8
report = check_function(slipped, theta, layout={"w1": (64, 64), "w2": (64, 64)})
print(report)
assert not report.passed
assert report["w2"].verdict == "pass"

# %% [markdown]
# The gradient is right here as well: it *is* zero in `w1`. That is why the checker refuses to call it right. Where the
# gradient and the differences are both zero, nothing has been tested, and it says so. **Put right:** a chain of layers
# as a list, which leaves no names to mix up (`Sequential`); and a look at each parameter's gradient once, before the
# first training.
#
# ### 11. Used, but not trained
#
# **As printed:** a convolution with random kernels, its outputs computed once and stored; then an autoencoder is
# trained on what was stored. They are called learned features. The optimiser never had its parameters. (Here a dense
# layer stands for the convolution.)

# %%
whole = NetworkModel([Dense(64, 100), ReLU(), Dense(100, 30), Sigmoid(), Dense(30, 100)], "squared_error")
model = Autoencoder(whole.network.layers[2:4], whole.network.layers[4:])
stored = whole.network.part(0, 2)(whole.theta, x)  # "the features"
fit(model, stored, epochs=2, progress=False)
print(f"numbers that the network has: {whole.layout.size}, that the optimiser was given: {model.layout.size}")
assert whole.layout.size - model.layout.size == 64 * 100 + 100

# %% [markdown]
# **Put right:** train the first layer as well, or say that it is random. Random features are no bad thing; but then
# that is what they are, and a trained network has to be compared with them. `miniae results 000` does it: in the
# results table, features of a *random* convolution stand beside those of one that was trained.
#
# ### 12. Fine-tuning without labels
#
# **As printed:** after training, `fit(x, x)` is called once more, with a smaller learning rate, and is called
# fine-tuning. The same cost of the same data is minimised a little further. No label takes part.

# %%
model = Autoencoder([Dense(64, 32), Sigmoid()], [Dense(32, 64), Sigmoid()])
fit(model, x, epochs=40, batch_size=64, optimizer=Adam(5e-3), progress=False)
errors = {"raw pixels": classification_error(x, x_test)}
errors["pre-trained"] = classification_error(model.encode(x), model.encode(x_test))
exported = classification_error(model.reconstruct(x), model.reconstruct(x_test))  # for mistake 13

classifier = NetworkModel([*model.network.layers[:2], Dense(32, 10)], "softmax_cross_entropy")
ours, theirs = classifier.layout.views(classifier.theta), model.layout.views(model.theta)
ours["w1"][...], ours["b1"][...] = theirs["w1"], theirs["b1"]

fit(model, x, epochs=40, batch_size=64, optimizer=Adam(1e-3), progress=False)
errors["trained on, as printed"] = classification_error(model.encode(x), model.encode(x_test))
fit(classifier, x, y, epochs=100, batch_size=64, optimizer=Adam(5e-3), progress=False)
hidden = classifier.network.part(0, 2)
errors["fine-tuned with labels"] = classification_error(*(hidden(classifier.theta, z) for z in (x, x_test)))
for name, error in errors.items():
    print(f"{name:23} {error:.1f} % of the test digits wrong")
assert errors["fine-tuned with labels"] < min(errors["pre-trained"], errors["trained on, as printed"])

# %% [markdown]
# **Put right:** a softmax layer on top of the encoder, and the gradient of the *classification* cost down through all
# layers. With 500 test digits one per cent is five digits, so small differences here say little; `miniae results 000`
# compares features from before and after fine-tuning with labels on MNIST, where they say more.
#
# ### 13. The wrong end
#
# **As printed:** `features = autoencoder.predict(x)`. `predict` runs the whole network. What it returns are not hidden
# activations but *reconstructions*: the input once more, a little worse.

# %%
print(
    f"shape of the 'features' {model.reconstruct(x).shape}, of the input {x.shape}, of the code {model.encode(x).shape}"
)
print(f"error on reconstructions {exported:.1f} %, on raw pixels {errors['raw pixels']:.1f} %")
assert model.reconstruct(x).shape == x.shape
assert abs(exported - errors["raw pixels"]) < 2.5

# %% [markdown]
# **Put right:** `encode`. The sign to look for is the shape: features that have as many columns as the input are
# probably the input.
#
# ## Figures that say nothing
#
# ### 14. One score for all
#
# **As printed**, for finding anomalies among the rows of $x$:
#
#     mse = np.mean((x - reconstruction) ** 2)
#     threshold = mse.mean() + 2 * mse.std()
#     anomalies = mse > threshold
#
# Without `axis=1` the mean runs over everything. `mse` is one number; its own mean is itself, its standard deviation is
# 0, and no number is greater than itself.

# %%
ones, ones_test, others = x[y == 1], x_test[y_test == 1], x_test[y_test != 1]
model = Autoencoder([Dense(64, 16), Sigmoid()], [Dense(16, 64), Sigmoid()])
fit(model, ones[:90], epochs=150, batch_size=16, optimizer=Adam(1e-2), progress=False)

mse = np.mean((others - model.reconstruct(others)) ** 2)
threshold = mse.mean() + 2 * mse.std()
print(f"printed: score {mse:.4f}, threshold {threshold:.4f}, an anomaly: {mse > threshold}")
assert not mse > threshold


def scores(z):
    """The squared error of each row."""
    return ((z - model.reconstruct(z)) ** 2).mean(axis=1)


held_out = scores(ones[90:])  # ones that the network has not seen
threshold = held_out.mean() + 2 * held_out.std()
found, false_alarms = (scores(others) > threshold).mean(), (scores(ones_test) > threshold).mean()
print(f"right: {found:.0%} of the other digits are found, {false_alarms:.0%} of the ones are taken for others")
assert found > 0.9
assert false_alarms < 0.3

# %% [markdown]
# **Put right:** `axis=1`, and a threshold from examples that the network was *not* trained on; on its own training data
# an autoencoder is better than it will ever be again.
#
# ### 15. Accuracy of a regression
#
# **As printed:** `metrics=["accuracy"]` for an autoencoder on gray pixels, computed on the training data, and quoted
# as a result. With a cross-entropy for each pixel, *accuracy* compares the rounded output with the target, and a gray
# target is never equal to a rounded number.

# %%
for name, picture in (("a black picture", np.zeros_like(x)), ("a perfect copy", x)):
    print(f"'accuracy' of {name}: {(np.round(picture) == x).mean():.0%}")
assert (np.round(np.zeros_like(x)) == x).mean() > 0.45
assert (np.round(x) == x).mean() < 0.65

# %% [markdown]
# A network that shows nothing at all has 49 %, and one that is perfect only 58 %. **Put right:** squared error or
# cross-entropy per pixel, on *test* data, beside what a trivial answer has, such as the mean picture.
#
# ## Settings that belong together
#
# ### 16. SELU out of place
#
# **As printed:** layers of $D$-100-30-100-$D$ units with SELU, the initial weights left at the framework's default,
# which is Glorot's, and pixels in [0, 1] going in. SELU keeps mean 0 and variance 1 from layer to layer *if* the input
# has them, and *if* the weights have variance 1 / (inputs), "LeCun-normal". The factors in it were computed for just
# that. Glorot's variance is 2 / (inputs + outputs): the same where a layer is as wide as the one before, and another
# where it widens or narrows, as an autoencoder's do. The hidden layers at the start of training:

# %%
varies = x.std(axis=0) > 0  # some pixels are black in every picture
standardised = (x - x.mean(axis=0)) / np.where(varies, x.std(axis=0), 1)
spread = {}
for init in ("glorot_uniform", "he_normal", "lecun_normal"):
    for name, batch in (("pixels", x), ("standardised", standardised)):
        widths = ((64, 100), (100, 30), (30, 100))
        network = Sequential([layer for width in widths for layer in (Dense(*width, init=init), SELU())])
        theta, ctx = network.initial(seed=0), network.context(network.initial_buffers())
        outputs = [z for step, z, _, _ in network.run(theta, batch, ctx) if step.layer == SELU()]
        spread[init, name] = [float(z.std()) for z in outputs]
        print(f"{init:14} {name:13} std of the hidden layers: {', '.join(f'{s:.2f}' for s in spread[init, name])}")


def off(init, name):
    """How far a layer's spread is from 1, at most."""
    return max(abs(s - 1) for s in spread[init, name])


assert off("lecun_normal", "standardised") < 0.05
assert off("glorot_uniform", "standardised") > 0.15
assert off("glorot_uniform", "pixels") > 0.4
assert off("lecun_normal", "pixels") > 0.3

# %% [markdown]
# As printed, the layers have half of the spread that SELU is made for. Either half of the remedy alone helps a little;
# with both, every layer has a spread of 1 to within five per cent. (He's weights, made for ReLU, are here as a warning:
# with them the spread grows layer by layer.) **Put right:** `Dense(..., init="lecun_normal")` *and* standardised
# inputs. The target stays in [0, 1]: `fit(model, standardised, x)`.
#
# ### 17. A learning rate on its own
#
# **As printed:** plain gradient descent with a learning rate of 1.5. It works because the
# framework's cross-entropy is a *mean* over the pixels. By a sum over $D$ pixels, as the textbook has it, the gradient
# is $D$ times as large, and the same rate is $D$ times too long a step.


# %%
def descend(rate, pixels_summed, steps=60):
    """The mean cross-entropy per pixel after some steps of gradient descent, by either gradient."""
    model = Autoencoder([Dense(64, 30), SELU()], [Dense(30, 64)], "binary_cross_entropy_with_logits")
    optimizer = SGD(rate)
    state = optimizer.start(model.theta)
    for _ in range(steps):
        _, gradient = model.cost_and_grad(model.theta, x)
        optimizer.update(model.theta, gradient * (64 if pixels_summed else 1), state)
    return model.cost(model.theta, x)


mean, summed, repaired = descend(1.5, False), descend(1.5, True), descend(1.5 / 64, True)
print(f"rate 1.5, mean: {mean:.3f};  rate 1.5, sum: {summed:.3g};  rate 1.5 / 64, sum: {repaired:.3f}")
assert summed > 2 * mean
assert math.isclose(mean, repaired, rel_tol=1e-9)

# %% [markdown]
# A learning rate means nothing without the loss's normalisation. **Put right:** say both. Every loss of miniae states
# its own in the first line of its documentation.
#
# ### 18. An optimiser that is none
#
# **As printed:** a step called "capsule optimisation", which changes nothing by the cost. There is no formula to run.
# What can be said is what an optimiser *is*: a rule from the parameters and a gradient to other parameters, chosen so
# that the cost falls. That is easily asked of anything that goes by the name, for one small step over all of the data:


# %%
def is_an_optimizer(rule):
    """Whether a rule (theta, gradient) -> theta lowers a cost that has an obvious way down."""
    model = Autoencoder([Dense(64, 8), Sigmoid()], [Dense(8, 64), Sigmoid()])
    before, gradient = model.cost_and_grad(model.theta, x)
    return model.cost(rule(model.theta, gradient), x) < before


print("a step down the gradient:", is_an_optimizer(lambda theta, gradient: theta - 0.1 * gradient))
print("computing the error again:", is_an_optimizer(lambda theta, gradient: theta))
assert is_an_optimizer(lambda theta, gradient: theta - 0.1 * gradient)
assert not is_an_optimizer(lambda theta, gradient: theta)

# %% [markdown]
# ## What the eighteen have in common
#
# | what would have shown it | mistakes |
# |---|---|
# | a gradient check (cost and gradient disagree, NaN, or nothing to test) | 1, 3, 4, 8, 10 |
# | printing what the text claims: mean and spread of activations, PSNR | 1, 2, 3, 4, 5, 6, 16 |
# | the shape of what comes out | 1, 9, 13, 14 |
# | a trivial answer beside the figure: a constant, raw input, random weights | 7, 11, 12, 13, 15 |
# | the parameters: which the optimiser has, and whether they move | 10, 11, 18 |
# | stating the normalisation | 1, 17 |
#
# **Exercise.** Take an autoencoder of your own, or one from the internet. Write the six checks of this table for it.
# The first of them is one line:

# %%
print(check(SparseAutoencoder(64, 25), x[:10]))
