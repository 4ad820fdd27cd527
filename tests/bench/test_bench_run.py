"""The benchmark from end to end, on a small workload; what cannot be run, or computes something else, is told."""

import json
import os
import sys

import pytest
from tiny_workloads import TINY, WrongGradient

from miniae.bench import bench, keep, limits, markdown, peers, refusals, rounds, run, threads, workloads
from miniae.bench.limits import Limits
from miniae.bench.ours import Miniae
from miniae.bench.peers import Peer
from miniae.info import usable

pytestmark = pytest.mark.as_users_run_it


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(limits, "measure", lambda xp: Limits(1e11, 1e10))
    for name, value in (("ROUND", 0.002), ("REST", 0.0), ("WARM_UP", 0.001)):
        monkeypatch.setattr(rounds, name, value)
    monkeypatch.setattr(workloads, "WORKLOADS", TINY)


def wrong_peer(model, x, optimizer, device):
    return WrongGradient(model, x, optimizer)


def broken_peer(model, x, optimizer, device):
    raise RuntimeError("InvalidCxxCompiler: no working C++ compiler\nand a page of advice")


def test_a_record_has_the_machine_the_limits_and_every_rounds_times(quick):
    record = bench(["sparse", "conv"], peers="none", seconds=0.01, progress=False)
    assert json.loads(json.dumps(record)) == record
    assert [row["name"] for row in record["rows"]] == ["sparse", "conv"]
    for row in record["rows"]:
        (entry,) = row["contenders"]
        assert entry["name"] == "miniae numpy"
        assert len(entry["ms"]) >= rounds.FEWEST
        assert min(entry["ms"]) > 0
    assert record["rows"][0]["limit_ms"] == pytest.approx(1e3 * (2 * 5 * 5 * 18 / 1e11 + 7 * 4 * 45 / 1e10))
    assert record["device"] == "cpu"
    assert record["info"]["numpy"]
    assert "| sparse tiny sparse AE" in markdown(record)


def test_after_every_row_the_record_so_far_is_handed_over(quick, tmp_path):
    """And survives what comes after: it is kept in a file that is replaced, not written over."""
    kept, rows = tmp_path / "record.json", []

    def each(record):
        keep(record, kept)
        rows.append([row["name"] for row in json.loads(kept.read_text())["rows"]])

    record = bench(["conv", "sparse"], peers="none", seconds=0.001, progress=False, each=each)
    assert rows == [["conv"], ["conv", "sparse"]]
    assert json.loads(kept.read_text()) == record
    assert list(tmp_path.iterdir()) == [kept]
    with pytest.raises(TypeError, match="not JSON serializable"):
        keep({"rows": object()}, kept)
    assert json.loads(kept.read_text()) == record


def test_a_row_that_fails_is_told_and_the_others_go_on(quick, monkeypatch, capsys):
    class Failing(Miniae):
        def wait(self):
            if self.x.ndim == 2:  # the sparse row, not the images
                raise RuntimeError("an illegal memory access was encountered\nand a page of advice")

    monkeypatch.setattr(run, "Miniae", Failing)
    record = bench(["sparse", "conv"], peers="none", seconds=0.001, progress=False)
    failed, timed = record["rows"]
    assert (failed["contenders"], failed["failed"]) == ([], "an illegal memory access was encountered")
    assert timed["contenders"][0]["ms"]
    assert refusals(record) == ["sparse"]
    assert "- sparse could not be timed: an illegal memory access was encountered" in markdown(record)
    assert "a page of advice" in capsys.readouterr().err


def test_contenders_are_closed_when_all_have_been_timed(quick, monkeypatch):
    """Not earlier: what one of them gives up may be what another is timed with."""
    log = []
    alternate = rounds.alternate
    monkeypatch.setattr(rounds, "alternate", lambda *args: (log.append("timed"), alternate(*args))[1])
    monkeypatch.setattr(Miniae, "close", lambda self: log.append("closed"))
    bench(["sparse", "conv"], backend="numpy,numpy", peers="none", seconds=0.001, progress=False)
    assert log == ["timed", "closed", "closed"] * 2


def test_all_rows_but_the_large_ones(quick):
    record = bench(peers="none", seconds=0.001, progress=False)
    assert [row["name"] for row in record["rows"]] == list(TINY)


