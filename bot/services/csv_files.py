"""CSV as campaigns really have it: from a path to a header and rows, whatever program wrote the file.

A stream: memory does not grow with the file. Bytes that are not UTF-8 are read as cp1252 one by one, since a bad byte
in row 900,000 must neither spoil the rows before it nor refuse them.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bot.errors import Refusal
from bot.services import phones

MAX_CHARACTERS = 65_536
"""Of one row. More is a quotation mark that nobody closed, or no CSV."""
MAX_LINES = 100
"""Of one row, for the same reason."""
MAX_COLUMNS = 1_000
MAX_REPORTED = 1_000
"""Characters of an unreadable row that are given back."""

_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE = 65_536
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive. Open it, choose “Save as”, and save it as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook. Open it, choose “Save as”, and save it as CSV"),
    (b"%PDF", "a PDF. Export the list as CSV instead"),
    (b"\x1f\x8b", "a compressed file. Unpack it, and import what is inside"),
    (b"{\\rtf", "a rich-text document. Save the list as CSV"),
    (b"\x89PNG", "a picture. Export the list as CSV instead"),
    (b"\xff\xd8\xff", "a picture. Export the list as CSV instead"),
    (b"SQLite format 3\0", "a database. Export the list as CSV"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WEB_PAGE = re.compile(rb"\s*<(?:!doctype html|html|\?xml|head|body|table)", re.IGNORECASE)
_MAY_BE_PHONE = re.compile(r"\d(?:[^\dA-Za-z]{0,3}\d){9}")


class Row(NamedTuple):
    """`number` as a spreadsheet counts: the header is row 1. `wrong` says why the cells cannot be trusted."""

    number: int
    cells: list[str]
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file's header and its rows, which can be gone through once."""

    header: list[str]
    rows: Iterator[Row]
    encoding: str
    delimiter: str


