r"""Noise in one pass over the data: dropout, masking, salt and pepper, and normal noise with or without clipping.

A noise layer (:mod:`miniae.layers.noise`) draws an array of random numbers, makes of it an array of what is kept and
perhaps another of what is added, and combines them with its input. Here, in one go:

.. math::
    y = x \odot k + a, \quad dx = dy \odot k: \qquad
    k_i &= \kappa\, [u_i \ge r], \quad a_i = [u_i < r_1] \\
    y = \min(\max(x + \sigma z, l), h), \qquad
    dx_i &= dy_i\, [l < y_i < h]

with u uniform and z normal numbers. Dropout: :math:`\kappa = 1 / (1 - r)`; masking and salt and pepper:
:math:`\kappa = 1`; ones are put in for salt and pepper alone, :math:`r_1 = r / 2`. Outputs and gradients of those three
equal the reference's to the bit (but for the sign of a 0).

Idea: random numbers are a function of where they belong, so that they need not be stored: the thread that reads an
element makes its number, uses it, and forgets it. The backward makes it again. For that it has to be given the same
(seed, step, stream), which means that a step's counter on the device moves on after the backward. Clipping shows in the
output itself: its backward draws nothing.

Bytes, for n elements of s bytes: 2 n s, backward as well; 3 n s for that of clipping. (The layer's own operations move
from 6 to 12 n s.) Operations: those of :mod:`miniae_kernels.cuda.noise` and about 5 each.

Shapes: ``...`` any shape; n elements.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import cuda, uint32

from miniae.arrays import check_cotangent, check_floats, output
from miniae.ops import Pair
from miniae_kernels.cuda.launch import THREADS, blocks_for, check_array, device, kernel
from miniae_kernels.cuda.noise import (
    WORDS,
    device_step,
    normal_at,
    numbers_each,
    numbers_of_a_block,
    share_words,
    shared_normals,
    shared_uniform,
    uniform_at,
)

DROPPING = ("dropout", "masking_noise", "salt_and_pepper")
KINDS = (*DROPPING, "gaussian_noise")


@device
def dropped(x, u, scale, rate, ones):
    """x times what is kept of it, plus what is put in its place; ``ones`` is the fraction that becomes 1."""
    real = type(x)
    keep = scale if u >= rate else real(0)
    add = real(1) if u < ones else real(0)
    return x * keep + add


@device
def clipped(x, low, high):
    """The nearest to x in [low, high]; NaN, which is on no side of anything, stays."""
    return low if x <= low else high if x >= high else x


@kernel("real[::1], real[::1], real, real, real, uint64, uint32[::1], uint32")
def naive_drop(x, y, scale, rate, ones, seed, step, stream):
    """A thread for each element, which makes a whole block of words for its one number."""
    i = cuda.grid(1)
    if i < x.size:
        y[i] = dropped(x[i], uniform_at(i, seed, step[0], stream, x.dtype.type), scale, rate, ones)


@kernel("real[::1], real[::1], real, real, real, uint64, uint32[::1], uint32")
def naive_blur(x, y, std, low, high, seed, step, stream):
    """A thread for each element, which makes two normal numbers for its one."""
    i = cuda.grid(1)
    if i < x.size:
        y[i] = clipped(x[i] + std * normal_at(i, seed, step[0], stream, x.dtype.type), low, high)


@kernel("real[::1], real[::1], real, real, real, uint64, uint32[::1], uint32")
def drop(x, y, scale, rate, ones, seed, step, stream):
    """The threads of a block share the words they make; the backward is this kernel too, with no ones."""
    words = cuda.shared.array(WORDS, uint32)
    share_words(words, seed, step[0], stream)
    real = x.dtype.type
    first = cuda.blockIdx.x * THREADS * numbers_each(real)
    for k in range(numbers_each(real)):
        i = cuda.threadIdx.x + k * THREADS
        if first + i < x.size:
            y[first + i] = dropped(x[first + i], shared_uniform(words, i, real), scale, rate, ones)


@kernel("real[::1], real[::1], real, real, real, uint64, uint32[::1], uint32")
def blur(x, y, std, low, high, seed, step, stream):
    """The same with normal numbers, which come in pairs."""
    words = cuda.shared.array(WORDS, uint32)
    share_words(words, seed, step[0], stream)
    real = x.dtype.type
    first = cuda.blockIdx.x * THREADS * numbers_each(real)
    for k in range(numbers_each(real) // 2):
        pair = cuda.threadIdx.x + k * THREADS
        i = first + 2 * pair
        even, odd = shared_normals(words, pair, real)
        if i < x.size:
            y[i] = clipped(x[i] + std * even, low, high)
        if i + 1 < x.size:
            y[i + 1] = clipped(x[i + 1] + std * odd, low, high)


@kernel("real[::1], real[::1], real[::1], real, real")
def clip_backward(dy, y, dx, low, high):
    """The gradient where the output lies inside, 0 where it is a border."""
    i = cuda.grid(1)
    if i < dy.size:
        real = dy.dtype.type
        dx[i] = dy[i] * (real(1) if low < y[i] and y[i] < high else real(0))


def spoil(
    kind: str,
    x: Any,
    out: Any = None,
    *,
    seed: int,
    step: Any,
    stream: int,
    rate: float = 0.0,
    std: float = 0.0,
    clip: tuple[float, float] = (-np.inf, np.inf),
) -> Any:
    """Noise upon ``x``; what the layers of :mod:`miniae.layers.noise` do while training.

    Args:
        kind: one of :data:`KINDS`.
        x: any shape.
        out: where to write it, ``x`` itself if you like; None for a fresh array.
        seed, step, stream: see :func:`miniae_kernels.cuda.noise.uniform`.
        rate: for all kinds but ``"gaussian_noise"``: the fraction of elements that are hit, at least 0 and less than 1.
        std: for ``"gaussian_noise"``: the standard deviation, at least 0.
        clip: for ``"gaussian_noise"``: the range to stay in, (low, high).

    Returns:
        The spoilt array, shaped like ``x``.

    Raises:
        TypeError: if an array has a wrong dtype, or seed, step or stream is no integer.
        ValueError: if an argument is out of its range, an array has a wrong shape or is not C-contiguous.
    """
    _check(kind, rate, std, clip)
    check_floats(kind, x=x)
    step = device_step(_words(x), seed=seed, step=step, stream=stream)
    y = output(kind, out, x.shape, x)
    _check_contiguous(kind, x=x, out=y)
    if kind == "gaussian_noise":
        settings, draw = (std, *clip), blur
    else:
        settings, draw = (_scale(kind, rate, x.dtype), rate, rate / 2 if kind == "salt_and_pepper" else 0), drop
    grid = blocks_for(x.size, numbers_of_a_block(x.dtype)), THREADS
    draw[grid](x.reshape(-1), y.reshape(-1), *settings, seed, step, stream)
    return y


def spoil_backward(
    kind: str,
    dy: Any,
    out: Any = None,
    *,
    seed: int,
    step: Any,
    stream: int,
    rate: float = 0.0,
    y: Any = None,
    clip: tuple[float, float] = (-np.inf, np.inf),
) -> Any:
    """Gradient with respect to the input of :func:`spoil`.

    Args:
        kind, seed, stream, rate, clip: as they were given there.
        step: likewise; if it is an array, it must still hold the same number.
        dy: gradient with respect to the output.
        out: where to write it, ``dy`` itself if you like; None for a fresh array.
        y: for ``"gaussian_noise"``: the output.

    Returns:
        ``dx``, shaped like ``dy``.

    Raises:
        TypeError, ValueError: as :func:`spoil`; if ``y`` is missing or not like ``dy``.
    """
    _check(kind, rate, 0.0, clip)
    check_floats(kind, dy=dy)
    if kind == "gaussian_noise":
        if y is None:
            raise TypeError("gaussian_noise: y must be the output of spoil, got None")
        check_cotangent(kind, dy, y.shape, y.dtype)
        dx = output(kind, out, dy.shape, dy)
        _check_contiguous(kind, dy=dy, y=y, out=dx)
        clip_backward[blocks_for(dy.size), THREADS](dy.reshape(-1), y.reshape(-1), dx.reshape(-1), *clip)
        return dx
    step = device_step(_words(dy), seed=seed, step=step, stream=stream)
    dx = output(kind, out, dy.shape, dy)
    _check_contiguous(kind, dy=dy, out=dx)
    grid = blocks_for(dy.size, numbers_of_a_block(dy.dtype)), THREADS
    drop[grid](dy.reshape(-1), dx.reshape(-1), _scale(kind, rate, dy.dtype), rate, 0, seed, step, stream)
    return dx


def _scale(kind: str, rate: float, dtype: Any) -> Any:
    """What is kept of an element that is not hit: for dropout 1 / (1 - rate), divided in the dtype as by the layer."""
    return dtype.type(1) / dtype.type(1 - rate) if kind == "dropout" else dtype.type(1)


def _words(x: Any) -> int:
    """How many random words the elements take."""
    return int(x.nbytes // 4)


def _check(kind: str, rate: float, std: float, clip: tuple[float, float]) -> None:
    if kind not in KINDS:
        raise ValueError(f"noise: kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if not 0 <= rate < 1:
        raise ValueError(f"{kind}: rate must be at least 0 and less than 1, got {rate}")
    if not 0 <= std < np.inf:
        raise ValueError(f"{kind}: std must be finite and not negative, got {std}")
    if not clip[0] < clip[1]:
        raise ValueError(f"{kind}: clip must be (low, high) with low < high, got {clip}")


def _check_contiguous(kind: str, **arrays: Any) -> None:
    for name, array in arrays.items():
        check_array(kind, name, array, array.dtype, array.ndim)


class NoiseCache(NamedTuple):
    """What the backward needs: how it was drawn and, where it was clipped, what came out."""

    settings: dict[str, Any]
    y: Any


def noise(kind: str) -> Pair:
    """The pair that a noise layer runs: :func:`spoil` with the layer's options, and its backward."""

    def forward(x: Any, *, out: Any = None, clip: Any = None, **settings: Any) -> tuple[Any, NoiseCache | None]:
        if kind == "gaussian_noise" and clip is None:
            return spoil(kind, x, out, **settings), None  # all of x is kept: dx is dy
        if kind in DROPPING:
            return spoil(kind, x, out, **settings), NoiseCache(settings, None)
        y = spoil(kind, x, out, clip=clip, **settings)
        which = {name: settings[name] for name in ("seed", "step", "stream")}
        return y, NoiseCache({**which, "clip": clip}, y)

    def backward(dy: Any, cache: NoiseCache, *, out: Any = None) -> Any:
        return spoil_backward(kind, dy, out, y=cache.y, **cache.settings)

    return Pair(forward, backward)


