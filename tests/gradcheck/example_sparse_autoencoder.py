"""A file as ``miniae check`` takes it: UFLDL's sparse autoencoder, written by hand in NumPy and nothing else.

    miniae check tests/gradcheck/example_sparse_autoencoder.py::cost_and_gradient             passes
    miniae check tests/gradcheck/example_sparse_autoencoder.py::cost,gradient                 the same, two functions
    miniae check tests/gradcheck/example_sparse_autoencoder.py::without_the_sparsity_term     fails: W1 and b1 are wrong
    miniae check tests/gradcheck/example_sparse_autoencoder.py::cost_and_gradient --seed 1    at another theta

Rows of x are examples. The names below are what the command looks for: ``theta0`` is where it checks, ``layout`` names
the parts of theta in the report, and ``context`` tells the diagnosis what the cost was computed from.
"""

import numpy as np

rng = np.random.default_rng(0)
x = rng.uniform(0.1, 0.9, size=(10, 8))
rho, beta, lam = 0.05, 3.0, 1e-3

layout = {"W1": (8, 5), "b1": (5,), "W2": (5, 8), "b2": (8,)}
theta0 = rng.normal(size=93) * 0.3
context = {"x": x, "rho": rho, "beta": beta, "lam": lam}


def parts(theta):
    """W1, b1, W2, b2 out of theta."""
    w1, b1, w2, b2 = np.split(theta, [40, 45, 85])
    return w1.reshape(8, 5), b1, w2.reshape(5, 8), b2


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cost_and_gradient(theta, sparsity_in_gradient=True):
    w1, b1, w2, b2 = parts(theta)
    m = len(x)

    # Forward.
    a1 = sigmoid(x @ w1 + b1)
    y = sigmoid(a1 @ w2 + b2)
    rho_hat = a1.mean(axis=0)
    squared_error = np.sum((y - x) ** 2) / (2 * m)
    decay = lam / 2 * (np.sum(w1**2) + np.sum(w2**2))
    kl = np.sum(rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat)))

    # Backward.
    dz2 = (y - x) / m * y * (1 - y)
    da1 = dz2 @ w2.T
    if sparsity_in_gradient:
        da1 = da1 + beta / m * (-rho / rho_hat + (1 - rho) / (1 - rho_hat))
    dz1 = da1 * a1 * (1 - a1)
    gradient = [x.T @ dz1 + lam * w1, dz1.sum(axis=0), a1.T @ dz2 + lam * w2, dz2.sum(axis=0)]
    return squared_error + decay + beta * kl, np.concatenate([part.ravel() for part in gradient])


def without_the_sparsity_term(theta):
    """The mistake that is made most often: the KL term stands in the cost and was forgotten in the gradient."""
    return cost_and_gradient(theta, sparsity_in_gradient=False)


def cost(theta):
    return cost_and_gradient(theta)[0]


def gradient(theta):
    return cost_and_gradient(theta)[1]
