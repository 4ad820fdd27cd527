"""Convolution, its transpose, and the activation behind them on the GPU backend, against the reference in float64."""

import numpy as np
import pytest
from conv_cases import CHOICE, numbers

from miniae.ops import OPS
from miniae_kernels.cuda import conv2d, conv_transpose2d, convolution, im2col
from miniae_kernels.cuda.activations import ACTIVATIONS

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}  # a few roundings of sums of at most 100 products of size 1
SAME = CHOICE["overlapping"]
FILES = {"conv2d": conv2d, "conv_transpose2d": conv_transpose2d}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(im2col, "THREADS", 32)  # fewer threads idle


@pytest.fixture(params=FILES)
def op(request):
    return request.param


def pair(op, name="identity"):
    return FILES[op].PAIRS[op if name == "identity" else f"{op}_{name}"]


def arguments(op, geometry, c=2, o=3, dtype="float64"):
    """x, w, b and dy: an image and what its windows give; transposed, the other way round."""
    x, dy = (2, *geometry.size, c), (2, *geometry.windows.out, o)
    if op == "conv_transpose2d":
        x, dy = dy, x
    shapes = x, (*geometry.kernel, c, o), dy[3:], dy
    return [numbers(*shape, seed=seed, dtype=dtype) for seed, shape in enumerate(shapes)]


def options(op, geometry):
    found = geometry.options()
    return found if op == "conv2d" else {**found, "output_padding": geometry.output_padding}


