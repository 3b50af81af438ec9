"""Opt-outs in bulk: a file of numbers, in; all of the organization's, out.

A worker reads the file, since Slack waits three seconds for the modal that it came in. A second reading does no more
than the first, so a file that broke off is read anew. Every number of a row counts, not only the likeliest.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import bindparam, delete, insert, select, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, csv_files, optouts, people, phones
from bot.services.contact_columns import columns
from bot.services.optouts import FROM_FILE
from bot.services.spreadsheets import harmless, said
from models import OptOutState, opt_out, opt_out_file, person

AT_ONCE = 200
PAGE = 1_000
TRIES = 5
HEAD = ("phone", "state", "at_utc", "source", "by", "reason")
REASON_LENGTH = 300

_ASK = insert(opt_out_file)
_NEXT = select(opt_out_file).where(opt_out_file.c.due_at <= bindparam("now")).order_by(opt_out_file.c.due_at).limit(1)
_THIS_ONE = (opt_out_file.c.id == bindparam("which")) & (opt_out_file.c.due_at == bindparam("was"))
_TAKE = update(opt_out_file).where(_THIS_ONE).values(due_at=bindparam("until"), tries=opt_out_file.c.tries + 1)
_PUT_OFF = update(opt_out_file).where(opt_out_file.c.id == bindparam("which")).values(due_at=bindparam("until"))
_DONE = delete(opt_out_file).where(opt_out_file.c.id == bindparam("which"))
_AMONG: Any = bindparam("hashes", expanding=True)
_KNOWN = select(person.c.phone_hash).where(person.c.phone_hash.in_(_AMONG))
_ALL = (
    select(opt_out, person.c.phone)
    .outerjoin(person, person.c.phone_hash == opt_out.c.phone_hash)
    .where(opt_out.c.phone_hash > bindparam("after"))
    .order_by(opt_out.c.phone_hash)
    .limit(PAGE)
)


@dataclass(slots=True)
class Chunk:
    """Some rows of a file: the numbers in them, and the rows that have none, each with why."""

    numbers: list[str] = field(default_factory=list)
    rejected: list[list[Any]] = field(default_factory=list)


async def ask(session: Session, name: str, url: str, reason: str, *, by: str, now: datetime) -> None:
    """Have this file read. Raises Refusal without a word on where it is from."""
    if len(reason.strip()) < 3:
        raise Refusal("Say where this list is from: it is kept with each number.", field="reason")
    about = {"file_name": name, "file_url": url, "reason": reason.strip()[:REASON_LENGTH]}
    await session.execute(_ASK, {**about, "asked_by": by, "asked_at": now, "due_at": now, "tries": 0})


async def take(session: Session, *, now: datetime, until: datetime) -> Any | None:
    """The file that waits first, ours until then; None when none waits."""
    row = (await session.execute(_NEXT, {"now": now})).first()
    if row is None:
        return None
    taken: Any = await session.execute(_TAKE, {"which": row.id, "was": row.due_at, "until": until})
    return row if taken.rowcount == 1 else None


async def put_off(session: Session, file: Any, *, until: datetime) -> None:
    """It cannot be had just now, or is not read to its end yet."""
    await session.execute(_PUT_OFF, {"which": file.id, "until": until})


async def finish(session: Session, file: Any, *, new: int, before: int, rejected: int, now: datetime) -> None:
    """All that can be read of it is in."""
    await session.execute(_DONE, {"which": file.id})
    about = {"file": file.file_name, "reason": file.reason, "new": new, "before": before, "rejected": rejected}
    await audit.note(session, who=file.asked_by, what="opt-outs from a file", now=now, **about)


def read(path: Path, region: str) -> Iterator[Chunk | list[str]]:
    """The header, and then the file's rows, some at a time. Raises Refusal for what is no list of numbers."""
    with csv_files.opened(path, region) as table:
        places = columns(table.header).phones
        yield table.header
        while rows := list(islice(table.rows, AT_ONCE)):
            chunk = Chunk()
            for row in rows:
                _add(chunk, row, places, region)
            yield chunk


def _add(chunk: Chunk, row: csv_files.Row, places: Sequence[int], region: str) -> None:
    if not any(cell.strip() for cell in row.cells):
        return
    found, wrong = [], row.wrong or "no phone number"
    for place in places if not row.wrong else ():
        if place < len(row.cells) and row.cells[place].strip():
            try:
                found.append(phones.parse(row.cells[place], region))
            except ValueError as why:
                wrong = str(why)
    chunk.numbers += found
    if not found:
        chunk.rejected.append([row.number, wrong, *map(harmless, row.cells)])


async def record(session: Session, numbers: Sequence[str], file: Any, *, secret: str, now: datetime) -> int:
    """Nobody texts these numbers again. Returns how many had not opted out before."""
    hashed = {phones.phone_hash(secret, number): number for number in numbers}
    known = set((await session.execute(_KNOWN, {"hashes": list(hashed)})).scalars())
    how: dict[str, Any] = {"by": file.asked_by, "now": now, "source": FROM_FILE, "reason": file.reason}
    new = 0
    for each in sorted(known):
        new += await people.opt_out_by_hand(session, hashed[each], secret=secret, **how)
    return new + await optouts.record_unknown(session, sorted(hashed.keys() - known), **how)


async def write_all(read_page: Any, out: TextIO) -> int:
    """Every opt-out of the organization, with the numbers that are still known. Returns how many there are.

    `read_page` runs a statement in a short transaction of its own.
    """
    writer = csv.writer(out)
    writer.writerow(HEAD)
    count, after = 0, ""
    while rows := await read_page(_ALL, {"after": after}):
        for row in rows:
            at = f"{row.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
            writer.writerow([row.phone or "", OptOutState(row.state), at, row.source, row.by or "", said(row.reason)])
        count, after = count + len(rows), rows[-1].phone_hash
    return count
