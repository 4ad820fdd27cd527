"""A report as HTML, for notebooks."""

from html import escape
from typing import TYPE_CHECKING

from miniae.gradcheck.report_text import HEAD, row, sentences, summary

if TYPE_CHECKING:
    from miniae.gradcheck.report import Report

# Background and letters. The word stands there too: nothing is told by colour alone. Styles stand in the elements
# because many places that show notebooks drop style sheets.
COLOURS = {"pass": ("#00664b", "#ffffff"), "fail": ("#a33b00", "#ffffff"), "inconclusive": ("#e69f00", "#000000")}
LEFT = ("block", "shape", "at", "verdict")


def as_html(report: "Report") -> str:
    """A table with a row for each block, then a paragraph for each sentence. Names are escaped."""
    head = "".join(f'<th scope="col" style="{_align(column)}">{column}</th>' for column in HEAD)
    rows = []
    for block in report.blocks:
        *cells, verdict = row(block)
        tds = "".join(
            f'<td style="{_align(column)}">{escape(cell)}</td>' for column, cell in zip(HEAD, cells, strict=False)
        )
        rows.append(f'<tr>{tds}<td style="{_align("verdict")}">{badge(verdict)}</td></tr>')
    numbers = summary(report).partition("(")[2].removesuffix(")")
    body = "".join(f'<p style="margin: 0.3em 0">{escape(sentence)}</p>' for sentence in sentences(report))
    return (
        f'<div class="miniae-report"><p>{badge(report.verdict)} {escape(numbers)}</p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{body}</div>"
    )


def badge(verdict: str) -> str:
    """The verdict as a coloured word.

    >>> badge("pass")
    '<strong style="background: #00664b; color: #ffffff; padding: 0.1em 0.5em">pass</strong>'
    """
    background, letters = COLOURS[verdict]
    return f'<strong style="background: {background}; color: {letters}; padding: 0.1em 0.5em">{verdict}</strong>'


def _align(column: str) -> str:
    return f"text-align: {'left' if column in LEFT else 'right'}"
