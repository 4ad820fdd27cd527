"""The pytest plugin: a fixture ``assert_gradients`` in every test suite beside which miniae is installed.

The wheel carries this file a second time as the top-level module ``miniae_pytest``, and that is what pytest loads.
Loaded as ``miniae.gradcheck.pytest_plugin`` it would import all of miniae, and NumPy with it, at the start of every
pytest run, whether gradients are tested there or not, and before any ``conftest.py`` had its say (miniae's own installs
a hook that enforces shape annotations, which only works before the first import). So nothing here imports miniae but
the fixture.
"""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def assert_gradients() -> Callable[..., Any]:
    """:func:`miniae.gradcheck.assert_gradients`, as a fixture.

    ::

        def test_my_layer(assert_gradients):
            assert_gradients(forward, backward, {"x": x, "w": w})
    """
    from miniae.gradcheck import assert_gradients

    return assert_gradients
