"""Cells of the CSV files that we write: what begins like a formula, a spreadsheet would carry out."""

import re

_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_RUNS = re.compile(r"[=@\t\r\n＝＋－＠]|[+-](?![\d ().-]*\Z)")
_INSIDE = re.compile(r"([;\t\r\n][ \t]*)(?=[=+@＝＋＠-])")
"""Where Excel parts cells at semicolons, as in most of Europe, or at a line's end, another cell begins there."""


def said(words: str | None) -> str:
    """Words that somebody wrote, with a ' before them if they begin like a formula."""
    inside = _INSIDE.sub(r"\1'", words or "")
    return f"'{inside}" if inside.startswith(_SIGNS) else inside


def harmless(cell: str) -> str:
    """A cell of somebody's file, so that it runs nothing. A phone number such as +1 313, or -5, stays as it is."""
    inside = _INSIDE.sub(r"\1'", cell)
    return f"'{inside}" if _RUNS.match(inside) else inside
