"""System 003a: a deep SELU autoencoder on garments, its loss curve held against PyTorch's."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.models import DeepAutoencoder
from miniae.optimizers import SGD
from miniae.optional import require
from miniae.systems.system import Figure, Run, System
from miniae.training import History, fit

SIZES = 784, 100, 30
EPOCHS, BATCH, RATE, SEED = 10, 32, 1.5, 0  # as in the article
HELD_OUT = 0.1


def run(job: Run) -> list[Figure]:
    """Train in float64 for 10 epochs; the largest relative difference of an epoch's cost to that of a PyTorch twin.

    The twin starts from the same weights and sees the same batches, in the same order.
    """
    x = job.garments().x_train
    held = round(HELD_OUT * len(x))
    x, held_out = x[:-held], x[-held:]
    model = DeepAutoencoder(job.pick(SIZES, (64, 30, 10)), seed=SEED)
    twin = _twin(model, x, held_out)
    history = fit(
        model, x, epochs=EPOCHS, batch_size=BATCH, optimizer=SGD(RATE), validation=(held_out, None), seed=SEED
    )
    job.save(plots.curves({**history, "PyTorch_cost": twin["cost"]}), "003a-cost")
    ten = held_out[:10]
    job.save(plots.image_rows({"original": ten, "reconstruction": model.reconstruct(ten)}), "003a-garments")
    apart = [
        float(np.max(np.abs(np.array(history[name]) / np.array(twin[name]) - 1)))
        for name in ("cost", "validation_cost")
    ]
    return [
        Figure("largest relative difference of an epoch's cost to PyTorch's", apart[0], 0, 1e-6),
        Figure("largest relative difference of the validation cost to PyTorch's", apart[1], 0, 1e-6),
        Figure("validation cross-entropy per pixel after 10 epochs", history["validation_cost"][-1]),
    ]


def _twin(model: DeepAutoencoder, x: Array, held_out: Array) -> History:
    """PyTorch's loss curve, from the model's weights as they are."""
    torch = require("torch", extra="oracle")
    views = model.layout.views(model.theta)
    weights = [slot.name for slot in model.layout if slot.decays]
    modules = []
    for name in weights:
        d, o = views[name].shape
        linear = torch.nn.Linear(d, o, dtype=torch.float64)
        linear.weight.data = torch.tensor(views[name].T)  # PyTorch keeps (out, in)
        linear.bias.data = torch.tensor(views[name.replace("w", "b")])
        modules += [linear, torch.nn.SELU()]
    network = torch.nn.Sequential(*modules[:-1])
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    loss = torch.nn.BCEWithLogitsLoss()
    data, held = torch.tensor(x), torch.tensor(held_out)
    rng, history = np.random.default_rng(SEED), History(cost=[], validation_cost=[])
    for _ in range(EPOCHS):
        order, total = torch.tensor(rng.permutation(len(x))), 0.0  # the shuffles of fit
        for batch in order.split(BATCH):
            optimizer.zero_grad()
            cost = loss(network(data[batch]), data[batch])
            cost.backward()
            optimizer.step()
            total += cost.item() * len(batch)
        history["cost"].append(total / len(x))
        with torch.no_grad():
            history["validation_cost"].append(loss(network(held), held).item())
    return history


SYSTEM = System("deep SELU autoencoder 784-100-30-100-784, SGD 1.5", "Fashion-MNIST", run)
