"""Binary cross-entropy of logits, worked out by hand and at its extremes."""

import numpy as np
import pytest

from miniae.losses import binary_cross_entropy, binary_cross_entropy_with_logits
from miniae.ops import sigmoid_backward, sigmoid_forward

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_by_hand():
    # sigmoids 1/2, 3/4, 1/4: -log(1/2) - log(1/4) - log(1/4) = log 32, over 3 elements
    y, target = np.array([[0.0, np.log(3), -np.log(3)]]), np.array([[0.0, 0.0, 1.0]])
    loss, dy = binary_cross_entropy_with_logits(y, target)
    np.testing.assert_allclose(loss, np.log(32) / 3, rtol=1e-15)
    np.testing.assert_allclose(dy, [[1 / 6, 1 / 4, -1 / 4]], rtol=1e-15)  # (sigmoid - target) / 3


def test_is_the_sigmoid_followed_by_the_loss_on_probabilities():
    rng = np.random.default_rng(0)
    y, target = rng.uniform(-4, 4, (5, 3)), rng.uniform(0, 1, (5, 3))
    loss, dy = binary_cross_entropy_with_logits(y, target)
    p, cache = sigmoid_forward(y)
    loss2, dp = binary_cross_entropy(p, target)
    np.testing.assert_allclose(loss, loss2, rtol=1e-14)
    np.testing.assert_allclose(dy, sigmoid_backward(dp, cache), rtol=1e-12, atol=1e-15)


@dtypes
def test_extremes(dtype):
    for y, target, cost, slope in [
        (1000, 1, 0, 0),
        (-1000, 0, 0, 0),
        (1000, 0, 1000, 1),  # as wrong as can be: the cost grows by 1 for each 1 of the logit
        (-1000, 1, 1000, -1),
        (1000, 0.25, 750, 0.75),
        (-1000, 0.25, 250, -0.25),
    ]:
        loss, dy = binary_cross_entropy_with_logits(np.array([[y]], dtype), np.array([[target]], dtype))
        assert (float(loss), dy.item()) == (cost, slope)


@dtypes
def test_a_confident_right_answer_keeps_its_digits(dtype):
    # log(1 + e^-20) = e^-20 to 9 digits: 2e-9, which 20 + log(1 + e^-20) - 20 would lose in float32
    for y, target in [(20, 1), (-20, 0)]:
        loss, _ = binary_cross_entropy_with_logits(np.array([[y]], dtype), np.array([[target]], dtype))
        np.testing.assert_allclose(loss, np.exp(-20), rtol=2e-9 + 4 * np.finfo(dtype).eps)
