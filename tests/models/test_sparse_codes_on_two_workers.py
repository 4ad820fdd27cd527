"""A batch split over two workers gives the cost, gradient and counters of the whole: every mean goes through reduce."""

import threading

import numpy as np
import pytest

from miniae.models import ContractiveAutoencoder, JumpReLUDictionary, KSparseAutoencoder, L1Dictionary, TopKDictionary

X = np.random.default_rng(0).normal(size=(13, 5))
MODELS = {
    "contractive": lambda: ContractiveAutoencoder(5, 4, strength=0.3),
    "k-sparse": lambda: KSparseAutoencoder(5, 7, 2),
    "L1": lambda: L1Dictionary(5, 7, strength=0.3),
    "TopK + AuxK": lambda: TopKDictionary(5, 7, 2, aux_k=2, aux_strength=0.7, dead_after=3),
    "JumpReLU": lambda: JumpReLUDictionary(5, 7, strength=0.3, initial=0.3, bandwidth=0.5),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_two_workers(make):
    model = make()
    model.theta = model.theta + 0.3 * np.random.default_rng(1).standard_normal(model.theta.size)
    model.buffers[::2] = 5  # where units are counted, every other one is dead
    barrier, parts, results = threading.Barrier(2), [None, None], [None, None]

    def worker(rank, share):
        def reduce(total, count):
            parts[rank] = np.array(total), count
            barrier.wait()
            both = parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]
            barrier.wait()
            return both

        gradient, buffers = np.empty_like(model.theta), model.buffers.copy()
        ctx = model.context(model.buffers, buffers, reduce=reduce, training=True)
        cost = model.backpropagate(model.theta, share, share, ctx, gradient)
        results[rank] = float(cost), gradient, buffers

    threads = [threading.Thread(target=worker, args=(0, X[:9])), threading.Thread(target=worker, args=(1, X[9:]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    wanted, buffers = np.empty_like(model.theta), model.buffers.copy()
    cost = model.backpropagate(model.theta, X, X, model.context(model.buffers, buffers, training=True), wanted)
    for found_cost, gradient, found_buffers in results:
        assert found_cost == pytest.approx(float(cost), rel=1e-13)
        np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-13 * np.abs(wanted).max())
        np.testing.assert_array_equal(found_buffers, buffers)
