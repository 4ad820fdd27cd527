"""UFLDL's sparse autoencoder with examples in columns, written out once, with a switch for each mistake."""

import numpy as np

SHAPES = {"W1": (5, 8), "b1": (5,), "W2": (8, 5), "b2": (8,)}
SIZE = sum(int(np.prod(shape)) for shape in SHAPES.values())


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def unroll(parts):
    return np.concatenate([part.ravel() for part in parts])


def roll(theta):
    blocks, offset = [], 0
    for shape in SHAPES.values():
        size = int(np.prod(shape))
        blocks.append(theta[offset : offset + size].reshape(shape))
        offset += size
    return blocks


def autoencoder(x, rho, beta, lam, mistake=None):
    """``theta -> (cost, gradient)``; x is (8, m). ``mistake`` replaces one step of the way back."""
    m = x.shape[1]

    def cost_and_grad(theta):
        W1, b1, W2, b2 = roll(theta)
        z2 = W1 @ x + b1[:, None]
        a2 = sigmoid(z2)
        z3 = W2 @ a2 + b2[:, None]
        h = sigmoid(z3)
        rho_hat = a2.mean(axis=1, keepdims=True)
        kl = np.sum(rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat)))
        cost = np.sum((h - x) ** 2) / (2 * m) + lam / 2 * (np.sum(W1**2) + np.sum(W2**2)) + beta * kl
        if mistake == "kl-not-in-cost":
            cost -= beta * kl
        if mistake == "decay-not-in-cost":
            cost -= lam / 2 * (np.sum(W1**2) + np.sum(W2**2))
        d3 = (h - x) * h * (1 - h)
        if mistake == "output derivative missing":
            d3 = h - x
        if mistake == "output derivative at z":
            d3 = (h - x) * z3 * (1 - z3)
        if mistake == "labels-not-subtracted":
            d3 = h * h * (1 - h)
        if mistake == "wrong-sign":
            d3 = -d3
        pull = beta * (-rho / rho_hat + (1 - rho) / (1 - rho_hat))
        sum_hat = a2.sum(axis=1, keepdims=True)
        unit_hat = a2.mean(axis=0, keepdims=True)
        pull = {
            "kl-missing": 0 * pull,
            "kl-not-divided-by-m": m * pull,
            "kl-wrong-sign": -pull,
            "kl-without-beta": pull / beta,
            "kl-per-sample": beta * (-rho / a2 + (1 - rho) / (1 - a2)),
            "kl-reversed": beta * (np.log(rho_hat / rho) - np.log((1 - rho_hat) / (1 - rho))),
            "kl-rho-hat-summed": beta * (-rho / sum_hat + (1 - rho) / (1 - sum_hat)),
            "kl-wrong-axis": beta * (-rho / unit_hat + (1 - rho) / (1 - unit_hat)),
            "kl-one-sided": beta * -rho / rho_hat,
            "kl-part-sign": beta * (-rho / rho_hat - (1 - rho) / (1 - rho_hat)),
            "kl-scaled": 0.7 * pull,
        }.get(mistake, pull)
        slope = a2 * (1 - a2)
        slope = {
            "derivative-missing": np.ones_like(slope),
            "derivative-at-z": z2 * (1 - z2),
            "derivative-at-a": sigmoid(a2) * (1 - sigmoid(a2)),
            "derivative-twice": slope**2,
            "derivative-other-activation": 1 - a2**2,
            "derivative-incomplete": a2,
        }.get(mistake, slope)
        d2 = (W2.T @ d3) * slope + pull if mistake == "kl-after-derivative" else (W2.T @ d3 + pull) * slope
        share = {"missing-1/m": 1, "doubled-1/m": 1 / m**2, "data-term-scaled": 0.3 / m}.get(mistake, 1 / m)
        if share != 1 / m:  # of the loss's part alone
            d2 = ((W2.T @ d3) * share * m + pull) * slope
            d3 = d3 * share * m
        into = x if mistake != "input-of-wrong-layer" else h
        dW1, db1, dW2, db2 = d2 @ into.T / m, d2.sum(axis=1) / m, d3 @ a2.T / m, d3.sum(axis=1) / m
        factor = {
            "decay-missing": 0,
            "decay-doubled": 2,
            "decay-halved": 0.5,
            "decay-wrong-sign": -1,
            "decay-divided-by-m": 1 / m,
        }.get(mistake, 1)
        dW1, dW2 = dW1 + factor * lam * W1, dW2 + factor * lam * W2
        if mistake == "decay-on-biases":
            db1, db2 = db1 + lam * b1, db2 + lam * b2
        if mistake == "bias-averaged":
            db1, db2 = db1 / m, db2 / m
        if mistake == "bias-missing":
            db1, db2 = 0 * db1, 0 * db2
        if mistake == "one-example-only":
            db2 = d3[:, 0] / m
        if mistake == "transposed":
            dW2 = dW2.T
        parts = [dW1, db1, dW2, db2]
        if mistake == "blocks-swapped":
            parts = [dW1, dW2, db1, db2]
        return cost, unroll(parts)

    return cost_and_grad
