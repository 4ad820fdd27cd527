"""What the stacked systems share: the three stages of a stacked autoencoder, and the same network without the first."""

from typing import NamedTuple

from miniae import plots
from miniae.arrays import Array
from miniae.data import Dataset
from miniae.models import Model, StackedAutoencoder
from miniae.optimizers import Adam, RMSProp
from miniae.schedules import CosineDecay
from miniae.systems.system import Run
from miniae.training import History, fit


class Rates(NamedTuple):
    """Learning rates: Adam's for the autoencoders and the softmax, RMSProp's for fine-tuning."""

    autoencoder: float
    softmax: float
    fine_tuning: float


class Setting(NamedTuple):
    """Sizes of the network, and passes over the data in each stage.

    Attributes:
        hidden: units of each hidden layer.
        decay: weight decay of the autoencoders.
        pretraining, softmax, fine_tuning: epochs.
        batch: examples in a step.
        rates: learning rates at the start of each stage; each falls to 0 along a cosine.
    """

    hidden: tuple[int, ...]
    decay: float
    pretraining: int
    softmax: int
    fine_tuning: int
    batch: int
    rates: Rates


class Accuracies(NamedTuple):
    """On the test set: the softmax on pretrained layers, all of it fine-tuned, and fine-tuned from random weights."""

    before: float
    after: float
    random: float


def stack(job: Run, data: Dataset, setting: Setting, seed: int, name: str) -> Accuracies:
    """Train a stacked autoencoder (rho .1, beta 3), and the same network from random weights; draw the filters."""
    x, labels = data.x_train, data.y_train

    def train(model: Model, x: Array, labels: Array | None, epochs: int, rate: float) -> History:
        decaying = Adam(CosineDecay(rate, steps=epochs * -(-len(x) // setting.batch)))
        return fit(model, x, labels, epochs=epochs, batch_size=setting.batch, optimizer=decaying, seed=seed)

    def fine_tune(model: StackedAutoencoder) -> float:
        rule = RMSProp(CosineDecay(setting.rates.fine_tuning, steps=setting.fine_tuning * -(-len(x) // setting.batch)))
        fit(model, x, labels, epochs=setting.fine_tuning, batch_size=setting.batch, optimizer=rule, seed=seed)
        return model.accuracy(data.x_test, data.y_test)

    stacked, random = (
        StackedAutoencoder(x.shape[1], setting.hidden, 10, seed=seed, dtype="float32") for _ in ("stacked", "random")
    )
    stacked.pretrain(
        x,
        lambda autoencoder, a: train(autoencoder, a, None, setting.pretraining, setting.rates.autoencoder),
        weight_decay=setting.decay,
        seed=seed,
    )
    stacked.pretrain_softmax(
        x, labels, lambda softmax, a, t: train(softmax, a, t, setting.softmax, setting.rates.softmax)
    )
    before = stacked.accuracy(data.x_test, data.y_test)
    job.save(plots.filters(stacked.layout.views(stacked.theta)["w1"][:, :100]), f"{name}-pretrained-filters")
    after = fine_tune(stacked)
    job.save(plots.filters(stacked.layout.views(stacked.theta)["w1"][:, :100]), f"{name}-fine-tuned-filters")
    return Accuracies(before, after, fine_tune(random))
