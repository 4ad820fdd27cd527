"""What the tests that run the reference on CuPy's arrays share: moving, comparing, and the models to try."""

import numpy as np

from miniae.layers import BatchNorm, Dense, GaussianNoise, ReLU, Sigmoid, Tanh
from miniae.models import (
    RICA,
    Autoencoder,
    ContractiveAutoencoder,
    ConvAutoencoder,
    DeepAutoencoder,
    DenoisingAutoencoder,
    GenerativeAdversarialNetwork,
    JumpReLUDictionary,
    KSparseAutoencoder,
    L1Dictionary,
    NetworkModel,
    SoftmaxRegression,
    SparseAutoencoder,
    StackedAutoencoder,
    TopKDictionary,
    VariationalAutoencoder,
)

DTYPES = ["float32", "float64"]
ULPS = 4  # of the largest number of an array: NumPy adds up in another order where an array lies otherwise in memory


def moved(xp, value):
    """The value with every NumPy array in it copied to the device."""
    if isinstance(value, np.ndarray):
        return xp.asarray(value)
    if isinstance(value, dict):
        return {key: moved(xp, each) for key, each in value.items()}
    if isinstance(value, tuple):
        each = [moved(xp, each) for each in value]
        return type(value)(*each) if hasattr(value, "_fields") else type(value)(each)
    return value


def same(found, wanted):
    """Demand what the NumPy run found, in arrays of the device, of the same dtype."""
    if isinstance(wanted, tuple | list):
        assert len(found) == len(wanted)
        for pair in zip(found, wanted, strict=True):
            same(*pair)
    elif isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        for key in wanted:
            same(found[key], wanted[key])
    elif isinstance(wanted, np.ndarray | np.generic):
        assert type(found).__module__ == "cupy", type(found)
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        near = ULPS * np.finfo(wanted.dtype).eps * np.abs(wanted).max(initial=0) if wanted.dtype.kind == "f" else 0
        np.testing.assert_allclose(found.get(), wanted, rtol=0, atol=near)
    else:
        assert found == wanted


def cast(arguments, dtype):
    return {name: x.astype(dtype) if x.dtype.kind == "f" else x for name, x in arguments.items()}


def labels(n=13):
    return np.arange(n) % 3


def gan(**options):
    return GenerativeAdversarialNetwork([Dense(2, 6), Sigmoid()], [Dense(6, 4), ReLU(), Dense(4, 1)], 2, **options)


FEATURES = 6
MODELS = {
    "Autoencoder": lambda **o: Autoencoder([Dense(6, 3), BatchNorm(3), Sigmoid()], [Dense(3, 6), Sigmoid()], **o),
    "ContractiveAutoencoder": lambda **o: ContractiveAutoencoder(6, 3, **o),
    "ConvAutoencoder": lambda **o: ConvAutoencoder((4, 4, 1), (2, 2), **o),
    "DeepAutoencoder": lambda **o: DeepAutoencoder([6, 4, 2], weight_decay=1e-3, **o),
    "DenoisingAutoencoder": lambda **o: DenoisingAutoencoder(6, 3, GaussianNoise(0.5, clip=(0.0, 1.0)), **o),
    "GenerativeAdversarialNetwork": gan,
    "JumpReLUDictionary": lambda **o: JumpReLUDictionary(6, 8, strength=0.1, bandwidth=0.5, **o),
    "KSparseAutoencoder": lambda **o: KSparseAutoencoder(6, 5, 2, **o),
    "L1Dictionary": lambda **o: L1Dictionary(6, 8, strength=0.1, **o),
    "NetworkModel": lambda **o: NetworkModel([Dense(6, 3), Tanh()], "softmax_cross_entropy", **o),
    "RICA": lambda **o: RICA(6, 8, **o),
    "SoftmaxRegression": lambda **o: SoftmaxRegression(6, 3, **o),
    "SparseAutoencoder": lambda **o: SparseAutoencoder(6, 3, **o),
    "StackedAutoencoder": lambda **o: StackedAutoencoder(6, [4, 3], 3, **o),
    "TopKDictionary": lambda **o: TopKDictionary(6, 8, 2, dead_after=2, **o),
    "VariationalAutoencoder": lambda **o: VariationalAutoencoder(6, 4, 2, binarize=True, **o),
}
LABELLED = {"NetworkModel", "SoftmaxRegression", "StackedAutoencoder"}


def batch(name, dtype):
    """Examples for a model, and their targets."""
    shape = (13, 4, 4, 1) if name == "ConvAutoencoder" else (13, FEATURES)
    x = np.random.default_rng(0).uniform(0.1, 0.9, shape).astype(dtype)
    return x, labels() if name in LABELLED else None
