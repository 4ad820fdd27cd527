"""What every op promises beside its numbers: dtypes, memory, purity."""

import tracemalloc

import numpy as np
import pytest
from op_cases import CASES, cotangent, run

from miniae.ops import OPS, convolution

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
with_needs = {name: case for name, case in CASES.items() if case.takes_needs}

LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "every other element": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: np.ascontiguousarray(np.flip(a)).reshape(-1)[::-1].reshape(a.shape),
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
}


def rounding(arguments, dy, dtype):
    """How far two ways to compute the same result may lie apart.

    Every entry of every result is a sum of at most ``terms`` products of two numbers of at most ``largest``: of
    arguments, of entries of dy, or of functions of them, none of which is above 2. Each product and each addition
    contributes a few eps of it.
    """
    arrays = [*arguments.values(), dy]
    largest = max(2.0, *(np.abs(array).max() for array in arrays))
    terms = max(array.size for array in arrays)
    return 8 * float(np.finfo(dtype).eps) * terms * largest**2


def assert_close(result, expected, tolerance):
    np.testing.assert_allclose(result, expected, rtol=0, atol=tolerance)


def test_every_op_has_a_case():
    assert {case.op for case in CASES.values()} == set(OPS)


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_have_the_dtype_of_the_arguments(case, dtype):
    y, _, gradients = run(case, {name: value.astype(dtype) for name, value in case.make().items()})
    assert y.dtype == dtype
    assert {gradient.dtype for gradient in gradients.values()} == {np.dtype(dtype)}


@every_case
def test_numpy_scalars_as_options_do_not_promote(case):
    arguments = {name: value.astype(np.float32) for name, value in case.make().items()}
    options = {
        name: np.float64(value) if isinstance(value, float) else value
        for name, value in case.options_for(arguments).items()
    }
    y, cache = OPS[case.op].forward(*arguments.values(), **options)
    gradients = case.backward(cotangent(y), cache)
    assert {y.dtype, *(gradient.dtype for gradient in gradients.values())} == {np.dtype(np.float32)}


@every_case
def test_float32_is_close_to_float64(case):
    single = {name: value.astype(np.float32) for name, value in case.make().items()}
    double = {name: value.astype(np.float64) for name, value in single.items()}
    y, _, gradients = run(case, double)
    dy = cotangent(y).astype(np.float32)
    y, _, gradients = run(case, double, dy.astype(np.float64))
    y32, _, gradients32 = run(case, single, dy)
    tolerance = rounding(double, dy, np.float32)
    assert_close(y32, y, tolerance)
    for name, gradient in gradients.items():
        assert_close(gradients32[name], gradient, tolerance)


@every_case
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_memory_layout_does_not_matter(case, layout):
    arguments = case.make()
    y, _, gradients = run(case, arguments)
    dy = cotangent(y)
    y2, _, gradients2 = run(case, {name: layout(value) for name, value in arguments.items()}, layout(dy))
    tolerance = rounding(arguments, dy, np.float64)  # not bit for bit: other loops, other order of the sums
    assert_close(y2, y, tolerance)
    for name, gradient in gradients.items():
        assert_close(gradients2[name], gradient, tolerance)


@every_case
def test_arguments_and_cotangent_stay_as_they_are(case):
    arguments = case.make()
    y, _ = case.forward(arguments)
    dy = cotangent(y)
    before = [array.tobytes() for array in (*arguments.values(), dy)]
    for array in (*arguments.values(), dy):
        array.flags.writeable = False  # writing raises
    run(case, arguments, dy)
    assert [array.tobytes() for array in (*arguments.values(), dy)] == before


@every_case
def test_the_same_call_gives_the_same_answer(case):
    arguments = case.make()
    y, cache, gradients = run(case, arguments)
    case.forward(case.make(seed=9))  # nothing is remembered from one call to the next
    again, _ = case.forward(arguments)
    assert again.tobytes() == y.tobytes()
    for name, gradient in case.backward(cotangent(y), cache).items():
        assert gradient.tobytes() == gradients[name].tobytes()


@every_case
def test_results_are_fresh_arrays(case):
    arguments = case.make()
    y, cache = case.forward(arguments)
    dy = cotangent(y)
    gradients = case.backward(dy, cache)
    for result in (y, *gradients.values()):
        assert not any(np.shares_memory(result, array) for array in (*arguments.values(), dy))
    assert not any(np.shares_memory(y, gradient) for gradient in gradients.values())


