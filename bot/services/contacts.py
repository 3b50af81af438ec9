"""Imports: a file's people become a campaign's contacts, whole or not at all.

Rows are staged a chunk at a time, each chunk with the mark of how far the file has been read; then one row's change
makes them all count. Whoever holds the import's lease goes on from the mark, so that being killed doubles nothing.
"""

import asyncio
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TextIO

from sqlalchemy import TextClause, bindparam, text

from bot.database import Database, Session
from bot.services import audit, contact_staging, posts, tallies
from bot.services.contact_rows import Chunk
from bot.services.posts import PostKind
from bot.services.spreadsheets import harmless
from bot.services.tallies import Metric
from models import ImportState
from models.types import Json, Moment


class LeaseLost(Exception):
    """Another process has taken this import over, and what this one was about to do with it."""


@dataclass(frozen=True, slots=True)
class Running:
    """An import whose lease is ours."""

    id: int
    campaign_id: int
    owner: str
    state: ImportState
    next_row: int
    open_after: int | None
    imported_by: str
    tries: int
    """How often it has been taken up since it last got anywhere."""


# ---------------------------------------------------------------------------------------------------------- statements
def _timed(statement: str, *moments: str) -> TextClause:
    return text(statement).bindparams(*(bindparam(name, type_=Moment) for name in moments))


# A FAILED import is not over before its rows are gone, nor a LIVE one before its contacts can be handed out.
_UNFINISHED = (
    "(state = 'staging' OR (state = 'live' AND open_after IS NOT NULL) OR (state = 'failed' AND next_row > 0))"
)
_FREE = "(lease_until IS NULL OR lease_until < :now)"
# The file of a command line is on its machine, and goes on by the same command; after a day nobody will.
_NOBODY_ELSES = f"(state != 'staging' OR imported_by != '{audit.COMMAND_LINE}' OR created_at < :a_day_ago)"
_WAITING = _timed(
    f"SELECT id FROM contact_import WHERE {_UNFINISHED} AND {_FREE} AND {_NOBODY_ELSES} ORDER BY tries, id",  # noqa: S608
    *("now", "a_day_ago"),
)
_TAKE = _timed(
    "UPDATE contact_import SET lease_owner = :owner, lease_until = :until, tries = tries + 1"  # noqa: S608
    f" WHERE id = :import_id AND {_UNFINISHED} AND ({_FREE} OR lease_owner = :owner)"
    " RETURNING id, campaign_id, state, next_row, open_after, imported_by, tries",
    *("until", "now"),
)
_GIVE_BACK = text(
    "UPDATE contact_import SET lease_owner = NULL, lease_until = NULL WHERE id = :import_id AND lease_owner = :owner"
)
_ADVANCE = _timed(
    "UPDATE contact_import SET next_row = :next, lease_until = :until, tries = 0"
    " WHERE id = :import_id AND lease_owner = :owner AND state = 'staging' AND next_row <= :first",
    "until",
)
_COUNT = text(
    "UPDATE contact_import SET imported = imported + :imported, rejected = rejected + :rejected WHERE id = :import_id"
)
_DESCRIBE = text(
    "UPDATE contact_import SET header = :header WHERE id = :import_id AND lease_owner = :owner"
).bindparams(bindparam("header", type_=Json))

_GO_LIVE = text(
    "UPDATE contact_import SET state = 'live', open_after = 0, tries = 0"
    " WHERE id = :import_id AND lease_owner = :owner AND state = 'staging' RETURNING imported, rejected"
)
_FIELDS = text("SELECT fields FROM campaign WHERE id = :campaign_id").columns(fields=Json)
_SET_FIELDS = text("UPDATE campaign SET fields = :fields WHERE id = :campaign_id").bindparams(
    bindparam("fields", type_=Json)
)
_LOCK_CAMPAIGN = text("UPDATE campaign SET name = name WHERE id = :campaign_id")
_SEGMENT = text("SELECT id FROM segment WHERE campaign_id = :campaign_id ORDER BY id LIMIT 1")
_SOME = text(
    "SELECT max(id) FROM (SELECT id FROM contact WHERE import_id = :import_id AND id > :after ORDER BY id LIMIT :limit)"
    " AS part"
)
_OPEN = text(
    "INSERT INTO conversation (contact_id, campaign_id, person_id, segment_id, window_id, pass, position, state)"
    " SELECT id, campaign_id, person_id, :segment_id, window_id, 1, 0, 'pool' FROM contact"
    " WHERE import_id = :import_id AND id > :after AND id <= :last ORDER BY id ON CONFLICT DO NOTHING"
)
_OPENED = _timed(
    "UPDATE contact_import SET open_after = :last, lease_until = :until, tries = 0"
    " WHERE id = :import_id AND lease_owner = :owner AND state = 'live' AND open_after = :after",
    "until",
)

