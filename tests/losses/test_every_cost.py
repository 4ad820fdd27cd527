"""What every loss and penalty promises beside its numbers: dtypes, memory, purity, and errors."""

import inspect
import tracemalloc

import numpy as np
import pytest
from cost_cases import CASES, FUNCTIONS

every_case = pytest.mark.parametrize("name", CASES)
with_out = [name for name in CASES if "out" in inspect.signature(FUNCTIONS[name]).parameters]

LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "every other element": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: np.ascontiguousarray(np.flip(a)).reshape(-1)[::-1].reshape(a.shape),
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
}


def call(name, arguments, **options):
    return FUNCTIONS[name](*arguments.values(), **{**CASES[name].options, **options})


def as_dtype(arguments, dtype):
    """The arguments in another precision; labels stay integers."""
    return {key: value if value.dtype.kind == "i" else value.astype(dtype) for key, value in arguments.items()}


def test_every_loss_and_penalty_has_a_case():
    assert set(CASES) == set(FUNCTIONS)


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_have_the_dtype_of_the_arguments(name, dtype):
    cost, gradient = call(name, as_dtype(CASES[name].make(), dtype))
    assert cost.shape == ()
    assert cost.dtype == dtype
    assert gradient.dtype == dtype


@every_case
def test_numpy_scalars_as_options_do_not_promote(name):
    options = {key: np.float64(value) for key, value in CASES[name].options.items()}
    cost, gradient = call(name, as_dtype(CASES[name].make(), np.float32), **options)
    assert cost.dtype == gradient.dtype == np.float32


@every_case
def test_float32_is_close_to_float64(name):
    single = as_dtype(CASES[name].make(), np.float32)
    double = as_dtype(single, np.float64)
    cost, gradient = call(name, double)
    cost32, gradient32 = call(name, single)
    # The arguments lie in [-4, 4] or [.01, .99]. A cost adds 12 terms of one sign, a gradient is a quotient of numbers
    # that have an error of a few eps each; for 1 - p with p up to .99 that error counts up to 100-fold.
    eps = float(np.finfo(np.float32).eps)
    np.testing.assert_allclose(float(cost32), float(cost), rtol=100 * eps)
    np.testing.assert_allclose(gradient32, gradient, rtol=0, atol=100 * eps * np.abs(gradient).max())


@every_case
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_memory_layout_does_not_matter(name, layout):
    arguments = CASES[name].make()
    cost, gradient = call(name, arguments)
    cost2, gradient2 = call(name, {key: layout(value) for key, value in arguments.items()})
    np.testing.assert_allclose(float(cost2), float(cost), rtol=1e-14)  # the sum in another order
    np.testing.assert_allclose(gradient2, gradient, rtol=1e-14)


@every_case
def test_arguments_stay_as_they_are(name):
    arguments = CASES[name].make()
    before = [value.tobytes() for value in arguments.values()]
    for value in arguments.values():
        value.flags.writeable = False  # writing raises
    _, gradient = call(name, arguments)
    assert [value.tobytes() for value in arguments.values()] == before
    assert not any(np.shares_memory(gradient, value) for value in arguments.values())


@every_case
def test_the_same_call_gives_the_same_answer(name):
    cost, gradient = call(name, CASES[name].make())
    call(name, CASES[name].make(seed=9))  # nothing is remembered from one call to the next
    cost2, gradient2 = call(name, CASES[name].make())
    assert (cost2.tobytes(), gradient2.tobytes()) == (cost.tobytes(), gradient.tobytes())


@pytest.mark.parametrize("name", with_out)
def test_out_takes_the_gradient(name):
    cost, gradient = call(name, CASES[name].make())
    memory = np.full_like(gradient, np.nan)
    cost2, gradient2 = call(name, CASES[name].make(), out=memory)
    assert gradient2 is memory
    assert (cost2.tobytes(), gradient2.tobytes()) == (cost.tobytes(), gradient.tobytes())


@pytest.mark.bad_input
@pytest.mark.parametrize("name", with_out)
@pytest.mark.parametrize("wrong", [np.empty((4, 3, 1)), np.empty((4, 3), np.float32)])
def test_out_of_another_shape_or_dtype_is_refused(name, wrong):
    with pytest.raises(ValueError, match=f"^{name}: out has shape .* and dtype .*, the result"):
        call(name, CASES[name].make(), out=wrong)


@every_case
def test_nan_is_not_hidden(name):
    for key, value in CASES[name].make().items():
        if value.dtype.kind == "i":
            continue
        value[2, 1] = np.nan
        cost, gradient = call(name, {**CASES[name].make(), key: value})
        assert np.isnan(cost), key
        assert np.isnan(gradient[..., 1]).any(), key


@pytest.mark.parametrize("name", with_out)
def test_little_is_allocated_beside_the_memory_offered(name):
    """At most the clipped probabilities or the logarithms, and one intermediate result; none of it is kept."""
    arguments = CASES[name].make(shape=(300, 200))
    _, memory = call(name, arguments)
    tracemalloc.start()
    call(name, arguments, out=memory)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 2.1 * memory.nbytes
    assert kept <= 0.1 * memory.nbytes


@pytest.mark.bad_input
@every_case
@pytest.mark.parametrize(
    "wrong",
    [[[1.0, 2.0]], 1.0, "x", np.ones((4, 3), int), np.ones((4, 3), np.float16)],
    ids=["list", "number", "string", "integers", "float16"],
)
def test_what_is_no_float_array_is_refused(name, wrong):
    for key, value in CASES[name].make().items():
        if value.dtype.kind == "f":
            with pytest.raises(TypeError, match=f"^{name}: {key} must be"):
                call(name, {**CASES[name].make(), key: wrong})


@pytest.mark.bad_input
@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case.arguments.get("target", "labels") != "labels"]
)
def test_targets_that_do_not_fit_are_refused(name):
    arguments = CASES[name].make()
    with pytest.raises(TypeError, match=f"^{name}: y is float64 but target is float32"):
        call(name, {**arguments, "target": arguments["target"].astype(np.float32)})
    with pytest.raises(ValueError, match=rf"^{name}: y has shape \(4, 3\) but target has shape \(3, 3\)"):
        call(name, {**arguments, "target": arguments["target"][:3]})
    with pytest.raises(ValueError, match=rf"^{name}: y has shape \(4, 3\) but target has shape \(1, 3\)"):
        call(name, {**arguments, "target": arguments["target"][:1]})  # would broadcast


@pytest.mark.bad_input
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.over_examples == "mean"])
def test_a_batch_without_examples_is_refused(name):
    with pytest.raises(ValueError, match=rf"^{name}: needs at least one example with one feature, got .*\(0, 3\)"):
        call(name, {key: value[:0] for key, value in CASES[name].make().items()})


@pytest.mark.bad_input
@pytest.mark.parametrize("name", ["kl_sparsity", "l1", "l2"])
@pytest.mark.parametrize("weight", [-0.1, np.nan, np.inf])
def test_a_negative_or_infinite_weight_is_refused(name, weight):
    key = "beta" if name == "kl_sparsity" else "strength"
    with pytest.raises(ValueError, match=f"^{name}: {key} must be a finite number of at least 0, got {weight}"):
        call(name, CASES[name].make(), **{key: weight})
