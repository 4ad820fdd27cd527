"""The commands, as a user types them."""

import dataclasses
import json

import pytest
from typer.testing import CliRunner

from miniae import bench as bench_module
from miniae import demo as demo_module
from miniae import demo_conv as demo_conv_module
from miniae import systems as cli_systems
from miniae.cli import app
from miniae.systems import SYSTEMS
from miniae.systems import record as record_module
from miniae.systems.record import render
from miniae.systems.system import Figure, Run, System

pytestmark = pytest.mark.as_users_run_it


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def shorten(monkeypatch, data, iterations=3):
    setting = demo_module.SETTINGS[data]
    monkeypatch.setitem(demo_module.SETTINGS, data, dataclasses.replace(setting, iterations=iterations))


@pytest.mark.parametrize("data", ["photos", "digits"])
def test_demo_checks_trains_draws_and_catches_the_bug(data, tmp_path, monkeypatch):
    shorten(monkeypatch, data)
    result = run("demo", "--data", data, "--out", tmp_path / "pictures")
    assert result.exit_code == 0, result.output
    drawn = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert drawn == ["activations.png", "cost.png", "filters.png", "reconstructions.png"]
    assert all(str(tmp_path / "pictures" / name) in result.output for name in drawn)
    first, rest = result.output.split("2. Training")
    assert "PASS" in first
    broken = rest.split("4. Would a mistake be noticed?")[1]
    table = {line.split()[0]: line.split()[-1] for line in broken.splitlines() if line[:2] in ("w1", "b1", "w2", "b2")}
    assert table == {"w1": "fail", "b1": "fail", "w2": "pass", "b2": "pass"}
    assert "The term put back: PASS" in broken


def test_demo_of_a_convolutional_autoencoder(tmp_path, monkeypatch):
    setting = demo_conv_module.SETTINGS["digits"]
    monkeypatch.setitem(demo_conv_module.SETTINGS, "digits", dataclasses.replace(setting, epochs=1))
    result = run("demo", "--model", "conv", "--out", tmp_path / "pictures")
    assert result.exit_code == 0, result.output
    drawn = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert drawn == ["cost.png", "kernels.png", "maps.png", "reconstructions.png"]
    assert "Conv2d(1, 16" in result.output
    assert "Flipped again: PASS" in result.output


