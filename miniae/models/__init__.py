"""Models: networks with a cost, each a page that reads like its lesson."""

from miniae.models.autoencoder import Autoencoder
from miniae.models.base import Model
from miniae.models.contractive_autoencoder import ContractiveAutoencoder
from miniae.models.conv_autoencoder import ConvAutoencoder
from miniae.models.deep_autoencoder import DeepAutoencoder
from miniae.models.denoising_autoencoder import DenoisingAutoencoder
from miniae.models.dictionary import JumpReLUDictionary, L1Dictionary, TopKDictionary
from miniae.models.generative_adversarial_network import GenerativeAdversarialNetwork
from miniae.models.ica import ICA
from miniae.models.k_sparse_autoencoder import KSparseAutoencoder
from miniae.models.network_model import NetworkModel
from miniae.models.rica import RICA
from miniae.models.softmax_regression import SoftmaxRegression
from miniae.models.sparse_autoencoder import SparseAutoencoder
from miniae.models.sparse_coding import SparseCoding, topographic_groups
from miniae.models.stacked_autoencoder import StackedAutoencoder
from miniae.models.ufldl import from_ufldl, to_ufldl
from miniae.models.variational_autoencoder import VariationalAutoencoder

__all__ = [
    "ICA",
    "RICA",
    "Autoencoder",
    "ContractiveAutoencoder",
    "ConvAutoencoder",
    "DeepAutoencoder",
    "DenoisingAutoencoder",
    "GenerativeAdversarialNetwork",
    "JumpReLUDictionary",
    "KSparseAutoencoder",
    "L1Dictionary",
    "Model",
    "NetworkModel",
    "SoftmaxRegression",
    "SparseAutoencoder",
    "SparseCoding",
    "StackedAutoencoder",
    "TopKDictionary",
    "VariationalAutoencoder",
    "from_ufldl",
    "to_ufldl",
    "topographic_groups",
]
