"""A shelf of gradients that are wrong on purpose, for trying a gradient checker on.

Each mutant is a mistake that people make, real libraries among them, written as they would write it, with its cause:
what a diagnosis should say. ``MUTANTS`` is the table of all; ``miniae mutants`` has every one checked and shows what
came of it. A new mutant is one decorated function in the file of what it breaks.

A mistake that cost and gradient make alike is not among them, because no gradient check can see it: the gradient is
right, of another cost. :mod:`miniae.mutants.unseen` holds such mistakes with what catches them, a value worked out by
hand.

>>> from miniae.mutants import MUTANTS
>>> {mutant.name: mutant for mutant in MUTANTS}["dense/bias_gradient_averaged"].check(seed=0).verdict
'fail'
"""

from miniae.mutants import (
    activations,
    batch_norm,
    convolution,
    dense,
    losses,
    models,
    penalties,
    pooling,
    rectifiers,
    softmax,
    sparse_autoencoder,
    sparse_codes,
    transposed_convolution,
    upsampling,
)
from miniae.mutants.mutant import Mutant
from miniae.mutants.unseen import UNSEEN, Unseen

SHELVES = (
    dense,
    convolution,
    transposed_convolution,
    pooling,
    upsampling,
    batch_norm,
    activations,
    rectifiers,
    sparse_codes,
    softmax,
    losses,
    penalties,
    sparse_autoencoder,
    models,
)
MUTANTS: tuple[Mutant, ...] = tuple(
    entry for shelf in SHELVES for entry in vars(shelf).values() if isinstance(entry, Mutant)
)

__all__ = ["MUTANTS", "UNSEEN", "Mutant", "Unseen"]
