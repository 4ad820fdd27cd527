r"""Random numbers by Philox4x32-10, the very ones of :mod:`miniae.noise`.

Overrides: :func:`miniae.noise.uniform` and :func:`miniae.noise.normal`, where the numbers are wanted on the device.
Words and uniform numbers are equal to the reference's to the bit. Normal ones differ by rounding, most of it that of
the reference's angle: two roundings of up to :math:`\epsilon` (2^-24 or 2^-53) times a turn, times a radius r of up to
5.8 in float32 and 8.6 in float64, are :math:`4 \pi \epsilon r`. With the logarithm's that makes less than 1e-5 and
3e-14; of 8 million numbers of each, none was farther off than 1.9e-6 and 3.6e-15.

.. math::
    (w_{4i}, \ldots, w_{4i+3}) &= \mathrm{Philox}(\mathrm{counter} = (i, 0, step, stream),\ \mathrm{key} = seed) \\
    u_j &= \lfloor w_j / 2^8 \rfloor\, 2^{-24} \quad \text{or} \quad
           u_j = \lfloor (2^{32} w_{2j} + w_{2j+1}) / 2^{11} \rfloor\, 2^{-53} \\
    (z_{2j}, z_{2j+1}) &= \sqrt{-2 \ln (1 - u_{2j})}\; (\cos 2\pi u_{2j+1}, \sin 2\pi u_{2j+1})

Idea: nothing is read, so that the ten rounds of Philox count. A thread to a number makes a block of four words and
throws three of them away. A thread to a block of words does a quarter of the work, but holds four neighbours: were it
to write them, a warp's 32 threads would write to 32 places far apart, four times over. So it leaves its words in shared
memory, and then takes those of the numbers that lie beside the numbers of its neighbour threads.

The step is read from an array on the device: a recorded step can count it on and draw other numbers at every replay.

Bytes: s for each number of s bytes, written. Operations, on integers: 80 for a block of words (ten rounds of two
products, four exclusive ors and two sums), which makes 4 numbers in float32 and 2 in float64. A normal number takes
another 50 on floats: half a logarithm, half a root, and half of a cosine with its sine.

Shapes: ``...`` any shape. real is float32 or float64.
"""

import math
from functools import partial
from typing import Any

import numpy as np
from numba import cuda, int32, uint32, uint64

from miniae.arrays import output
from miniae.noise import KEY_STEP, MULTIPLIERS, ROUNDS, check_dtype, check_words
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, check_array, device, kernel

M0, M1 = map(int, MULTIPLIERS)
W0, W1 = map(int, KEY_STEP)
WORDS = 4 * THREADS  # that a block of threads makes


@device
def philox(block, seed, step, stream):
    """The four words of a block; (1) to (3) of :func:`miniae.noise.philox`.

    What two uint32 give is a uint64 by Numba's rules: uint32() says where it has to be cut off again.
    """
    c0, c1, c2, c3 = uint32(block), uint32(0), step, stream
    k0, k1 = uint32(seed), uint32(seed >> uint64(32))
    for _ in range(ROUNDS):
        product0, product1 = uint64(M0) * uint64(c0), uint64(M1) * uint64(c2)  # (1)
        high0, high1 = uint32(product0 >> uint64(32)), uint32(product1 >> uint64(32))
        c0, c1, c2, c3 = uint32(high1 ^ c1 ^ k0), uint32(product1), uint32(high0 ^ c3 ^ k1), uint32(product0)  # (2)
        k0, k1 = uint32(k0 + uint32(W0)), uint32(k1 + uint32(W1))  # (3)
    return c0, c1, c2, c3


@device
def is_double(real):
    """Whether ``real`` is float64: a float32 cannot tell 2^24 + 1 from 2^24. The compiler knows the answer."""
    return real(2**24 + 1) != real(2**24)


@device
def from_word(word, real):
    """(4) of :func:`miniae.noise.uniform`."""
    return real(uint32(word >> uint32(8))) * real(2.0**-24)


@device
def from_words(high, low, real):
    """(5) of :func:`miniae.noise.uniform`."""
    return real((uint64(high) << uint64(32) | uint64(low)) >> uint64(11)) * real(2.0**-53)


