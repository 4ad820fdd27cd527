"""Noise in one pass on the GPU backend, thread by thread, against the noise layers on NumPy."""

import numpy as np
import pytest

from miniae.context import Context
from miniae.layers import Dropout, GaussianNoise, MaskingNoise, SaltAndPepper
from miniae_kernels.cuda import dropout, noise
from miniae_kernels.cuda.dropout import spoil, spoil_backward

AT = {"seed": 2024, "step": 7, "stream": 3}
PLACE = np.uint64(AT["seed"]), np.array([AT["step"]], np.uint32), np.uint32(AT["stream"])
DTYPES = ("float32", "float64")
TOLERANCE = {"float32": 1e-5, "float64": 3e-14}  # of normal numbers; std is below 1
RATE = 0.3
LAYERS = {"dropout": Dropout(RATE), "masking_noise": MaskingNoise(RATE), "salt_and_pepper": SaltAndPepper(RATE)}
STD, CLIP = 0.4, (-0.3, 0.8)


@pytest.fixture
def small(monkeypatch):
    """Blocks of 8 threads, of 32 words."""
    for module in (noise, dropout):
        monkeypatch.setattr(module, "THREADS", 8)
        monkeypatch.setattr(module, "WORDS", 32)


def numbers(*shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def by_layer(layer, x, dy):
    """What a noise layer makes of x and dy: y, dx."""
    ctx = Context(training=True, seed=AT["seed"], step=AT["step"], position=(0, AT["stream"]))
    y, cache, _ = layer.forward({}, x, ctx)
    return y, layer.backward(dy, cache, {}, ctx)


def scale(kind, dtype):
    real = np.dtype(dtype).type
    return real(1) / real(1 - RATE) if kind == "dropout" else real(1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 31, 70])
