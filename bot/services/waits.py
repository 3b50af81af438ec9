"""How long voters wait for an answer: tallied by steps of minutes, from which a median is estimated.

Keeping each wait would mean sorting them all for a median; the steps are as fine as anybody says a wait. A wait is
counted when its answer is given, and taken off again should that answer not leave: the voter waits as before.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.database import Session
from bot.services import tallies
from models import ConversationState, OptOutState, conversation, opt_out, person
from models.types import Moment

STEPS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440, 2880)
"""The most minutes of each step; the last one of all is open."""
METRICS = (*(f"answered_within_{minutes}" for minutes in STEPS), "answered_later")

_AGAIN = (
    update(conversation)
    .where(
        conversation.c.contact_id == bindparam("which"),
        conversation.c.state.in_((ConversationState.TALKING, ConversationState.NEEDS_REPLY))
        | (conversation.c.closed_as == "answered"),
        ~select(opt_out.c.phone_hash)
        .where(opt_out.c.phone_hash == person.c.phone_hash, person.c.id == conversation.c.person_id)
        .where(opt_out.c.state == OptOutState.OUT)
        .correlate(conversation)
        .exists(),
    )
    .values(state=ConversationState.NEEDS_REPLY, closed_as=None, waiting_since=bindparam("since", type_=Moment))
)


async def again(session: Session, row: Any) -> list[dict[str, Any]]:
    """This answer does not leave: its voter waits again, since they first wrote. Returns what to count.

    Nobody waits for what was added to an answer that stands.
    """
    if row.waited_since is not None:
        await session.execute(_AGAIN, {"which": row.conversation_id, "since": row.waited_since})
    return not_over(row)


def not_over(row: Any) -> list[dict[str, Any]]:
    """What to count of an answer that does not leave, whatever becomes of its voter."""
    if row.waited_since is None:
        return []
    counted = {"campaign_id": row.campaign_id, "volunteer_id": row.volunteer_id, "script_id": row.script_id}
    metric = metric_of(row.waited_since, row.created_at)
    return [tallies.entry(metric, **counted, now=row.created_at, n=-1)]


def metric_of(since: datetime, now: datetime) -> str:
    """Under which an answer is tallied to somebody who has waited since then."""
    waited = (now - since).total_seconds() / 60
    return next((name for most, name in zip(STEPS, METRICS, strict=False) if waited <= most), METRICS[-1])


def median(counts: Mapping[str, int]) -> float | None:
    """The median wait in minutes, as if the waits of one step were spread evenly over it; None if nobody waited."""
    half = sum(max(counts.get(name, 0), 0) for name in METRICS) / 2
    least = 0
    for most, name in zip((*STEPS, STEPS[-1]), METRICS, strict=True):
        inside = max(counts.get(name, 0), 0)
        if inside and half <= inside:
            return least + (most - least) * half / inside
        half -= inside
        least = most
    return None