_FAIL = text(
    "UPDATE contact_import SET state = 'failed', error = :why, imported = 0, rejected = 0"
    " WHERE id = :import_id AND lease_owner = :owner AND state = 'staging'"
)
_DROP_CONTACTS = text(
    "DELETE FROM contact WHERE id IN (SELECT id FROM contact WHERE import_id = :import_id ORDER BY id LIMIT :limit)"
)
_DROP_REJECTS = text(
    "DELETE FROM import_reject WHERE import_id = :import_id AND row IN"
    " (SELECT row FROM import_reject WHERE import_id = :import_id ORDER BY row LIMIT :limit)"
)
_STILL_OURS = _timed(
    "UPDATE contact_import SET lease_until = :until, next_row = :next"
    " WHERE id = :import_id AND lease_owner = :owner AND state = 'failed'",
    "until",
)
_PUT_OFF = _timed(
    f"UPDATE contact_import SET lease_owner = NULL, lease_until = :until WHERE id = :import_id AND {_FREE}",  # noqa: S608
    *("until", "now"),
)
_HEADER = text("SELECT header FROM contact_import WHERE id = :import_id").columns(header=Json)
_REJECTED = text(
    "SELECT row, reason, raw FROM import_reject WHERE import_id = :import_id AND row > :after ORDER BY row LIMIT 500"
).columns(raw=Json)


# --------------------------------------------------------------------------------------------------------------- lease


async def waiting(session: Session, *, now: datetime) -> list[int]:
    """Imports with something left to do that nobody is doing: the oldest first, but before those that broke off."""
    return list((await session.execute(_WAITING, {"now": now, "a_day_ago": now - timedelta(days=1)})).scalars())


async def take(session: Session, import_id: int, *, owner: str, now: datetime, until: datetime) -> Running | None:
    """The import, ours until then, longer with each chunk; None while another has it or when nothing is left to do."""
    values = {"import_id": import_id, "owner": owner, "now": now, "until": until}
    row = (await session.execute(_TAKE, values)).one_or_none()
    if row is None:
        return None
    state = ImportState(row.state)
    return Running(row.id, row.campaign_id, owner, state, row.next_row, row.open_after, row.imported_by, row.tries)


async def give_back(session: Session, import_id: int, *, owner: str) -> None:
    """Let another process go on at once."""
    await session.execute(_GIVE_BACK, {"import_id": import_id, "owner": owner})


async def put_off(session: Session, import_id: int, *, until: datetime, now: datetime) -> None:
    """Not before then, unless somebody is at it: the other imports go on meanwhile."""
    await session.execute(_PUT_OFF, {"import_id": import_id, "until": until, "now": now})


# ------------------------------------------------------------------------------------------------------------- staging


async def describe(session: Session, running: Running, header: list[str]) -> None:
    """Keep the file's column names, under which rejected rows are given back."""
    await session.execute(_DESCRIBE, {"import_id": running.id, "owner": running.owner, "header": header})


async def stage(
    session: Session, running: Running, chunk: Chunk, windows: Mapping[str, int], *, until: datetime
) -> tuple[int, int]:
    """Put a chunk's people in, and move the mark behind it. Returns how many were imported and how many rejected.

    `windows` has the ids of its windows. Raises LeaseLost or Overtaken, and then nothing may be committed.
    """
    mark = {"import_id": running.id, "owner": running.owner, "first": chunk.first, "next": chunk.next, "until": until}
    moved: Any = await session.execute(_ADVANCE, mark)
    if moved.rowcount != 1:
        raise LeaseLost
    where = {"campaign_id": running.campaign_id, "import_id": running.id}
    imported, rejected = await contact_staging.put_in(session, chunk, windows, **where)
    await session.execute(_COUNT, {"import_id": running.id, "imported": imported, "rejected": rejected})
    return imported, rejected


# ------------------------------------------------------------------------------------------------------ live, or undone


