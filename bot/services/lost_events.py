"""Spans of time in which Slack's events may not have reached us, and the threads in which volunteers may have typed.

A span is one row for the workspace, and grows until its threads have been read.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, text

from bot.database import Session
from models import ConversationState, conversation, inbound, lease, setting, state_is, thread

LIVELY = timedelta(hours=1)
"""So long before the span the last text may be, from either side, for somebody to type once more."""
MOST = 2_000
WEB = "web"
"""The pulse of whoever listens to Slack, kept as a lease that every web may renew."""
PULSE = timedelta(seconds=60)

_SPAN = select(setting.c.value).where(setting.c.name == "events_lost")
_KEEP = text(
    "INSERT INTO setting (name, value) VALUES ('events_lost', :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_OVER = delete(setting).where(setting.c.name == "events_lost", setting.c.value == bindparam("was"))
_LAST_PULSE = select(lease.c.until).where(lease.c.name == WEB)
_LIVE = (
    select(thread.c.channel, thread.c.root_ts, thread.c.volunteer_id)
    .join(conversation, conversation.c.contact_id == thread.c.conversation_id)
    .where(thread.c.volunteer_id == conversation.c.volunteer_id)
    .where(
        or_(
            state_is(conversation, ConversationState.NEEDS_REPLY),
            conversation.c.last_out_at > bindparam("lately"),
            # Also where nothing more may be texted: whoever types there is to be told so.
            select(inbound.c.id)
            .where(inbound.c.conversation_id == conversation.c.contact_id, inbound.c.at > bindparam("lately"))
            .exists(),
        )
    )
    .order_by(conversation.c.waiting_since.desc(), thread.c.root_ts.desc())
    .limit(MOST)
)


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when; `raw` is the row as it was read."""

    since: datetime
    until: datetime
    raw: str


async def note(session: Session, since: datetime, until: datetime) -> None:
    """Events of this time may be lost."""
    if known := await span(session):
        since, until = min(since, known.since), max(until, known.until)
    await session.execute(_KEEP, {"value": json.dumps([since.timestamp(), until.timestamp()])})


async def span(session: Session) -> Span | None:
    """What is still to be made up for."""
    raw = (await session.execute(_SPAN)).scalar_one_or_none()
    if raw is None:
        return None
    since, until = (datetime.fromtimestamp(moment, UTC) for moment in json.loads(raw))
    return Span(since, until, raw)


async def over(session: Session, made_up_for: Span) -> None:
    """Everything of this span has been read, if it has not grown meanwhile."""
    await session.execute(_OVER, {"was": made_up_for.raw})


async def silence(session: Session, *, now: datetime) -> datetime | None:
    """Since when nobody has listened to Slack, if nobody does or has only just begun to."""
    until = (await session.execute(_LAST_PULSE)).scalar_one_or_none()
    return until - PULSE if until is not None and until < now else None


async def live_threads(session: Session, since: datetime) -> list[Any]:
    """Threads in which somebody may have typed since then: (channel, root_ts, volunteer_id)."""
    return list((await session.execute(_LIVE, {"lately": since - LIVELY})).all())
