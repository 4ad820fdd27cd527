"""Penalties: each a function ``cost, gradient = f(a, ...)`` that states its normalisation in its first line.

``PENALTIES`` is the table of all of them. A new penalty is one new file beside this one and one entry here.
"""

from miniae.penalties.kl_sparsity import kl_sparsity

PENALTIES = {
    "kl_sparsity": kl_sparsity,
}
