"""Rows of a file made ready for the database: read, parsed and hashed, some thousand at a time.

Of a file over 256 KB this is the work of a process of its own (file_reader). Nothing here loads the database's
libraries, and nothing holds more than one chunk.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.errors import Refusal
from bot.services import csv_files, phones
from bot.services.contact_columns import Columns, columns
from bot.services.csv_files import Row
from bot.services.texting_hours import NeverOpen, describe, ever_opens, place_of, window_for

if TYPE_CHECKING:
    from bot.settings import Settings

FIRST_ROW = 2
"""The header is row 1."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a row's meaning depends on, besides the row."""

    region: str
    secret: str
    hours: str
    chunk_rows: int = 1_500

    @staticmethod
    def of(settings: "Settings") -> "Options":
        """As this installation is set up."""
        return Options(settings.default_region, settings.textbank_secret, settings.texting_hours)


class Opening(NamedTuple):
    """The file could be read: its columns as they are called there, and as scripts may call them."""

    header: list[str]
    names: list[str]


class Reject(NamedTuple):
    """A row that does not come in, and why. `raw` is a JSON of its cells."""

    row: int
    reason: str
    raw: str


class Chunk(NamedTuple):
    """The rows from `first` up to `next`.

    `people` has each one's values as PERSON says; `raws` their rows, should the database turn some down.
    """

    first: int
    next: int
    windows: tuple[str, ...]
    people: list[tuple[Any, ...]]
    raws: list[str]
    rejects: list[Reject]


class Refused(NamedTuple):
    """The file is none that can be imported."""

    why: str


Message = Opening | Chunk | Refused

CONTACT = (
    *("external_id", "first_name", "last_name", "birth_year", "zip", "region"),
    *("timezone", "place", "fields", "consent_source", "consent_at"),
)
"""The contact's columns, as they stand in Chunk.people. `fields` is JSON."""
PERSON = ("row", "phone", "phone_hash", "window_key", *CONTACT)
"""What stands where in each of Chunk.people."""

_ZIP_AND_FOUR = re.compile(r"(\d{5})-?\d{4}", re.ASCII)
_YEAR = re.compile(
    r"((?:19|20)\d\d)(?:\D.*|\d{4})?|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]((?:19|20)\d\d)(?:\D.*)?", re.DOTALL
)


def read(path: Path, start: int, options: Options) -> Iterator[Message]:
    """An Opening and the Chunks from row `start` on; or, at any moment, Refused."""
    try:
        with csv_files.opened(path, options.region) as table:
            places = columns(table.header)
            yield Opening(table.header, places.names)
            yield from chunks(table, places, start, options)
    except Refusal as refusal:
        yield Refused(str(refusal))
    except OSError as wrong:
        yield Refused(f"The file cannot be read: {wrong.strerror}.")


def chunks(table: csv_files.Table, places: Columns, start: int, options: Options) -> Iterator[Chunk]:
    """The rows from `start` on, some at a time."""
    preparing = _Preparing(table.header, places, options)
    first, rows = max(start, FIRST_ROW), []
    for row in table.rows:
        if row.number < first:
            continue
        rows.append(row)
        if len(rows) == options.chunk_rows:
            yield preparing.chunk(rows, first)
            first, rows = row.number + 1, []
    if rows:
        yield preparing.chunk(rows, first)


class _Preparing:
    """Everything about a row that can be known without the database; what all rows share is worked out once."""

    def __init__(self, header: list[str], places: Columns, options: Options) -> None:
        self._header, self._options = header, options
        self._phones, self._full_name = places.phones, places.full_name
        wanted = (
            *(places.first_name, places.last_name, places.zip, places.region, places.city, places.timezone),
            *(places.external_id, places.birth, places.consent_source, places.consent_at),
        )
        self._pick = itemgetter(*(len(header) if place is None else place for place in wanted))
        """These cells of a row that has an empty one added at its end, for all that the file lacks."""
        kept = [(place, name) for place, name in places.fields if name not in ("first_name", "last_name")]
        self._fields = [(place, f"{quoted(name)}:") for place, name in kept]

    def chunk(self, rows: list[Row], first: int) -> Chunk:
        people: list[tuple[Any, ...]] = []
        raws: list[str] = []
        rejects: list[Reject] = []
        windows: dict[str, None] = {}
        seen: dict[str, int] = {}
        for row in rows:
            cells = [cell.strip() for cell in row.cells]
            try:
                phone = self._phone(row, cells)
                if phone in seen:
                    raise ValueError(f"same phone as row {seen[phone]}")
                person = self._person(row.number, phone, cells)
            except ValueError as why:
                if any(cells):
                    rejects.append(Reject(row.number, str(why), _json_list(row.cells)))
                continue
            seen[phone] = row.number
            windows[person[3]] = None
            people.append(person)
            raws.append(_json_list(row.cells))
        return Chunk(first, rows[-1].number + 1, tuple(windows), people, raws, rejects)

    def _phone(self, row: Row, cells: list[str]) -> str:
        """The likeliest of the row's numbers to be textable. Raises ValueError with what is wrong with each."""
        if row.wrong:
            raise ValueError(row.wrong)
        wrong = []
        for place in self._phones:
            if cells[place]:
                try:
                    return phones.parse(cells[place], self._options.region)
                except ValueError as why:
                    wrong.append((self._header[place], str(why)))
        if not wrong:
            raise ValueError("no phone number")
        if len(self._phones) == 1:
            raise ValueError(wrong[0][1])
        raise ValueError("; ".join(f"{column}: {why}" for column, why in wrong))

    def _person(self, number: int, phone: str, cells: list[str]) -> tuple[Any, ...]:
        first, last, code, state, city, timezone, external_id, birth, consent_source, consent_at = self._pick(
            [*cells, ""]
        )
        if self._full_name is not None:
            first, last = split_name(cells[self._full_name], last)
        window, region, words = _where(
            timezone or None,
            _five_digits(code) if code else None,
            state or None,
            phone[:5] if phone.startswith("+1") else phone,  # of these numbers only the area code says where
            self._options.hours,
        )
        return (
            number,
            phone,
            phones.phone_hash(self._options.secret, phone),
            window,
            external_id or None,
            first,
            last,
            birth_year(birth) if birth else None,
            code or None,
            region,
            timezone or None,
            f"{city}, {words}" if city else words,
            f"{{{','.join([name + quoted(cells[place]) for place, name in self._fields if cells[place]])}}}",
            consent_source or None,
            consent_at or None,
        )


def _json_list(cells: Sequence[str]) -> str:
    # json.dumps builds an encoder at each call, which takes three times as long as the row.
    return f"[{','.join(map(quoted, cells))}]"


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