PAIRS = {kind: noise(kind) for kind in KINDS}


def main() -> None:
    """Hold dropout and clipped noise against the reference and against the device's bandwidth."""
    from miniae import noise
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, seed, stream = 2**24, 2024, 3
    step = cupy.full(1, 7, cupy.uint32)
    x = cupy.random.default_rng(0).random(n, dtype=cupy.float32)
    y = cupy.empty_like(x)
    rate, std, grid, place = 0.25, 0.3, (blocks_for(n), THREADS), (seed, step, stream)
    at: dict[str, Any] = {"seed": seed, "step": step, "stream": stream}
    kept = noise.uniform((n,), np.float32, seed=seed, step=7, stream=stream) >= np.float32(rate)
    compare(
        f"dropout, {n} elements, float32",
        Case("naive", lambda: naive_drop[grid](x, y, 1 / (1 - rate), rate, 0, *place), moved=2 * x.nbytes),
        Case("shared words", lambda: spoil("dropout", x, y, rate=rate, **at), moved=2 * x.nbytes),
        got=lambda: y,
        expected=x.get().astype(np.float64) * kept / (1 - rate),
    )
    z = noise.normal((n,), np.float32, seed=seed, step=7, stream=stream).astype(np.float64)
    compare(
        f"normal noise, clipped, {n} elements, float32",
        Case("naive", lambda: naive_blur[grid](x, y, std, 0, 1, *place), moved=2 * x.nbytes),
        Case("shared words", lambda: spoil("gaussian_noise", x, y, std=std, clip=(0, 1), **at), moved=2 * x.nbytes),
        got=lambda: y,
        expected=np.clip(x.get() + std * z, 0, 1),
    )


if __name__ == "__main__":
    main()
