"""How long a gradient check takes, beside PyTorch's, and what one of a million parameters takes of memory.

    python tests/benchmarks/gradient_check.py            prints the table
    python tests/benchmarks/gradient_check.py --record   writes it to gradient_check.md beside this file

The cost is the sparse autoencoder 64-25-64 (UFLDL's first exercise) on 100 examples: 3,289 parameters. Nothing of
miniae is in it: it is written out in NumPy, as a user would, and once more in PyTorch. Both checks go entry by entry;
miniae's takes two steps, so four costs for each, PyTorch's slow mode two. Every check runs in a process of its own, so
that the threads of one library are not in the way of the other's, and they take turns.
"""

import argparse
import datetime
import importlib.metadata
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import threadpoolctl

from miniae.gradcheck import check_function

FEATURES, HIDDEN, EXAMPLES = 64, 25, 100
RHO, BETA, LAMBDA = 0.01, 3.0, 1e-4
REPEATS = 5
HERE = Path(__file__)


class SparseAutoencoder:
    """UFLDL's cost function, examples in rows."""

    def __init__(self, features: int, hidden: int, examples: int) -> None:
        rng = np.random.default_rng(0)
        self.x = rng.uniform(0.1, 0.9, (examples, features))
        self.layout = {"w1": (features, hidden), "b1": (hidden,), "w2": (hidden, features), "b2": (features,)}
        self.ends = np.cumsum([np.prod(shape) for shape in self.layout.values()])
        r = (6 / (features + hidden + 1)) ** 0.5
        self.theta = rng.uniform(-r, r, self.ends[-1])

    def split(self, theta):
        parts = zip(self.layout.values(), [0, *self.ends], self.ends, strict=False)
        return [theta[start:end].reshape(shape) for shape, start, end in parts]

    def forward(self, theta):
        w1, b1, w2, b2 = self.split(theta)
        a = 1 / (1 + np.exp(-(self.x @ w1 + b1)))
        y = 1 / (1 + np.exp(-(a @ w2 + b2)))
        r = a.mean(axis=0)
        kl = (RHO * np.log(RHO / r) + (1 - RHO) * np.log((1 - RHO) / (1 - r))).sum()
        decay = LAMBDA / 2 * ((w1 * w1).sum() + (w2 * w2).sum())
        return ((y - self.x) ** 2).sum() / (2 * len(self.x)) + decay + BETA * kl, a, y, r

    def cost(self, theta):
        return self.forward(theta)[0]

    def cost_and_gradient(self, theta):
        w1, _, w2, _ = self.split(theta)
        cost, a, y, r = self.forward(theta)
        m = len(self.x)
        dz2 = (y - self.x) / m * y * (1 - y)
        dz1 = (dz2 @ w2.T + BETA / m * (-RHO / r + (1 - RHO) / (1 - r))) * a * (1 - a)
        parts = self.x.T @ dz1 + LAMBDA * w1, dz1.sum(axis=0), a.T @ dz2 + LAMBDA * w2, dz2.sum(axis=0)
        return cost, np.concatenate([part.ravel() for part in parts])


def given_a_cost(ae: SparseAutoencoder) -> bool:
    return check_function(ae.cost_and_gradient, ae.theta, cost=ae.cost, layout=ae.layout).passed


def given_both(ae: SparseAutoencoder) -> bool:
    return check_function(ae.cost_and_gradient, ae.theta, layout=ae.layout).passed


def in_pytorch(ae: SparseAutoencoder) -> bool:
    import torch

    x = torch.tensor(ae.x)

    def cost(w1, b1, w2, b2):
        a = torch.sigmoid(x @ w1 + b1)
        y = torch.sigmoid(a @ w2 + b2)
        r = a.mean(dim=0)
        kl = (RHO * torch.log(RHO / r) + (1 - RHO) * torch.log((1 - RHO) / (1 - r))).sum()
        decay = LAMBDA / 2 * ((w1 * w1).sum() + (w2 * w2).sum())
        return ((y - x) ** 2).sum() / (2 * len(x)) + decay + BETA * kl

    tensors = [torch.tensor(part, requires_grad=True) for part in ae.split(ae.theta)]
    assert abs(cost(*tensors).item() - ae.cost(ae.theta)) < 1e-12
    return torch.autograd.gradcheck(cost, tensors)


CHECKS = {
    "miniae, given a cost function": given_a_cost,
    "miniae, given (cost, gradient)": given_both,
    "torch.autograd.gradcheck, slow mode": in_pytorch,
}


def seconds(check) -> float:
    """How long one check takes, the second time: the first loads what it needs."""
    ae = SparseAutoencoder(FEATURES, HIDDEN, EXAMPLES)
    assert check(ae)
    start = time.perf_counter()
    assert check(ae)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write the table beside this file")
    parser.add_argument("--one", choices=CHECKS, help="time this check alone and print the seconds")
    arguments = parser.parse_args()
    if arguments.one:
        print(seconds(CHECKS[arguments.one]))
        return
    times: dict[str, list[float]] = {name: [] for name in CHECKS}
    for _ in range(REPEATS):
        for name in CHECKS:
            command = [sys.executable, str(HERE), "--one", name]
            times[name].append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    large = SparseAutoencoder(1000, 500, 20)
    tracemalloc.start()
    start = time.perf_counter()
    assert check_function(large.cost_and_gradient, large.theta, layout=large.layout).verdict != "fail"
    took, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    lines = [
        f"# Checking the gradient of the {FEATURES}-{HIDDEN}-{FEATURES} sparse autoencoder",
        "",
        f"{SparseAutoencoder(FEATURES, HIDDEN, EXAMPLES).theta.size:,} parameters, {EXAMPLES} examples; "
        f"`python tests/benchmarks/{HERE.name} --record`, {datetime.datetime.now(datetime.UTC).date()}, {machine()}.",
        "",
        f"| check, entry by entry | median of {REPEATS} | fastest |",
        "|---|---|---|",
        *(f"| {name} | {statistics.median(t):.2f} s | {min(t):.2f} s |" for name, t in times.items()),
        "",
        f"A larger one, 1000-500-1000 ({large.theta.size:,} parameters, 20 examples), is held against random "
        f"directions: {took:.0f} s, and at most {peak / 2**20:.0f} MiB at once, {peak / large.theta.nbytes:.0f} times "
        "theta.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.record:
        HERE.with_suffix(".md").write_text(text)


def machine() -> str:
    """What it was measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = f"{len(names)} x {names[0]}" if names else platform.processor()
    blas = next((pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"), {})
    kind = f"{blas.get('internal_api', 'an unknown BLAS')} {blas.get('architecture', '')}".strip()
    threads = f"{blas.get('num_threads', '?')} threads"
    torch = importlib.metadata.version("torch")
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, PyTorch {torch}"
    return f"{cpu}, {kind} with {threads}, {versions}"


if __name__ == "__main__":
    main()
