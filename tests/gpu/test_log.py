"""The log of a run on a GPU, from made-up results."""

import json
import re
from pathlib import Path

import pytest

from miniae_kernels.cuda import log

TESTS = """<testsuites><testsuite>
<testcase name="test_sum[device]"/><testcase name="test_scale[device]"/>
<testcase name="test_race[device]"><failure message="no"/></testcase>
<testcase name="test_none[device]"><skipped/></testcase>
</testsuite></testsuites>"""
ROW = {"title": "sums, 4 x 4", "name": "walk", "error": 1.25e-7, "milliseconds": 0.5, "bandwidth": 3000.4}
ROW |= {"of_copy": 0.812, "rate": 0.0, "of_product": 0.0}


WELL = "== ended with status 0 after 12 s\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Of a run in which all is well."""
    monkeypatch.setattr(log, "ENOUGH", 2)
    (tmp_path / "tests.xml").write_text(re.sub("<failure.*?/>", "<skipped/>", TESTS))
    (tmp_path / "kernels.json").write_text(json.dumps({"limits": {"copy GB/s": 3695.2}, "failed": [], "rows": [ROW]}))
    (tmp_path / "memcheck.txt").write_text(f"... [100%]\n3 passed in 4.5s\n========= ERROR SUMMARY: 0 errors\n{WELL}")
    for part in ("tests", "kernels"):
        (tmp_path / f"{part}.txt").write_text(f"...\n{WELL}")
    return tmp_path


@pytest.fixture
def wrong(folder, tmp_path_factory):
    """What the log says of a folder, having ended in error."""

    def render():
        here = tmp_path_factory.mktemp("kernels")
        with pytest.raises(SystemExit) as raised:
            log.main([str(folder)], here)
        text = (here / "gpu_log.md").read_text().split("**Not all is well:**\n\n")[1]
        said = [line.removeprefix("- ") for line in text.split("\n\n")[0].splitlines()]
        assert raised.value.code.splitlines() == said
        return said, text

    return render


def test_a_run_is_gathered_and_rendered(folder, tmp_path_factory):
    here = tmp_path_factory.mktemp("kernels")
    log.main([str(folder)], here)
    text = (here / "gpu_log.md").read_text()
    assert "2 passed, 0 failed, 2 skipped." in text
    assert "Not all is well" not in text
    assert "- 3 passed in 4.5s\n- ERROR SUMMARY: 0 errors" in text
    assert "Measured limits: copy GB/s 3695." in text
    assert "| sums, 4 x 4 | walk | 1.2e-07 | 0.5000 | 3000 | 81% |  |  |" in text
    done, missing = text.split("## Not run on a GPU yet")
    assert "`miniae bench --backend cuda --peers torch-eager,torch-channels-last,torch-compile`" in missing
    assert "racecheck" in missing
    assert "racecheck" not in done


def test_tests_that_failed_are_named(folder, wrong):
    (folder / "tests.xml").write_text(TESTS)
    said, text = wrong()
    assert said == ["1 tests failed"]
    assert "2 passed, 1 failed, 1 skipped." in text
    assert "- failed: test_race[device]" in text


def test_a_run_in_which_nearly_all_was_skipped_is_no_success(folder, wrong, monkeypatch):
    monkeypatch.setattr(log, "ENOUGH", 3)
    assert wrong()[0] == ["hardly a test was run: 2 passed, of at least 3"]
    (folder / "memcheck.txt").write_text(f"3 skipped in 0.5s\n========= ERROR SUMMARY: 0 errors\n{WELL}")
    assert wrong()[0][1:] == ["memcheck saw no test that passed"]


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("== ended with status 124 after 540 s\n", "memory errors: was cut off after 540 s"),
        ("== ended with status 137 after 560 s\n", "memory errors: was cut off after 560 s"),
        ("== ended with status 1 after 5 s\n", "memory errors: ended with exit status 1"),
        ("tests/gpu/test_to", "memory errors: was cut off with all of the run"),
        (f"{WELL}once more\n", "memory errors: was cut off with all of the run"),
    ],
)
def test_a_part_that_did_not_come_to_its_end_says_so(folder, wrong, last, said):
    (folder / "memcheck.txt").write_text(f"3 passed in 4.5s\n========= ERROR SUMMARY: 0 errors\n{last}")
    assert wrong()[0] == [said]


def test_a_part_that_left_nothing_behind_says_how_it_ended(folder, wrong):
    (folder / "tests.xml").unlink()
    (folder / "tests.txt").write_text("ImportError while loading conftest\n== ended with status 4 after 1 s\n")
    said, text = wrong()
    assert said == ["the tests on the device: ended with exit status 4"]
    assert "- the tests on the device: `pytest" in text.split("## Not run on a GPU yet")[1]


def test_a_comparison_that_failed_is_named(folder, wrong):
    (folder / "kernels.json").write_text(json.dumps({"limits": {}, "failed": ["noise"], "rows": []}))
    assert wrong()[0] == ["the comparison of noise failed"]


def test_records_of_the_benchmark_are_taken_together_for_each_gpu(folder):
    def record(date, gpu, *rows):
        return {"date": date, "info": {"gpu": {"devices": [{"name": gpu}]}}, "rows": [*rows]}

    def row(name, ms):
        return {"name": name, "ms": ms}

    for number, kept in enumerate([
        record("2026-01-02", "H100", row("D1", 1), row("D2", 2)),
        record("2026-01-01", "H100", row("D2", 9), row("C1", 3)),
        record("2026-01-03", "H200", row("D1", 4)),
    ]):  # fmt: skip
        (folder / f"bench_{number}.json").write_text(json.dumps(kept))
    assert log.gather(folder)["bench"] == [
        record("2026-01-02", "H100", row("D2", 2), row("C1", 3), row("D1", 1)),
        record("2026-01-03", "H200", row("D1", 4)),
    ]


def test_every_kernel_with_shared_memory_comes_before_a_sanitizer():
    """Those of sums of columns with many of the others, those of a convolution's backward with its forward."""
    sources = Path(log.__file__).parent.glob("*.py")
    shared = {source.stem for source in sources if "shared.array(" in source.read_text()}
    assert shared - {"columns", "conv_direct_backward"} == set(log.WITH_SHARED.split())
    assert all((log.HERE.parent / file).is_file() for file in log.SHARED)


def test_the_log_is_rendered_from_the_file_alone(folder, tmp_path_factory):
    here = tmp_path_factory.mktemp("kernels")
    log.main([str(folder)], here)
    text = (here / "gpu_log.md").read_text()
    (here / "gpu_log.md").unlink()
    log.main([], here)
    assert (here / "gpu_log.md").read_text() == text


def test_without_a_run_everything_is_missing():
    text = log.markdown(None)
    assert "Nothing has been run on a GPU yet." in text
    assert all(command in text for _, command in log.PARTS.values())


def test_the_log_in_the_repository_is_that_of_its_run():
    kept = log.HERE / "gpu_run.json"
    run = json.loads(kept.read_text()) if kept.is_file() else None
    assert (log.HERE / "gpu_log.md").read_text() == log.markdown(run)
