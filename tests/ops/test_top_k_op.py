"""Top-k, worked out by hand: which entries stay where some are equal, negative, infinite or NaN."""

import numpy as np
import pytest

from miniae.ops import top_k_backward, top_k_forward


def test_forward_and_backward_by_hand():
    y, cache = top_k_forward(np.array([[0.5, 3.0, -2.0, 1.0], [-1.0, -4.0, -3.0, -2.0]]), 2)
    np.testing.assert_array_equal(y, [[0, 3, 0, 1], [-1, 0, 0, -2]])
    dx = top_k_backward(np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]), cache)
    np.testing.assert_array_equal(dx, [[0, 2, 0, 4], [5, 0, 0, 8]])


@pytest.mark.parametrize(
    ("x", "k", "kept"),
    [
        ([1, 1, 1, 1], 2, [1, 1, 0, 0]),
        ([0, 2, 1, 2, 1, 2], 2, [0, 1, 0, 1, 0, 0]),
        ([0, 2, 1, 2, 1, 2], 4, [0, 1, 1, 1, 0, 1]),
        ([1, 3, 1, 2, 1], 3, [1, 1, 0, 1, 0]),  # the tie goes to the left of what is above it
        ([-1, -1, -1], 1, [1, 0, 0]),
        ([0.0, -0.0, 0.0], 2, [1, 1, 0]),  # the two zeros are equal
        ([5, 4, 3], 3, [1, 1, 1]),
        ([7], 1, [1]),
    ],
)
def test_of_equal_entries_the_first_stay(x, k, kept):
    _, cache = top_k_forward(np.array([x], float), k)
    np.testing.assert_array_equal(top_k_backward(np.ones((1, len(x))), cache), [kept])


def test_never_more_than_k_are_kept_and_none_below_one_that_is_not():
    """Against sorting, on small whole numbers: nearly every row has ties."""
    x = np.random.default_rng(0).integers(-2, 3, (200, 7)).astype(float)
    for k in range(1, 8):
        _, cache = top_k_forward(x, k)
        first = np.argsort(-x, axis=1, kind="stable")[:, :k]
        wanted = np.zeros(x.shape, bool)
        np.put_along_axis(wanted, first, True, axis=1)
        np.testing.assert_array_equal(cache.kept, wanted)


def test_infinite_and_nan():
    y, _ = top_k_forward(np.array([[-np.inf, 1.0, np.inf, 2.0], [np.nan, 1.0, np.inf, 2.0]]), 2)
    np.testing.assert_array_equal(y, [[0, 0, np.inf, 2], [np.nan, 0, np.inf, 0]])


def test_more_nan_than_k_are_not_hidden():
    y, _ = top_k_forward(np.array([[np.nan, 1.0, np.nan, 2.0]]), 1)
    assert np.isnan(y[0, [0, 2]]).all()


@pytest.mark.bad_input
@pytest.mark.parametrize("k", [0, -1, 4, 1.0, "2", None])
def test_a_k_that_does_not_fit(k):
    with pytest.raises(
        ValueError, match=r"^top_k: k must be a whole number from 1 to the 3 features of x \(2, 3\), got"
    ):
        top_k_forward(np.ones((2, 3)), k)
    with pytest.raises(ValueError, match=r"from 1 to the 0 features of x \(\)"):
        top_k_forward(np.array(1.0), 1)
