"""Systems: whole trainings on real data, each with a figure to be held against a target.

``SYSTEMS`` is the table of all of them, by the name that ``miniae results`` takes. A new system is one new file beside
this one and one entry here.
"""

from miniae.systems import (
    s000_cnn_sparse_autoencoder,
    s002_colouring,
    s002_convolutional_autoencoder,
    ufldl1_sparse_autoencoder,
    ufldl4_softmax_regression,
    ufldl8_convolution_and_pooling,
)
from miniae.systems.system import System

SYSTEMS: dict[str, System] = {
    "000": s000_cnn_sparse_autoencoder.SYSTEM,
    "002": s002_convolutional_autoencoder.SYSTEM,
    "002-colour": s002_colouring.SYSTEM,
    "ufldl1": ufldl1_sparse_autoencoder.SYSTEM,
    "ufldl4": ufldl4_softmax_regression.SYSTEM,
    "ufldl8": ufldl8_convolution_and_pooling.SYSTEM,
}