@device
def cosine_sine(u, real):
    r"""The cosine and the sine of :math:`2\pi u`, for u in [0, 1).

    CUDA's own are ready for angles of any size, which costs them local memory and, in float32, float64 arithmetic. Here
    the angle is at most one turn: it is cut into a number of quarter turns and the rest, at most an eighth of a turn to
    either side, exactly; and on the rest the power series end soon. Turning by a quarter maps (c, s) to (-s, c).
    """
    one = real(1)
    quarters = int32(real(4) * u + real(0.5))
    a = (real(4) * u - real(quarters)) * real(math.pi / 2)
    b = a * a
    tail = one - b * real(1 / 156) * (one - b * real(1 / 210))
    tail = one - b * real(1 / 42) * (one - b * real(1 / 72) * (one - b * real(1 / 110) * tail))
    s = a * (one - b * real(1 / 6) * (one - b * real(1 / 20) * tail))
    tail = one - b * real(1 / 132) * (one - b * real(1 / 182) * (one - b * real(1 / 240)))
    tail = one - b * real(1 / 30) * (one - b * real(1 / 56) * (one - b * real(1 / 90) * tail))
    c = one - b * real(1 / 2) * (one - b * real(1 / 12) * tail)
    if quarters & 1:
        c, s = -s, c
    if quarters & 2:
        c, s = -c, -s
    return c, s


@device
def normal_pair(u, v, real):
    """Two normal numbers of two uniform ones; (6) and (7) of :func:`miniae.noise.normal`."""
    radius = math.sqrt(real(-2) * math.log(real(1) - u))  # (6)
    c, s = cosine_sine(v, real)
    return radius * c, radius * s  # (7)