def test_demo_on_mnist(tmp_path, monkeypatch, data_root):
    shorten(monkeypatch, "mnist", 1)
    result = run("demo", "--data", "mnist", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "784-100-784" in result.output


def test_demo_says_it_when_the_broken_gradient_is_not_caught(tmp_path, monkeypatch):
    shorten(monkeypatch, "digits")
    monkeypatch.setattr(demo_module, "ForgottenKL", demo_module.KLSparsity)
    assert run("demo", "--data", "digits", "--out", tmp_path).exit_code == 1


def test_unknown_names_are_refused_with_the_known_ones(tmp_path):
    result = run("demo", "--data", "cifar", "--out", tmp_path / "pictures")
    assert result.exit_code == 2
    assert "'cifar' is unknown; known: photos, digits, mnist" in result.output
    assert not (tmp_path / "pictures").exists()
    result = run("results", "ufldl99", "--out", tmp_path / "pictures")
    assert result.exit_code == 2
    assert "'ufldl99' is unknown; known: 000, " in result.output
    result = run("demo", "--model", "conv", "--data", "photos", "--out", tmp_path / "pictures")
    assert result.exit_code == 2
    assert "'photos' is unknown for a convolutional autoencoder; known: digits, mnist" in result.output
    assert run("demo", "--model", "gan", "--out", tmp_path / "pictures").exit_code == 2


def test_results_lists_the_systems():
    result = run("results")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == list(SYSTEMS)


def test_results_holds_figures_against_targets_and_records_them(tmp_path, monkeypatch):
    measured = iter([0.415, 0.5, 0.416])
    toy = System("toy system", "toy data", lambda job: [Figure("cost", next(measured), 0.40, 0.43)])
    monkeypatch.setitem(SYSTEMS, "toy", toy)
    record = ("--out", tmp_path / "pictures", "--record", tmp_path)
    assert run("results", "toy", *record).exit_code == 0
    missed = run("results", "toy", *record)
    assert missed.exit_code == 1
    assert "cost: 0.5 (target 0.4 to 0.43): MISSED by 0.07" in missed.output
    page = (tmp_path / "results.md").read_text()
    assert "| toy system | toy data | cost | 0.4 to 0.43 | 0.5 | MISSED by 0.07 |" in page
    run("results", "toy", *record)
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [line["figures"][0]["measured"] for line in lines] == [0.415, 0.5, 0.416]
    assert "| 0.416 | met |" in (tmp_path / "results.md").read_text()  # the latest run is what the page shows
    assert "| 0.5 |" not in (tmp_path / "results.md").read_text()


def test_a_record_folder_must_be_there_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setitem(SYSTEMS, "toy", System("toy", "toy", lambda job: pytest.fail("was run")))
    result = run("results", "toy", "--out", tmp_path, "--record", tmp_path / "missing")
    assert result.exit_code == 2
    assert "is no folder" in result.output


def test_results_runs_them_all_and_goes_on_where_one_cannot_be_run(tmp_path, monkeypatch):
    seen = []

    def absent(job):
        raise ImportError("needs a package")

    def present(job):
        seen.append(job)
        return [Figure("cost", 1.0)]

    monkeypatch.setattr(cli_systems, "SYSTEMS", {"a": System("a", "none", absent), "b": System("b", "none", present)})
    monkeypatch.setattr(record_module, "SYSTEMS", cli_systems.SYSTEMS)
    result = run("results", "--all", "--quick", "--out", tmp_path)
    assert result.exit_code == 2
    assert seen == [Run(tmp_path, quick=True)]
    assert "b: cost: 1 (target none): reported" in result.output


def test_quick_figures_are_not_recorded(tmp_path):
    result = run("results", "ufldl4", "--quick", "--out", tmp_path, "--record", tmp_path)
    assert result.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_a_figure_that_is_not_a_number_misses_its_target():
    assert not Figure("cost", float("nan"), 0.0, 1.0).met


def test_the_page_in_the_repository_is_rendered_from_the_record():
    from pathlib import Path

    tutorials = Path(__file__).parents[1] / "tutorials"
    assert (tutorials / "results.md").read_text() == render((tutorials / "results.jsonl").read_text())


def test_info_prints_what_is_found_and_exits_with_0():
    result = run("info")
    assert result.exit_code == 0, result.output
    lines = {line.split()[0]: line for line in result.output.splitlines()}
    assert {"miniae", "Python", "platform", "processor", "NumPy", "data", "[course]", "GPU"} <= lines.keys()
    found = json.loads(run("info", "--json").output)
    assert found["numpy"] in lines["NumPy"]


@pytest.fixture
def recorded(monkeypatch):
    """A benchmark that is over at once; what it was called with."""
    calls = []
    entry = {"name": "miniae numpy", "peer": False, "steps_per_round": 1, "ms": [1.0, 2.0, 3.0]}
    refused = {"name": "torch eager", "peer": True, "refused": "the cost 1 is not 2"}

    def bench(rows, each, **options):
        calls.append((rows, options))
        found = json.loads(run("info", "--json").output)
        row = {"name": "D1", "title": "AE", "limit_ms": 0.5, "contenders": [entry, refused] if rows else [entry]}
        record = {
            "date": "2026-01-02", "device": "cpu", "info": found, "versions": {}, "threads": {"BLAS": 1},
            "limits": {"flops": 1e9, "bandwidth": 1e9}, "rows": [row],
        }  # fmt: skip
        each(record)
        return record

    monkeypatch.setattr(bench_module, "bench", bench)
    return calls


def test_bench_prints_a_table_and_writes_record_and_picture(recorded, tmp_path):
    result = run("bench", "--json", tmp_path / "record.json", "--plot", tmp_path / "times.png", "--threads", 1)
    assert result.exit_code == 0, result.output
    assert recorded == [((), {"backend": "numpy", "peers": None, "seconds": 10.0, "threads": 1})]
    assert "| D1 AE    | 2 (1.5-2.5)  |" in result.output
    assert bench_module.markdown(json.loads((tmp_path / "record.json").read_text())) == result.output
    assert (tmp_path / "times.png").read_bytes().startswith(b"\x89PNG")


def test_bench_prints_json_where_asked(recorded):
    result = run("bench", "--json", "-", "--peers", "torch,jax", "--seconds", 2)
    assert json.loads(result.output)["rows"][0]["name"] == "D1"
    assert recorded[0][1]["peers"] == "torch,jax"


def test_bench_exits_with_1_where_a_peer_was_refused(recorded):
    result = run("bench", "D1")
    assert result.exit_code == 1
    assert recorded[0][0] == ["D1"]
    assert "- D1, torch eager: refused: the cost 1 is not 2" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["D9"], "row: 'D9' is unknown; known: D1, D2"),
        (["--backend", "metal"], "backend: 'metal' is unknown; known: numpy"),
        (["--peers", "caffe"], "peers: 'caffe' is unknown; known: torch, "),
        (["--seconds", "0"], "seconds must be a positive number, got 0.0"),
        (["--threads", "0"], "threads must be from 1 to "),
        (["--json", "missing/record.json"], "json: missing is no folder"),
        (["--plot", "missing/times.png"], "plot: missing is no folder"),
        (["--plot", "times.pdf"], "plot: the file must end in .png, got times.pdf"),
    ],
)
def test_bench_refuses_what_it_cannot_do(arguments, message):
    result = run("bench", *arguments)
    assert result.exit_code == 2
    assert f"miniae: {message}" in result.output
    assert result.output.count("\n") == 1
