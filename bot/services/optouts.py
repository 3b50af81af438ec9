"""Opt-outs: organization-wide, by a keyed hash of the number, for ever.

The lock on the person is what makes "nothing after a STOP" exact: a claim holds the same lock until it has committed,
so one of the two is first, and a claim that comes second sees the opt-out.
"""

from datetime import datetime

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import audit, tallies
from bot.services.tallies import Metric
from models import (
    ConversationState,
    MessageState,
    OptOutState,
    contact,
    conversation,
    message,
    opt_out,
    person,
    state_is,
)
from models.types import Moment

_LOCK = select(person.c.phone_hash).where(person.c.id == bindparam("person_id")).with_for_update(key_share=True)
_RECORD = text(
    "INSERT INTO opt_out (phone_hash, state, at, source, by, reason)"
    " VALUES (:phone_hash, :state, :at, :source, :by, :reason)"
    " ON CONFLICT (phone_hash) DO UPDATE"
    " SET state = excluded.state, at = excluded.at, source = excluded.source, by = excluded.by,"
    " reason = excluded.reason"
    " WHERE opt_out.state = 'held' AND excluded.state = 'out'"
).bindparams(bindparam("at", type_=Moment))
_BLOCK = (
    update(message)
    .where(message.c.person_id == bindparam("who"), state_is(message, MessageState.QUEUED))
    .values(state=MessageState.BLOCKED, state_at=bindparam("now"))
    .returning(message.c.campaign_id, message.c.volunteer_id, message.c.script_id)
)
_CLOSE = (
    update(conversation)
    .where(
        conversation.c.contact_id.in_(select(contact.c.id).where(contact.c.person_id == bindparam("who"))),
        conversation.c.state != ConversationState.DONE,
    )
    .values(state=ConversationState.DONE, closed_as=bindparam("as_what"), waiting_since=None)
)
_RELEASE = text("DELETE FROM opt_out WHERE phone_hash = :phone_hash AND state = 'held'")
_STATE = select(opt_out.c.state).where(opt_out.c.phone_hash == bindparam("phone_hash"))


async def record(
    session: AsyncSession,
    phone_hash: str,
    *,
    person_id: int | None,
    state: OptOutState,
    source: str,
    now: datetime,
    by: str | None = None,
    reason: str | None = None,
) -> None:
    """Opt this number out, or hold it until somebody has decided; what is queued for it never leaves.

    `source` is the voter's text ("text"), a "volunteer", an organizer ("by hand") or the "carrier".
    An opt-out is never weakened to a hold.
    """
    if person_id is not None:
        await session.execute(_LOCK, {"person_id": person_id})
    values = {"phone_hash": phone_hash, "state": state.value, "at": now, "source": source, "by": by, "reason": reason}
    await session.execute(_RECORD, values)
    if person_id is not None:
        blocked = (await session.execute(_BLOCK, {"who": person_id, "now": now})).mappings().all()
        await tallies.bump(session, [tallies.entry(Metric.NOT_SENT, **row, now=now) for row in blocked])
        if state is OptOutState.OUT:
            await close_conversations(session, person_id, "opted_out")
    await audit.note(session, who=by or source, what=f"opt-out {state}", subject=phone_hash, now=now, reason=reason)


async def close_conversations(session: AsyncSession, person_id: int, closed_as: str) -> None:
    """Nothing more goes to this person in any campaign."""
    await session.execute(_CLOSE, {"who": person_id, "as_what": closed_as})


async def release(session: AsyncSession, phone_hash: str, *, by: str, now: datetime) -> None:
    """Somebody decided that a held number did not ask to be left alone. Never touches an opt-out."""
    await session.execute(_RELEASE, {"phone_hash": phone_hash})
    await audit.note(session, who=by, what="opt-out released", subject=phone_hash, now=now)


async def state_of(session: AsyncSession, phone_hash: str) -> OptOutState | None:
    """OUT, HELD, or None for a number that may be texted."""
    state = (await session.execute(_STATE, {"phone_hash": phone_hash})).scalar_one_or_none()
    return OptOutState(state) if state else None
