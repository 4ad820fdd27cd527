"""Dense, worked out by hand."""

import numpy as np
import pytest

from miniae.ops import dense_backward, dense_forward
from miniae.ops.dense import DenseCache

X = np.array([[1.0, 2.0], [3.0, -1.0]])
W = np.array([[1.0, 0.0, 2.0], [-1.0, 4.0, 0.5]])
B = np.array([10.0, 20.0, 30.0])


def test_forward_by_hand():
    # first row:  1*1 + 2*-1 = -1,   1*0 + 2*4 = 8,    1*2 + 2*0.5 = 3
    # second row: 3*1 + -1*-1 = 4,   3*0 + -1*4 = -4,  3*2 + -1*0.5 = 5.5
    np.testing.assert_array_equal(dense_forward(X, W)[0], [[-1, 8, 3], [4, -4, 5.5]])
    np.testing.assert_array_equal(dense_forward(X, W, B)[0], [[9, 28, 33], [14, 16, 35.5]])


def test_backward_by_hand():
    dy = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 1.0]])
    dx, dw, db = dense_backward(dy, DenseCache(X, W, True))
    # dx = dy w^T: [1*1 + 2*2, 1*-1 + 2*0.5], [-1*0 + 1*2, -1*4 + 1*0.5]
    np.testing.assert_array_equal(dx, [[5, 0], [2, -3.5]])
    # dw = x^T dy: feature 1 saw (1, 3), feature 2 (2, -1)
    np.testing.assert_array_equal(dw, [[1, -3, 5], [2, 1, 3]])
    np.testing.assert_array_equal(db, [1, -1, 3])  # sums of dy's columns


def test_without_a_bias_there_is_no_gradient_for_one():
    _, cache = dense_forward(X, W)
    assert dense_backward(np.ones((2, 3)), cache)[2] is None


def test_ufldl_has_examples_in_columns():
    # z = W x + b with one example in each column
    z = W.T @ X.T + B[:, None]
    np.testing.assert_array_equal(dense_forward(X, W, B)[0], z.T)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        (X[0], W, B, r"x \(N, D\) and w \(D, O\) must share D, got x \(2,\) and w \(2, 3\)"),
        (X, W.T, B, r"must share D, got x \(2, 2\) and w \(3, 2\)"),
        (X, W[0], B, r"must share D, got x \(2, 2\) and w \(3,\)"),
        (X, W, B[:2], r"b must have shape \(O,\) = \(3,\) to fit w \(2, 3\), got \(2,\)"),
        (X, W, B[None], r"b must have shape \(O,\) = \(3,\) to fit w \(2, 3\), got \(1, 3\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(x, w, b, message):
    with pytest.raises(ValueError, match=message):
        dense_forward(x, w, b)
