"""The pytest plugin as pytest loads it, in a pytest of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import numpy as np

def test_right(assert_gradients):
    assert assert_gradients(lambda t: (t @ t, 2 * t), np.ones(3)).passed

def test_wrong(assert_gradients):
    assert_gradients(lambda t: (t @ t, -2 * t), np.ones(3))
"""

CONFTEST = """
import sys
early = [name for name in sys.modules if name.partition(".")[0] in ("miniae", "miniae_kernels")]
from jaxtyping import install_import_hook
install_import_hook(["miniae", "miniae_kernels"], "beartype.beartype")

def pytest_report_header():
    return f"imported early: {early}"
"""

SHAPES = """
import numpy as np
import pytest
from jaxtyping import TypeCheckError

def test_shapes_are_enforced(assert_gradients):
    from miniae.ops import dense_forward
    with pytest.raises(TypeCheckError):
        dense_forward(np.ones((2, 3)), np.ones((4, 5)))
"""


def pytest_in(folder: Path, *files: tuple[str, str]) -> str:
    """The output of a pytest over the files; it finds the plugin by itself, as wherever miniae is installed."""
    for name, text in files:
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", ".", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.mark.as_users_run_it
def test_the_fixture_checks_gradients_and_fails_with_the_report(tmp_path):
    printed = pytest_in(tmp_path, ("test_suite.py", SUITE))
    assert "1 failed, 1 passed" in printed
    assert "AssertionError: gradient check: fail" in printed
    assert "-2.000000e+00" in printed
    assert "assertion.py" not in printed  # the traceback ends at the line of the test


@pytest.mark.as_users_run_it
def test_nothing_is_imported_before_a_conftest_and_shapes_can_still_be_enforced(tmp_path):
    """The annotations are enforced by an import hook, which does nothing for what was imported before it."""
    printed = pytest_in(tmp_path, ("conftest.py", CONFTEST), ("test_shapes.py", SHAPES))
    assert "imported early: []" in printed
    assert "1 passed" in printed


def test_shapes_are_enforced_in_this_suite():
    import numpy as np
    from jaxtyping import TypeCheckError

    from miniae.ops import dense_forward

    with pytest.raises(TypeCheckError):
        dense_forward(np.ones((2, 3)), np.ones((4, 5)))
