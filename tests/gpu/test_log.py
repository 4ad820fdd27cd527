"""The log of a run on a GPU, from made-up results."""

import json

import pytest

from miniae_kernels.cuda import log

TESTS = """<testsuites><testsuite>
<testcase name="test_sum[device]"/><testcase name="test_scale[device]"/>
<testcase name="test_race[device]"><failure message="no"/></testcase>
<testcase name="test_none[device]"><skipped/></testcase>
</testsuite></testsuites>"""
ROW = {"title": "sums, 4 x 4", "name": "walk", "error": 1.25e-7, "milliseconds": 0.5, "bandwidth": 3000.4}
ROW |= {"of_copy": 0.812, "rate": 0.0, "of_product": 0.0}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tests.xml").write_text(TESTS)
    (tmp_path / "kernels.json").write_text(json.dumps({"limits": {"copy GB/s": 3695.2}, "rows": [ROW]}))
    (tmp_path / "memcheck.txt").write_text("...\n========= ERROR SUMMARY: 0 errors\n")
    return tmp_path


def test_a_run_is_gathered_and_rendered(folder, tmp_path_factory):
    here = tmp_path_factory.mktemp("kernels")
    log.main([str(folder)], here)
    text = (here / "gpu_log.md").read_text()
    assert "2 passed, 1 failed, 1 skipped." in text
    assert "- failed: test_race[device]" in text
    assert "Measured limits: copy GB/s 3695." in text
    assert "| sums, 4 x 4 | walk | 1.2e-07 | 0.5000 | 3000 | 81% |  |  |" in text
    assert "- ERROR SUMMARY: 0 errors" in text
    done, missing = text.split("## Not run on a GPU yet")
    assert "`miniae bench --backend cuda --peers torch`" in missing
    assert "racecheck" in missing
    assert "racecheck" not in done


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
