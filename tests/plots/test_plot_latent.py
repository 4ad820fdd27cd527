"""The latent plane: which code stands where, what is on the axes, and what is refused."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from miniae.plots.latent import latent_grid, quantiles


def first(z):
    """Images of 1 x 2 pixels, both of them the first number of the code."""
    return np.repeat(z[:, :1], 2, axis=1)


def second(z):
    return np.repeat(z[:, 1:], 2, axis=1)


def drawn(figure):
    """The left pixel of each tile, (rows, columns)."""
    (image,) = figure.axes[0].images
    return np.asarray(image.get_array())[1::2, 1::3]


def test_quantiles_have_equal_shares_between_them():
    draws = np.random.default_rng(0).standard_normal(100_000)
    shares = np.histogram(draws, [-np.inf, *quantiles(5), np.inf])[0] / len(draws)
    # From -inf to the quantile of 1/10, then four times 1/5, then 1/10; four standard errors.
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.2, 0.2, 0.2, 0.1], atol=4 * 0.4 / np.sqrt(len(draws)))


def test_the_first_number_grows_to_the_right_and_the_second_upwards():
    scaled = (quantiles(3) - quantiles(3)[0]) / (2 * quantiles(3)[2])  # 0, 1/2, 1
    np.testing.assert_allclose(drawn(latent_grid(first, 3, (1, 2))), np.tile(scaled, (3, 1)), atol=1e-15)
    np.testing.assert_allclose(drawn(latent_grid(second, 3, (1, 2))), np.tile(scaled[::-1, None], (1, 3)), atol=1e-15)


def test_ticks_name_the_codes_of_the_tiles_they_stand_at():
    ax = latent_grid(first, 3, (1, 2)).axes[0]
    # Tiles of 1 x 2 pixels one pixel apart: columns begin every 3 pixels, rows every 2, after a first line of 1.
    np.testing.assert_allclose(ax.get_xticks(), [1.5, 4.5, 7.5])
    np.testing.assert_allclose(ax.get_yticks(), [5, 3, 1])
    for ticks in ax.get_xticklabels(), ax.get_yticklabels():
        assert [label.get_text() for label in ticks] == ["-0.97", "0.00", "0.97"]


def test_decode_is_given_every_code_once():
    given = []
    latent_grid(lambda z: given.append(z) or first(z), 4, (1, 2))
    (z,) = given
    assert z.shape == (16, 2)
    assert {tuple(code) for code in z} == {(a, b) for a in quantiles(4) for b in quantiles(4)}


def test_nothing_is_drawn_outside_the_figure_and_given_axes_are_used():
    figure = latent_grid(first, 20, (1, 2))
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height
    own = Figure()
    assert latent_grid(first, 2, (1, 2), ax=own.subplots()) is own


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("decode", "side", "message"),
    [
        (first, 0, "side must be a whole number of at least 1, got 0"),
        (lambda z: np.zeros((3, 4)), 2, "was given 4 codes and returned 3 images"),
        (lambda z: np.zeros((4, 5)), 2, r"decode\(z\) has 5 features, which is no square"),
        (lambda z: np.full((4, 4), np.nan), 2, r"decode\(z\) must be finite"),
    ],
)
def test_bad_input(decode, side, message):
    with pytest.raises(ValueError, match=message):
        latent_grid(decode, side)
