"""Seals over the audit log, so that a change of it shows: a chain of keyed hashes, a batch of rows each.

A seal is made of the one before, so whoever changes, adds or takes out a row must make every later seal anew, and for
that needs TEXTBANK_SECRET. Rows at the end that were not sealed yet can be taken out unseen, and so can the last seals
together with their rows: for that, keep an export of the log elsewhere.
"""

import asyncio
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, text

from bot.database import Session
from bot.services import audit
from models import audit as log
from models import audit_words
from models import seal as seals
from models.types import Moment

SETTLED = timedelta(minutes=5)
"""By then a row's transaction has ended: rows come to be seen in another order than their numbers."""
BATCH = 1_000
BATCHES = 20
"""At one time: more are sealed at the next."""

_LAST = select(seals.c.up_to_id, seals.c.hash).order_by(seals.c.up_to_id.desc()).limit(1)
_NEXT = select(seals).where(seals.c.up_to_id > bindparam("after")).order_by(seals.c.up_to_id).limit(1)
_UNSETTLED = select(func.min(log.c.id)).where(log.c.id > bindparam("after"), log.c.at > bindparam("settled"))
_ROWS = (
    select(log, audit_words.c.words, audit_words.c.salt)
    .outerjoin(audit_words, audit_words.c.audit_id == log.c.id)
    .where(log.c.id > bindparam("after"), log.c.id <= bindparam("last"))
    .order_by(log.c.id)
    .limit(bindparam("most"))
)
_ADD = text(
    "INSERT INTO seal (after_id, up_to_id, at, rows, hash) VALUES (:after, :up_to, :now, :rows, :hash)"
    " ON CONFLICT DO NOTHING RETURNING up_to_id"
).bindparams(bindparam("now", type_=Moment))
_NO_END = 2**62


@dataclass(frozen=True, slots=True)
class Broken:
    """The first batch that does not fit its seal: its rows' numbers, when it was sealed, and what is wrong with it."""

    first: int
    last: int
    at: datetime
    why: str


async def add(session: Session, *, secret: str, now: datetime) -> None:
    """Seal what is settled since the last seal."""
    before = (await session.execute(_LAST)).first()
    after, chain = (before.up_to_id, before.hash) if before else (0, "")
    young = (await session.execute(_UNSETTLED, {"after": after, "settled": now - SETTLED})).scalar_one()
    for _ in range(BATCHES):
        rows = await _rows(session, after, young - 1 if young else _NO_END, BATCH)
        if not rows:
            return
        chain, up_to = _seal(secret, chain, rows), rows[-1].id
        row = {"after": after, "up_to": up_to, "now": now, "rows": len(rows), "hash": chain}
        if (await session.execute(_ADD, row)).first() is None:
            return  # another clock was quicker
        after = up_to


async def first_broken(session: Session, *, secret: str) -> Broken | None:
    """The first batch that does not fit; None if all do."""
    after, chain = 0, ""
    while (one := (await session.execute(_NEXT, {"after": after})).first()) is not None:
        rows = await _rows(session, after, one.up_to_id, BATCH + 1)
        if why := _wrong(rows, one, _seal(secret, chain, rows)):
            return Broken(after + 1, one.up_to_id, one.at, why)
        after, chain = one.up_to_id, one.hash
        await asyncio.sleep(0)  # a long log must not hold up whoever clicks
    return None


async def _rows(session: Session, after: int, last: int, most: int) -> Sequence[Any]:
    return (await session.execute(_ROWS, {"after": after, "last": last, "most": most})).all()


def _wrong(rows: Sequence[Any], one: Any, chain: str) -> str:
    if len(rows) != one.rows:
        missing = one.rows - len(rows)
        return f"{missing} rows are missing" if missing > 0 else f"{-missing} rows were added"
    if not hmac.compare_digest(chain, one.hash):
        return "a row or a seal was changed"
    changed = [row.id for row in rows if row.words and audit.hash_of(row.words, row.salt) != row.data["words"]]
    return f"the words beside row {changed[0]} were changed" if changed else ""


def _seal(secret: str, before: str, rows: Sequence[Any]) -> str:
    mac = hmac.new(f"audit log:{secret}".encode(), before.encode(), "sha256")
    for row in rows:
        cells = [row.id, row.at.astimezone(UTC).isoformat(), row.who, row.what, row.subject, row.data]
        mac.update(json.dumps(cells, sort_keys=True).encode() + b"\n")
    return mac.hexdigest()
