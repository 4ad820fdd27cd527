"""Feature maps: one tile a channel, each on its own scale."""

import numpy as np
import pytest

from miniae.plots import feature_maps


def drawn(figure):
    return figure.axes[0].images[0].get_array()


def test_each_channel_fills_its_own_scale():
    maps = np.stack([np.arange(6.0).reshape(2, 3), 100 * np.ones((2, 3)), -np.arange(6.0).reshape(2, 3)], axis=-1)
    image = np.asarray(drawn(feature_maps(maps, columns=3)))
    gray = image[..., 0] if image.ndim == 3 else image
    tiles = [gray[-3:-1, 1 + 4 * k : 4 + 4 * k] if gray.shape[0] > 3 else gray[:2] for k in range(3)]
    np.testing.assert_allclose(tiles[0], np.arange(6.0).reshape(2, 3) / 5)
    np.testing.assert_array_equal(tiles[1], 0)
    np.testing.assert_allclose(tiles[2], 1 - np.arange(6.0).reshape(2, 3) / 5)


@pytest.mark.bad_input
def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"maps must have shape \(H, W, C\), one image's, got \(1, 2, 3, 4\)"):
        feature_maps(np.zeros((1, 2, 3, 4)))
    with pytest.raises(ValueError, match="finite"):
        feature_maps(np.full((2, 2, 1), np.nan))
