"""Cross-entropy of class logits, worked out by hand and at its extremes."""

import numpy as np
import pytest

from miniae.losses import softmax_cross_entropy


def test_by_hand():
    # e^y = (1, 2, 5) and (4, 4, 8): the labels' shares are 5/8 and 1/4
    y = np.log([[1.0, 2.0, 5.0], [4.0, 4.0, 8.0]])
    loss, dy = softmax_cross_entropy(y, np.array([2, 0]))
    np.testing.assert_allclose(loss, (np.log(8 / 5) + np.log(4)) / 2, rtol=1e-15)
    # shares, minus 1 at the label, over 2 examples
    np.testing.assert_allclose(dy, [[1 / 16, 1 / 8, -3 / 16], [-3 / 8, 1 / 8, 1 / 4]], rtol=1e-15)


@pytest.mark.parametrize("classes", [2, 10])
def test_of_knowing_nothing_is_the_logarithm_of_the_number_of_classes(classes):
    loss, _ = softmax_cross_entropy(np.zeros((4, classes)), np.array([0, 1, 1, 0]))
    np.testing.assert_allclose(loss, np.log(classes), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    y = np.array([[1e4, 0, -1e4]], dtype)
    for label, cost, slopes in [(0, 0, [0, 0, 0]), (1, 1e4, [1, -1, 0]), (2, 2e4, [1, 0, -1])]:
        loss, dy = softmax_cross_entropy(y, np.array([label]))
        assert float(loss) == cost
        np.testing.assert_array_equal(dy, [slopes])


def test_every_example_is_brought_to_zero_by_its_own_largest_logit():
    y = np.array([[1e4, 1e4], [-1e4, -1e4]])  # by the larger of the two, the second would vanish altogether
    loss, dy = softmax_cross_entropy(y, np.array([0, 1]))
    np.testing.assert_allclose(loss, np.log(2), rtol=1e-15)
    np.testing.assert_array_equal(dy, [[-1 / 4, 1 / 4], [1 / 4, -1 / 4]])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64])
def test_labels_may_be_any_integers(dtype):
    y = np.log([[1.0, 3.0], [1.0, 1.0]])
    loss, _ = softmax_cross_entropy(y, np.array([1, 0], dtype))
    np.testing.assert_allclose(loss, (np.log(4 / 3) + np.log(2)) / 2, rtol=1e-15)


def test_one_class_is_certain():
    loss, dy = softmax_cross_entropy(np.array([[5.0], [-2.0]]), np.array([0, 0]))
    assert loss == 0
    np.testing.assert_array_equal(dy, [[0], [0]])


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("labels", "found"), [([0, 1], "list"), (np.zeros(2), "float64"), (np.zeros(2, bool), "bool"), (1, "int")]
)
def test_labels_that_are_no_integers_are_refused(labels, found):
    message = f"softmax_cross_entropy: target must be an array of integer labels, got {found}"
    with pytest.raises(TypeError, match=message):
        softmax_cross_entropy(np.zeros((2, 3)), labels)


@pytest.mark.bad_input
@pytest.mark.parametrize(("y_shape", "target_shape"), [((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), ()), ((6,), (6,))])
def test_shapes_that_do_not_fit_are_refused(y_shape, target_shape):
    with pytest.raises(ValueError, match=r"y must be \(N, K\) and target \(N,\), got y .* and target"):
        softmax_cross_entropy(np.zeros(y_shape), np.zeros(target_shape, int))
