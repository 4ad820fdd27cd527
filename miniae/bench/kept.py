"""Measurements kept in a file while they go on: whatever ends the program, what it has measured so far is there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def keep(record: Mapping[str, Any], path: Path) -> None:
    """Write a record as JSON, beside the file first and then in its place: at no moment is the file half a record."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(json.dumps(record, indent=1) + "\n")
    beside.replace(path)
