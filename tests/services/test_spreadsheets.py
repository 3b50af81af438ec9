"""Nothing that a voter wrote, or that stood in somebody's file, is carried out by a spreadsheet."""

import pytest

from bot.services.spreadsheets import harmless, said


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("=1+1", "'=1+1"),
        ("hi;=1+1", "hi;'=1+1"),
        ("yes\n=cmd|' /C calc'!A0", "yes\n'=cmd|' /C calc'!A0"),
        ("see you @ 5; thanks", "see you @ 5; thanks"),
        ("no", "no"),
        (None, ""),
    ],
)
def test_what_somebody_wrote_runs_nothing_wherever_cells_are_parted(words: str | None, written: str) -> None:
    assert said(words) == written


@pytest.mark.parametrize(
    ("cell", "written"),
    [("+1 313 555 0101", "+1 313 555 0101"), ("-5", "-5"), ("+cmd", "'+cmd"), ("a;@b", "a;'@b"), ("=x", "'=x")],
)
def test_a_cell_of_a_file_keeps_its_number_and_runs_nothing(cell: str, written: str) -> None:
    assert harmless(cell) == written
