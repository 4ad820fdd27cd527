"""What all plots share: they return a figure, draw into given axes, need no display and leave nothing behind."""

import os
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from miniae.plots import (
    activation_histogram,
    cosine_histogram,
    curves,
    filters,
    image_rows,
    latent_grid,
    matrix_image,
    mean_activations,
    roc_curve,
    scatter,
    score_histogram,
    sparsity_frontier,
)

RNG = np.random.default_rng(0)
A = RNG.uniform(size=(20, 9))
PLOTS = {
    "filters": lambda ax=None: filters(A[:16], ax=ax),
    "image_rows": lambda ax=None: image_rows({"original": A, "reconstruction": A / 2}, ax=ax),
    "curves": lambda ax=None: curves({"cost": [3.0, 2.0], "validation_cost": [3.0, 2.5]}, ax=ax),
    "mean_activations": lambda ax=None: mean_activations(A, 0.5, ax=ax),
    "activation_histogram": lambda ax=None: activation_histogram(A, ax=ax),
    "matrix_image": lambda ax=None: matrix_image(A, ax=ax),
    "scatter": lambda ax=None: scatter(A[:, :2], np.arange(20) % 10, ax=ax),
    "score_histogram": lambda ax=None: score_histogram(A[:, 0], A[:, 1] > 0.5, 0.6, ax=ax),
    "roc_curve": lambda ax=None: roc_curve(A[:, 0], A[:, 1] > 0.5, 0.6, ax=ax),
    "latent_grid": lambda ax=None: latent_grid(lambda z: np.tile(z, 8) ** 2, side=3, ax=ax),
    "cosine_histogram": lambda ax=None: cosine_histogram({"one": A[0]}, ax=ax),
    "sparsity_frontier": lambda ax=None: sparsity_frontier({"one": [(3.0, 0.1), (5.0, 0.05)]}, 4.0, ax=ax),
}


@pytest.fixture(params=PLOTS)
def plot(request):
    return PLOTS[request.param]


def test_returns_a_figure_that_saves_itself(plot, tmp_path):
    figure = plot()
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_draws_into_given_axes(plot):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot(ax=right) is figure
    assert right.has_data()
    assert not left.has_data()


def test_two_calls_give_two_figures(plot):
    assert plot() is not plot()


def test_pyplot_knows_nothing_of_it(plot):
    before = plt.get_fignums()
    plot()
    assert plt.get_fignums() == before


def test_a_notebook_shows_it(plot):
    """Notebooks ask an object for its PNG by the method ``_repr_png_``."""
    assert plot()._repr_png_().startswith(b"\x89PNG")


def test_nothing_is_drawn_outside_the_figure(plot):
    figure = plot()
    figure.draw_without_rendering()  # lays it out
    box = figure.get_tightbbox()  # inches, of all that is drawn
    width, height = figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height


def run(code):
    """In a fresh interpreter, without a display and without a choice of Matplotlib's backend."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    return subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, check=True)


def test_matplotlib_is_imported_by_the_first_picture_only():
    run("import sys, miniae.plots; assert not [m for m in sys.modules if m.startswith('matplotlib')]")


def test_no_display_and_no_pyplot():
    run(
        "import io, sys, numpy as np\n"
        "from miniae.plots import *\n"
        "a = np.random.default_rng(0).uniform(size=(20, 9))\n"
        "for figure in (filters(a[:16]), image_rows({'x': a}), curves({'cost': [3.0, 2.0]}),\n"
        "               mean_activations(a, 0.5), activation_histogram(a)):\n"
        "    figure.savefig(io.BytesIO())\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )


def test_without_matplotlib_the_message_names_the_extra():
    run(
        "import sys, numpy as np\n"
        "sys.modules['matplotlib'] = None  # as if it were not installed\n"
        "from miniae.plots import filters\n"
        "try:\n"
        "    filters(np.eye(4))\n"
        "except ImportError as error:\n"
        "    assert 'miniae[course]' in str(error), error\n"
        "else:\n"
        "    raise AssertionError('drawn without matplotlib')\n"
    )
