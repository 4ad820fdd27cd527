"""UFLDL exercise 4: softmax regression on MNIST."""

from miniae import plots
from miniae.lbfgs import lbfgs
from miniae.models import SoftmaxRegression
from miniae.systems.system import Figure, Run, System


def run(job: Run) -> list[Figure]:
    """Train 100 iterations on 60,000 digits; accuracy on the 10,000 test digits. Below 91 % is a bug."""
    data = job.digits()
    model = SoftmaxRegression(data.x_train.shape[1], 10, weight_decay=1e-4, bias=False, seed=0)
    lbfgs(model, data.x_train, data.y_train, iterations=100)
    job.save(plots.filters(model.layout.views(model.theta)["w1"], columns=5), "ufldl4-weights")
    return [Figure("test accuracy", model.accuracy(data.x_test, data.y_test), *job.pick((0.92, 0.93), (0.85, 1)))]


SYSTEM = System("softmax regression 784-10", "MNIST", run)
