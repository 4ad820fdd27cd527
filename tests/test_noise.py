"""Philox against the published vectors; uniforms and normals against their distributions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from miniae.noise import normal, philox, uniform, words

HERE = {"seed": 2024, "step": 7, "stream": 3}
MANY = 100_000
DTYPES = (np.float32, np.float64)


def uint32(*hexadecimal):
    return np.array([int(word, 16) for word in hexadecimal], np.uint32)


# The lines "philox4x32 10" of the file kat_vectors that accompanies Random123: counter, key, block.
KNOWN_ANSWERS = [
    "00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1",
]


@pytest.mark.parametrize("line", KNOWN_ANSWERS)
def test_philox_gives_the_published_blocks(line):
    vector = uint32(*line.split())
    np.testing.assert_array_equal(philox(vector[:4], vector[4:6]), vector[6:])


def test_philox_of_many_counters_is_philox_of_each():
    rng = np.random.default_rng(0)
    counters = rng.integers(0, 2**32, (2, 5, 4), np.uint32)
    key = rng.integers(0, 2**32, 2, np.uint32)
    blocks = philox(counters, key)
    for index in np.ndindex(2, 5):
        np.testing.assert_array_equal(blocks[index], philox(counters[index], key))


def test_words_count_through_the_first_word_of_the_counter():
    seed, step, stream = 0x0123456789ABCDEF, 0xDEADBEEF, 0xFEEDFACE
    key = uint32("89abcdef", "01234567")  # the low half of the seed comes first
    blocks = [philox(np.array([i, 0, step, stream], np.uint32), key) for i in range(3)]
    np.testing.assert_array_equal(words(seed, step, stream, 12), np.concatenate(blocks))


@given(n=st.integers(0, 40), k=st.integers(0, 40), seed=st.integers(0, 2**64 - 1))
def test_fewer_numbers_are_the_beginning_of_more(n, k, seed):
    n, k = max(n, k), min(n, k)
    where = {"seed": seed, "step": 1, "stream": 2}
    assert words(**where, n=n).shape == (n,)
    np.testing.assert_array_equal(words(**where, n=n)[:k], words(**where, n=k))
    for draw in uniform, normal:
        np.testing.assert_array_equal(draw((n,), np.float64, **where)[:k], draw((k,), np.float64, **where))


@pytest.mark.parametrize("change", [{"seed": 2025}, {"seed": 2024 + 2**32}, {"step": 8}, {"stream": 4}])
def test_other_seeds_steps_and_streams_give_unrelated_words(change):
    one, other = words(**HERE, n=MANY), words(**{**HERE, **change}, n=MANY)
    # Of the 32 bits of each word about half agree; the count is binomial with standard deviation sqrt(32 n) / 2.
    differing = int(np.bitwise_count(one ^ other).sum())
    assert abs(differing - 16 * MANY) < 5 * math.sqrt(32 * MANY) / 2


def test_all_ends_of_the_ranges_are_accepted():
    assert words(2**64 - 1, 2**32 - 1, 2**32 - 1, 1).dtype == np.uint32
    np.testing.assert_array_equal(
        words(2**64 - 1, 2**32 - 1, 2**32 - 1, 4),
        philox(uint32("0", "0", *2 * ["ffffffff"]), uint32(*2 * ["ffffffff"])),
    )


def test_uniforms_are_the_top_bits_of_the_words():
    w = [int(word) for word in words(**HERE, n=6)]
    expected = [(word >> 8) / 2**24 for word in w]
    assert uniform((6,), np.float32, **HERE).tolist() == expected
    expected = [((w[i] << 32 | w[i + 1]) >> 11) / 2**53 for i in (0, 2, 4)]
    assert uniform((3,), np.float64, **HERE).tolist() == expected


@pytest.mark.parametrize(("dtype", "largest"), [(np.float32, 1 - 2.0**-24), (np.float64, 1 - 2.0**-53)])
def test_uniforms_reach_0_but_never_1(dtype, largest, monkeypatch):
    monkeypatch.setattr("miniae.noise.words", lambda seed, step, stream, n: np.zeros(n, np.uint32))
    assert uniform((2,), dtype, **HERE).tolist() == [0, 0]
    assert np.isfinite(normal((2,), dtype, **HERE)).all()
    monkeypatch.setattr("miniae.noise.words", lambda seed, step, stream, n: np.full(n, 2**32 - 1, np.uint32))
    assert uniform((2,), dtype, **HERE).tolist() == [largest, largest]
    # The smallest v = 2^-24 or 2^-53 gives the longest radius; the angle is a hair short of a full turn.
    radius = math.sqrt(-2 * math.log(1 - largest))
    np.testing.assert_allclose(normal((2,), dtype, **HERE), [radius, 0], atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("draw", [uniform, normal])
def test_shape_and_dtype_are_as_asked(draw, dtype):
    for shape in (), (0,), (3,), (2, 3, 4):
        x = draw(shape, dtype, **HERE)
        assert x.shape == shape
        assert x.dtype == dtype
    np.testing.assert_array_equal(draw((24,), dtype, **HERE).reshape(2, 3, 4), x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_uniforms_have_the_uniform_distribution(dtype):
    u = uniform((MANY,), dtype, **HERE).astype(np.float64)
    assert u.min() >= 0
    assert u.max() < 1
    # Mean 1/2 with variance 1/12; (u - 1/2)^2 has mean 1/12 and variance 1/80 - 1/144 = 1/180. Five deviations.
    assert abs(u.mean() - 1 / 2) < 5 * math.sqrt(1 / 12 / MANY)
    assert abs(((u - 1 / 2) ** 2).mean() - 1 / 12) < 5 * math.sqrt(1 / 180 / MANY)
    assert stats.kstest(u, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("dtype", DTYPES)
def test_normals_have_the_normal_distribution(dtype):
    z = normal((MANY,), dtype, **HERE).astype(np.float64)
    # Mean 0 with variance 1; z^2 has mean 1 and variance 2. Five deviations.
    assert abs(z.mean()) < 5 * math.sqrt(1 / MANY)
    assert abs((z**2).mean() - 1) < 5 * math.sqrt(2 / MANY)
    assert stats.kstest(z, "norm").pvalue > 1e-3
    # Box and Muller's pairs share a radius; their products must average to 0 (variance 1), and so their squares' too.
    pairs = z.reshape(-1, 2)
    assert abs(pairs.prod(axis=1).mean()) < 5 * math.sqrt(1 / len(pairs))
    # (x^2 - 1)(y^2 - 1) has mean 0 and variance 2 * 2.
    assert abs((pairs**2 - 1).prod(axis=1).mean()) < 5 * math.sqrt(4 / len(pairs))


def test_normals_solve_box_and_mullers_equations():
    u = uniform((6,), np.float64, **HERE).reshape(3, 2)
    z = normal((6,), np.float64, **HERE).reshape(3, 2)
    np.testing.assert_allclose(np.exp(-(z**2).sum(axis=1) / 2), 1 - u[:, 0], rtol=1e-14)
    np.testing.assert_allclose(np.arctan2(z[:, 1], z[:, 0]) / (2 * np.pi) % 1, u[:, 1], rtol=1e-14)
    np.testing.assert_array_equal(normal((5,), np.float64, **HERE), z.ravel()[:5])


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"seed": -1}, ValueError, r"seed must lie in \[0, 18446744073709551616\), got -1"),
        ({"seed": 2**64}, ValueError, "seed must lie in .*got 18446744073709551616"),
        ({"seed": 1.0}, TypeError, "seed must be an integer, got 1.0"),
        ({"step": -1}, ValueError, "step must lie in .*got -1"),
        ({"step": 2**32}, ValueError, r"step must lie in \[0, 4294967296\), got 4294967296"),
        ({"stream": 2**32}, ValueError, "stream must lie in .*got 4294967296"),
        ({"stream": "hidden"}, TypeError, "stream must be an integer, got 'hidden'"),
        ({"n": -1}, ValueError, "n must lie in .*got -1"),
        ({"n": 2**34 + 1}, ValueError, "n must lie in"),
    ],
)
def test_words_refuse_what_does_not_fit_the_counter(change, error, message):
    with pytest.raises(error, match=message):
        words(**{**HERE, "n": 1, **change})


@pytest.mark.bad_input
@pytest.mark.parametrize("draw", [uniform, normal])
@pytest.mark.parametrize("dtype", [np.float16, np.int32, np.complex128])
def test_other_dtypes_are_refused(draw, dtype):
    with pytest.raises(TypeError, match=f"dtype must be float32 or float64, got {np.dtype(dtype)}"):
        draw((3,), dtype, **HERE)


@pytest.mark.bad_input
def test_philox_refuses_other_words():
    with pytest.raises(TypeError, match="must be uint32, got int64 and uint32"):
        philox(np.zeros(4, np.int64), np.zeros(2, np.uint32))
    with pytest.raises(ValueError, match=r"got \(3,\) and \(2,\)"):
        philox(np.zeros(3, np.uint32), np.zeros(2, np.uint32))
    with pytest.raises(ValueError, match=r"got \(4,\) and \(4,\)"):
        philox(np.zeros(4, np.uint32), np.zeros(4, np.uint32))


@pytest.mark.bad_input  # NumPy's integers are welcome too, though the annotations name Python's alone
def test_numpy_integers_are_integers():
    np.testing.assert_array_equal(
        words(np.uint64(2**64 - 1), np.int32(5), np.uint32(2**32 - 1), np.int64(9)), words(2**64 - 1, 5, 2**32 - 1, 9)
    )
