"""Every loss and penalty of the GPU backend, kernels thread by thread, against the reference in float64."""

import inspect

import numpy as np
import pytest
from cost_cases import CASES, FUNCTIONS

from miniae_kernels.cuda import kl_sparsity, losses, softmax_cross_entropy, weight_penalties

COSTS = {**losses.COSTS, **weight_penalties.COSTS, **softmax_cross_entropy.COSTS, **kl_sparsity.COSTS}
EPS = float(np.finfo(np.float32).eps)
# A cost adds terms of one sign; a gradient is a quotient of numbers that have an error of a few eps each; for 1 - p
# with p up to .99 that error counts up to 100-fold.
TOLERANCE = {"float32": 100 * EPS, "float64": 1e-12}

every_cost = pytest.mark.parametrize("name", COSTS)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
with_out = pytest.mark.parametrize(
    "name", [name for name in COSTS if "out" in inspect.signature(COSTS[name]).parameters]
)


def arguments(name, dtype="float64", shape=(5, 3), seed=0):
    """Arguments for a cost, numbers of this dtype; labels stay integers."""
    return [a if a.dtype.kind == "i" else a.astype(dtype) for a in CASES[name].make(seed, shape).values()]


def on_gpu(gpu, values):
    return [gpu.asarray(value) for value in values]


def close(got, expected, dtype):
    np.testing.assert_allclose(got.get(), expected, rtol=0, atol=TOLERANCE[dtype] * np.abs(expected).max())


def test_every_cost_is_one_of_the_reference_with_the_same_arguments():
    assert set(COSTS) <= set(FUNCTIONS)
    for name, cost in COSTS.items():
        ours, theirs = (inspect.signature(f).parameters.values() for f in (cost, FUNCTIONS[name]))
        assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs]


@every_cost
@every_dtype
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (2, 40), (70, 3)])
def test_agrees_with_the_reference(gpu, name, dtype, shape):
    given = arguments(name, dtype, shape)
    expected, slopes = FUNCTIONS[name](
        *(a if a.dtype.kind == "i" else a.astype(float) for a in given), **CASES[name].options
    )
    cost, gradient = COSTS[name](*on_gpu(gpu, given), **CASES[name].options)
    assert cost.shape == ()
    assert cost.dtype == gradient.dtype == dtype
    close(cost, expected, dtype)
    close(gradient, slopes, dtype)


@every_cost
def test_numpy_scalars_as_options_do_not_promote(gpu, name):
    options = {key: np.float64(value) for key, value in CASES[name].options.items()}
    cost, gradient = COSTS[name](*on_gpu(gpu, arguments(name, "float32")), **options)
    assert cost.dtype == gradient.dtype == np.float32


@pytest.mark.parametrize("name", sorted(set(COSTS) - {"softmax_cross_entropy"}))
def test_examples_may_have_any_shape(gpu, name):
    given = [a.reshape(4, 3, 2) for a in arguments(name, shape=(4, 6))]
    if name == "kl_sparsity":  # the reference is annotated for two axes, and sums over the first of any
        expected, slopes = FUNCTIONS[name](given[0].reshape(4, 6), **CASES[name].options)
        slopes = slopes.reshape(3, 2)
    else:
        expected, slopes = FUNCTIONS[name](*given, **CASES[name].options)
    cost, gradient = COSTS[name](*on_gpu(gpu, given), **CASES[name].options)
    close(cost, expected, "float64")
    close(gradient, slopes, "float64")


@with_out
def test_out_takes_the_gradient(gpu, name):
    given = on_gpu(gpu, arguments(name))
    cost, gradient = COSTS[name](*given, **CASES[name].options)
    memory = gpu.full((5, 3), np.nan)
    cost2, gradient2 = COSTS[name](*given, **CASES[name].options, out=memory)
    assert gradient2 is memory
    assert (cost2.get().tobytes(), gradient2.get().tobytes()) == (cost.get().tobytes(), gradient.get().tobytes())


@every_cost
def test_nan_is_not_hidden(gpu, name):
    given = arguments(name)
    for i, value in enumerate(given):
        if value.dtype.kind == "i":
            continue
        spoilt = value.copy()
        spoilt[2, 1] = np.nan
        cost, gradient = COSTS[name](*on_gpu(gpu, [*given[:i], spoilt, *given[i + 1 :]]), **CASES[name].options)
        assert np.isnan(cost.get())
        assert np.isnan(gradient.get()[..., 1]).any()


@pytest.mark.parametrize("name", [name for name in COSTS if "reduce" in inspect.signature(COSTS[name]).parameters])
def test_a_batch_over_several_workers_is_left_to_the_reference(gpu, name):
    """Two workers with the same examples: each has the mean of the whole batch, and half the gradient."""
    given = arguments(name)
    expected, slopes = FUNCTIONS[name](*given, **CASES[name].options)
    cost, gradient = COSTS[name](
        *on_gpu(gpu, given), **CASES[name].options, reduce=lambda total, count: (2 * total, 2 * count)
    )
    close(cost, expected, "float64")
    close(gradient, slopes / 2, "float64")


@every_cost
def test_a_replayed_graph_computes_with_what_is_in_memory_then(gpu, name):
    given = on_gpu(gpu, arguments(name))
    pool, stream = gpu.cuda.MemoryPool(), gpu.cuda.Stream(non_blocking=True)
    with stream, gpu.cuda.using_allocator(pool.malloc):
        COSTS[name](*given, **CASES[name].options)  # compiles, which may not be captured
        stream.begin_capture()
        cost, gradient = COSTS[name](*given, **CASES[name].options)
        graph = stream.end_capture()
    others = arguments(name, seed=1)
    for array, value in zip(given, others, strict=True):
        array[...] = gpu.asarray(value)
    gpu.cuda.Device().synchronize()
    graph.launch(stream)
    stream.synchronize()
    expected, slopes = FUNCTIONS[name](*others, **CASES[name].options)
    close(cost, expected, "float64")
    close(gradient, slopes, "float64")


@pytest.mark.bad_input
@every_cost
def test_what_is_refused_is_refused_in_the_words_of_the_reference(name):
    case, given = CASES[name], arguments(name)
    wrong = [([np.ones((5, 3), int), *given[1:]], case.options)]
    wrong += [(given, {**case.options, key: value}) for key in case.options for value in (-1.0, np.nan, np.inf)]
    if case.over_examples == "mean":
        wrong += [([a[:0] for a in given], case.options)]
    if len(given) == 2:
        wrong += [([given[0], target], {}) for target in (given[1][:3], given[1][:, None], given[1] > 0)]
    for values, options in wrong:
        with pytest.raises((TypeError, ValueError)) as theirs:
            FUNCTIONS[name](*values, **options)
        with pytest.raises(theirs.type) as ours:
            COSTS[name](*values, **options)
        assert str(ours.value) == str(theirs.value)
