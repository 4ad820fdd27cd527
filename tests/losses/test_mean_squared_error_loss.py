"""Mean squared error, worked out by hand."""

import numpy as np
import pytest

from miniae.losses import mean_squared_error, squared_error


def test_by_hand():
    y, target = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, -2.0]]), np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    # differences (0, 2, 3) and (-1, 0, -2): squares 0 + 4 + 9 and 1 + 0 + 4 make 18, over 6 elements
    loss, dy = mean_squared_error(y, target)
    assert loss == 3
    np.testing.assert_allclose(dy, [[0, 2 / 3, 1], [-1 / 3, 0, -2 / 3]], rtol=1e-15)  # 2 / 6 of the differences


@pytest.mark.parametrize("features", [1, 2, 10])
def test_is_the_squared_error_over_half_the_features(features):
    rng = np.random.default_rng(0)
    y, target = rng.standard_normal((2, 5, features))
    mean, dy_mean = mean_squared_error(y, target)
    half, dy_half = squared_error(y, target)
    np.testing.assert_allclose(mean, half / (features / 2), rtol=1e-14)
    np.testing.assert_allclose(dy_mean, dy_half / (features / 2), rtol=1e-14)
