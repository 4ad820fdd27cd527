"""The picture of one unit."""

import numpy as np
import pytest

from miniae.plots import unit

RNG = np.random.default_rng(0)
X, ACTIVATIONS = RNG.uniform(size=(50, 16)), RNG.uniform(size=(50, 3))


def test_the_examples_come_in_the_order_of_their_activations():
    figure = unit(1, ACTIVATIONS, X)
    drawn = figure.axes[-1].images[0].get_array()
    most, last = ACTIVATIONS[:, 1].argsort()[::-1][[0, 19]]
    shown = X[ACTIVATIONS[:, 1].argsort()[::-1][:20]]
    scaled = (X - shown.min()) / (shown.max() - shown.min())
    np.testing.assert_allclose(drawn[1:5, 1:5], scaled[most].reshape(4, 4))
    np.testing.assert_allclose(drawn[-5:-1, -5:-1], scaled[last].reshape(4, 4))


def test_the_histogram_counts_every_example():
    bars = unit(0, ACTIVATIONS, X).axes[0].patches
    assert sum(bar.get_height() for bar in bars) == 50


def test_the_best_input_comes_first():
    figure = unit(0, ACTIVATIONS, X, best=np.arange(16.0))
    assert figure.axes[0].get_title() == "The input it looks for"
    np.testing.assert_allclose(
        figure.axes[0].images[0].get_array()[1:5, 1:5], (1 + np.arange(16).reshape(4, 4) / 15) / 2
    )


@pytest.mark.bad_input
def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"number must lie in \[0, 3\), got 3"):
        unit(3, ACTIVATIONS, X)
    with pytest.raises(ValueError, match=r"a must have shape \(examples, units\) for 50 examples, got \(49, 3\)"):
        unit(0, ACTIVATIONS[1:], X)
