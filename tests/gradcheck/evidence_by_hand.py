"""Evidence put together by hand: two gradients a block, no differences taken."""

import numpy as np

from miniae.gradcheck.evidence import Compared, Evidence
from miniae.gradcheck.numeric import Difference


def compared(name, analytic, numeric, *, uncertainty=1e-13, noise=0.0, tolerance=1e-9):
    """A block whose numerical gradient is ``numeric``, good to ``uncertainty``."""
    numeric = np.asarray(numeric, float)
    difference = Difference(numeric, np.broadcast_to(uncertainty, numeric.shape), np.broadcast_to(noise, numeric.shape))
    return Compared(name, np.zeros(numeric.shape), np.asarray(analytic), difference, tolerance)


def evidence(*blocks, **more):
    """Evidence of blocks made with :func:`compared`."""
    return Evidence(blocks, **more)
