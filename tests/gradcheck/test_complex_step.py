"""The complex step: exact where code is analytic, and said not to be trusted where it is not."""

import numpy as np
import pytest

from miniae.gradcheck import check, check_function, check_pair, complex_step_gradient
from miniae.models import SparseAutoencoder
from miniae.ops import OPS


def smooth(t):
    return np.sum(np.exp(t) * np.sin(t))


def smooth_gradient(t):
    return np.exp(t) * (np.sin(t) + np.cos(t))


def opinion(cost, gradient, theta):
    report = check_function(cost, theta, gradient=gradient, complex_step=True)
    return report, report.evidence.complex_step["theta"]


def test_exact_to_the_last_digits():
    t = np.linspace(-2, 2, 9).reshape(3, 3)
    np.testing.assert_allclose(complex_step_gradient(smooth, t), smooth_gradient(t), rtol=1e-14)


def test_where_code_is_analytic_it_is_trusted():
    t = np.linspace(-2, 2, 9)
    report, second = opinion(smooth, smooth_gradient, t)
    assert report.passed
    assert second.trusted
    assert second.reason == ""
    np.testing.assert_allclose(second.gradient, smooth_gradient(t), rtol=1e-13)


def test_it_is_not_taken_unless_asked_for():
    assert not check_function(smooth, np.ones(2), gradient=smooth_gradient).evidence.complex_step


def squeezed_into_floats(t):
    y = np.empty(t.shape)
    y[...] = t**2
    return float(y.sum())


SPOILED = {
    "abs": (lambda t: np.sum(np.abs(t) ** 3 / 3), lambda t: t * np.abs(t), "came back real"),
    "norm": (lambda t: np.linalg.norm(t), lambda t: t / np.linalg.norm(t), "came back real"),
    "half of it abs": (lambda t: np.sum(t**2 + np.abs(t)), lambda t: 2 * t + np.sign(t), "central differences"),
    "conj": (lambda t: np.vdot(t, t) + 0 * t[0], lambda t: 2 * t, "central differences"),
    "a float out": (squeezed_into_floats, lambda t: 2 * t, "ComplexWarning"),
    "float()": (lambda t: float(np.sum(t**2)), lambda t: 2 * t, "real"),
    "raises": (lambda t: np.sum(np.logaddexp(0, t)), lambda t: 1 / (1 + np.exp(-t)), "TypeError"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_not_analytic_is_detected_and_fails_no_right_gradient(name):
    cost, gradient, word = SPOILED[name]
    report, second = opinion(cost, gradient, np.array([0.5, -1.5, 2.0]))
    assert report.passed, f"\n{report}"
    assert not second.trusted
    assert second.reason.startswith("not analytic here")
    assert word in second.reason


def test_a_wrong_gradient_fails_beside_a_trusted_opinion():
    report, second = opinion(smooth, lambda t: 1.01 * smooth_gradient(t), np.linspace(-2, 2, 9))
    assert report.verdict == "fail"
    assert second.trusted


ELEMENTWISE = {"elu", "identity", "leaky_relu", "relu", "selu", "sigmoid", "softmax", "softplus", "tanh"}


@pytest.mark.as_users_run_it  # the annotations say Float: complex numbers are no business of anyone but the checker
def test_ops_take_complex_numbers_from_the_checker_alone():
    rng = np.random.default_rng(0)
    args = {"x": rng.normal(size=(3, 4)), "w": rng.normal(size=(4, 2)), "b": rng.normal(size=2)}
    dense = OPS["dense"]
    report = check_pair(dense.forward, dense.backward, args, linear=("x", "w", "b"), complex_step=True)
    assert report.passed
    assert all(second.trusted for second in report.evidence.complex_step.values())
    trusted = {}
    for name, op in OPS.items():
        if name in ELEMENTWISE:
            report = check_pair(op.forward, op.backward, {"x": args["x"]}, complex_step=True)
            assert report.passed, f"\n{report}"
            trusted[name] = report.evidence.complex_step["x"].trusted
    assert {name for name, yes in trusted.items() if yes} >= {"identity", "sigmoid", "tanh"}
    with pytest.raises(TypeError, match="complex128"):
        dense.forward(*(value.astype(complex) for value in args.values()))


def test_a_model_that_returns_a_float_is_detected():
    model = SparseAutoencoder(4, 2)
    x = np.random.default_rng(0).uniform(size=(5, 4))
    report = check_function(lambda t: model.cost_and_grad(t, x), model.theta, layout=model.layout, complex_step=True)
    assert report.passed
    assert not any(second.trusted for second in report.evidence.complex_step.values())
    assert check(model, x).passed
