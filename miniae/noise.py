r"""Noise: random numbers as a pure function of (seed, step, stream).

An ordinary generator remembers where it stands, and every draw moves it on. Two evaluations of a noisy cost then see
two different noises, and a difference quotient between them is nothing but noise. Here nothing is remembered: who asks
twice for the numbers of (seed, step, stream) gets the same numbers twice, in any order, on any machine. So a noisy
cost can be differentiated numerically, a run can be resumed in its middle, and a single step can be replayed. (Words
and uniform numbers agree to the bit; normal ones as far as two machines' logarithms and cosines do.)

The function is Philox4x32-10. It scrambles a *counter* of four 32-bit words under a *key* of two, like a block cipher:
different counters give different blocks (it is a bijection), and blocks of counters that differ in one bit look
unrelated. Counting through the first word gives as many blocks as are wanted:

    counter = (i, 0, step, stream),   i = 0, 1, 2, ...          key = (seed mod 2^32, seed div 2^32)

Shapes: B blocks, ``...`` any shape.

Source: Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3".
"""

import math

import numpy as np
from jaxtyping import Float, UInt32
from numpy.typing import DTypeLike

from miniae.arrays import FLOATS, Array

ROUNDS = 10
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEP = np.array([0x9E3779B9, 0xBB67AE85], np.uint32)  # 2^32 times the fractions of the golden ratio and of sqrt(3)
LOW_WORD = np.uint64(0xFFFFFFFF)
WORD_BITS = np.uint64(32)


