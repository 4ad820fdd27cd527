"""UFLDL exercise 4: softmax regression on MNIST."""

from pathlib import Path

from miniae import plots
from miniae.data import mnist
from miniae.lbfgs import lbfgs
from miniae.models import SoftmaxRegression
from miniae.systems.system import Figure, System


def run(out: Path) -> list[Figure]:
    """Train 100 iterations on 60,000 digits; accuracy on the 10,000 test digits. Below 91 % is a bug."""
    data = mnist()
    model = SoftmaxRegression(784, 10, weight_decay=1e-4, bias=False, seed=0)
    lbfgs(model, data.x_train, data.y_train, iterations=100)
    plots.filters(model.layout.views(model.theta)["w1"], columns=5).savefig(out / "ufldl4-weights.png")
    return [Figure("test accuracy", model.accuracy(data.x_test, data.y_test), 0.92, 0.93)]


SYSTEM = System("softmax regression 784-10", "MNIST", run)
