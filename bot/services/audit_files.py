"""The audit log as CSV files, written a page at a time: each act with what was written of it, and the seals."""

import asyncio
import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, bindparam, select

from bot.database import Database, Session
from bot.services import audit, posts
from bot.services.posts import PostKind
from bot.services.spreadsheets import said
from models import audit as log
from models import audit_words, seal, volunteer

FILES = ("audit.csv", "seals.csv")
LOG = ("id", "at_utc", "who", "name", "what", "subject", "data", "words")
SEALS = ("up_to_id", "at_utc", "rows", "hash")
PAGE = 500
_LEFT_TO_CLICKS = 0.005

_LOG = (
    select(log, volunteer.c.name, audit_words.c.words)
    .outerjoin(volunteer, volunteer.c.slack_id == log.c.who)
    .outerjoin(audit_words, audit_words.c.audit_id == log.c.id)
    .where(log.c.id > bindparam("after"))
    .order_by(log.c.id)
    .limit(PAGE)
)
_SEALS = select(seal, seal.c.up_to_id.label("id")).where(seal.c.up_to_id > bindparam("after"))
_SEALS = _SEALS.order_by(seal.c.up_to_id).limit(PAGE)


async def ask(session: Session, *, by: str, now: datetime) -> None:
    """Have it written for this person's direct message. That, too, is in the log, once for each minute."""
    await audit.note(session, who=by, what="audit log exported", now=now)
    key = f"audit:{by}:{now:%Y%m%d%H%M}"
    await posts.add(session, PostKind.AUDIT_LOG, to=by, dedupe=key, now=now)


async def write(database: Database, folder: Path) -> int:
    """Write the files. Returns how many rows the log has. Each page is a short transaction: clicks come in between."""
    count = await _file(database, folder / FILES[0], LOG, _LOG, _act)
    await _file(database, folder / FILES[1], SEALS, _SEALS, _sealed)
    return count


async def _file(database: Database, path: Path, head: tuple[str, ...], page: Select[Any], cells: Any) -> int:
    count = after = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        while True:
            async with database.reading() as session:
                rows = (await session.execute(page, {"after": after})).all()
            if not rows:
                return count
            writer.writerows(cells(row) for row in rows)
            count, after = count + len(rows), rows[-1].id
            await asyncio.sleep(_LEFT_TO_CLICKS)


def _act(row: Any) -> list[Any]:
    data = json.dumps(row.data, sort_keys=True, ensure_ascii=False) if row.data else ""
    return [row.id, _utc(row.at), row.who, said(row.name), row.what, said(row.subject), said(data), said(row.words)]


def _sealed(row: Any) -> list[Any]:
    return [row.up_to_id, _utc(row.at), row.rows, row.hash]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
