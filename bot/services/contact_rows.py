"""Rows of a file made ready for the database; a file over 256 KB by a process of its own, beside the one that writes.

That process reads, parses and hashes; the writer hands on to the database what it gets, without looking in. So each has
a core for itself, and neither ever holds more than a few thousand rows. Nothing here loads the database's libraries.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bot.errors import Refusal
from bot.services import csv_files, phones
from bot.services.contact_columns import Columns, columns
from bot.services.csv_files import Row
from bot.services.texting_hours import NeverOpen, describe, ever_opens, place_of, window_for

_json = json.JSONEncoder(separators=(",", ":")).encode
FIRST_ROW = 2
"""The header is row 1."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a row's meaning depends on, besides the row."""

    region: str
    secret: str
    hours: str
    chunk_rows: int = 1_000


class Opening(NamedTuple):
    """The file could be read: its columns as they are called there, and as scripts may call them."""

    header: list[str]
    names: list[str]


class Chunk(NamedTuple):
    """The rows from `first` up to `next`.

    `people` has each one's values as CONTACT says, `keys` (row, phone, phone_hash), `cells` their rows as JSON, should
    the database turn some down. `rejects` is a JSON of [row, reason, cells].
    """

    first: int
    next: int
    windows: tuple[str, ...]
    keys: list[tuple[int, str, str]]
    people: list[tuple[Any, ...]]
    cells: str
    rejects: str
    rejects_count: int


class Refused(NamedTuple):
    """The file is none that can be imported."""

    why: str


CONTACT = (
    *("row", "phone_hash", "window_key", "external_id", "first_name", "last_name", "birth_year", "zip", "region"),
    *("timezone", "place", "fields", "consent_source", "consent_at"),
)
"""What stands where in each of Chunk.people. `fields` is JSON."""

_ZIP_AND_FOUR = re.compile(r"(\d{5})-?\d{4}", re.ASCII)
_YEAR = re.compile(
    r"((?:19|20)\d\d)(?:\D.*|\d{4})?|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]((?:19|20)\d\d)(?:\D.*)?", re.DOTALL
)


class Pipe(Protocol):
    """Whatever takes the messages."""

    def send(self, message: Any, /) -> None:
        """Take one; raises BrokenPipeError when nobody will ever read it."""


def send_chunks(pipe: Pipe, path: Path, start: int, options: Options) -> None:
    """The body of the reading process: an Opening, Chunks from row `start` on, and None; or Refused.

    The pipe holds little, so that this waits while the writer is busy; when the writer is gone, it ends.
    """
    try:
        with csv_files.opened(path, options.region) as table:
            places = columns(table.header)
            pipe.send(Opening(table.header, places.names))
            for chunk in chunks(table, places, start, options):
                pipe.send(chunk)
            pipe.send(None)
    except Refusal as refusal:
        pipe.send(Refused(str(refusal)))
    except BrokenPipeError:
        return
    except OSError as wrong:
        pipe.send(Refused(f"The file cannot be read: {wrong.strerror}."))


def chunks(table: csv_files.Table, places: Columns, start: int, options: Options) -> Iterator[Chunk]:
    """The rows from `start` on, some at a time."""
    first, rows = max(start, FIRST_ROW), []
    for row in table.rows:
        if row.number < first:
            continue
        rows.append(row)
        if len(rows) == options.chunk_rows:
            yield prepare(rows, table.header, places, options, first=first)
            first, rows = row.number + 1, []
    if rows:
        yield prepare(rows, table.header, places, options, first=first)


