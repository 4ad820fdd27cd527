"""The checker: right gradients pass, wrong ones fail in the right place, and doubt is said to be doubt."""

import numpy as np
import pytest

from miniae.gradcheck import check, check_function, check_pair
from miniae.layers import Dense, ReLU
from miniae.models import Autoencoder, SparseAutoencoder
from miniae.ops import dense_backward, dense_forward


def quadratic(theta):
    """theta^T A theta / 2 with A = [[2, 1], [1, 3]]."""
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    return float(theta @ a @ theta / 2), a @ theta


def arguments(seed=0):
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=(5, 4)), "w": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}


def test_a_right_gradient_passes():
    report = check_function(quadratic, np.array([1.0, -2.0]))
    assert report.passed
    assert report.norm_ratio < 1e-11


def test_cost_and_gradient_may_come_apart():
    cost, gradient = (lambda t: quadratic(t)[0]), (lambda t: quadratic(t)[1])
    assert check_function(cost, np.array([1.0, -2.0]), gradient=gradient).passed
    wrong = check_function(cost, np.array([1.0, -2.0]), gradient=lambda t: -gradient(t))
    assert wrong.verdict == "fail"


@pytest.mark.parametrize("cost", [3, np.float32(3), np.array(3.0), np.array([[3.0]]), np.int64(3)])
def test_a_cost_may_be_any_one_number(cost):
    report = check_function(lambda t: (cost, np.zeros(2)), np.ones(2), zero=("theta",))
    assert report.passed


def test_nothing_to_check_fails():
    assert check_function(lambda t: (1, np.zeros(0)), np.zeros(0)).verdict == "fail"
    report = check_function(lambda t: (t @ t, 2 * t), np.ones(2), layout={"w": (2,), "none": (0,)})
    assert report["w"].verdict == "pass"
    assert report["none"].verdict == "fail"


@pytest.mark.parametrize("size", [1e-2, 1e-5, 3e-8])
def test_a_slightly_wrong_entry_fails_where_it_is(size):
    def wrong(theta):
        cost, gradient = quadratic(theta)
        return cost, gradient + np.array([0.0, size])

    block = check_function(wrong, np.array([1.0, -2.0]))["theta"]
    assert block.verdict == "fail"
    assert block.index == (1,)
    assert block.failing == 0.5
    assert block.analytic - block.numeric == pytest.approx(size, rel=1e-2)
    assert block.error == pytest.approx(size / 5, rel=1e-2)  # the largest entry of the gradient is |1 - 6| = 5


def test_blocks_are_judged_each_on_its_own_scale():
    """A bias whose gradient is a million times smaller than the weights' is not let pass for that."""

    def wrong_bias(theta):
        w, b = theta[:3], theta[3:]
        return float((w**2).sum() / 2 + 1e-6 * b[0]), np.array([*w, 1.1e-6])

    report = check_function(wrong_bias, np.array([1.0, 2.0, 3.0, 4.0]), layout={"w": (3,), "b": (1,)})
    assert report["w"].verdict == "pass"
    assert report["b"].verdict == "fail"
    assert report["b"].error == pytest.approx(0.1, rel=1e-3)


def test_dense_passes_exactly_and_every_broken_dense_fails_in_its_argument():
    args = arguments()
    linear = ("x", "w", "b")
    assert check_pair(dense_forward, dense_backward, args, linear=linear).passed

    def broken(which, change):
        def backward(dy, cache):
            gradients = dict(zip("xwb", dense_backward(dy, cache), strict=True))
            gradients[which] = change(gradients[which])
            return tuple(gradients.values())

        return backward

    for which in "xwb":
        for change in (lambda g: -g, lambda g: g / 5, lambda g: g * (1 + 1e-10), np.zeros_like):
            report = check_pair(dense_forward, broken(which, change), args, linear=linear)
            assert [block.name for block in report.blocks if block.verdict == "fail"] == [which]


def test_a_transposed_gradient_of_another_shape_fails_and_says_so():
    def transposed(dy, cache):
        dx, dw, db = dense_backward(dy, cache)
        return dx, dw.T, db

    block = check_pair(dense_forward, transposed, arguments())["w"]
    assert block.verdict == "fail"
    assert "(3, 4)" in block.reason
    assert "(4, 3)" in block.reason


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_fails(bad):
    report = check_function(lambda t: (float((t**2).sum()), np.array([2 * t[0], bad])), np.ones(2))
    assert report.verdict == "fail"
    assert "not finite" in report["theta"].reason


def test_zero_against_zero_tests_nothing_unless_declared():
    def constant(theta):
        return 1.0, np.zeros_like(theta)

    assert check_function(constant, np.ones(3)).verdict == "fail"
    assert "tests nothing" in check_function(constant, np.ones(3))["theta"].reason
    assert check_function(constant, np.ones(3), zero=("theta",)).passed
    wrong = check_function(lambda t: (1.0, np.full_like(t, 1e-3)), np.ones(3), zero=("theta",))
    assert wrong.verdict == "fail"


