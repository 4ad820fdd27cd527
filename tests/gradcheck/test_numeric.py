"""Central differences against published figures and functions whose derivatives are known."""

import numpy as np
import pytest

from miniae.gradcheck.numeric import linear_gradient, noise_level, norm_ratio, numerical_gradient, two_step_gradient


def test_ufldl_quadratic():
    """UFLDL's warm-up: x^2 + 3 x y at (4, 10), step 1e-4, and its published norm ratio."""
    analytic = np.array([2 * 4 + 3 * 10, 3 * 4.0])
    numeric = numerical_gradient(lambda t: t[0] ** 2 + 3 * t[0] * t[1], np.array([4.0, 10.0]), step=1e-4)
    assert f"{norm_ratio(analytic, numeric):.4e}" == "2.1452e-12"
    # The same function written x (x + 3 y) rounds differently.
    numeric = numerical_gradient(lambda t: t[0] * (t[0] + 3 * t[1]), np.array([4.0, 10.0]), step=1e-4)
    assert f"{norm_ratio(analytic, numeric):.4e}" == "2.6454e-12"


def test_two_steps_cancel_the_cubic_term():
    # x^3 at 1: one difference is off by h^2, the combination exact but for rounding (u = eps / h = 2e-13 at h = 1e-3).
    x = np.array([1.0])
    assert numerical_gradient(lambda t: t[0] ** 3, x, step=1e-3)[0] - 3 == pytest.approx(1e-6, rel=1e-3)
    assert abs(two_step_gradient(lambda t: t[0] ** 3, x).gradient[0] - 3) < 1e-12


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e3])
def test_uncertainty_covers_the_error_of_functions_that_bend_gently_and_sharply(scale):
    x = np.linspace(-1, 1, 21)
    difference = two_step_gradient(lambda t: float(np.sin(scale * t).sum()), x)
    error = np.abs(difference.gradient - scale * np.cos(scale * x))
    assert (error <= 10 * difference.uncertainty).all()
    assert error.max() <= 1e-8 * scale


@pytest.mark.parametrize("kink", [0.0, 3e-6, -1e-5])
def test_uncertainty_is_large_at_a_kink_even_in_the_middle_where_both_differences_agree(kink):
    difference = two_step_gradient(lambda t: float(np.abs(t - kink).sum()), np.zeros(1))
    assert difference.uncertainty[0] > 0.01


def test_noise_level_is_the_standard_deviation_of_the_noise():
    rng = np.random.default_rng(0)
    levels = [noise_level(lambda t: float((t**2).sum() + 1e-6 * rng.normal()), np.ones(3)) for _ in range(200)]
    # The three fourth differences that overlap in seven costs make one estimate good to about 50 %; the mean square
    # of 200 to a few per cent.
    assert np.sqrt(np.mean(np.square(levels))) == pytest.approx(1e-6, rel=0.15)


def test_noise_level_of_an_exact_cost_is_its_rounding():
    x = np.random.default_rng(0).normal(size=1000)
    level = noise_level(lambda t: float(np.exp(t).sum()), x)
    assert np.exp(x).sum() * 2.2e-16 <= level <= np.exp(x).sum() * 1e-14


def test_a_kink_farther_off_than_the_smallest_step_does_no_harm():
    near = two_step_gradient(lambda t: float(np.abs(t - 1e-4).sum()), np.zeros(1))
    assert near.gradient[0] == pytest.approx(-1, abs=1e-10)
    assert near.uncertainty[0] < 1e-9


def test_a_small_gradient_beside_a_large_cost_is_found_with_a_long_step():
    """The cost is 1e4, so its rounding is 1e-12: a step of 1e-3 finds a gradient of 1e-2 to 1e-9 / 1e-2 = 1e-7 only."""
    difference = two_step_gradient(lambda t: float(1e4 + 1e-2 * np.exp(0.1 * t).sum()), np.zeros(2))
    error = np.abs(difference.gradient - 1e-3)
    assert (error <= 10 * difference.uncertainty).all()
    assert (difference.uncertainty < 1e-10).all()


def test_step_one_is_exact_where_the_cost_is_linear():
    w = np.random.default_rng(0).normal(size=(4, 3))
    difference = linear_gradient(lambda t: float((w * t).sum()), np.ones((4, 3)))
    np.testing.assert_allclose(difference.gradient, w, atol=1e-14)


def test_theta_is_left_alone():
    theta = np.arange(3.0)
    two_step_gradient(lambda t: float((t**2).sum()), theta)
    assert theta.tolist() == [0, 1, 2]


def test_norm_ratio_of_opposite_gradients_is_not_a_number_and_no_gradient_passes_for_right():
    assert np.isnan(norm_ratio(np.zeros(3), np.zeros(3)))
    assert norm_ratio(np.ones(3), np.zeros(3)) == 1


def test_a_slope_that_bends_all_at_once_is_confirmed_before_it_is_called_wrong():
    """x^2 / 20 to the right of 0, 0 to the left: beside the bend two steps agree well on a wrong slope."""

    def cost(t):
        return float((np.maximum(t, 0) ** 2 / 20 + 5 * t).sum())

    t = np.array([1e-9])
    right = 5 + t / 10
    blind = two_step_gradient(cost, t)
    assert np.abs(blind.gradient - right) > 10 * blind.uncertainty
    warned = two_step_gradient(cost, t, expected=right)
    assert np.abs(warned.gradient - right) < 10 * warned.uncertainty
    sure = two_step_gradient(lambda t: float((t**2 / 20 + 5 * t).sum()), t, expected=right + 1e-7)
    assert np.abs(sure.gradient - right - 1e-7) > 10 * sure.uncertainty


def test_beside_the_end_of_the_domain_a_smaller_step_is_taken_without_a_warning():
    """Warnings are errors in this suite: log and sqrt of the numbers below 0 would raise."""
    t = np.array([5e-4, 1.0])  # two steps of 1e-3 lead below 0
    difference = two_step_gradient(lambda t: float(np.log(t).sum() + np.sqrt(t).sum()), t, tolerance=1e-6)
    np.testing.assert_allclose(difference.gradient, 1 / t + 0.5 / np.sqrt(t), rtol=1e-5)


def test_a_cost_that_is_nowhere_finite_leaves_the_gradient_open():
    difference = two_step_gradient(lambda t: float("inf"), np.ones(2))
    assert np.isinf(difference.uncertainty).all()


@pytest.mark.parametrize("huge", [1e160, 1e300])
def test_huge_costs_warn_of_nothing(huge):
    two_step_gradient(lambda t: float(huge * (t**2).sum()), np.ones(2))
    linear_gradient(lambda t: float(huge * t.sum()), np.ones(2))


def test_no_elements_and_whole_numbers():
    assert two_step_gradient(lambda t: 1, np.zeros(0)).gradient.shape == (0,)
    assert linear_gradient(lambda t: 1, np.zeros((0, 3))).gradient.shape == (0, 3)
    difference = two_step_gradient(lambda t: int(np.floor(t).sum()), np.full(2, 0.5))
    assert difference.gradient.tolist() == [0, 0]
