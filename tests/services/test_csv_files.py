"""Files as campaigns really have them."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refusal
from bot.services import csv_files
from tests.examples import few

PEOPLE = "First Name,Cell Phone,Town\nZoë,313-555-0123,“Détroit”\nAl,313-555-0124,Flint\n"
CELLS = [["Zoë", "313-555-0123", "“Détroit”"], ["Al", "313-555-0124", "Flint"]]


def read(path: Path, content: bytes) -> tuple[list[str], list[csv_files.Row]]:
    path = path / "people.csv"
    path.write_bytes(content)
    with csv_files.opened(path) as table:
        return table.header, list(table.rows)


@pytest.mark.parametrize(
    ("content"),
    [
        pytest.param(PEOPLE.encode(), id="UTF-8"),
        pytest.param(PEOPLE.encode("utf-8-sig"), id="UTF-8 with BOM"),
        pytest.param(PEOPLE.encode("cp1252"), id="cp1252"),
        pytest.param(PEOPLE.encode("utf-16"), id="UTF-16 with BOM"),
        pytest.param(PEOPLE.replace(",", "\t").encode("utf-16"), id="UTF-16 with tabs, Excel's “Unicode Text”"),
        pytest.param(PEOPLE.encode("utf-16-le"), id="UTF-16 LE without BOM"),
        pytest.param(PEOPLE.encode("utf-16-be"), id="UTF-16 BE without BOM"),
        pytest.param(PEOPLE.encode("utf-32"), id="UTF-32"),
        pytest.param(PEOPLE.replace("\n", "\r\n").encode(), id="Windows line ends"),
        pytest.param(PEOPLE.replace("\n", "\r").encode(), id="old Mac line ends"),
        pytest.param(PEOPLE.replace(",", ";").encode(), id="semicolons"),
        pytest.param(PEOPLE.replace(",", "|").encode(), id="pipes"),
        pytest.param(PEOPLE.replace(",", "\t").encode(), id="tabs"),
        pytest.param(("sep=;\n" + PEOPLE.replace(",", ";")).encode(), id="Excel's sep="),
        pytest.param(("\n\n" + PEOPLE).encode(), id="blank lines above the header"),
        pytest.param(PEOPLE.rstrip("\n").encode(), id="no line end at the end"),
        pytest.param(PEOPLE.encode().replace(b"Al", b"A\0l"), id="NUL bytes"),
        pytest.param((PEOPLE + "\n,,\n").encode(), id="blank rows below"),
        pytest.param(PEOPLE.replace("Town\n", "Town,,\n").replace("Flint", "Flint,,").encode(), id="empty columns"),
        pytest.param(PEOPLE.replace("Flint", "Flint,,,,").encode(), id="empty cells too many"),
    ],
)
def test_the_same_people_come_out_of_every_kind_of_file(tmp_path: Path, content: bytes) -> None:
    header, rows = read(tmp_path, content)
    assert header[:3] == ["First Name", "Cell Phone", "Town"]
    assert [row.cells[:3] for row in rows] == CELLS
    assert not any(row.wrong for row in rows)


def test_one_bad_byte_in_a_utf_8_file_is_one_letter_and_spoils_nothing_else(tmp_path: Path) -> None:
    lines = [f"Zoë {number},313-555-{number:04}\n".encode() for number in range(5_000)]
    lines[4_000] = "José,313-555-4000\n".encode("cp1252")
    _, rows = read(tmp_path, b"name,phone\n" + b"".join(lines))
    assert rows[4_000].cells == ["José", "313-555-4000"]
    assert all(row.cells[0] == f"Zoë {place}" for place, row in enumerate(rows) if place != 4_000)


def test_a_cell_may_have_line_ends_and_the_row_keeps_its_spreadsheet_number(tmp_path: Path) -> None:
    _, rows = read(tmp_path, b'name,note,phone\r\nAnn,"one\r\ntwo\r\nthree",3135550123\r\n\r\nBob,,3135550124\r\n')
    assert [(row.number, row.cells[0]) for row in rows] == [(2, "Ann"), (4, "Bob")]
    assert rows[0].cells[1] == "one\r\ntwo\r\nthree"


def test_a_quotation_mark_that_nobody_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    lines = [f"Ann {number},313-555-{number:04}\n" for number in range(300)]
    lines[100] = '"Bob,313-555-0100\n'
    _, rows = read(tmp_path, ("name,phone\n" + "".join(lines)).encode())
    assert len(rows) == 300
    assert [row.number for row in rows if row.wrong] == [102]
    assert "never closed" in str(rows[100].wrong)
    assert rows[100].cells == ['"Bob,313-555-0100']
    assert rows[299].cells == ["Ann 299", "313-555-0299"]


def test_a_quotation_mark_left_open_in_the_last_row_is_noticed(tmp_path: Path) -> None:
    _, rows = read(tmp_path, b'name,phone\nAnn,3135550123\n"Bob,3135550124\n')
    assert [bool(row.wrong) for row in rows] == [False, True]


def test_a_row_of_megabytes_is_rejected_without_being_held(tmp_path: Path) -> None:
    _, rows = read(tmp_path, b"name,phone\n" + b"x" * 5_000_000 + b",3135550123\nBob,3135550124\n")
    assert [(row.number, row.wrong) for row in rows] == [(2, "the row is too long"), (3, None)]
    assert len(rows[0].cells[0]) == csv_files.MAX_REPORTED


def test_a_row_with_too_many_cells_has_slipped_and_is_rejected(tmp_path: Path) -> None:
    _, rows = read(tmp_path, b"name,town,phone\nDoe, Jane,Flint,3135550123\nAl\n")
    assert "4 cells for 3 columns" in str(rows[0].wrong)
    assert rows[1].cells == ["Al", "", ""]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\r\n\r\n  \r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04rest of a workbook", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"\n<!DOCTYPE html><title>Sign in", "web page"),
        (b"Ann,(313) 555-0123\nBob,(313) 555-0124\n", "looks like a person"),
    ],
)
def test_what_is_no_list_of_people_is_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        read(tmp_path, content)


@few(300)
@given(st.binary() | st.text(alphabet='a1,;\t"\r\n\0é|', max_size=400).map(str.encode))
def test_any_bytes_are_rows_or_a_refusal(tmp_path: Path, content: bytes) -> None:
    try:
        header, rows = read(tmp_path, content)
    except Refusal:
        return
    assert all(row.wrong or len(row.cells) == len(header) for row in rows)
    assert [row.number for row in rows] == sorted({row.number for row in rows})


@few(100)
@given(
    st.lists(st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"])), min_size=3, max_size=3), max_size=20),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_csv_writer_wrote_comes_back(tmp_path: Path, cells: list[list[str]], mark: str, encoding: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL).writerows([["name", "phone", "note"], *cells])
    _, rows = read(tmp_path, out.getvalue().encode(encoding))
    assert [row.cells for row in rows] == [row for row in cells if any(row)]
