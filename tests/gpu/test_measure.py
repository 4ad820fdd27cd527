"""The measurements themselves, on what stands in for a GPU: what is told, kept and waited for."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from miniae.bench import limits
from miniae_kernels.cuda import measure


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(measure, "WRITTEN", 2**10)
    monkeypatch.setattr(measure, "MEASURED", [])
    for limit in ("copy_bandwidth", "matmul_rate"):
        monkeypatch.setattr(measure, limit, lambda: 2.0)


def test_a_run_is_timed_behind_other_work(gpu, quick):
    runs = []
    assert measure.milliseconds(lambda: runs.append(1)) >= 0
    assert len(runs) == 2 + measure.ROUNDS


def test_a_case_is_held_against_the_expected_numbers(cupy, quick, capsys):
    """The stand-in's clock says 1 ms: 10 bytes are 1e-5 GB/s, of 2 there could be."""
    y = cupy.zeros(4)
    (row,) = measure.compare("ones", measure.Case("fill", lambda: y.fill(1), 10), got=lambda: y, expected=np.full(4, 2))
    assert (row.error, row.milliseconds, row.bandwidth, row.of_copy) == pytest.approx((0.5, 1, 1e-5, 5e-6))
    assert "fill" in capsys.readouterr().out


@pytest.fixture
def files(quick, monkeypatch, tmp_path):
    """Run the comparisons of files made up by their ``main``; where they are kept."""

    def run(**mains):
        modules = {name: SimpleNamespace(main=main) if main else SimpleNamespace() for name, main in mains.items()}
        named = SimpleNamespace(iter_modules=lambda path: [SimpleNamespace(name=name) for name in mains])
        monkeypatch.setattr(measure, "pkgutil", named)
        imported = SimpleNamespace(import_module=lambda name: modules[name.rpartition(".")[2]])
        monkeypatch.setattr(measure, "importlib", imported)
        measure.main()

    run.kept = tmp_path / "kernels.json"
    monkeypatch.setattr(measure, "require_gpu", lambda: None)
    monkeypatch.setattr(sys, "argv", ["measure", "--json", str(run.kept)])
    return run


def wrong():
    raise ValueError("no such shape")


def test_a_file_that_fails_is_told_and_the_others_go_on(files, capsys):
    with pytest.raises(SystemExit, match="^failed: columns$"):
        files(columns=wrong, compile=wrong, dropout=lambda: None, gemm=None)
    assert "no such shape" in capsys.readouterr().err
    kept = json.loads(files.kept.read_text())
    assert kept == {"limits": {"copy GB/s": 2.0, "product TFLOP/s": 2.0}, "failed": ["columns"], "rows": []}


def test_what_a_file_has_measured_is_kept_though_a_later_one_is_cut_off(files):
    def interrupted():
        raise KeyboardInterrupt

    row = measure.Row("sums", "walk", 1e-7, 0.5, 3000.0, 0.8, 0.0, 0.0)
    with pytest.raises(KeyboardInterrupt):
        files(columns=lambda: measure.MEASURED.append(row), noise=interrupted)
    assert json.loads(files.kept.read_text())["rows"] == [row._asdict()]


def test_a_devices_limits_are_of_this_world(gpu, monkeypatch):
    monkeypatch.setattr(limits, "SIDE", 32)
    monkeypatch.setattr(limits, "COPIED", 2**12)
    measured = limits.measure(gpu)
    assert 1e6 < measured.flops < 1e15
    assert 1e6 < measured.bandwidth < 1e14
