"""The verdict on one block, from gradients put there by hand."""

import numpy as np
import pytest
from evidence_by_hand import compared

from miniae.gradcheck.judge import errors, judge


def test_errors_are_fractions_of_the_largest_numeric_entry():
    found = errors(compared("w", [1.0, 4.5, 0.0], [1.0, 4.0, 0.0]))
    assert found.scale == 4
    np.testing.assert_array_equal(found.error, [0, 0.125, 0])
    np.testing.assert_array_equal(found.wrong, [False, True, False])


def test_a_right_block_has_nothing_to_say():
    block = judge(compared("w", [1.0, 4.0], [1.0, 4.0]), zero=False)
    assert (block.verdict, block.reason, block.failing) == ("pass", "", 0)


@pytest.mark.parametrize(
    ("uncertainty", "verdict"),
    [
        (1e-9, "fail"),  # an error of 1e-6 on a scale of 1 is far above ten times the doubt
        (0.9e-7, "fail"),
        (1.1e-7, "inconclusive"),  # and here it is not
    ],
)
def test_wrong_means_ten_times_the_doubt(uncertainty, verdict):
    assert judge(compared("w", [1.0 + 1e-6], [1.0], uncertainty=uncertainty), zero=False).verdict == verdict


def test_the_tolerance_is_the_block_s_own():
    assert judge(compared("w", [1.0 + 1e-6], [1.0], tolerance=1e-5), zero=False).verdict == "pass"


def test_the_sentence_on_a_wrong_entry_has_both_values_and_their_ratio():
    block = judge(compared("w", [[1.0, 2.0], [3.0, -14.0]], [[1.0, 2.0], [3.0, -7.0]]), zero=False)
    assert block.index == (1, 1)
    assert block.reason == (
        "wrong in 1 of 4 entries, most at [1, 1]: the gradient says -14 where central differences of the cost give -7, "
        "2 times as much"
    )


def test_the_sentence_tells_values_apart_that_print_alike():
    block = judge(compared("w", [1.0, 3.0 + 3e-8], [1.0, 3.0]), zero=False)
    assert block.reason.endswith(
        "the gradient says 3 where central differences of the cost give 3, a difference of 3.0e-08"
    )


@pytest.mark.parametrize(("analytic", "numeric"), [(5.0, 0.0), (0.0, 5.0), (5.0, 0.04), (0.04, 5.0)])
def test_the_sentence_has_no_ratio_that_tells_nothing(analytic, numeric):
    block = judge(compared("w", [1.0, analytic], [1.0, numeric]), zero=False)
    says = f"the gradient says {analytic:g} where central differences of the cost give {numeric:g}"
    assert block.reason.endswith(says)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(bad):
    block = judge(compared("w", [1.0, bad, 2.0], [1.0, 4.0, 3.0]), zero=False)
    assert (block.verdict, block.index) == ("fail", (1,))
    assert block.reason == f"the gradient is not finite: {bad} at [1], 1 of 3 entries in all"


@pytest.mark.parametrize(
    ("analytic", "reason"),
    [
        (np.ones((2, 3)), "the gradient has shape (2, 3), the argument (3, 2)"),
        (np.ones((3, 2), complex), "the gradient has dtype complex128, the argument float64"),
        (np.full((3, 2), None), "the gradient has dtype object, the argument float64"),
        (np.array(np.nan), "the gradient has shape (), the argument (3, 2)"),
    ],
)
def test_what_cannot_be_compared_fails_with_the_reason(analytic, reason):
    block = judge(compared("w", analytic, np.ones((3, 2))), zero=False)
    assert (block.verdict, block.reason, block.failing, block.index) == ("fail", reason, 1, ())
    assert np.isinf(block.error)


def test_nothing_is_tested_where_there_are_no_elements():
    block = judge(compared("w", np.ones((0, 3)), np.ones((0, 3))), zero=False)
    assert (block.verdict, block.reason) == ("fail", "has no elements: nothing is tested")