async def go_live(session: Session, running: Running, *, names: Sequence[str], now: datetime) -> None:
    """The whole file counts from here on; what is left is to open conversations (open_some)."""
    row = (await session.execute(_GO_LIVE, {"import_id": running.id, "owner": running.owner})).one_or_none()
    if row is None:
        raise LeaseLost
    campaign = {"campaign_id": running.campaign_id}
    await session.execute(_LOCK_CAMPAIGN, campaign)  # two imports of a campaign must not lose each other's fields
    before = (await session.execute(_FIELDS, campaign)).scalar_one()
    await session.execute(_SET_FIELDS, {**campaign, "fields": list(dict.fromkeys([*before, *names]))})
    entry = tallies.entry(Metric.IMPORTED, **campaign, volunteer_id=None, script_id=None, now=now, n=row.imported)
    await tallies.bump(session, [entry])
    subject = f"import {running.id}"
    counts = {"imported": row.imported, "rejected": row.rejected}
    await audit.note(session, who=running.imported_by, what="contacts imported", subject=subject, now=now, **counts)


async def open_some(
    session: Session, running: Running, *, after: int, limit: int, until: datetime, now: datetime
) -> int | None:
    """Conversations for the next contacts of a live import. Returns where to go on, or None when all are there."""
    of_import = {"import_id": running.id, "after": after}
    last = (await session.execute(_SOME, {**of_import, "limit": limit})).scalar_one()
    if last is not None:
        segment_id = (await session.execute(_SEGMENT, {"campaign_id": running.campaign_id})).scalar_one()
        await session.execute(_OPEN, {**of_import, "last": last, "segment_id": segment_id})
    moved: Any = await session.execute(_OPENED, {**of_import, "last": last, "until": until, "owner": running.owner})
    if moved.rowcount != 1:
        raise LeaseLost
    if last is None:
        await _send_word(session, running, now=now)
    return last


async def take_stock(session: Session) -> None:
    """Let PostgreSQL see how much there is now: until it looks by itself, it plans for the size of before."""
    if session.dialect.name != "sqlite":
        await session.execute(text("ANALYZE person, contact, conversation"))


async def fail(session: Session, running: Running, why: str, *, now: datetime) -> None:
    """Nothing of this file will count, for a reason in words. What was staged goes next (drop_some)."""
    moved: Any = await session.execute(_FAIL, {"import_id": running.id, "owner": running.owner, "why": why})
    if moved.rowcount != 1:
        raise LeaseLost
    subject = f"import {running.id}"
    await audit.note(session, who=running.imported_by, what="import failed", subject=subject, now=now, why=why)
    await _send_word(session, running, now=now)


async def _send_word(session: Session, running: Running, *, now: datetime) -> None:
    """To whoever brought the file, in the transaction that ends it: no end of an import goes unsaid."""
    if running.imported_by == audit.COMMAND_LINE:
        return
    key = f"imported:{running.id}"
    await posts.add(session, PostKind.IMPORTED, to=running.imported_by, dedupe=key, now=now, import_id=running.id)


async def drop_some(session: Session, running: Running, *, limit: int, until: datetime) -> bool:
    """Delete some of a failed import's rows. False when none are left. Persons stay: other files may have them too."""
    some = {"import_id": running.id, "limit": limit}
    dropped: Any = await session.execute(_DROP_CONTACTS, some)
    if not dropped.rowcount:
        dropped = await session.execute(_DROP_REJECTS, some)
    left = bool(dropped.rowcount)
    mark = {"import_id": running.id, "owner": running.owner, "until": until, "next": 1 if left else 0}
    moved: Any = await session.execute(_STILL_OURS, mark)
    if moved.rowcount != 1:
        raise LeaseLost
    return left


# ------------------------------------------------------------------------------------------------------- rejected rows

LEFT_TO_CLICKS = 0.005
"""Seconds between two pages, of which each takes about as long."""


async def rejects_csv(database: Database, import_id: int, out: TextIO) -> int:
    """Write the rejected rows under the file's own columns, each with its number and the reason. Returns how many.

    Each page is read in a short transaction of its own, on SQLite where clicks are served too: they are, between two.
    """
    writer = csv.writer(out)
    of = {"import_id": import_id}
    async with database.reading() as session:
        header = (await session.execute(_HEADER, of)).scalar_one()
    writer.writerow(["row", "reason", *map(harmless, header or [])])
    count, after = 0, -1
    while True:
        async with database.reading() as session:
            rows = (await session.execute(_REJECTED, {**of, "after": after})).all()
        if not rows:
            return count
        writer.writerows([row.row, row.reason, *map(harmless, row.raw)] for row in rows)
        count, after = count + len(rows), rows[-1].row
        await asyncio.sleep(LEFT_TO_CLICKS)