def test_at_a_kink_the_verdict_is_inconclusive():
    report = check_function(lambda t: (float(np.abs(t).sum()), np.sign(t)), np.array([0.0, 1.0]))
    assert report.verdict == "inconclusive"
    assert "at [0], for there is a kink nearby" in report["theta"].reason
    alone = check_function(lambda t: (float(np.abs(t).sum()), np.sign(t)), np.zeros(1))
    assert alone.verdict == "inconclusive"


def test_at_a_declared_kink_the_others_are_judged():
    def function(t):
        return float(np.abs(t).sum()), np.sign(t)

    t = np.array([0.0, 1.0, 2.0, -3.0])
    report = check_function(function, t, kinks=0.25)
    assert report.passed
    assert "1 of 4 entries left out" in str(report)
    assert check_function(function, t, kinks=0.1).verdict == "fail"
    assert check_function(lambda t: (function(t)[0], -np.sign(t)), t, kinks=0.25).verdict == "fail"
    with pytest.raises(
        ValueError, match="kinks must be a fraction of the entries, at least 0 and less than 1, got 1.5"
    ):
        check_function(function, t, kinks=1.5)


def test_a_noisy_cost_is_inconclusive():
    rng = np.random.default_rng(0)
    report = check_function(lambda t: (float((t**2).sum() + 1e-8 * rng.normal()), 2 * t), np.ones(3))
    assert report.verdict == "inconclusive"
    assert "the cost is noisy by" in report["theta"].reason


def test_a_trained_sparse_autoencoder_passes():
    """Near a minimum the gradient is small beside the cost, which is where norm ratios go wrong first."""
    from miniae.lbfgs import lbfgs

    x = np.random.default_rng(0).uniform(0.1, 0.9, size=(20, 9))
    model = SparseAutoencoder(9, 4, rho=0.1)
    lbfgs(model, x, iterations=50, progress=False)
    assert check(model, x).verdict != "fail"
    halfway = SparseAutoencoder(9, 4, rho=0.1)
    lbfgs(halfway, x, iterations=5, progress=False)
    report = check(halfway, x)
    assert report.passed, report


def test_a_model_with_kinks_passes_away_from_them():
    model = Autoencoder([Dense(6, 5), ReLU()], [Dense(5, 6)])
    assert check(model, np.random.default_rng(1).normal(size=(8, 6))).passed


def test_the_table_reads():
    def wrong(theta):
        cost, gradient = quadratic(theta)
        return cost, gradient * [1, 2]

    text = str(check_function(wrong, np.array([2.0, -3.0]), layout={"first": (1,), "second": (1,)}))
    lines = text.splitlines()
    assert lines[0].split() == ["block", "shape", "worst", "error", "at", "analytic", "numeric", "wrong", "verdict"]
    assert lines[2].split()[0] == "first"
    assert lines[2].endswith("pass")
    assert lines[3].split()[0] == "second"
    assert lines[3].endswith("fail")
    assert "-1.400000e+01" in lines[3]
    assert "-7.000000e+00" in lines[3]
    assert lines[-1].startswith("FAIL")


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(TypeError, match="float64 array, got float32"):
        check_function(quadratic, np.ones(2, np.float32))
    with pytest.raises(TypeError, match="float64 array"):
        check_function(quadratic, [1.0, 2.0])
    with pytest.raises(ValueError, match="covers 3 elements, theta has 2"):
        check_function(quadratic, np.ones(2), layout={"w": (3,)})
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\), theta \(2,\)"):
        check_function(lambda t: (0.0, np.ones(3)), np.ones(2))
    with pytest.raises(ValueError, match="returned 3 gradients, wrt names 1"):
        check_pair(dense_forward, dense_backward, arguments(), wrt=("x",))
    with pytest.raises(ValueError, match="'c'; known: theta"):
        check_function(quadratic, np.ones(2))["c"]


def test_the_report_says_how_to_repeat_the_check_and_the_seed_where_something_was_drawn():
    report = check_function(quadratic, np.array([1.0, -2.0]))
    assert (report.seed, report.reproduce) == (None, "check_function(quadratic, theta)")
    apart = check_function(
        lambda t: quadratic(t)[0], np.ones(2), gradient=lambda t: quadratic(t)[1], elementwise=0, seed=3
    )
    assert (apart.seed, apart.reproduce) == (3, "check_function(f, theta, gradient=gradient, seed=3)")
    pair = check_pair(dense_forward, dense_backward, arguments(), seed=5)
    assert (pair.seed, pair.reproduce) == (5, "check_pair(dense_forward, dense_backward, args, seed=5)")
    model = SparseAutoencoder(3, 2)
    assert check(model, np.full((4, 3), 0.5)).reproduce == "check(model, *data)"
