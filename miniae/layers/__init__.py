"""Layers: typed fields, the parameters they ask for, and calls into a backend's tables."""

from miniae.layers.activations import ELU, SELU, Identity, LeakyReLU, ReLU, Sigmoid, Softmax, Softplus, Tanh, TopK
from miniae.layers.base import Layer, Parameter
from miniae.layers.convolution import Conv2d, ConvTranspose2d
from miniae.layers.dense import Dense
from miniae.layers.jump_relu import JumpReLU
from miniae.layers.noise import Dropout, GaussianNoise, MaskingNoise, SaltAndPepper
from miniae.layers.normalization import BatchNorm
from miniae.layers.pooling import MaxPool2d, MaxUnpool2d, MeanPool2d, Upsample2d
from miniae.layers.shape import Flatten, Reshape
from miniae.layers.sparsity import KLSparsity, L1Sparsity

__all__ = [
    "ELU",
    "SELU",
    "BatchNorm",
    "Conv2d",
    "ConvTranspose2d",
    "Dense",
    "Dropout",
    "Flatten",
    "GaussianNoise",
    "Identity",
    "JumpReLU",
    "KLSparsity",
    "L1Sparsity",
    "Layer",
    "LeakyReLU",
    "MaskingNoise",
    "MaxPool2d",
    "MaxUnpool2d",
    "MeanPool2d",
    "Parameter",
    "ReLU",
    "Reshape",
    "SaltAndPepper",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "TopK",
    "Upsample2d",
]
