"""Layers: typed fields, the parameters they ask for, and calls into a backend's tables."""

from miniae.layers.activations import ELU, SELU, Identity, LeakyReLU, ReLU, Sigmoid, Softmax, Softplus, Tanh
from miniae.layers.base import Layer, Parameter
from miniae.layers.dense import Dense
from miniae.layers.sparsity import KLSparsity, L1Sparsity

__all__ = [
    "ELU",
    "SELU",
    "Dense",
    "Identity",
    "KLSparsity",
    "L1Sparsity",
    "Layer",
    "LeakyReLU",
    "Parameter",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]
