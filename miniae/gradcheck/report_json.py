"""A report as plain values, and as JSON that every parser accepts."""

import json
import math
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from miniae.gradcheck.report import Report


def as_dict(report: "Report") -> dict[str, Any]:
    """The report as dicts, lists, strings and numbers.

    Returns:
        ``verdict``, ``norm_ratio``, ``seed``, ``reproduce``; ``blocks``, a :class:`~.judge.Block` each, with its
        ``tolerance``; ``broken``, the rules that the functions break, with ``block`` empty where it is all of them;
        ``complex_step``, by block, where it was asked; ``diagnosis``, None or what was found, the likeliest first.
    """
    tolerances = {compared.name: compared.tolerance for compared in report.evidence.compared}
    return {
        "verdict": report.verdict,
        "norm_ratio": report.norm_ratio,
        "seed": report.seed,
        "reproduce": report.reproduce,
        "blocks": [plain({**asdict(block), "tolerance": tolerances.get(block.name)}) for block in report.blocks],
        "broken": [{"block": breach.name, "reason": breach.text} for breach in report.evidence.broken],
        "complex_step": {
            name: {"trusted": opinion.trusted, "reason": opinion.reason}
            for name, opinion in report.evidence.complex_step.items()
        },
        "diagnosis": plain(report.diagnosis),
    }


def as_json(report: "Report", indent: int | None = None) -> str:
    """The report as JSON."""
    return dumps(as_dict(report), indent)


def dumps(value: Any, indent: int | None = None) -> str:
    """Plain values as JSON. Numbers that are not finite become strings, which ``float`` reads again.

    >>> dumps({"error": float("nan"), "size": 3})
    '{"error": "NaN", "size": 3}'
    >>> float("NaN"), float("-Infinity")
    (nan, -inf)
    """
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def plain(value: Any) -> Any:
    """``value`` without dataclasses, tuples and NumPy's numbers and arrays.

    >>> plain((np.float64(0.5), {"index": (np.int64(2),)}))
    [0.5, {'index': [2]}]
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