def test_peers_that_are_wrong_or_broken_are_told_and_the_others_go_on(quick, monkeypatch):
    module = __name__
    table = {
        "wrong": Peer("numpy", "wrong peer", module, "wrong_peer"),
        "broken": Peer("numpy", "broken peer", module, "broken_peer"),
        "images": Peer("numpy", "for images", module, "broken_peer", images_only=True),
    }
    monkeypatch.setattr(peers, "PEERS", table)
    record = bench(["sparse"], seconds=0.001, progress=False)
    ours, wrong, broken = record["rows"][0]["contenders"]
    assert "ms" in ours
    assert wrong["refused"].startswith("the gradient of w2 is not miniae numpy's: relative difference 1.0e-02")
    assert broken == {
        "name": "broken peer", "peer": True, "could_not_run": "InvalidCxxCompiler: no working C++ compiler"
    }  # fmt: skip
    assert refusals(record) == ["sparse wrong peer"]


def test_peers_are_timed_beside_miniae(quick):
    pytest.importorskip("torch", reason="PyTorch is a peer of the benchmark")
    record = bench(["sparse"], peers="torch-eager", seconds=0.001, progress=False)
    assert [len(entry["ms"]) for entry in record["rows"][0]["contenders"]] == [rounds.FEWEST] * 2
    assert record["threads"]["torch"] == record["threads"]["BLAS"] == usable()
    assert record["versions"]["torch"]


def test_cuda_that_cannot_be_used_is_refused_with_the_reason(quick, monkeypatch):
    monkeypatch.setattr(run, "why_not", lambda: "no NVIDIA driver was found: install one")
    with pytest.raises(ValueError, match="backend: cuda cannot be used: no NVIDIA driver was found: install one"):
        bench(["sparse"], backend="numpy,cuda")


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": ["D9"]}, "row: 'D9' is unknown; known: D1"),
        ({"backend": "metal"}, "backend: 'metal' is unknown; known: numpy"),
        ({"peers": "caffe"}, "peers: 'caffe' is unknown"),
        ({"seconds": 0.0}, "seconds must be a positive number, got 0.0"),
        ({"seconds": float("nan")}, "seconds must be a positive number, got nan"),
        ({"threads": 0}, r"threads must be from 1 to \d+, the processors at hand, got 0"),
        ({"threads": 10_000}, "the processors at hand, got 10000"),
    ],
)
def test_bad_arguments_are_refused_before_anything_runs(arguments, message, monkeypatch):
    monkeypatch.setattr(limits, "measure", lambda xp: pytest.fail("was run"))
    with pytest.raises(ValueError, match=message):
        bench(**arguments)


def test_the_rates_measured_are_of_this_world(monkeypatch):
    monkeypatch.setattr(limits, "SIDE", 128)
    monkeypatch.setattr(limits, "COPIED", 2**20)
    measured = limits.measure()
    assert 1e8 < measured.flops < 1e14
    assert 1e8 < measured.bandwidth < 1e13


def test_threads_are_limited_and_put_back():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def blas():
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    before = blas()
    with threads.limited(1, set()) as used:
        assert used == {"BLAS": 1}
        assert set(blas()) == {1}
    assert blas() == before


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or usable() < 2, reason="needs two processors, and a system that binds to them"
)
def test_jax_is_kept_to_as_many_processors_unless_it_has_started(monkeypatch):
    before = os.sched_getaffinity(0)
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    with threads.limited(1, {"jax"}) as used:
        assert (used["jax"], len(os.sched_getaffinity(0))) == (1, 1)
    assert os.sched_getaffinity(0) == before
    monkeypatch.setitem(sys.modules, "jax", object())
    with threads.limited(1, {"jax"}) as used:
        assert (used["jax"], os.sched_getaffinity(0)) == (len(before), before)


def test_torch_gets_as_many_threads():
    torch = pytest.importorskip("torch", reason="PyTorch is a peer of the benchmark")
    before = torch.get_num_threads()
    with threads.limited(1, {"torch"}) as used:
        assert (used["torch"], torch.get_num_threads()) == (1, 1)
    assert torch.get_num_threads() == before