def test_zeros_pass_only_where_declared():
    zeros = compared("b", np.zeros(3), np.zeros(3), noise=1e-13)
    assert judge(zeros, zero=False).verdict == "fail"
    assert (judge(zeros, zero=True).verdict, judge(zeros, zero=True).reason) == ("pass", "zero throughout, as declared")


def test_zeros_but_for_rounding_are_told_from_zeros_and_from_a_random_cost():
    rounded = compared("b", np.full(3, 1e-14), np.zeros(3), uncertainty=1e-13, noise=1e-13)
    assert "both zero but for rounding of the cost" in judge(rounded, zero=False).reason
    assert judge(rounded._replace(scatter=1e-6), zero=False).why == "noise"


def test_the_worst_entry_is_a_wrong_one_not_one_in_doubt():
    block = judge(compared("w", [1.0, 3.0, 5.0], [1.0, 2.0, 5.1], uncertainty=[1e-13, 1.0, 1e-13]), zero=False)
    assert (block.verdict, block.index) == ("fail", (2,))


def test_entries_beside_declared_kinks_are_left_out_counted_and_bounded():
    beside = compared("w", [1.0, 2.0, 3.0, 9.0], [1.0, 2.0, 3.0, 4.0], uncertainty=[1e-13, 1e-13, 1e-13, 5.0])
    assert judge(beside, zero=False).verdict == "inconclusive"
    few = judge(beside, zero=False, kinks=0.25)
    assert (few.verdict, few.reason) == ("pass", "1 of 4 entries left out: they lie beside a kink, as declared")
    assert few.error == 0
    many = judge(beside, zero=False, kinks=0.1)
    assert many.verdict == "fail"
    assert many.reason == "1 of 4 entries lie beside a kink, more than the 10% declared: too little is tested"


def test_declared_kinks_excuse_nothing_else():
    wrong = compared("w", [1.0, 2.5, 4.0], [1.0, 2.0, 4.0], uncertainty=[1e-13, 1e-13, 5.0])
    assert (judge(wrong, zero=False, kinks=0.5).verdict, judge(wrong, zero=False, kinks=0.5).index) == ("fail", (1,))
    noisy = compared("w", [1.0, 2.0], [1.0, 2.0], uncertainty=[1e-3, 1e-3], noise=[1e-3, 0.0])
    assert judge(noisy._replace(scatter=1e-6), zero=False, kinks=0.5).verdict == "inconclusive"
    outside = compared("w", [1.0, 2.0], [1.0, 2.0], uncertainty=[1e-13, np.inf])
    assert judge(outside, zero=False, kinks=0.5).verdict == "inconclusive"


def test_doubt_has_a_cause():
    kink = judge(compared("w", [1.0, 1.0], [1.0, 1.0], uncertainty=[1e-13, 1e-3]), zero=False)
    assert kink.reason == (
        "the numerical gradient itself is only good to 1e-03 at [1], for there is a kink nearby; "
        "the two gradients differ by 0e+00 at most"
    )
    noise = judge(compared("w", [1.0], [1.0], uncertainty=1e-3, noise=1e-3), zero=False)
    assert "for it is small beside the cost, which is rounded" in noise.reason
    random = judge(compared("w", [1.0], [1.0], uncertainty=1e-3, noise=1e-3)._replace(scatter=1e-6), zero=False)
    assert "for the cost is noisy by 1e-06 of its value: random, or float32?" in random.reason
    outside = judge(compared("w", [1.0, 1.0], [1.0, 0.0], uncertainty=[1e-13, np.inf]), zero=False)
    assert outside.verdict == "inconclusive"
    assert [block.why for block in (kink, noise, random, outside)] == ["kink", "rounding", "noise", "domain"]
    assert outside.reason == "the cost is not finite beside [1]: no difference can be taken there"
