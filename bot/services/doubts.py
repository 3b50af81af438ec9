"""Texts of which nothing is proved: looked for in the carrier's list, at distances that grow.

A text is found if exactly one text in the list can be it, and it is the only one of ours that this one can be. That
none is listed proves nothing: the list lags.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.database import Session
from bot.services import carrier_log
from bot.services.carrier_log import Listed
from bot.services.outcomes import FIRST_LOOK, REVIEW_AFTER, Delivery
from models import MessageState, message, person, state_is

AROUND = timedelta(minutes=2)
"""A text was made at the carrier so near to its claim: two clocks, a slow line, and a carrier that takes its time."""

_COLUMNS = (message.c.id, message.c.body, message.c.claimed_at, message.c.state_at, message.c.person_id)
_DUE = (
    select(*_COLUMNS, person.c.phone)
    .join(person, person.c.id == message.c.person_id)
    .where(state_is(message, MessageState.UNKNOWN, MessageState.REVIEW), message.c.due_at <= bindparam("now"))
    .where(person.c.phone.is_not(None))
    .order_by(message.c.due_at)
    .limit(bindparam("limit"))
)
_SILENT = (
    select(message.c.id, message.c.carrier_sid, message.c.claimed_at, message.c.state_at)
    .where(state_is(message, MessageState.ACCEPTED), message.c.due_at <= bindparam("now"))
    .order_by(message.c.due_at)
    .limit(bindparam("limit"))
)
_IN_DOUBT = select(*_COLUMNS).where(
    state_is(message, MessageState.UNKNOWN, MessageState.REVIEW), message.c.person_id == bindparam("who")
)
_BEING_POSTED = select(*_COLUMNS).where(
    state_is(message, MessageState.POSTING), message.c.person_id == bindparam("who")
)
_BOUND = select(message.c.carrier_sid).where(message.c.carrier_sid.in_(bindparam("sids", expanding=True)))
_LATER = update(message).where(message.c.id == bindparam("which")).values(due_at=bindparam("again"))


async def due(session: Session, *, now: datetime, limit: int) -> list[Any]:
    """Texts that are to be looked for now, with the number that they went to."""
    return list((await session.execute(_DUE, {"now": now, "limit": limit})).all())


async def silent(session: Session, *, now: datetime, limit: int) -> list[Any]:
    """Texts that the carrier took, and of which nothing more was heard."""
    return list((await session.execute(_SILENT, {"now": now, "limit": limit})).all())


async def found(session: Session, person_id: int, listed: Sequence[Listed]) -> list[Delivery]:
    """Which of this person's texts in doubt the carrier's list proves to have been taken."""
    # Whatever is being posted may be what is listed. It is read before what is bound: it is one or the other.
    posting = (await session.execute(_BEING_POSTED, {"who": person_id})).all()
    doubtful = (await session.execute(_IN_DOUBT, {"who": person_id})).all()
    ours = [each for each in listed if each.is_ours and each.state is not None]
    bound = set((await session.execute(_BOUND, {"sids": [each.sid for each in ours]})).scalars()) if ours else set()
    free = [each for each in ours if each.sid not in bound]
    proved = []
    for row in doubtful:
        candidates = [each for each in free if _may_be(row, each)]
        if len(candidates) != 1:
            continue
        [only] = candidates
        if sum(_may_be(other, only) for other in (*doubtful, *posting)) == 1 and only.state is not None:
            proved.append(carrier_log.delivery(row.id, only, only.state))
    return proved


def _may_be(row: Any, listed: Listed) -> bool:
    """Whether this listed text can be that text of ours, by its words and its time."""
    return (
        row.claimed_at is not None
        and row.body.strip() == listed.body.strip()
        and abs(listed.at - row.claimed_at) <= AROUND
    )


async def look_again(session: Session, rows: Collection[Any], *, now: datetime) -> None:
    """The next time is as far away as the text is old; but once more before a person is asked."""
    later = [{"which": row.id, "again": _again(row.claimed_at or row.state_at, now)} for row in rows]
    if later:
        await session.execute(_LATER, later)


def _again(since: datetime, now: datetime) -> datetime:
    again, last_before = now + max(now - since, FIRST_LOOK), since + REVIEW_AFTER - FIRST_LOOK
    return last_before if now < last_before < again else again
