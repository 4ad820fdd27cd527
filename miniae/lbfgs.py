"""L-BFGS through SciPy: full-batch training, as UFLDL's exercises do it."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from miniae.arrays import Array
from miniae.data.checks import check_finite_floats
from miniae.diverged import TrainingDiverged, explain
from miniae.models.base import Model
from miniae.optional import require
from miniae.training import History


def lbfgs(
    model: Model,
    x: Array,
    target: Array | None = None,
    *,
    iterations: int = 400,
    progress: bool = True,
) -> History:
    """Minimise a model's cost over all of ``x`` with L-BFGS; ``model.theta`` is changed in place.

    UFLDL uses minFunc, whose licence allows no commercial use; this is ``scipy.optimize.minimize``. It works in
    float64: a float32 model is refused.

    Ctrl-C ends training after the last complete iteration, as in :func:`miniae.training.fit`.

    Args:
        model: the model, of dtype float64.
        x: training examples, (N, features).
        target: what the output should be; the model says what stands in for None (an autoencoder: ``x``).
        iterations: at most so many.
        progress: whether to show a progress bar.

    Returns:
        The history: ``cost``, one number an iteration, the first before training.

    Raises:
        TypeError, ValueError: if an argument does not fit; nothing has been changed then.
        TrainingDiverged: if the cost is no longer finite; ``model.theta`` is as the last iteration left it.

    >>> from miniae.models import SparseAutoencoder
    >>> x = np.random.default_rng(0).uniform(size=(100, 16))
    >>> history = lbfgs(SparseAutoencoder(16, 4, rho=0.1, beta=0.1), x, iterations=50, progress=False)
    >>> history["cost"][-1] < history["cost"][0]
    True

    Source: Nocedal & Wright (2006), "Numerical Optimization", chapter 7.
    """
    if not isinstance(iterations, int) or iterations < 1:
        raise ValueError(f"iterations must be a whole number of at least 1, got {iterations!r}")
    if len(model.turns) != 1:
        raise TypeError(f"lbfgs minimises one cost; {type(model).__name__} has {', '.join(model.turns)}: use fit")
    if model.backend.xp is not np:
        raise TypeError("lbfgs runs on the CPU, through SciPy; move the model and the data there: model.to('numpy')")
    if model.theta.dtype != np.float64:
        raise TypeError(f"lbfgs works in float64, got a model of {model.theta.dtype}; make it with dtype='float64'")
    check_finite_floats("x", x)
    x, target = model.checked(model.theta, x, target)
    optimize = require("scipy.optimize", extra="course")
    trained = ~model.layout.mask(model.frozen)
    full = model.theta.copy()

    def cost_and_grad(part: np.ndarray) -> tuple[float, np.ndarray]:
        full[trained] = part  # what is frozen stays as it is
        cost, gradient = model.cost_and_grad(full, x, target)
        if not np.isfinite(cost):
            ctx = model.context(model.buffers)
            raise TrainingDiverged(explain(model, x, ctx, cost, gradient, len(history["cost"]) - 1))
        return cost, gradient[trained]

    history = History(cost=[model.cost(model.theta, x, target)])
    bar = tqdm(total=iterations, disable=not progress, unit="iteration", desc="L-BFGS", dynamic_ncols=True)

    def after_iteration(intermediate_result: Any) -> None:  # SciPy goes by this argument's name
        model.theta[trained] = intermediate_result.x
        history["cost"].append(float(intermediate_result.fun))
        bar.update()
        bar.set_postfix(cost=f"{history['cost'][-1]:.5f}", refresh=False)

    # SciPy's own stopping rules are loose (a relative change of 2e-9); these let it use the iterations it is given.
    options = {"maxiter": iterations, "maxfun": 20 * iterations, "maxcor": 20, "ftol": 1e-14, "gtol": 1e-9}
    try:
        start = model.theta[trained]
        with _few_threads(small=model.layout.size < 100_000):
            optimize.minimize(
                cost_and_grad, start, jac=True, method="L-BFGS-B", callback=after_iteration, options=options
            )
    except KeyboardInterrupt:
        history.stopped = f"interrupted after {len(history['cost']) - 1} iterations"
    finally:
        bar.close()
    return history


def _few_threads(small: bool) -> AbstractContextManager[Any]:
    """Keep SciPy's own BLAS to one thread, and NumPy's too where the matrices are ``small``.

    The two are separate libraries. Each keeps its threads spinning on all cores for a while after a call, in case of
    another, and with calls to the two alternating each waits for the other's: three times as long a training. Small
    matrices gain a tenth from a second thread while nothing else runs, and lose most of their time to it otherwise.
    """
    controller = require("threadpoolctl", extra="course").ThreadpoolController()
    paths = [library["filepath"] for library in controller.info()]
    limited = [path for path in paths if small or "scipy" in str(Path(path).parent)]
    return controller.select(filepath=limited).limit(limits=1)
