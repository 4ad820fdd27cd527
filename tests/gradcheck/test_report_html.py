"""The report in a notebook: a table that says with words what it says with colours, names escaped."""

import sys
from html.parser import HTMLParser
from types import ModuleType

import pytest
from evidence_by_hand import compared, evidence

from miniae.gradcheck.diagnosis.explanation import Diagnosis, Finding
from miniae.gradcheck.report import report
from miniae.gradcheck.report_html import COLOURS

EVIL = '<script>alert("x")</script> & co'


class Page(HTMLParser):
    """The tags in order, and the text of every cell, paragraph and badge; raises where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.cells, self.badges = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.append(tag)
        if tag in ("td", "th", "p"):
            self.cells.append("")
        if tag == "strong":
            self.badges.append(dict(attributes)["style"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.cells[-1] += data


@pytest.fixture(autouse=True)
def _diagnosis(monkeypatch):
    module = ModuleType("miniae.gradcheck.diagnosis")
    module.diagnose = lambda evidence, failing: Diagnosis((Finding("c", "a < b", 0.0, failing),), failing, (), "theta")
    monkeypatch.setitem(sys.modules, "miniae.gradcheck.diagnosis", module)


def test_a_row_for_each_block_and_a_paragraph_for_each_sentence():
    page = Page(report(evidence(compared("w", [1.0], [1.0]), compared("b", [2.0], [1.0])), seed=5)._repr_html_())
    assert page.tags.count("tr") == 3
    assert page.cells[0].startswith("fail tolerance 1e-09; norm ratio")
    assert page.cells[0].endswith("seed 5")
    assert page.cells[1:9] == ["block", "shape", "worst error", "at", "analytic", "numeric", "wrong", "verdict"]
    assert page.cells[9:17] == ["w", "1", "0.00e+00", "[0]", "+1.000000e+00", "+1.000000e+00", "0%", "pass"]
    assert page.cells[24] == "fail"
    assert any(cell.startswith("Likely cause: a < b. This explains 100.0 %") for cell in page.cells)
    assert any(cell.startswith("- b: wrong in its only entry") for cell in page.cells)


@pytest.mark.parametrize("verdict", ["pass", "fail", "inconclusive"])
def test_the_verdict_is_a_word_on_its_colour(verdict):
    uncertainty, analytic = {"pass": (1e-13, 1.0), "fail": (1e-13, 2.0), "inconclusive": (1e-3, 1.0)}[verdict]
    page = Page(report(evidence(compared("w", [analytic], [1.0], uncertainty=uncertainty)))._repr_html_())
    assert page.cells[0].startswith(verdict)
    assert len(page.badges) == 2
    assert all(COLOURS[verdict][0] in style for style in page.badges)


def luminance(colour):
    """Relative luminance of WCAG 2."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("pair", COLOURS.values(), ids=COLOURS)
def test_badges_can_be_read(pair):
    """WCAG asks for a contrast of 4.5 between letters and background."""
    dark, light = sorted(map(luminance, pair))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_names_are_escaped():
    html = report(evidence(compared(EVIL, [2.0], [1.0])), reproduce=EVIL)._repr_html_()
    page = Page(html)
    assert "script" not in page.tags
    assert EVIL in page.cells
    assert any(cell == f"Repeat: {EVIL}" for cell in page.cells)