@pytest.mark.parametrize("kind", LAYERS)
def test_dropping_kernels(launch, small, kind, n, dtype):
    x = numbers(n, dtype=dtype)
    expected, _ = by_layer(LAYERS[kind], x, x)
    real = x.dtype.type
    settings = scale(kind, dtype), real(RATE), real(RATE / 2 if kind == "salt_and_pepper" else 0)
    for kernel, of_a_block in ((dropout.naive_drop, 8), (dropout.drop, noise.numbers_of_a_block(dtype))):
        y = x.copy()
        launch(kernel, -(-n // of_a_block), 8, (y, y, *settings, *PLACE))  # in place
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 31, 70])
def test_kernels_of_normal_noise(launch, small, n, dtype):
    x = numbers(n, dtype=dtype)
    real = x.dtype.type
    for clip in (None, CLIP):
        expected, _ = by_layer(GaussianNoise(STD, clip), x, x)
        low, high = clip or (-np.inf, np.inf)
        for kernel, of_a_block in ((dropout.naive_blur, 8), (dropout.blur, noise.numbers_of_a_block(dtype))):
            y = x.copy()
            arguments = (y, y, real(STD), real(low), real(high), *PLACE)
            launch(kernel, -(-n // of_a_block), 8, arguments)
            np.testing.assert_allclose(y, expected, rtol=0, atol=TOLERANCE[dtype])


def test_kernel_of_clipping_backward(launch):
    y, dy = np.array([-0.0, 0.0, 5e-324, 0.5, 1 - 1e-16, 1.0, np.nan]), numbers(7)
    dx = np.full(7, np.nan)
    launch(dropout.clip_backward, 2, 4, (dy, y, dx, np.float64(0), np.float64(1)))
    np.testing.assert_array_equal(dx, dy * [0, 0, 1, 1, 1, 0, 0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", LAYERS)
def test_dropping_agrees_with_the_layers(gpu, kind, dtype):
    x, dy = numbers(7, 5, 11, dtype=dtype), numbers(7, 5, 11, dtype=dtype, seed=1)
    x[0, 0, :9] = [0, -0.0, np.nan, 1e30, -1e30, 1e-30, 1, -1, 0.5]
    expected, gradient = by_layer(LAYERS[kind], x, dy)
    y = spoil(kind, gpu.asarray(x), rate=RATE, **AT)
    dx = spoil_backward(kind, gpu.asarray(dy), rate=RATE, **AT)
    assert y.dtype == dx.dtype == dtype
    np.testing.assert_array_equal(y.get(), expected)
    np.testing.assert_array_equal(dx.get(), gradient)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("clip", [None, CLIP])
def test_normal_noise_agrees_with_the_layer(gpu, clip, dtype):
    x, dy = numbers(3, 67, dtype=dtype), numbers(3, 67, dtype=dtype, seed=1)
    x[0, 0] = np.nan
    expected, gradient = by_layer(GaussianNoise(STD, clip), x, dy)
    clip = {"clip": clip} if clip else {}
    y = spoil("gaussian_noise", gpu.asarray(x), std=STD, **clip, **AT)
    np.testing.assert_allclose(y.get(), expected, rtol=0, atol=TOLERANCE[dtype])
    if clip:
        dx = spoil_backward("gaussian_noise", gpu.asarray(dy), y=y, **clip, **AT)
        assert dx.dtype == dtype
        np.testing.assert_array_equal(dx.get(), gradient)


@pytest.mark.parametrize("kind", dropout.KINDS)
def test_memory_that_is_offered_is_written_to(gpu, kind):
    x, std = gpu.asarray(numbers(4, 3)), {"std": STD} if kind == "gaussian_noise" else {"rate": RATE}
    expected = spoil(kind, x, **std, **AT).get()
    np.testing.assert_array_equal(x.get(), numbers(4, 3))
    assert spoil(kind, x, x, **std, **AT) is x
    np.testing.assert_array_equal(x.get(), expected)


@pytest.mark.parametrize("kind", dropout.KINDS)
def test_no_elements(gpu, kind):
    x = gpu.empty((0, 3))
    assert spoil(kind, x, **AT).shape == (0, 3)
    assert spoil_backward(kind, x, y=x, **AT).shape == (0, 3)


def test_a_recorded_backward_makes_the_mask_of_its_forward_again(gpu):
    pool, masks = gpu.cuda.MemoryPool(), []
    with gpu.cuda.Stream(non_blocking=True) as stream, gpu.cuda.using_allocator(pool.malloc):
        x, counter = gpu.ones(100), gpu.zeros(1, gpu.uint32)
        y, dx = gpu.empty(100), gpu.empty(100)

        def run():
            spoil("masking_noise", x, y, rate=0.5, seed=5, step=counter, stream=0)
            spoil_backward("masking_noise", x, dx, rate=0.5, seed=5, step=counter, stream=0)

        run()  # compiles, which cannot be recorded
        stream.begin_capture()
        run()
        graph = stream.end_capture()
        for step in range(2):
            counter.fill(step)
            y.fill(np.nan)
            graph.launch(stream)
            np.testing.assert_array_equal(y.get(), dx.get())
            masks.append(y.get())
    assert (masks[0] != masks[1]).any()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"kind": "pepper"}, ValueError, "noise: kind must be one of dropout, .*, got 'pepper'"),
        ({"rate": 1.0}, ValueError, "dropout: rate must be at least 0 and less than 1, got 1.0"),
        ({"std": -1.0}, ValueError, "dropout: std must be finite and not negative, got -1.0"),
        ({"clip": (1, 1)}, ValueError, r"dropout: clip must be \(low, high\) with low < high, got \(1, 1\)"),
        ({"seed": -1}, ValueError, "noise: seed must lie in"),
    ],
)
def test_settings_out_of_range_are_refused(gpu, change, error, message):
    given = {"kind": "dropout", "x": gpu.ones(3), **AT, **change}
    with pytest.raises(error, match=message):
        spoil(**given)


@pytest.mark.bad_input
def test_arrays_that_do_not_fit_are_refused(gpu):
    x = gpu.ones((2, 3), "float32")
    with pytest.raises(TypeError, match="dropout: x must be float32 or float64, got int64"):
        spoil("dropout", gpu.ones(3, "int64"), **AT)
    with pytest.raises(ValueError, match="dropout: out has shape"):
        spoil("dropout", x, gpu.ones((3, 2), "float32"), **AT)
    with pytest.raises(ValueError, match="x must be C-contiguous"):
        spoil("dropout", x.T, **AT)
    with pytest.raises(ValueError, match="out must be C-contiguous"):
        spoil_backward("dropout", gpu.ones((3, 2), "float32"), x.T, **AT)
    with pytest.raises(TypeError, match="gaussian_noise: y must be the output of spoil, got None"):
        spoil_backward("gaussian_noise", x, **AT)
    with pytest.raises(ValueError, match="gaussian_noise: dy has shape"):
        spoil_backward("gaussian_noise", x, y=x.T, **AT)
