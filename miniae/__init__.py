"""miniae: autoencoders with every gradient derived by hand, to learn backpropagation, teach it, and verify it."""

from miniae.backends import backend
from miniae.gradcheck import check, check_function, check_pair
from miniae.lbfgs import lbfgs
from miniae.training import fit

__all__ = ["__version__", "backend", "check", "check_function", "check_pair", "fit", "lbfgs"]
__version__ = "0.1.0"