def prepare(rows: list[Row], header: list[str], places: Columns, options: Options, *, first: int) -> Chunk:
    """Everything about these rows that can be known without the database."""
    keys: list[tuple[int, str, str]] = []
    people: list[tuple[Any, ...]] = []
    cells: list[list[str]] = []
    rejects: list[list[Any]] = []
    windows: dict[str, None] = {}
    seen: dict[str, int] = {}
    kept = [(place, name) for place, name in places.fields if name not in ("first_name", "last_name")]
    for row in rows:
        try:
            phone = _phone(row, header, places, options.region)
            if phone in seen:
                raise ValueError(f"same phone as row {seen[phone]}")
            hashed = phones.phone_hash(options.secret, phone)
            person = _person(row, hashed, phone, places, kept, options.hours)
        except ValueError as why:
            if any(cell.strip() for cell in row.cells):
                rejects.append([row.number, str(why), row.cells])
            continue
        seen[phone] = row.number
        windows[person[2]] = None
        keys.append((row.number, phone, hashed))
        people.append(person)
        cells.append(row.cells)
    next_row = rows[-1].number + 1
    return Chunk(first, next_row, tuple(windows), keys, people, _json(cells), _json(rejects), len(rejects))


def _phone(row: Row, header: list[str], places: Columns, region: str) -> str:
    """The likeliest of the row's numbers to be textable. Raises ValueError with what is wrong with each."""
    if row.wrong:
        raise ValueError(row.wrong)
    wrong = []
    for place in places.phones:
        if raw := row.cells[place].strip():
            try:
                return phones.parse(raw, region)
            except ValueError as why:
                wrong.append((header[place], str(why)))
    if not wrong:
        raise ValueError("no phone number")
    if len(places.phones) == 1:
        raise ValueError(wrong[0][1])
    raise ValueError("; ".join(f"{column}: {why}" for column, why in wrong))


def _person(
    row: Row, hashed: str, phone: str, places: Columns, kept: Iterable[tuple[int, str]], hours: str
) -> tuple[Any, ...]:
    cells = row.cells

    def cell(place: int | None) -> str | None:
        return (cells[place].strip() or None) if place is not None else None

    first_name, last_name = cell(places.first_name), cell(places.last_name)
    if places.full_name is not None:
        first_name, last_name = split_name(cells[places.full_name], last_name)
    zip_code = cell(places.zip)
    window, region, words = _where(
        cell(places.timezone),
        _five_digits(zip_code) if zip_code else None,
        cell(places.region),
        phone[:5] if phone.startswith("+1") else phone,  # of these numbers only the area code says where
        hours,
    )
    city = cell(places.city)
    birth = cell(places.birth)
    return (
        row.number,
        hashed,
        window,
        cell(places.external_id),
        first_name or "",
        last_name or "",
        birth_year(birth) if birth else None,
        zip_code,
        region,
        cell(places.timezone),
        f"{city}, {words}" if city else words,
        _json({name: value for place, name in kept if (value := cells[place].strip())}),
        cell(places.consent_source),
        cell(places.consent_at),
    )


def split_name(whole: str, last_name: str | None = None) -> tuple[str, str]:
    """ "Doe, Jane" and "Jane Q. Doe" to first and last; a last name from a column of its own stays."""
    last, comma, first = (part.strip() for part in whole.partition(","))
    if comma and first:
        return first, last_name or last
    words = last.split()
    if len(words) < 2:
        return last, last_name or ""
    return (words[0], last_name) if last_name else (" ".join(words[:-1]), words[-1])


def birth_year(text: str) -> int | None:
    """The year of a date of birth, however it is written; None if that takes guessing."""
    match = _YEAR.fullmatch(text)
    return int(match.group(1) or match.group(2)) if match else None


def _five_digits(code: str) -> str:
    match = _ZIP_AND_FOUR.fullmatch(code)
    return match.group(1) if match else code


@lru_cache(maxsize=65_536)
def _where(
    timezone: str | None, zip_code: str | None, state: str | None, phone: str, hours: str
) -> tuple[str, str | None, str]:
    """The window's key, the state, and words for the card. A file has far fewer places than people.

    Raises NeverOpen for a place where nobody may be texted at any hour.
    """
    place = place_of(timezone=timezone, zip=zip_code, state=state, phone=phone)
    window = window_for(place, hours)
    if not ever_opens(window):
        raise NeverOpen("never allowed: TEXTING_HOURS and the law of the place leave no hour in common")
    return window.key, place.state, describe(place.state, place.zones)
