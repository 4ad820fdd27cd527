"""Philox on the GPU backend, thread by thread, against miniae's NumPy Philox."""

import numpy as np
import pytest
from numba import cuda

from miniae import noise as reference
from miniae_kernels.cuda import noise
from miniae_kernels.cuda.launch import kernel
from miniae_kernels.cuda.noise import cosine_sine

AT = {"seed": 0x0123456789ABCDEF, "step": 0xDEADBEEF, "stream": 0xFEEDFACE}  # every bit of them matters
SEED, STEP, STREAM = np.uint64(AT["seed"]), np.array([AT["step"]], np.uint32), np.uint32(AT["stream"])
DTYPES = ("float32", "float64")
TOLERANCE = {"float32": 1e-5, "float64": 3e-14}  # derived in the kernels' docstring
SIZES = (1, 2, 31, 70)  # with blocks of 8 threads, of 32 words: up to three or five blocks, the last one not full


@pytest.fixture
def small(monkeypatch):
    """Blocks of so few threads that a small array crosses their borders."""
    monkeypatch.setattr(noise, "THREADS", 8)
    monkeypatch.setattr(noise, "WORDS", 32)


def blocks(n, dtype):
    return -(-n // noise.numbers_of_a_block(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_kernels_of_uniform_numbers(launch, small, n, dtype):
    expected = reference.uniform((n,), dtype, **AT)
    for draw, grid in ((noise.naive_uniforms, -(-n // 8)), (noise.uniforms, blocks(n, dtype))):
        u = np.full(n, np.nan, dtype)
        launch(draw, grid, 8, (u, SEED, STEP, STREAM))
        np.testing.assert_array_equal(u, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_kernels_of_normal_numbers(launch, small, n, dtype):
    expected = reference.normal((n,), dtype, **AT)
    for draw, grid in ((noise.naive_normals, -(-n // 8)), (noise.normals, blocks(n, dtype))):
        z = np.full(n, np.nan, dtype)
        launch(draw, grid, 8, (z, SEED, STEP, STREAM))
        np.testing.assert_allclose(z, expected, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("n", SIZES)
def test_kernel_of_words(launch, small, n):
    out = np.zeros(n, np.uint32)
    launch(noise.scramble, -(-n // 32), 8, (out, SEED, STEP, STREAM))
    np.testing.assert_array_equal(out, reference.words(**AT, n=n))


def test_no_thread_is_without_numbers():
    assert noise.numbers_of_a_block("float32") == 4 * noise.THREADS
    assert noise.numbers_of_a_block("float64") == 2 * noise.THREADS


def test_the_published_block(gpu):
    words = noise.words(4, seed=0, step=0, stream=0).get()
    assert [f"{word:08x}" for word in words] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


@pytest.mark.parametrize("at", [AT, {"seed": 2**64 - 1, "step": 2**32 - 1, "stream": 2**32 - 1}])
def test_words_over_the_border_of_a_block(gpu, at):
    n = noise.WORDS + 3
    np.testing.assert_array_equal(noise.words(n, **at).get(), reference.words(**at, n=n))


@pytest.mark.parametrize("dtype", DTYPES)
def test_cosine_and_sine_of_every_part_of_a_turn(launch_once, dtype):
    @kernel("real[::1], real[::1], real[::1]")
    def both(u, c, s):
        i = cuda.grid(1)
        c[i], s[i] = cosine_sine(u[i], u.dtype.type)

    last = 1 - np.finfo(dtype).epsneg
    u = np.concatenate([np.arange(0, 1, 1 / 64), np.nextafter(np.arange(1, 16) / 16, 0), [last]]).astype(dtype)
    c, s = np.empty_like(u), np.empty_like(u)
    launch_once(both, 1, u.size, (u, c, s))
    angle = 2 * np.pi * u.astype(float)
    few = 4 * np.finfo(dtype).eps  # of numbers up to 1; NumPy's float64 angle is off by as much
    np.testing.assert_allclose(c, np.cos(angle), rtol=0, atol=few)
    np.testing.assert_allclose(s, np.sin(angle), rtol=0, atol=few)
    assert (c[0], s[0]) == (1, 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_of_any_shape(gpu, dtype):
    for shape in ((), (1, 1), (3, 7, 25)):  # in float64 the last takes two blocks
        u, z = noise.uniform(shape, dtype, **AT), noise.normal(shape, dtype, **AT)
        assert u.dtype == z.dtype == dtype
        assert u.shape == z.shape == shape
        np.testing.assert_array_equal(u.get(), reference.uniform(shape, dtype, **AT))
        np.testing.assert_allclose(z.get(), reference.normal(shape, dtype, **AT), rtol=0, atol=TOLERANCE[dtype])


def test_no_numbers(gpu):
    assert noise.words(0, **AT).shape == (0,)
    assert noise.uniform((0, 3), "float32", **AT).shape == (0, 3)
    assert noise.normal((2, 0), "float64", **AT).shape == (2, 0)


@pytest.mark.parametrize("draw", ["uniform", "normal"])
def test_a_recorded_draw_follows_the_counter_on_the_device(gpu, draw):
    pool = gpu.cuda.MemoryPool()
    with gpu.cuda.Stream(non_blocking=True) as stream, gpu.cuda.using_allocator(pool.malloc):
        counter, out = gpu.full(1, 3, gpu.uint32), gpu.empty((2, 20), "float32")

        def run():
            return noise.DRAWS[draw](out.shape, out.dtype, seed=5, step=counter, stream=2, out=out)

        assert run() is out  # compiles, which cannot be recorded
        stream.begin_capture()
        run()
        graph = stream.end_capture()
        for step in (3, 4, 2**32 - 1):
            counter.fill(step)
            graph.launch(stream)
            expected = getattr(reference, draw)(out.shape, out.dtype, seed=5, step=step, stream=2)
            np.testing.assert_allclose(out.get(), expected, rtol=0, atol=TOLERANCE["float32"] * (draw == "normal"))


@pytest.mark.bad_input
@pytest.mark.parametrize("draw", ["uniform", "normal"])
def test_what_the_reference_refuses_is_refused_alike(gpu, draw):
    wrong = [{"seed": -1}, {"seed": 2**64}, {"step": 2**32}, {"stream": 1.5}, {"dtype": "int32"}, {"shape": (2**35,)}]
    for change in wrong:
        given = {"shape": (3,), "dtype": "float32", **AT, **change}
        with pytest.raises((TypeError, ValueError)) as expected:
            getattr(reference, draw)(**given)
        with pytest.raises(expected.type, match="noise: ") as got:
            noise.DRAWS[draw](**given)
        assert str(got.value) == str(expected.value)


@pytest.mark.bad_input
def test_steps_and_memory_of_a_wrong_kind_are_refused(gpu):
    def draw(step=0, out=None):
        noise.uniform((3, 2), "float32", seed=0, step=step, stream=0, out=out)

    with pytest.raises(TypeError, match="noise: step must be an array of uint32, got int64"):
        draw(step=gpu.zeros(1, gpu.int64))
    with pytest.raises(ValueError, match=r"noise: step must be one number, got an array of shape \(2,\)"):
        draw(step=gpu.zeros(2, gpu.uint32))
    with pytest.raises(TypeError, match="noise: step must be an integer"):
        draw(step=np.zeros(1, np.uint32))
    with pytest.raises(ValueError, match="noise: out has shape"):
        draw(out=gpu.empty((2, 3), "float32"))
    with pytest.raises(ValueError, match="noise: out has shape .* float64"):
        draw(out=gpu.empty((3, 2), "float64"))
    with pytest.raises(ValueError, match="out must be C-contiguous"):
        draw(out=gpu.empty((2, 3), "float32").T)
