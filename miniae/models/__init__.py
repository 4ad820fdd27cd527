"""Models: networks with a cost, each a page that reads like its lesson."""

from miniae.models.autoencoder import Autoencoder
from miniae.models.base import Model
from miniae.models.conv_autoencoder import ConvAutoencoder
from miniae.models.network_model import NetworkModel
from miniae.models.softmax_regression import SoftmaxRegression
from miniae.models.sparse_autoencoder import SparseAutoencoder
from miniae.models.ufldl import from_ufldl, to_ufldl

__all__ = [
    "Autoencoder",
    "ConvAutoencoder",
    "Model",
    "NetworkModel",
    "SoftmaxRegression",
    "SparseAutoencoder",
    "from_ufldl",
    "to_ufldl",
]
