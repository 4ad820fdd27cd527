"""What reports say, word by word: see report_wording.py for how to renew it."""

from pathlib import Path

import pytest
from report_wording import page, sections

WORDING = Path(__file__).with_name("wording.txt")


@pytest.mark.as_users_run_it
def test_every_report_says_what_it_said():
    assert page(sections()).splitlines() == WORDING.read_text().splitlines()