@device
def word_at(n, seed, step, stream):
    """The n-th word, of which the whole block is made."""
    c0, c1, c2, c3 = philox(n // 4, seed, step, stream)
    place = n % 4
    return c0 if place == 0 else c1 if place == 1 else c2 if place == 2 else c3


@device
def uniform_at(i, seed, step, stream, real):
    """The i-th uniform number, from the beginning."""
    if is_double(real):
        return from_words(word_at(2 * i, seed, step, stream), word_at(2 * i + 1, seed, step, stream), real)
    return from_word(word_at(i, seed, step, stream), real)


@device
def normal_at(i, seed, step, stream, real):
    """The i-th normal number, from the beginning: one of a pair, of which the other is thrown away."""
    first = i - i % 2
    u, v = uniform_at(first, seed, step, stream, real), uniform_at(first + 1, seed, step, stream, real)
    even, odd = normal_pair(u, v, real)
    return even if i == first else odd


@kernel("real[::1], uint64, uint32[::1], uint32")
def naive_uniforms(u, seed, step, stream):
    """A thread for each number."""
    i = cuda.grid(1)
    if i < u.size:
        u[i] = uniform_at(i, seed, step[0], stream, u.dtype.type)


@kernel("real[::1], uint64, uint32[::1], uint32")
def naive_normals(z, seed, step, stream):
    """A thread for each number."""
    i = cuda.grid(1)
    if i < z.size:
        z[i] = normal_at(i, seed, step[0], stream, z.dtype.type)


@device
def share_words(words, seed, step, stream):
    """Fill the shared memory of a block of threads with its part of the words, in their order."""
    t = cuda.threadIdx.x
    words[4 * t], words[4 * t + 1], words[4 * t + 2], words[4 * t + 3] = philox(cuda.grid(1), seed, step, stream)
    cuda.syncthreads()


@device
def numbers_each(real):
    """How many numbers four words make."""
    return 2 if is_double(real) else 4


@device
def shared_uniform(words, i, real):
    """The i-th uniform number of those that a block of threads makes."""
    return from_words(words[2 * i], words[2 * i + 1], real) if is_double(real) else from_word(words[i], real)


@device
def shared_normals(words, pair, real):
    """A pair of normal numbers of those that a block of threads makes."""
    return normal_pair(shared_uniform(words, 2 * pair, real), shared_uniform(words, 2 * pair + 1, real), real)


@kernel("uint32[::1], uint64, uint32[::1], uint32")
def scramble(out, seed, step, stream):
    """The words themselves."""
    words = cuda.shared.array(WORDS, uint32)
    share_words(words, seed, step[0], stream)
    first = cuda.blockIdx.x * WORDS
    for k in range(4):
        i = cuda.threadIdx.x + k * THREADS
        if first + i < out.size:
            out[first + i] = words[i]


@kernel("real[::1], uint64, uint32[::1], uint32")
def uniforms(u, seed, step, stream):
    """A thread makes a block of words, and numbers of its own and others' words."""
    words = cuda.shared.array(WORDS, uint32)
    share_words(words, seed, step[0], stream)
    real = u.dtype.type
    first = cuda.blockIdx.x * THREADS * numbers_each(real)
    for k in range(numbers_each(real)):
        i = cuda.threadIdx.x + k * THREADS
        if first + i < u.size:
            u[first + i] = shared_uniform(words, i, real)


@kernel("real[::1], uint64, uint32[::1], uint32")
def normals(z, seed, step, stream):
    """The same; numbers come in pairs, and a thread writes the two side by side."""
    words = cuda.shared.array(WORDS, uint32)
    share_words(words, seed, step[0], stream)
    real = z.dtype.type
    first = cuda.blockIdx.x * THREADS * numbers_each(real)
    for k in range(numbers_each(real) // 2):
        pair = cuda.threadIdx.x + k * THREADS
        i = first + 2 * pair
        even, odd = shared_normals(words, pair, real)
        if i < z.size:
            z[i] = even
        if i + 1 < z.size:
            z[i + 1] = odd


def words(n: int, *, seed: int, step: Any, stream: int) -> Any:
    """The first ``n`` words of (seed, step, stream), a uint32 array; see :func:`miniae.noise.words`.

    Raises:
        TypeError, ValueError: as the reference, and as :func:`uniform` where ``step`` is an array.
    """
    import cupy

    step = device_step(n, seed=seed, step=step, stream=stream)
    array = cupy.empty(n, cupy.uint32)
    scramble[blocks_for(n, WORDS), THREADS](array, seed, step, stream)
    return array


def uniform(shape: tuple[int, ...], dtype: Any, *, seed: int, step: Any, stream: int, out: Any = None) -> Any:
    """Numbers spread evenly over [0, 1); see :func:`miniae.noise.uniform`.

    Args:
        shape, dtype, seed, stream: as for the reference.
        step: a whole number; or a uint32 array of shape (1,), read when the kernel runs.
        out: where to write them.

    Raises:
        TypeError, ValueError: as the reference; if ``step`` is another array than that, ``out`` has another shape or
            dtype, or is not C-contiguous.
    """
    return _draw(uniforms, shape, dtype, seed, step, stream, out)


def normal(shape: tuple[int, ...], dtype: Any, *, seed: int, step: Any, stream: int, out: Any = None) -> Any:
    """Normal numbers with mean 0 and variance 1; see :func:`miniae.noise.normal`, and :func:`uniform` for arguments."""
    return _draw(normals, shape, dtype, seed, step, stream, out)


DRAWS = {"uniform": uniform, "normal": normal}


def device_step(n: int, *, seed: int, step: Any, stream: int) -> Any:
    """The step as a kernel reads it, a uint32 array of shape (1,), after a check of everything that words depend on.

    Raises:
        TypeError, ValueError: as :func:`words`.
    """
    import cupy

    if not isinstance(step, cupy.ndarray):
        check_words(seed, step, stream, n)
        return cupy.full(1, step, cupy.uint32)
    check_words(seed, 0, stream, n)
    check_array("noise", "step", step, np.dtype(np.uint32), 1)
    if step.size != 1:
        raise ValueError(f"noise: step must be one number, got an array of shape {step.shape}")
    return step


def numbers_of_a_block(dtype: Any) -> int:
    """How many numbers of a dtype the words of a block of threads make."""
    return 4 * WORDS // np.dtype(dtype).itemsize


def _draw(draw: Kernel, shape: tuple[int, ...], dtype: Any, seed: int, step: Any, stream: int, out: Any) -> Any:
    import cupy

    n, dtype = math.prod(shape), check_dtype(dtype)
    pairs = -(-n // 2) if draw is normals else 0
    step = device_step(max(n, 2 * pairs) * dtype.itemsize // 4, seed=seed, step=step, stream=stream)
    array = output("noise", out, shape, cupy.empty(0, dtype))
    check_array("noise", "out", array, dtype, len(shape))
    draw[blocks_for(n, numbers_of_a_block(dtype)), THREADS](array.reshape(-1), seed, step, stream)
    return array


def main() -> None:
    """Hold the numbers against NumPy's and against the device's bandwidth."""
    from miniae import noise
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, seed, stream = 2**24, 2024, 3
    step, out = cupy.full(1, 7, cupy.uint32), cupy.empty(n, cupy.float32)
    for name, naive, fast in (("uniform", naive_uniforms, uniforms), ("normal", naive_normals, normals)):
        reference = getattr(noise, name)
        compare(
            f"{name} numbers, {n}, float32",
            Case("naive", partial(naive[blocks_for(n), THREADS], out, seed, step, stream), out.nbytes),
            Case("shared words", partial(fast[blocks_for(n, WORDS), THREADS], out, seed, step, stream), out.nbytes),
            got=lambda: out,
            expected=reference((n,), np.float32, seed=seed, step=7, stream=stream).astype(np.float64),
        )


if __name__ == "__main__":
    main()
