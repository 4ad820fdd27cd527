"""The table and the picture from a record, which survives being written as JSON."""

import json

import pytest

from miniae.bench import markdown, picture
from miniae.bench.report import contender_names

pytestmark = pytest.mark.as_users_run_it

GPU = {"why_not": "no driver", "devices": []}
RECORD = {
    "date": "2026-01-02T03:04:05+00:00",
    "device": "cpu",
    "info": {
        "miniae": "0.1.0",
        "python": "3.12.1",
        "platform": "Linux",
        "processor": {"name": "Zen 5", "machine": "x86_64", "cores": 4, "usable": 2, "simd": ["X86_V3", "X86_V4"]},
        "numpy": "2.4.6",
        "blas": [{"library": "openblas", "version": "0.3.31", "architecture": "Haswell", "threads": 2, "file": "x.so"}],
        "warnings": ["OpenBLAS is slow"],
        "gpu": GPU,
    },
    "versions": {"torch": "2.13.0"},
    "threads": {"BLAS": 2, "torch": 2},
    "seconds": 10.0,
    "limits": {"flops": 480e9, "bandwidth": 40e9},
    "rows": [
        {
            "name": "D1",
            "title": "sparse AE",
            "limit_ms": 0.34,
            "contenders": [
                {"name": "miniae numpy", "peer": False, "steps_per_round": 9, "ms": [1.0, 1.5, 2.0]},
                {"name": "torch eager", "peer": True, "steps_per_round": 9, "ms": [3.0, 3.0, 3.0]},
                {"name": "torch.compile", "peer": True, "could_not_run": "no C++ compiler"},
            ],
        },
        {
            "name": "C1",
            "title": "conv AE",
            "limit_ms": 1.07,
            "contenders": [
                {"name": "miniae numpy", "peer": False, "steps_per_round": 1, "ms": [1234.5, 1234.5, 1234.5]},
                {"name": "torch eager", "peer": True, "refused": "the cost 1 is not miniae numpy's 2"},
                {"name": "torch channels-last", "peer": True, "steps_per_round": 1, "ms": [617.25, 617.25, 617.25]},
                {"name": "torch.compile", "peer": True, "steps_per_round": 1, "ms": [700.0, 700.0, 700.0]},
            ],
        },
    ],
}


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table():
    page = markdown(RECORD)
    table = [cells(line) for line in page.splitlines() if line.startswith("|")]
    assert table[0] == [
        "workload", "miniae numpy", "torch eager", "torch channels-last", "torch.compile", "limit",
        "miniae numpy / fastest peer", "miniae numpy / torch eager",
    ]  # fmt: skip
    assert table[2] == [
        "D1 sparse AE", "1.5 (1.25-1.75)", "3 (3-3)", "-", "could not run", "0.34",
        "0.5 (0.417-0.583)", "0.5 (0.417-0.583)",
    ]  # fmt: skip
    assert table[3] == [
        "C1 conv AE", "1234 (1234-1234)", "refused", "617 (617-617)", "700 (700-700)", "1.07", "2 (2-2)", "-",
    ]  # fmt: skip
    assert "- D1, torch.compile: could not run: no C++ compiler" in page
    assert "- C1, torch eager: refused: the cost 1 is not miniae numpy's 2" in page


def test_the_head_says_what_was_measured_on_what():
    page = markdown(RECORD)
    for line in (
        "- 2026-01-02T03:04:05+00:00, Linux",
        "- processor: Zen 5 (x86_64), 4 cores, 2 of them usable; SIMD: AVX-512 (X86_V3, X86_V4)",
        "- BLAS: openblas 0.3.31, Haswell kernels, threads: 2",
        "- versions: miniae 0.1.0, Python 3.12.1, NumPy 2.4.6, torch 2.13.0",
        "- threads: BLAS 2, torch 2",
        "- measured in this run: 480 GFLOP/s in a 2048 x 2048 float32 matrix product, 40 GB/s in a copy, with NumPy",
        "- WARNING: OpenBLAS is slow",
    ):
        assert line in page.splitlines()


def test_a_record_survives_json():
    again = json.loads(json.dumps(RECORD))
    assert again == RECORD
    assert markdown(again) == markdown(RECORD)


def test_a_row_that_failed_has_its_place():
    rows = [{"name": "D1", "title": "AE", "limit_ms": 0.34, "contenders": [], "failed": "illegal access"}]
    page = markdown({**RECORD, "rows": [*rows, RECORD["rows"][1]]})
    assert [cells(line) for line in page.splitlines() if line.startswith("| D1")] == [
        ["D1 AE", "-", "-", "-", "-", "0.34", "-"]
    ]
    assert "- D1 could not be timed: illegal access" in page
    assert picture({**RECORD, "rows": rows}).axes


def test_without_peers_there_are_no_ratios():
    rows = [{**row, "contenders": row["contenders"][:1]} for row in RECORD["rows"]]
    assert "/ " not in markdown({**RECORD, "rows": rows}).split("| workload")[1].splitlines()[0]


def test_names_are_those_of_the_longest_row_in_its_order():
    assert contender_names(RECORD["rows"]) == ["miniae numpy", "torch eager", "torch channels-last", "torch.compile"]


def test_the_picture_shows_medians_quartiles_and_limits():
    figure = picture(RECORD)
    (ax,) = figure.axes
    assert ax.get_yscale() == "log"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["D1", "C1"]
    marks = {container.get_label(): container for container in ax.containers}
    line, _, (whiskers,) = marks["miniae numpy"]
    assert list(line.get_ydata()) == [1.5, 1234.5]
    assert [tuple(segment[:, 1]) for segment in whiskers.get_segments()] == [(1.25, 1.75), (1234.5, 1234.5)]
    assert len(marks["torch.compile"][0].get_ydata()) == 1  # where it could not run there is nothing
    limits = next(collection for collection in ax.collections if collection.get_label() == "limit")
    assert [segment[0, 1] for segment in limits.get_segments()] == [0.34, 1.07]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()][-1] == "limit"


def test_on_a_gpu_it_is_named():
    gpu = {"why_not": None, "devices": [{"name": "H200", "compute_capability": "9.0", "free": 1, "total": 2}]}
    record = {**RECORD, "device": "cuda", "info": {**RECORD["info"], "gpu": gpu}}
    assert "- GPU: H200, compute capability 9.0" in markdown(record)
    assert "GFLOP/s in a 8192 x 8192 float32 matrix product, 40 GB/s in a copy, with CuPy" in markdown(record)
    assert "miniae's step gathers its batch" in markdown(record)
    assert "miniae's step gathers its batch" not in markdown(RECORD)
    assert picture(record).axes[0].get_title() == "One training step, float32, H200"
