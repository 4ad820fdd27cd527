"""What is drawn is what was given: bars that count, points where they belong."""

import numpy as np
import pytest

from miniae.plots import cosine_histogram, sparsity_frontier


def outline_heights(patch):
    return patch.get_path().vertices[:, 1]


def test_every_cosine_is_in_a_bar_even_one_a_hair_above_1():
    figure = cosine_histogram({"a": [0.5, 0.51, 1 + 1e-7], "b": np.full(4, 0.99)})
    axes = figure.axes[0]
    heights = [outline_heights(patch).max() for patch in axes.patches]
    assert sorted(heights) == [2, 4]  # .5 and .51 share a bar; all of b do
    a = next(patch for patch in axes.patches if outline_heights(patch).max() == 2)
    assert outline_heights(a)[-3:].max() == 1  # the last bar
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"a", "b"}
    assert axes.get_xlim()[0] <= 0


def test_a_negative_cosine_is_drawn_too():
    figure = cosine_histogram({"a": [-0.5, 0.5]})
    assert figure.axes[0].get_xlim()[0] <= -0.5


def test_the_frontier_goes_through_its_points_from_left_to_right():
    figure = sparsity_frontier({"L1": [(9.0, 0.1), (3.0, 0.4), (5.0, 0.2)]}, true_l0=5.1)
    line, true = figure.axes[0].lines
    np.testing.assert_array_equal(line.get_xydata(), [[3, 0.4], [5, 0.2], [9, 0.1]])
    assert set(true.get_xdata()) == {5.1}
    assert figure.axes[0].get_ylim()[0] == 0


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cosine_histogram({}), "needs 1 to 7 models, got 0"),
        (lambda: cosine_histogram({"a": [1.5]}), r"a must lie in \[-1, 1\], found 1.5"),
        (lambda: cosine_histogram({"a": [np.nan]}), "a"),
        (lambda: sparsity_frontier({}), "needs 1 to 7 models, got 0"),
        (lambda: sparsity_frontier({"a": [1.0, 2.0]}), r"a must be pairs \(L0, FVU\), got shape \(2,\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
