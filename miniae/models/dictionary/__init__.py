"""Dictionaries: the sparse autoencoders with which the activations of networks are taken apart.

Three ways to make a code sparse: a price on the size of activations, a fixed number of them, a price on their number.
"""

from miniae.models.dictionary.base import Dictionary
from miniae.models.dictionary.jump_relu import JumpReLUDictionary
from miniae.models.dictionary.l1 import L1Dictionary
from miniae.models.dictionary.top_k import TopKDictionary

__all__ = ["Dictionary", "JumpReLUDictionary", "L1Dictionary", "TopKDictionary"]
