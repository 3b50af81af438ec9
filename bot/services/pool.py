"""The contacts of a campaign whom nobody has yet, and who of them is next.

The contacts whose texting window closes soonest go first; those who are asleep, or will be before anybody has come to
them, come after all who are awake, and those whom another campaign has just texted after all others.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.database import Session
from bot.services import caps
from bot.services.backlog import DRAINED_AT, leaves_at
from bot.services.texting_hours import Window, closes_at
from models import ConversationState, conversation, person, segment, state_is, texting_window

TO_SPARE = timedelta(minutes=10)
"""Whoever may be texted for less time counts as asleep at hand-out: nobody comes to the end of a list in a hurry."""
_STRETCH = 500
_STRETCHES = 20
"""How far a batch is looked for beyond those whom another campaign has just texted."""
_GOLDEN = 0.618034
"""Multiples of it, less their whole part, fall evenly wherever one stops."""

_SEGMENTS = select(segment.c.id).where(segment.c.campaign_id == bindparam("campaign_id")).order_by(segment.c.id)
_WINDOWS = select(texting_window.c.id, texting_window.c.key, DRAINED_AT)
_WAITING = (conversation.c.campaign_id == bindparam("campaign_id")) & state_is(conversation, ConversationState.POOL)
_HERE = (
    _WAITING
    & (conversation.c.segment_id == bindparam("segment_id"))
    & (conversation.c.window_id == bindparam("window_id"))
)
_NEXT = (
    select(conversation.c.contact_id, caps.FREE.label("is_free"))
    .join(person, person.c.id == conversation.c.person_id)
    .where(_HERE, conversation.c.contact_id > bindparam("after"))
    .order_by(conversation.c.contact_id)
    .limit(bindparam("limit"))
    .with_for_update(of=conversation, skip_locked=True)
)
_LAST = select(func.max(conversation.c.contact_id)).where(_HERE)
_ANYBODY = select(conversation.c.contact_id).where(_WAITING).limit(1)


async def anybody_left(session: Session, campaign_id: int) -> bool:
    """Whether anybody waits in the pool."""
    return (await session.execute(_ANYBODY, {"campaign_id": campaign_id})).first() is not None


async def anybody_ready(session: Session, campaign_id: int, now: datetime) -> bool:
    """Whether anybody waits in the pool who may be texted, with time to spare."""
    return bool(await take(session, campaign_id, 1, now=now, only_ready=True))


async def take(session: Session, campaign_id: int, count: int, *, now: datetime, only_ready: bool = False) -> list[int]:
    """Up to `count` contacts, which nobody else can take until the transaction ends. Nothing is counted.

    One short index read for each of some hundred windows, until there are enough. `only_ready`: who may be texted now.
    """
    awake, asleep = await _windows_by_urgency(session, now)
    segments = list((await session.execute(_SEGMENTS, {"campaign_id": campaign_id})).scalars())
    found = _Found(count)
    for window_id, segment_id in product(awake if only_ready else awake + asleep, segments):
        where = {"campaign_id": campaign_id, "segment_id": segment_id, "window_id": window_id, "now": now}
        await _look(session, where, found)
        if len(found.free) >= count:
            break
    return list(found.free) if only_ready else [*found.free, *found.resting][:count]


class _Found:
    """Contacts who may be texted, and who rest from another campaign's text, each in the order found."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.free: dict[int, None] = {}
        self.resting: dict[int, None] = {}
        self.stretches = _STRETCHES

    def take(self, rows: Sequence[Any]) -> int:
        """Returns how many of them may be texted."""
        free = [row.contact_id for row in rows if row.is_free]
        self.free |= dict.fromkeys(free)
        self.resting |= dict.fromkeys(row.contact_id for row in rows if not row.is_free)
        return len(free)


async def _look(session: Session, where: dict[str, Any], found: _Found) -> None:
    """Look through one window's contacts: the first of them, and more only where some of these rest.

    Another campaign with the same people has most likely texted them in the same order. Where nobody is free, the
    search leaps to another place of the list, and goes on from wherever it finds somebody.
    """
    limit = found.count - len(found.free)
    rows = (await session.execute(_NEXT, {**where, "after": 0, "limit": limit})).all()
    free = found.take(rows)
    if len(rows) < limit or free == limit:
        return
    first, last = rows[0].contact_id, (await session.execute(_LAST, where)).scalar_one()
    for leap in range(1, found.stretches + 1):
        goes_on = free and len(rows) == limit
        after = rows[-1].contact_id if goes_on else first + int((last - first) * (leap * _GOLDEN % 1))
        limit = _STRETCH
        rows = (await session.execute(_NEXT, {**where, "after": after, "limit": limit})).all()
        free = found.take(rows)
        found.stretches -= 1
        if len(found.free) >= found.count:
            return


async def _windows_by_urgency(session: Session, now: datetime) -> tuple[list[int], list[int]]:
    """The windows that are open with time to spare, those that close soonest first; and the others."""
    rows = (await session.execute(_WINDOWS)).all()
    leaves = max((leaves_at(row.drained_at, now) for row in rows[:1]), default=now)
    closing = {row.id: closes_at(Window.parse(row.key), now) for row in rows}
    awake = {window: closes for window, closes in closing.items() if closes and closes >= max(now + TO_SPARE, leaves)}
    return sorted(awake, key=lambda window: (awake[window], window)), sorted(closing.keys() - awake.keys())
