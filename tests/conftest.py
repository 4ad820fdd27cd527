"""What every test runs under: enforced shapes, reproducible examples, and the data sets where they are."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

if "PYTEST_XDIST_WORKER" in os.environ:  # one process for each core: more threads would wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is first imported, which jaxtyping does

from jaxtyping import config, install_import_hook

# Every shape annotation in the package is checked at every call. Before anything of it is imported. Not in the kernels:
# what a compiler is to take must be the plain function.
install_import_hook("miniae", "beartype.beartype")

# "ci": the same examples every time, however slow the machine. "explore": new ones at every run, many more.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _enforce_shapes(request):
    """Enforce shape annotations, but for tests marked ``bad_input`` or ``as_users_run_it``."""
    marks = {mark.name for mark in request.node.iter_markers()}
    config.update("jaxtyping_disable", bool(marks & {"bad_input", "as_users_run_it"}))
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder with MNIST, Fashion-MNIST and the natural images."""
    root = os.environ.get("MINIAE_DATA")
    if not root:
        pytest.skip("needs real data: set MINIAE_DATA to a folder with mnist/, fashion-mnist/, natural-images/")
    return Path(root)