@contextmanager
def opened(path: Path, region: str = "US") -> Iterator[Table]:
    """The file as a table. Raises Refusal, saying what the file is and what to do, for anything that is none."""
    with path.open("rb") as binary:
        sample = binary.read(_SAMPLE)
        encoding = _encoding(sample)
        binary.seek(0)
        with io.TextIOWrapper(binary, encoding=encoding, errors="as_cp1252", newline="") as text:
            yield _table(text, encoding, region)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """What decoding does with bytes that are no UTF-8: the first is a Windows program's letter; go on behind it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding.startswith("utf-8") or error.encoding == "utf8":
        return error.object[error.start : error.start + 1].decode("cp1252", "replace"), error.start + 1
    return "\ufffd", error.end


codecs.register_error("as_cp1252", _as_cp1252)


def _encoding(sample: bytes) -> str:
    if not sample.strip(b"\0 \t\r\n"):
        raise Refusal("The file is empty.")
    for magic, what in _MAGIC:
        if sample.startswith(magic):
            raise Refusal(f"This file is not a CSV but {what}.")
    if _WEB_PAGE.match(sample.removeprefix(codecs.BOM_UTF8)):
        raise Refusal("This file is not a CSV but a web page. Download the list again, as CSV.")
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    # UTF-16 without its mark: every other byte of plain Latin text is zero. Other zeros are dirt and are dropped.
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > len(sample) // 4 and even * 8 < odd:
        return "utf-16-le"
    if even > len(sample) // 4 and odd * 8 < even:
        return "utf-16-be"
    return "utf-8"


def _table(text: io.TextIOWrapper, encoding: str, region: str) -> Table:
    lines = _Lines(text)
    first = lines.peek(20)
    if first and (named := re.fullmatch(r'"?sep=(.)"?\s*', first[0], re.IGNORECASE)):
        lines.drop_first()  # Excel's own way of naming the delimiter
        delimiter, number = named.group(1), 1
        if delimiter in '"\r\n':
            delimiter = ","
    else:
        delimiter, number = _delimiter(first), 0
    rows = _rows(lines, delimiter, number)
    top = next((row for row in rows if any(cell.strip() for cell in row.cells)), None)
    if top is None:
        raise Refusal("The file is empty.")
    if top.wrong:
        raise Refusal(f"The file's first row cannot be read: {top.wrong}.")
    if len(top.cells) > MAX_COLUMNS:
        raise Refusal(f"The file has more than {MAX_COLUMNS:,} columns. Save a file with only those that you need.")
    header = [cell.strip().lstrip("\ufeff") for cell in top.cells]
    _refuse_a_person(header, region)
    return Table(header, _checked(rows, len(header)), encoding, delimiter)


def _delimiter(first: list[str]) -> str:
    """The mark that parts the header into most columns; of equals, the one by which the next rows have as many."""
    best, chosen = (0, 0), ","
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(first, delimiter=delimiter) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        score = (width, sum(len(row) == width for row in rows))
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _refuse_a_person(header: list[str], region: str) -> None:
    for cell in header:
        if not _MAY_BE_PHONE.search(cell):
            continue
        try:
            phones.parse(cell, region)
        except ValueError:
            continue
        raise Refusal(
            "The first row looks like a person, not like column names. Add a row above it that names the columns, "
            "such as first_name,last_name,phone."
        )


class _Runaway(Exception):
    """A row has swallowed more than a row can have."""


class _Lines:
    """The file's lines, remembering which of them the row at hand has taken, so that they can be given back."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self._size = 0
        self.ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._read()
        if not line:
            self.ended = True
            raise StopIteration
        if "\0" in line:
            line = line.replace("\0", "") or "\n"
        self.taken.append(line)
        self._size += len(line)
        if self._size >= MAX_CHARACTERS or len(self.taken) > MAX_LINES:
            raise _Runaway
        return line

    def begin_row(self) -> None:
        self.taken.clear()
        self._size = 0

    def peek(self, count: int) -> list[str]:
        """The first lines, still to be read."""
        first = [line for line in (self._text.readline(MAX_CHARACTERS) for _ in range(count)) if line]
        self._back.extend(first)
        return [line.replace("\0", "") for line in first]

    def drop_first(self) -> None:
        self._back.popleft()

    def give_up_row(self) -> str:
        """Leave the row at its first line, which is returned, and let the others be read as rows of their own."""
        first, *rest = self.taken
        self._back.extendleft(reversed(rest))
        self.ended = False
        if _is_cut(first):
            while _is_cut(self._read()):
                pass
        return first.rstrip("\r\n")

    def _read(self) -> str:
        return self._back.popleft() if self._back else self._text.readline(MAX_CHARACTERS)


def _is_cut(line: str) -> bool:
    """Whether this is only a part of the line, since it is so long."""
    return len(line) >= MAX_CHARACTERS and not line.endswith(("\n", "\r"))


def _rows(lines: _Lines, delimiter: str, number: int) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin_row()
        number += 1
        try:
            cells = next(reader)
            if lines.ended and _is_unclosed(lines.taken, delimiter):
                raise _Runaway
            yield Row(number, cells)
        except StopIteration:
            return
        except (_Runaway, csv.Error):
            said = "a quotation mark is opened and never closed"
            if len(lines.taken) == 1 and len(lines.taken[0]) >= MAX_CHARACTERS:
                said = "the row is too long"
            reader = csv.reader(lines, delimiter=delimiter)
            yield Row(number, [lines.give_up_row()[:MAX_REPORTED]], said)


def _is_unclosed(taken: list[str], delimiter: str) -> bool:
    """Whether the file's last row ends inside quotation marks: only the strict reader tells."""
    try:
        list(csv.reader(taken, delimiter=delimiter, strict=True))
    except csv.Error as wrong:
        return "unexpected end" in str(wrong)
    return False


def _checked(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """Rows that hold something. One with more cells than the header has slipped: its names would be wrong."""
    for row in rows:
        cells = row.cells
        if len(cells) == width or row.wrong:
            if any(cells):
                yield row
        elif len(cells) > width:
            if any(cell.strip() for cell in cells[width:]):
                said = f"{len(cells)} cells for {width} columns: does a cell lack its quotation marks?"
                yield Row(row.number, cells[:MAX_COLUMNS], said)
            elif any(cells):
                yield Row(row.number, cells[:width])
        elif any(cells):
            yield Row(row.number, cells + [""] * (width - len(cells)))
