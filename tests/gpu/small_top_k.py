"""Top-k by smaller blocks and digits: rows of some hundred entries are long ones then, and trees are quickly run."""

from miniae_kernels.cuda import top_k

SMALL = {"THREADS": 64, "WARPS": 2, "DIGIT": 5, "LEAVES": 32, "NODES": 64}


def make_small(request, monkeypatch):
    """For one test, unless it runs on a GPU, where kernels stay compiled as they are."""
    if getattr(request.node, "callspec", None) is None or request.node.callspec.params.get("gpu") != "device":
        for name, value in SMALL.items():
            monkeypatch.setattr(top_k, name, value)
