r"""Weight initialisers: how large random weights must be for signals to survive many layers.

One output is a sum of ``fan_in`` products, :math:`y = \sum_d x_d w_d`. With independent weights of mean 0,

.. math::
    \operatorname{Var}(y) = n_{in} \operatorname{Var}(w)\, E[x^2]                       \tag{1}

so a stack of layers multiplies the signal's size by :math:`n_{in} \operatorname{Var}(w)` once per layer: it grows or
dies exponentially unless that factor is 1. Going backward the same sum runs over ``fan_out`` gradients, which asks for
:math:`n_{out} \operatorname{Var}(w) = 1`. The initialisers differ in which of the two they serve and in what the
activation does to :math:`E[x^2]`.

An initialiser is a function ``init(rng, shape) -> w``. It draws in float64 whatever the network computes in, so that a
float32 and a float64 network of one seed begin alike; the caller casts. The normal ones are not truncated.

Shapes: ``shape`` is (D, O) for dense weights and (KH, KW, C, O) for a convolution's, as :func:`fans` reads them.
"""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64
from numpy.random import Generator

from miniae.arrays import Array

Shape = tuple[int, ...]
Initializer = Callable[[Generator, Shape], Array]


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs one output sums over, and how many outputs one input reaches.

    Args:
        shape: (in, out), with the kernel's extent before them where there is one: (KH, KW, in, out).

    Returns:
        ``fan_in`` and ``fan_out``; every position of the kernel counts.

    Raises:
        ValueError: if ``shape`` has fewer than two axes or an empty one.

    >>> fans((784, 196)), fans((3, 3, 16, 32))
    ((784, 196), (144, 288))
    """
    if len(shape) < 2 or min(shape) < 1:
        raise ValueError(f"init: weights must be shaped (in, out) or (KH, KW, in, out), none of them 0, got {shape}")
    *kernel, n_in, n_out = shape
    return math.prod(kernel) * n_in, math.prod(kernel) * n_out


def ufldl(rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    r"""Uniform on :math:`\pm \sqrt{6} / \sqrt{n_{in} + n_{out} + 1}`, as UFLDL's sparse autoencoder starts.

    Glorot's range with the bias counted as one more input.

    >>> from numpy.random import default_rng
    >>> bool(abs(ufldl(default_rng(0), (64, 25))).max() < 6**0.5 / 90**0.5)
    True

    Source: UFLDL tutorial, "Autoencoders and Sparsity" (starter code).
    """
    return _uniform_of_variance(rng, shape, 2 / (sum(fans(shape)) + 1))


def glorot_uniform(rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    r"""Uniform with variance :math:`2 / (n_{in} + n_{out})`: for tanh, sigmoid and linear layers.

    The forward pass asks for :math:`1/n_{in}`, the backward pass for :math:`1/n_{out}`; this is their harmonic mean.

    >>> from numpy.random import default_rng
    >>> bool(abs(glorot_uniform(default_rng(0), (64, 32))).max() < 0.25)  # sqrt(6 / 96)
    True

    Source: Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks".
    """
    return _uniform_of_variance(rng, shape, 2 / sum(fans(shape)))


def glorot_normal(rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    r"""Normal with variance :math:`2 / (n_{in} + n_{out})`; see :func:`glorot_uniform`."""
    return _normal_of_variance(rng, shape, 2 / sum(fans(shape)))


def lecun_uniform(rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    r"""Uniform with variance :math:`1 / n_{in}`: (1) as it stands, for activations that keep :math:`E[x^2]` near 1.

    >>> from numpy.random import default_rng
    >>> bool(abs(lecun_uniform(default_rng(0), (300, 10))).max() < 0.1)  # sqrt(3 / 300)
    True

    Source: LeCun, Bottou, Orr, Müller (1998), "Efficient BackProp".
    """
    return _uniform_of_variance(rng, shape, 1 / fans(shape)[0])


def lecun_normal(rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    r"""Normal with variance :math:`1 / n_{in}`: what SELU's constants are made for.

    Source: Klambauer et al. (2017), "Self-normalizing neural networks".
    """
    return _normal_of_variance(rng, shape, 1 / fans(shape)[0])


def he_uniform(rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    r"""Uniform with variance :math:`2 / n_{in}`: for ReLU.

    ReLU sets the negative half of a symmetric signal to 0, and with it half of :math:`E[x^2]`; the 2 makes up for it.

    >>> from numpy.random import default_rng
    >>> bool(abs(he_uniform(default_rng(0), (600, 10))).max() < 0.1)  # sqrt(6 / 600)
    True

    Source: He, Zhang, Ren, Sun (2015), "Delving deep into rectifiers".
    """
    return _uniform_of_variance(rng, shape, 2 / fans(shape)[0])


def he_normal(rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    r"""Normal with variance :math:`2 / n_{in}`; see :func:`he_uniform`."""
    return _normal_of_variance(rng, shape, 2 / fans(shape)[0])


def ones(_rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    """Ones: for scales."""
    return np.ones(shape)


def zeros(_rng: Generator, shape: Shape) -> Float64[Array, "..."]:
    """All zeros: for biases. Weights of zero never learn apart, since all units get the same gradient.

    >>> from numpy.random import default_rng
    >>> zeros(default_rng(0), (3,))
    array([0., 0., 0.])
    """
    return np.zeros(shape)


def _uniform_of_variance(rng: Generator, shape: Shape, variance: float) -> Array:
    bound = math.sqrt(3 * variance)  # uniform on [-a, a] has variance a^2 / 3
    return rng.uniform(-bound, bound, shape)


def _normal_of_variance(rng: Generator, shape: Shape, variance: float) -> Array:
    return rng.normal(0.0, math.sqrt(variance), shape)


INITIALIZERS: dict[str, Initializer] = {
    "ufldl": ufldl,
    "glorot_uniform": glorot_uniform,
    "glorot_normal": glorot_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "zeros": zeros,
}


def initializer(name: str | Initializer) -> Initializer:
    """Look an initialiser up by its name; a function of one's own is passed through.

    Raises:
        ValueError: if the name is unknown; the message lists the known ones.

    >>> initializer("he_normal") is he_normal
    True
    """
    if callable(name):
        return name
    if name not in INITIALIZERS:
        raise ValueError(f"initializer: {name!r} is unknown; known: {', '.join(INITIALIZERS)}")
    return INITIALIZERS[name]