@every_case
def test_out_takes_the_output(case):
    arguments = case.make()
    y, _ = case.forward(arguments)
    memory = np.full_like(y, np.nan)
    y2, cache = case.forward(arguments, out=memory)
    assert y2 is memory
    assert y2.tobytes() == y.tobytes()
    case.backward(cotangent(y), cache)
    assert y2.tobytes() == y.tobytes()


@every_case
def test_out_takes_the_gradients(case):
    y, cache, gradients = run(case, case.make())
    memory = {name: np.full_like(gradient, np.nan) for name, gradient in gradients.items()}
    gradients2 = case.backward(cotangent(y), cache, out=case.backward_out(memory))
    for name, gradient in gradients.items():
        assert gradients2[name] is memory[name]
        assert gradients2[name].tobytes() == gradient.tobytes()


@pytest.mark.parametrize("case", with_needs.values(), ids=with_needs)
def test_only_the_gradients_needed_are_computed(case):
    y, cache, gradients = run(case, case.make())
    for wanted in gradients:
        for name, gradient in case.backward(cotangent(y), cache, needs=(wanted,)).items():
            if name == wanted:
                assert gradient.tobytes() == gradients[name].tobytes()
            else:
                assert gradient is None


@every_case
def test_nan_is_not_hidden(case):
    for name, value in case.make().items():
        value.flat[1] = np.nan
        y, _ = case.forward({**case.make(), name: value})
        assert np.isnan(y).any(), name
    y, cache = case.forward(case.make())
    dy = cotangent(y)
    dy.flat[np.abs(y).argmax()] = np.nan  # where something of x certainly arrived
    for name, gradient in case.backward(dy, cache).items():
        assert np.isnan(gradient).any(), name


@every_case
def test_backward_is_linear_in_the_cotangent(case):
    arguments = case.make()
    y, cache = case.forward(arguments)
    one, two = cotangent(y, seed=1), cotangent(y, seed=2)
    both = case.backward(2 * one - 3 * two, cache)
    alone = case.backward(one, cache), case.backward(two, cache)
    for name, gradient in both.items():
        tolerance = rounding(arguments, 2 * np.abs(one) + 3 * np.abs(two), np.float64)
        assert_close(gradient, 2 * alone[0][name] - 3 * alone[1][name], tolerance)


@every_case
def test_a_cache_is_what_it_contains(case):
    """A cache put together anew from copies does as well: nothing is kept elsewhere."""
    y, cache, gradients = run(case, case.make())
    copies = (field.copy() if isinstance(field, np.ndarray) else field for field in cache)
    for name, gradient in case.backward(cotangent(y), type(cache)(*copies)).items():
        assert gradient.tobytes() == gradients[name].tobytes()


@every_case
def test_a_batch_without_examples_passes_through(case):
    arguments = case.make()
    arguments["x"] = arguments["x"][:0]
    if case.averages:
        with pytest.raises(ValueError, match=f"^{case.op}: needs at least one example"):
            case.forward(arguments)
        return
    y, cache = case.forward(arguments)
    assert y.shape[0] == 0
    for name, gradient in case.backward(y.copy(), cache).items():
        assert gradient.shape == arguments[name].shape
        assert not gradient.any()  # a sum over no examples


@every_case
def test_memory_offered_is_all_that_is_needed(case, monkeypatch):
    """With ``out=`` at most as many arrays as the case says are allocated beside it, and none of that is kept."""
    monkeypatch.setattr(convolution, "CHUNK", 2**18)  # its own memory, which does not grow with the batch
    arguments = case.make_large()
    y, cache, gradients = run(case, arguments)
    dy = cotangent(y)
    largest = max(array.nbytes for array in (*arguments.values(), y))
    options = case.options_for(arguments)
    calls = [
        lambda: OPS[case.op].forward(*arguments.values(), **options, out=y),
        lambda: case.backward(dy, cache, out=case.backward_out(gradients)),
    ]
    for call in calls:
        tracemalloc.start()
        call()
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak <= (case.beside + 0.2) * largest
        assert kept <= 0.1 * largest
