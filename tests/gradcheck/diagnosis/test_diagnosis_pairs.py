"""Broken pairs of each kind, among them small convolutions, pools and upsamplings of our own."""

import numpy as np
import pytest

from miniae.gradcheck import check_pair
from miniae.gradcheck.diagnosis import diagnose

RNG = np.random.default_rng(5)


def first(report):
    return diagnose(report.evidence, [b.name for b in report.blocks if b.verdict == "fail"])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


ELEMENTWISE = {  # forward and the factor of dy that stands for its derivative
    "derivative-missing": (sigmoid, lambda x: np.ones_like(x)),
    "derivative-at-z": (np.tanh, lambda x: 1 - x**2),
    "derivative-at-a": (sigmoid, lambda x: sigmoid(sigmoid(x)) * (1 - sigmoid(sigmoid(x)))),
    "derivative-twice": (sigmoid, lambda x: (sigmoid(x) * (1 - sigmoid(x))) ** 2),
    "derivative-other-activation": (np.tanh, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    "derivative-incomplete": (np.tanh, lambda x: 1 - np.tanh(x)),
    "mask-inverted": (lambda x: np.maximum(x, 0), lambda x: 1.0 * (x < 0)),
    "wrong-sign": (sigmoid, lambda x: sigmoid(x) * (sigmoid(x) - 1)),
}


@pytest.mark.parametrize("cause", ELEMENTWISE)
def test_activations(cause):
    f, slope = ELEMENTWISE[cause]
    found = first(check_pair(lambda x: (f(x), x), lambda dy, x: dy * slope(x), {"x": RNG.normal(size=(4, 5))}))
    assert found.first == cause, str(found)


def test_an_activation_that_is_not_in_any_list():
    swish = lambda x: (x * sigmoid(x), x)  # noqa: E731
    found = first(check_pair(swish, lambda dy, x: dy, {"x": RNG.normal(size=(4, 5))}))
    assert found.first == "derivative-missing"


SOFTMAX = {
    "softmax-diagonal": lambda dy, y: dy * y * (1 - y),
    "softmax-off-diagonal": lambda dy, y: dy * y,
    "softmax-wrong-axis": lambda dy, y: y * (dy - (dy * y).sum(axis=0)),
}


@pytest.mark.parametrize("cause", SOFTMAX)
def test_softmax(cause):
    found = first(check_pair(lambda x: (softmax(x),) * 2, SOFTMAX[cause], {"x": RNG.normal(size=(4, 5))}))
    assert found.first == cause, str(found)


DENSE = {
    "bias-averaged": lambda dy, x, w: (dy @ w.T, x.T @ dy, dy.mean(axis=0)),
    "bias-missing": lambda dy, x, w: (dy @ w.T, x.T @ dy, np.zeros(dy.shape[1])),
    "bias-wrong-axis": lambda dy, x, w: (dy @ w.T, x.T @ dy, dy.sum(axis=1)),
    "weights-not-transposed": lambda dy, x, w: (dy @ w, x.T @ dy, dy.sum(axis=0)),
    "transposed": lambda dy, x, w: (dy @ w.T, dy.T @ x, dy.sum(axis=0)),
    "one-example-only": lambda dy, x, w: (dy @ w.T, np.outer(x[-1], dy[-1]), dy.sum(axis=0)),
    "doubled-1/m": lambda dy, x, w: (dy @ w.T, x.T @ dy / len(x), dy.sum(axis=0)),
    "integer-division": lambda dy, x, w: (dy @ w.T, (x.T @ dy).astype(int).astype(float), dy.sum(axis=0)),
    "float32": lambda dy, x, w: (dy @ w.T, (x.T @ dy).astype(np.float32).astype(float), dy.sum(axis=0)),
    "not-finite": lambda dy, x, w: (dy @ w.T, np.full(w.shape, np.nan), dy.sum(axis=0)),
    "zero-gradient": lambda dy, x, w: (0 * x, x.T @ dy, dy.sum(axis=0)),
    "reversed": lambda dy, x, w: (dy @ w.T, (x.T @ dy)[::-1], dy.sum(axis=0)),
}


@pytest.mark.parametrize("cause", DENSE)
def test_dense(cause):
    args = {"x": 3 * RNG.normal(size=(4, 4)), "w": RNG.normal(size=(4, 4)), "b": RNG.normal(size=4)}
    found = first(check_pair(lambda x, w, b: (x @ w + b, (x, w)), lambda dy, c: DENSE[cause](dy, *c), args))
    assert found.first == cause, str(found)


def correlate(x, w):
    """Valid correlation of one image with one kernel."""
    kh, kw = w.shape
    h, v = x.shape[0] - kh + 1, x.shape[1] - kw + 1
    return sum(w[i, j] * x[i : i + h, j : j + v] for i in range(kh) for j in range(kw))


def correlate_backward(dy, x, w):
    """Each output spreads its gradient over its window."""
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            window = slice(i, i + dy.shape[0]), slice(j, j + dy.shape[1])
            dx[window] += w[i, j] * dy
            dw[i, j] = np.sum(x[window] * dy)
    return dx, dw


def shift(a):
    """Everything one column further, as an offset that is off by one does."""
    return np.concatenate([np.zeros((len(a), 1)), a[:, :-1]], axis=1)


CONVOLUTION = {
    "kernel-not-flipped": [
        lambda dy, x, w: (correlate_backward(dy, x, w)[0], correlate_backward(dy, x, w)[1][::-1, ::-1]),
        lambda dy, x, w: (correlate_backward(dy, x, w[::-1, ::-1])[0], correlate_backward(dy, x, w)[1]),
    ],
    "h-w-swapped": [lambda dy, x, w: (correlate_backward(dy, x, w.T)[0], correlate_backward(dy, x, w)[1])],
    "transposed": [lambda dy, x, w: (correlate_backward(dy, x, w)[0], correlate_backward(dy, x, w)[1].T)],
    "shifted": [lambda dy, x, w: (shift(correlate_backward(dy, x, w)[0]), correlate_backward(dy, x, w)[1])],
}


@pytest.mark.parametrize(("cause", "k"), [(cause, k) for cause in CONVOLUTION for k in range(len(CONVOLUTION[cause]))])
def test_convolution(cause, k):
    args = {"x": RNG.normal(size=(6, 6)), "w": RNG.normal(size=(3, 3))}
    pair = lambda x, w: (correlate(x, w), (x, w)), lambda dy, c: CONVOLUTION[cause][k](dy, *c)
    assert first(check_pair(*pair, args, linear=("x", "w"))).first == cause


def up(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def windows(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c)


UPSAMPLING = {
    "upsample-subsampled": lambda dy: dy[:, ::2, ::2],
    "upsample-averaged": lambda dy: windows(dy).mean(axis=(2, 4)),
}


@pytest.mark.parametrize("cause", UPSAMPLING)
def test_upsampling(cause):
    found = first(
        check_pair(lambda x: (up(x), None), lambda dy, _: UPSAMPLING[cause](dy), {"x": RNG.normal(size=(2, 3, 3, 2))})
    )
    assert found.first == cause, str(found)


def first_of_window(dy, x):
    dx = np.zeros_like(x)
    dx[:, ::2, ::2] = dy
    return dx


POOLING = {
    "pool-to-all": ("max", lambda dy, x: up(dy)),
    "pool-wrong-element": ("max", first_of_window),
    "pool-not-divided": ("mean", lambda dy, x: up(dy)),
}


@pytest.mark.parametrize("cause", POOLING)
def test_pooling(cause):
    kind, backward = POOLING[cause]
    x = RNG.permutation(2 * 4 * 4 * 2).reshape(2, 4, 4, 2) * 0.1  # no ties, and none near
    found = first(check_pair(lambda x: (getattr(windows(x), kind)(axis=(2, 4)), x), backward, {"x": x}))
    assert found.first == cause, str(found)


MASK = (np.arange(30).reshape(5, 6) * 7 % 5 > 1).astype(float)
DROPOUT = {
    "mask-not-applied": lambda dy: dy,
    "mask-not-scaled": lambda dy: dy * MASK,
    "mask-redrawn": lambda dy: dy * MASK[::-1] / 0.6,
}


@pytest.mark.parametrize("cause", DROPOUT)
def test_dropout(cause):
    x = RNG.normal(size=(5, 6))
    found = first(check_pair(lambda x: (x * MASK / 0.6, None), lambda dy, _: DROPOUT[cause](dy), {"x": x}))
    assert found.first == cause, str(found)


def test_gradients_that_add_up_call_by_call():
    kept = []

    def backward(dy, cache):
        x, w = cache
        kept.append(x.T @ dy)
        return dy @ w.T, sum(kept)

    args = {"x": RNG.normal(size=(3, 4)), "w": RNG.normal(size=(4, 2))}
    check_pair(lambda x, w: (x @ w, (x, w)), backward, args)
    assert first(check_pair(lambda x, w: (x @ w, (x, w)), backward, args)).first == "accumulated"