def close(got, expected, dtype):
    assert got.dtype == dtype
    np.testing.assert_allclose(got.get(), expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def agrees(gpu, op, name, geometry, given, dtype="float64", bias=True):
    x, w, b, dy = given
    b = b if bias else None
    exact = [None if array is None else array.astype(float) for array in (x, w, b)]
    z, conv_cache = OPS[op].forward(*exact, **options(op, geometry))
    expected, cache = OPS[name].forward(z)
    gradients = OPS[op].backward(OPS[name].backward(dy.astype(float), cache), conv_cache)

    arrays = [None if array is None else gpu.asarray(array) for array in (x, w, b)]
    y, kept = pair(op, name).forward(*arrays, **options(op, geometry))
    close(y, expected, dtype)
    for got, right in zip(pair(op, name).backward(gpu.asarray(dy), kept), gradients, strict=True):
        if right is None:
            assert got is None
        else:
            close(got, right, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_any_activation(gpu, monkeypatch, op, name, dtype):
    monkeypatch.setattr(convolution, "few_channels", lambda *shape: False)
    agrees(gpu, op, name, SAME, arguments(op, SAME, dtype=dtype), dtype)


@pytest.mark.parametrize("name", ["identity", "sigmoid"])
@pytest.mark.parametrize("few", [True, False])
def test_without_a_bias(gpu, monkeypatch, op, name, few):
    monkeypatch.setattr(convolution, "few_channels", lambda *shape: few)
    agrees(gpu, op, name, SAME, arguments(op, SAME, 1, 1), bias=False)


@pytest.mark.parametrize("geometry", CHOICE)
def test_any_geometry(gpu, monkeypatch, op, geometry):
    monkeypatch.setattr(convolution, "few_channels", lambda *shape: False)
    agrees(gpu, op, "identity", CHOICE[geometry], arguments(op, CHOICE[geometry]))


def test_options_of_the_activation_and_of_the_convolution(gpu, op):
    x, w, b, _ = arguments(op, SAME, 1, 1)
    y, _ = pair(op, "leaky_relu").forward(*map(gpu.asarray, (x, w, b)), stride=2, padding=1, slope=0.5)
    z, _ = OPS[op].forward(x, w, b, stride=2, padding=1)
    np.testing.assert_allclose(y.get(), np.where(z > 0, z, 0.5 * z), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["identity", "tanh"])
def test_only_what_is_needed_is_computed_and_into_the_memory_offered(gpu, op, name):
    x, w, b, dy = map(gpu.asarray, arguments(op, SAME, 1, 1))
    y = gpu.empty(dy.shape)
    got, cache = pair(op, name).forward(x, w, b, **options(op, SAME), out=y)
    assert got is y
    all_of_them = pair(op, name).backward(dy, cache)
    for argument, array, place in (("x", x, 0), ("w", w, 1), ("b", b, 2)):
        room = gpu.empty(array.shape)
        gradients = pair(op, name).backward(dy, cache, needs=(argument,), out={argument: room})
        assert [gradient is None for gradient in gradients] == [other != place for other in range(3)]
        assert gradients[place] is room
        np.testing.assert_array_equal(room.get(), all_of_them[place].get())


def test_no_examples(gpu, op):
    x, w, b, dy = arguments(op, SAME, 5, 6)
    y, cache = pair(op, "relu").forward(*map(gpu.asarray, (x[:0], w, b)), **options(op, SAME))
    assert y.shape == (0, *dy.shape[1:])
    dx, dw, db = pair(op, "relu").backward(gpu.asarray(dy[:0]), cache)
    assert dx.shape == (0, *x.shape[1:])
    assert not dw.get().any()
    assert not db.get().any()


def test_nan_reaches_the_windows_that_saw_it_and_no_others(gpu):
    x, w = np.ones((1, 4, 4, 5)), np.ones((2, 2, 5, 5))
    x[0, 0, 3, 2] = np.nan
    y, _ = pair("conv2d", "relu").forward(gpu.asarray(x), gpu.asarray(w))
    expected = np.full((1, 3, 3, 5), 20.0)
    expected[0, 0, 2] = np.nan
    np.testing.assert_array_equal(y.get(), expected)


def test_nan_reaches_the_pixels_of_its_window_and_no_others(gpu):
    x, w = np.ones((1, 3, 3, 5)), np.ones((2, 2, 5, 5))
    x[0, 0, 2, 2] = np.nan
    y, _ = pair("conv_transpose2d", "relu").forward(gpu.asarray(x), gpu.asarray(w), stride=2)
    expected = np.full((1, 6, 6, 5), 5.0)
    expected[0, :2, 4:] = np.nan
    np.testing.assert_array_equal(y.get(), expected)


def test_every_pair_has_its_place(op):
    pairs, fused = FILES[op].PAIRS, FILES[op].FUSED
    assert set(pairs) == {op, *fused.values()}
    assert fused[op, "leaky_relu"] == f"{op}_leaky_relu"
    assert pairs[op].linear == OPS[op].linear
    assert pairs[f"{op}_relu"].linear == ()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("op", "x", "w", "b", "options"),
    [
        ("conv2d", (3, 4, 1), (2, 2, 1, 1), None, {}),
        ("conv2d", (2, 8, 8, 3), (2, 2, 1, 1), None, {}),
        ("conv2d", (1, 3, 3, 1), (2, 1, 1), None, {}),
        ("conv2d", (1, 3, 3, 1), (2, 2, 1, 1), (2,), {}),
        ("conv2d", (1, 3, 3, 1), (5, 2, 1, 1), None, {}),
        ("conv2d", (1, 3, 3, 1), (2, 2, 1, 1), None, {"stride": 0}),
        ("conv2d", (1, 3, 3, 1), (2, 2, 1, 1), None, {"padding": "full"}),
        ("conv2d", (1, 3, 3, 1), (2, 2, 1, 1), None, {"out": (1, 3, 3, 1)}),
        ("conv_transpose2d", (3, 4, 1), (2, 2, 1, 1), None, {}),
        ("conv_transpose2d", (2, 8, 8, 3), (2, 2, 3, 1), None, {}),
        ("conv_transpose2d", (1, 3, 3, 1), (2, 1, 1), None, {}),
        ("conv_transpose2d", (1, 3, 3, 1), (2, 2, 3, 1), (1,), {}),
        ("conv_transpose2d", (1, 1, 1, 1), (1, 1, 1, 1), None, {"padding": 1}),
        ("conv_transpose2d", (1, 3, 3, 1), (2, 2, 1, 1), None, {"stride": 0}),
        ("conv_transpose2d", (1, 3, 3, 1), (2, 2, 1, 1), None, {"output_padding": 1}),
        ("conv_transpose2d", (1, 3, 3, 1), (2, 2, 1, 1), None, {"out": (1, 3, 3, 1)}),
    ],
)
def test_what_the_reference_refuses_is_refused_in_its_words(gpu, op, x, w, b, options):
    def call(forward, array):
        out = {"out": array(np.ones(options["out"]))} if "out" in options else {}
        return forward(*(None if shape is None else array(np.ones(shape)) for shape in (x, w, b)), **{**options, **out})

    with pytest.raises(ValueError, match=f"^{op}: ") as expected:
        call(OPS[op].forward, np.asarray)
    with pytest.raises(ValueError, match=f"^{op}: ") as got:
        call(pair(op).forward, gpu.asarray)
    assert str(got.value) == str(expected.value)


@pytest.mark.bad_input
def test_a_wrong_gradient_and_a_wrong_option_are_refused(gpu, op):
    x, w, b, dy = arguments(op, SAME, 1, 1)
    _, cache = pair(op, "relu").forward(*map(gpu.asarray, (x, w, b)), **options(op, SAME))
    with pytest.raises(
        ValueError, match=rf"^{op}: dy has shape \(2, 5, 3, 1\) but the output has shape \(2, 5, 4, 1\)"
    ):
        pair(op, "relu").backward(gpu.asarray(dy[:, :, 1:].copy()), cache)
    with pytest.raises(TypeError, match=f"^{op}: dy is float32 but the forward pass ran in float64"):
        pair(op, "relu").backward(gpu.asarray(dy.astype("float32")), cache)
    with pytest.raises(ValueError, match="slope"):
        pair(op, "leaky_relu").forward(*map(gpu.asarray, (x, w, b)), slope=-1.0)
    with pytest.raises(TypeError, match="dilation"):
        pair(op, "relu").forward(*map(gpu.asarray, (x, w, b)), dilation=2)
