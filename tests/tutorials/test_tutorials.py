"""Every lesson runs from start to end without a warning, and its equations are numbered as its code cites them."""

import re
import runpy
import warnings
from pathlib import Path

import jupytext
import pytest

LESSONS = sorted((Path(__file__).parents[2] / "tutorials").glob("*.py"))
CITED = re.compile(r"\((\d+)\)")
LISTING = re.compile(r"```python\n(.*?)```", re.DOTALL)


def cells(lesson, kind):
    """The sources of a lesson's cells of one kind, ``"code"`` or ``"markdown"``."""
    return [cell.source for cell in jupytext.read(lesson).cells if cell.cell_type == kind]


LISTINGS = [
    pytest.param(listing, id=f"{lesson.stem}-{number}")
    for lesson in LESSONS
    for number, listing in enumerate(LISTING.findall("\n".join(cells(lesson, "markdown"))))
]


def test_there_are_lessons():
    assert LESSONS


@pytest.mark.parametrize("listing", LISTINGS)
def test_listings_run(listing):
    """What stands in a lesson's text, because it needs more than the lesson does, runs where that is installed."""
    for needed in re.findall(r"^(?:import|from) (\w+)", listing, re.MULTILINE):
        pytest.importorskip(needed, reason="the listing needs it")
    exec(compile(listing, "listing", "exec"), {"__name__": "listing"})


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
class TestLesson:
    @pytest.mark.as_users_run_it
    def test_runs_without_a_warning(self, lesson, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            runpy.run_path(str(lesson), run_name="__main__")

    def test_equations_are_numbered_from_1_on(self, lesson):
        tags = re.findall(r"\\tag\{(\d+)\}", "\n".join(cells(lesson, "markdown")))
        assert [int(tag) for tag in tags] == [*range(1, len(tags) + 1)]

    def test_code_cites_equations_that_exist(self, lesson):
        count = "\n".join(cells(lesson, "markdown")).count(r"\tag{")
        comments = re.findall(r"#(.*)", "\n".join(cells(lesson, "code")))
        cited = {int(number) for comment in comments for number in CITED.findall(comment)}
        assert cited <= {*range(1, count + 1)}

    def test_displayed_equations_are_closed(self, lesson):
        for source in cells(lesson, "markdown"):
            assert source.count("$$") % 2 == 0
            assert source.replace("$$", "").count("$") % 2 == 0
