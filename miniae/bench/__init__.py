"""Benchmarks: one training step of some workloads, miniae's beside those of other libraries.

What is timed is the step that :func:`miniae.fit` runs, against the same network as users of PyTorch and JAX write it:
the same cost, from the same theta, on the same batch, which is checked before anything is timed. All take turns within
one run, since the ratios of a run hold where absolute times drift with the machine.
"""

from miniae.bench.kept import keep
from miniae.bench.picture import picture
from miniae.bench.report import markdown
from miniae.bench.run import Record, bench, refusals

__all__ = ["Record", "bench", "keep", "markdown", "picture", "refusals"]
