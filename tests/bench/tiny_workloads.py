"""A small one of each kind of workload, and contenders that are wrong on purpose."""

import dataclasses

from miniae.bench.ours import Miniae
from miniae.bench.workloads import Workload, convolutional, dense, sparse, two_convolutions
from miniae.optimizers import Adam, RMSProp

TINY = {
    "sparse": Workload("tiny sparse AE", sparse(6, 3), (6,), 5, Adam(0.01)),
    "dense": Workload("tiny dense AE", dense(6, 3), (6,), 5, Adam(0.01)),
    "conv": Workload("tiny conv AE", convolutional((1, 4, 2, 1), 1), (4, 6, 1), 3, RMSProp(1e-3)),
    "deep conv": Workload("tiny conv AE", convolutional((3, 2, 4, 5, 4, 2, 3), 3), (8, 8, 3), 2, RMSProp(1e-3)),
    "two convs": Workload("tiny convs", two_convolutions(2), (4, 5, 2), 3, Adam(0.01)),
}


def contender(workload, dtype="float64", **changes):
    """miniae on NumPy, with another optimiser where changes are given to its settings."""
    optimizer = dataclasses.replace(workload.optimizer, **changes)
    return Miniae(workload.make("numpy", dtype), workload.data(dtype), optimizer)


class WrongGradient(Miniae):
    """Its gradient of w2 is 1 % too long."""

    def cost_and_grad(self):
        cost, gradient = super().cost_and_grad()
        gradient[self.model.layout["w2"].slice] *= 1.01
        return cost, gradient


class WrongCost(Miniae):
    """Its cost is NaN."""

    def cost_and_grad(self):
        return float("nan"), super().cost_and_grad()[1]
