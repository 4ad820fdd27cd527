"""Targets that do not fit a loss are refused beforehand, with the value found, where, and what was expected."""

import re

import numpy as np
import pytest

from miniae.losses import LOSSES, check_labels, check_probabilities, check_values

OUTPUT = (10, 3)
real = pytest.mark.parametrize("check", [check_values, check_probabilities])
IMAGES = np.arange(6, dtype=np.uint8).reshape(2, 3)


def test_every_loss_knows_what_its_target_must_be():
    expected = {
        "binary_cross_entropy": check_probabilities,
        "binary_cross_entropy_with_logits": check_probabilities,
        "mean_squared_error": check_values,
        "softmax_cross_entropy": check_labels,
        "squared_error": check_values,
    }
    assert {name: loss.check_target for name, loss in LOSSES.items()} == expected


def test_every_link_turns_what_the_loss_takes_into_what_the_target_is():
    assert {name: loss.link for name, loss in LOSSES.items()} == {
        "binary_cross_entropy": "identity",
        "binary_cross_entropy_with_logits": "sigmoid",
        "mean_squared_error": "identity",
        "softmax_cross_entropy": "softmax",
        "squared_error": "identity",
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_targets_that_fit_pass(dtype):
    check_values(np.array([[-1e6, 0, 7]], dtype), OUTPUT)
    check_probabilities(np.array([[0, 0.5, 1]], dtype), OUTPUT)
    check_probabilities(np.zeros((2, 3, 3, 1), dtype), (10, 3, 3, 1))
    check_labels(np.array([0, 2, 1], np.uint8), OUTPUT)


def test_a_target_may_be_that_of_the_whole_data_set():
    check_values(np.zeros((500, 3)), OUTPUT)
    check_labels(np.zeros(500, int), OUTPUT)


@pytest.mark.bad_input
@real
def test_images_of_integers_are_refused_with_advice(check):
    with pytest.raises(TypeError, match=r"target must be float32 or float64.*, got uint8; .* target / 255"):
        check(IMAGES, OUTPUT)


@pytest.mark.bad_input
@real
@pytest.mark.parametrize(("target", "found"), [([[0.0, 1.0, 0.0]], "list"), (IMAGES > 2, "bool"), (None, "NoneType")])
def test_what_is_no_float_array_is_refused(check, target, found):
    with pytest.raises(TypeError, match=rf"target must be float32 or float64.*, got {found}$"):
        check(target, OUTPUT)


@pytest.mark.bad_input
@real
@pytest.mark.parametrize("shape", [(10, 4), (10,), (), (10, 3, 1)])
def test_other_features_than_the_outputs_are_refused(check, shape):
    message = f"target must have shape (examples, ...) with the features of the output, (3,); got {shape}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check(np.zeros(shape), OUTPUT)


@pytest.mark.bad_input
@real
def test_where_an_output_is_one_number_a_target_is_one_for_each_example(check):
    check(np.zeros(4), (10,))
    with pytest.raises(ValueError, match=r"with the features of the output, \(\); got \(\)$"):
        check(np.zeros(()), (10,))


@pytest.mark.bad_input
@real
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(check, value):
    target = np.zeros((4, 3))
    target[2, 1] = value
    with pytest.raises(ValueError, match=rf"^target must (be finite|lie in .*), got {value} at index \(2, 1\)"):
        check(target, OUTPUT)


@pytest.mark.bad_input
@pytest.mark.parametrize("value", [-0.25, 1.5, 255.0])
def test_what_is_no_probability_is_refused(value):
    target = np.zeros((4, 3))
    target[3, 2] = value
    message = rf"target must lie in \[0, 1\] \(8-bit images must be divided by 255\), got {value} at index \(3, 2\)"
    with pytest.raises(ValueError, match=message):
        check_probabilities(target, OUTPUT)


@pytest.mark.bad_input
@pytest.mark.parametrize("label", [-1, 3, 100])
def test_labels_of_no_class_are_refused(label):
    # -1 would silently stand for the last class
    with pytest.raises(ValueError, match=rf"target must hold labels from 0 to 2, got {label} at index \(1,\)"):
        check_labels(np.array([0, label, 2]), OUTPUT)


@pytest.mark.bad_input
def test_labels_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="target must be an array of integer labels, got float64"):
        check_labels(np.zeros(3), OUTPUT)
    with pytest.raises(TypeError, match="target must be an array of integer labels, got list"):
        check_labels([0, 1], OUTPUT)
    with pytest.raises(
        ValueError, match=r"one label for each, got \(2, 3\); for one-hot rows: target.argmax\(axis=1\)"
    ):
        check_labels(np.eye(2, 3, dtype=int), OUTPUT)
