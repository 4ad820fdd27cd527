"""Top-k by smaller blocks and digits: rows of some hundred entries are long ones then, and trees are quickly run."""

from miniae_kernels.cuda import top_k, top_k_dense

SMALL = {"DIGIT": 5, "LEAVES": 32, "NODES": 64}


def make_small(request, monkeypatch, warps=2):
    """For one test, unless it runs on a GPU, where kernels stay compiled as they are."""
    if getattr(request.node, "callspec", None) is None or request.node.callspec.params.get("gpu") != "device":
        for name, value in SMALL.items():
            monkeypatch.setattr(top_k, name, value)
        for module in (top_k, top_k_dense):
            monkeypatch.setattr(module, "WARPS", warps)
            monkeypatch.setattr(module, "THREADS", 32 * warps)