def philox(counter: UInt32[Array, "*B 4"], key: UInt32[Array, "2"]) -> UInt32[Array, "*B 4"]:
    r"""Scramble counters into blocks of four random words each: the block function Philox4x32-10.

    Ten times over, with the words :math:`c_0 \ldots c_3` and the key :math:`k_0, k_1`:

    .. math::
        (h_0, l_0) &= M_0 c_0, \qquad (h_1, l_1) = M_1 c_2                               \tag{1} \\
        (c_0, c_1, c_2, c_3) &\leftarrow
            (h_1 \oplus c_1 \oplus k_0,\; l_1,\; h_0 \oplus c_3 \oplus k_1,\; l_0)       \tag{2} \\
        (k_0, k_1) &\leftarrow (k_0 + W_0,\; k_1 + W_1) \bmod 2^{32}                     \tag{3}

    (1) multiplies two 32-bit words into 64 bits and cuts the product into its high and low half. The high half depends
    on all bits of the word: that is what scrambles. The low half loses nothing, for :math:`M` is odd and so
    :math:`l = M c \bmod 2^{32}` can be undone. (2) mixes the high halves into the two words that were not multiplied
    (:math:`\oplus` is exclusive or, which can be undone too) and swaps the roles for the next round. (3) gives every
    round a key of its own. Seven rounds pass the BigCrush tests; ten leave a margin.

    Args:
        counter: one counter of four words per block, (B, 4), or (4,) for a single one.
        key: two words, (2,).

    Returns:
        Four random words per block, shaped like ``counter``.

    Raises:
        TypeError: if an array is not uint32.
        ValueError: if the last axis of ``counter`` is not 4 or ``key`` is not (2,).

    >>> block = philox(np.zeros(4, np.uint32), np.zeros(2, np.uint32))
    >>> [f"{word:08x}" for word in block]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']

    Source: Salmon et al. (2011), section 3.3.
    """
    if counter.dtype != np.uint32 or key.dtype != np.uint32:
        raise TypeError(f"philox: counter and key must be uint32, got {counter.dtype} and {key.dtype}")
    if counter.shape[-1:] != (4,) or key.shape != (2,):
        raise ValueError(f"philox: counter must be (..., 4) and key (2,), got {counter.shape} and {key.shape}")
    # Words are held in 64 bits throughout, so that a product of two has room.
    c0, c1, c2, c3 = (counter[..., word].astype(np.uint64) for word in range(4))
    for _ in range(ROUNDS):
        product0, product1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2  # (1)
        high0, low0 = product0 >> WORD_BITS, product0 & LOW_WORD
        high1, low1 = product1 >> WORD_BITS, product1 & LOW_WORD
        c0, c1, c2, c3 = high1 ^ c1 ^ key[0], low1, high0 ^ c3 ^ key[1], low0  # (2)
        key = key + KEY_STEP  # (3): uint32 arrays wrap around
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def words(seed: int, step: int, stream: int, n: int) -> UInt32[Array, " n"]:
    """The first ``n`` random 32-bit words of (seed, step, stream).

    Args:
        seed: one per run, 0 <= seed < 2^64.
        step: one per training step, 0 <= step < 2^32.
        stream: one per place that draws noise (a layer, the shuffling of the data), 0 <= stream < 2^32.
        n: how many, up to 2^34 (four for every value of the 32-bit block index).

    Returns:
        The words, (n,). Asking for fewer gives the beginning of the same sequence.

    Raises:
        TypeError: if an argument is not an integer.
        ValueError: if an argument is out of its range.

    >>> words(seed=0, step=0, stream=0, n=4)
    array([1713891541, 3781805453, 3159862348, 2600524760], dtype=uint32)
    """
    check_words(seed, step, stream, n)
    counter = np.zeros(((n + 3) // 4, 4), np.uint32)  # n / 4 blocks, rounded up
    counter[:, 0] = np.arange(len(counter))
    counter[:, 2] = step
    counter[:, 3] = stream
    key = np.array([seed % 2**32, seed // 2**32], np.uint32)
    return philox(counter, key).ravel()[:n]


def uniform(shape: tuple[int, ...], dtype: DTypeLike, *, seed: int, step: int, stream: int) -> Float[Array, "..."]:
    r"""Numbers spread evenly over [0, 1): 0 can occur, 1 cannot.

    A float32 has 24 significant bits and a float64 has 53, so that many random bits make one number, and dividing them
    by :math:`2^{24}` or :math:`2^{53}` is exact. Rounding can never push a number up to 1:

    .. math::
        u_j &= \lfloor w_j / 2^{8} \rfloor \; 2^{-24}                                              \tag{4} \\
        u_j &= \lfloor (2^{32} w_{2j} + w_{2j+1}) / 2^{11} \rfloor \; 2^{-53}                      \tag{5}

    Args:
        shape: of the result; its elements take the words of the sequence in row-major order.
        dtype: float32, one word per number (4), or float64, two words per number (5).
        seed, step, stream: see :func:`words`.

    Returns:
        An array of the given shape and dtype.

    Raises:
        TypeError: if ``dtype`` is neither float32 nor float64.
        TypeError, ValueError: as :func:`words`.

    >>> uniform((3,), np.float32, seed=0, step=0, stream=0)  # 0.399... is 0x6627e8 / 2^24
    array([0.39904642, 0.88052016, 0.73571277], dtype=float32)
    """
    n, dtype = math.prod(shape), check_dtype(dtype)
    if dtype == np.float32:
        bits = words(seed, step, stream, n) >> np.uint32(8)
        u = bits.astype(np.float32) * np.float32(2.0**-24)  # (4)
    else:
        pairs = words(seed, step, stream, 2 * n).reshape(n, 2).astype(np.uint64)
        bits = (pairs[:, 0] << WORD_BITS | pairs[:, 1]) >> np.uint64(11)
        u = bits.astype(np.float64) * 2.0**-53  # (5)
    return u.reshape(shape)


def normal(shape: tuple[int, ...], dtype: DTypeLike, *, seed: int, step: int, stream: int) -> Float[Array, "..."]:
    r"""Numbers from the normal distribution with mean 0 and variance 1, by Box and Muller's method.

    Two independent normal numbers are a point in the plane whose density depends on its distance r from the origin
    alone: :math:`\tfrac{1}{2\pi} e^{-r^2/2}`. So its angle is uniform, and the chance of lying farther out than r is
    :math:`e^{-r^2/2}`. Setting that chance equal to a uniform :math:`v \in (0, 1]` and solving for r turns two uniform
    numbers into two normal ones:

    .. math::
        v &= 1 - u_{2j}, \qquad r = \sqrt{-2 \ln v}                                      \tag{6} \\
        z_{2j} &= r \cos(2\pi u_{2j+1}), \qquad z_{2j+1} = r \sin(2\pi u_{2j+1})         \tag{7}

    The :math:`1 - u` trades the 0 that :func:`uniform` can return, whose logarithm is infinite, for a 1. The smallest
    v is :math:`2^{-24}` in float32 and :math:`2^{-53}` in float64, so no number exceeds 5.8 or 8.6 in size; true
    normal numbers do so once in 10^8 and once in 10^17 draws.

    Args:
        shape: of the result.
        dtype: float32 or float64.
        seed, step, stream: see :func:`words`.

    Returns:
        An array of the given shape and dtype.

    Raises:
        TypeError, ValueError: as :func:`uniform`.

    >>> normal((2,), np.float64, seed=0, step=0, stream=0).round(4)
    array([-0.0905, -1.0051])

    Source: Box and Muller (1958), "A note on the generation of random normal deviates".
    """
    n = math.prod(shape)
    u = uniform(((n + 1) // 2, 2), dtype, seed=seed, step=step, stream=stream)  # n / 2 pairs, rounded up
    radius = np.sqrt(-2 * np.log(1 - u[:, 0]))  # (6)
    angle = 2 * np.pi * u[:, 1]
    z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)  # (7)
    return z.ravel()[:n].reshape(shape)


def check_words(seed: int, step: int, stream: int, n: int) -> None:
    """Refuse what :func:`words` cannot take.

    Raises:
        TypeError, ValueError: as :func:`words`.
    """
    _check_integer("seed", seed, 2**64)
    _check_integer("step", step, 2**32)
    _check_integer("stream", stream, 2**32)
    _check_integer("n", n, 2**34 + 1)


def check_dtype(dtype: DTypeLike) -> np.dtype:
    """The dtype, as NumPy's own object.

    Raises:
        TypeError: if it is neither float32 nor float64.
    """
    dtype = np.dtype(dtype)
    if dtype not in FLOATS:
        raise TypeError(f"noise: dtype must be float32 or float64, got {dtype}")
    return dtype


def _check_integer(name: str, value: int, end: int) -> None:
    """Refuse anything but an integer from 0 up to, not including, ``end``."""
    if not isinstance(value, int | np.integer):
        raise TypeError(f"noise: {name} must be an integer, got {value!r}")
    if not 0 <= value < end:
        raise ValueError(f"noise: {name} must lie in [0, {end}), got {value}")
