"""Cells of the CSV files that we write: what begins like a formula, a spreadsheet would carry out."""

import re

_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_RUNS = re.compile(r"[=@\t\r\n＝＋－＠]|[+-](?![\d ().-]*\Z)")


def said(words: str | None) -> str:
    """Words that somebody wrote, with a ' before them if they begin like a formula."""
    return f"'{words}" if words and words.startswith(_SIGNS) else words or ""


def harmless(cell: str) -> str:
    """A cell of somebody's file, so that it runs nothing. A phone number such as +1 313, or -5, stays as it is."""
    return f"'{cell}" if _RUNS.match(cell) else cell
