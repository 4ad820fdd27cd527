"""The record of training steps that is kept in the repository."""

import json
from pathlib import Path

from miniae.bench import markdown

KEPT = Path(__file__).parents[1] / "benchmarks"


def test_the_table_in_the_repository_is_rendered_from_its_record():
    record = json.loads((KEPT / "training_step.json").read_text())
    assert markdown(record).strip() in (KEPT / "training_step.md").read_text()
