"""Opt-outs: organization-wide, by a keyed hash of the number, for ever.

The lock on the person is what makes "nothing after a STOP" exact: a claim holds the same lock until it has committed,
so one of the two is first, and a claim that comes second sees the opt-out.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, update

from bot.database import Session
from bot.services import audit, cards, posts, tallies, waits
from bot.services.posts import PostKind
from bot.services.tallies import Metric
from models import (
    ConversationState,
    MessageKind,
    MessageState,
    OptOutState,
    contact,
    conversation,
    message,
    opt_out,
    person,
    state_is,
    state_was,
    thread,
)
from models.types import Moment

_LOCK = select(person.c.phone_hash).where(person.c.id == bindparam("person_id")).with_for_update(key_share=True)
_INTO = (
    "INSERT INTO opt_out (phone_hash, state, at, source, by, reason)"
    " VALUES (:phone_hash, :state, :at, :source, :by, :reason)"
    " ON CONFLICT (phone_hash) DO UPDATE"
    " SET state = excluded.state, at = excluded.at, source = excluded.source, by = excluded.by,"
    " reason = excluded.reason"
    " WHERE opt_out.state = 'held' AND excluded.state = 'out'"
)
_RECORD = text(f"{_INTO} RETURNING phone_hash").bindparams(bindparam("at", type_=Moment))
_RECORD_MANY = text(_INTO).bindparams(bindparam("at", type_=Moment))
_OUT_ALREADY = select(opt_out.c.phone_hash).where(
    opt_out.c.phone_hash.in_(bindparam("hashes", expanding=True)), opt_out.c.state == OptOutState.OUT.value
)
_BLOCK = (
    update(message)
    .where(message.c.person_id == bindparam("who"), state_is(message, MessageState.QUEUED))
    .values(state=MessageState.BLOCKED, state_at=bindparam("now"))
    .returning(
        *(message.c.id, message.c.kind, message.c.conversation_id, message.c.body),
        *(message.c.campaign_id, message.c.volunteer_id, message.c.script_id),
        *(message.c.created_at, message.c.waited_since),
    )
)
_ON_ITS_WAY = (
    select(
        *(message.c.conversation_id, message.c.volunteer_id),
        *(func.count().label("n"), func.max(message.c.id).label("id")),
    )
    .join(conversation, conversation.c.contact_id == message.c.conversation_id)
    .where(conversation.c.person_id == bindparam("who"), conversation.c.last_out_at.is_not(None))
    .where(message.c.state.in_((MessageState.POSTING, MessageState.UNKNOWN, MessageState.ACCEPTED)))
    .group_by(message.c.conversation_id, message.c.volunteer_id)
    .order_by(message.c.conversation_id)
)
_UNREACHABLE = update(person).where(person.c.id == bindparam("which")).values(unreachable=bindparam("why"))
_OF_THE_NUMBER = (person.c.phone_hash == bindparam("hashed")) & person.c.unreachable.is_not(None)
_NOTED = select(person.c.unreachable).where(_OF_THE_NUMBER, person.c.phone.is_not(None))  # not of one who was erased
_REACHABLE = update(person).where(_OF_THE_NUMBER).values(unreachable=None)
_BACK_IN_HAND = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), state_was(conversation, ConversationState.TEXTED))
    .values(state=ConversationState.HELD, last_out_at=None, draft=bindparam("words"))
)
_NAME = select(contact.c.first_name, contact.c.last_name).where(contact.c.id == bindparam("which"))
_GIVE_UP = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), conversation.c.state != ConversationState.DONE)
    .values(state=ConversationState.DONE, closed_as=bindparam("as_what"), waiting_since=None)
)
_THREAD = select(thread.c.channel, thread.c.root_ts).where(
    thread.c.conversation_id == bindparam("conversation_id"), thread.c.volunteer_id == bindparam("volunteer_id")
)
_STRANDED = (
    select(message.c.person_id, person.c.unreachable, opt_out.c.state)
    .join(person, person.c.id == message.c.person_id)
    .outerjoin(opt_out, opt_out.c.phone_hash == person.c.phone_hash)
    .where(state_is(message, MessageState.QUEUED))
    .where(opt_out.c.phone_hash.is_not(None) | person.c.unreachable.is_not(None))
    .distinct()
    .order_by(message.c.person_id)
)
_CLOSE = (
    update(conversation)
    .where(conversation.c.contact_id.in_(select(contact.c.id).where(contact.c.person_id == bindparam("who"))))
    .values(state=ConversationState.DONE, closed_as=bindparam("as_what"), waiting_since=None)
)
_UNTEXTED = (ConversationState.POOL, ConversationState.HELD)
_PUT_AWAY = _CLOSE.where(conversation.c.state.in_(_UNTEXTED)).returning(
    conversation.c.campaign_id, conversation.c.volunteer_id, conversation.c.script_id
)
# One that comes back into a hand at this very moment is put away, and counted, when it comes to a card.
_CLOSE_TALKS = _CLOSE.where(conversation.c.state.not_in((*_UNTEXTED, ConversationState.DONE)))
_STATE = select(opt_out.c.state).where(opt_out.c.phone_hash == bindparam("phone_hash"))
_RELEASE = text("DELETE FROM opt_out WHERE phone_hash = :phone_hash AND state = 'held'")
_LIFT = text("DELETE FROM opt_out WHERE phone_hash = :phone_hash RETURNING state")
FROM_FILE = "file"
ERASED = "erased"
"""Why somebody whose data were erased can't be texted, until a file says that they agreed anew."""


async def record(
    session: Session,
    phone_hash: str,
    *,
    person_id: int | None,
    state: OptOutState,
    source: str,
    now: datetime,
    by: str | None = None,
    reason: str | None = None,
) -> bool:
    """Opt this number out, or hold it until somebody has decided; what is queued for it never leaves.

    Returns whether this is new: each person's opt-out is counted and told once, however often and wherever it is said.

    `source` is the voter's text ("text"), a "volunteer", an organizer ("by hand", or a "file") or the "carrier".
    An opt-out is never weakened to a hold.
    """
    if person_id is not None:
        await lock(session, person_id)
    values = {"phone_hash": phone_hash, "state": state.value, "at": now, "source": source, "by": by, "reason": reason}
    is_new = (await session.execute(_RECORD, values)).first() is not None
    if person_id is not None:
        on_its_way = (await session.execute(_ON_ITS_WAY, {"who": person_id})).all() if is_new else []
        await tallies.bump(session, await _stop(session, person_id, state, now=now))
        for row in on_its_way:
            await _say_on_its_way(session, row, now=now)
    await audit.note(
        session, who=by or source, what=f"opt-out {state}", subject=phone_hash, now=now, words=reason or ""
    )
    return is_new


async def record_unknown(
    session: Session, hashes: Sequence[str], *, source: str, by: str, reason: str, now: datetime
) -> int:
    """The same for many numbers that are nobody's here, from a list. Returns how many had not opted out before."""
    if not hashes:
        return 0
    known = set((await session.execute(_OUT_ALREADY, {"hashes": list(hashes)})).scalars())
    new = [each for each in hashes if each not in known]
    common = {"state": OptOutState.OUT.value, "at": now, "source": source, "by": by, "reason": reason}
    if new:
        await session.execute(_RECORD_MANY, [{**common, "phone_hash": each} for each in new])
    return len(new)


async def lock(session: Session, person_id: int) -> None:
    """Before anything else of this person's is changed: who takes the person first cannot deadlock with a STOP."""
    await session.execute(_LOCK, {"person_id": person_id})


async def unreachable(
    session: Session, person_id: int, why: str, *, now: datetime, closed_as: str = "unreachable"
) -> None:
    """This number is not to be texted again: what is queued for it in any campaign never leaves, nobody is given it."""
    await session.execute(_UNREACHABLE, {"which": person_id, "why": why})
    await tallies.bump(session, await _strand(session, person_id, why, now=now, closed_as=closed_as))


async def block_stranded(session: Session, *, now: datetime) -> list[dict[str, Any]]:
    """Texts that came into the queue, or back into it, after their person could not be texted any more.

    The carrier asked for it later, say, and the STOP came first. Returns what to count.
    """
    rows = (await session.execute(_STRANDED)).all()
    for row in rows:
        await lock(session, row.person_id)
    entries = []
    for row in rows:
        if row.state is not None:
            entries += await _stop(session, row.person_id, OptOutState(row.state), now=now)
        else:
            entries += await _strand(session, row.person_id, row.unreachable, now=now, closed_as="unreachable")
    return entries


async def _strand(session: Session, person_id: int, why: str, *, now: datetime, closed_as: str) -> list[dict[str, Any]]:
    entries = await _block(session, person_id, f"this number can't be texted ({why})", closed_as=closed_as, now=now)
    return entries + await _put_away(session, person_id, closed_as, now=now)


async def _stop(session: Session, person_id: int, state: OptOutState, *, now: datetime) -> list[dict[str, Any]]:
    if state is OptOutState.HELD:
        why = "they may have asked to be left alone. If they did not, press “Keep texting” and send it again"
        return await _block(session, person_id, why, closed_as=None, now=now)
    entries = await _block(session, person_id, "they have opted out", closed_as="opted_out", now=now)
    return entries + await close_conversations(session, person_id, "opted_out", now=now)


async def _block(
    session: Session, person_id: int, why: str, *, closed_as: str | None, now: datetime
) -> list[dict[str, Any]]:
    """Nothing that is queued for this person leaves; the volunteer of a typed line is told so. Returns what to count.

    `closed_as` is how its conversations end. None: they may go on, so a first text's contact is in hand again, counts
    as not yet texted, and is news for the volunteer's card.
    """
    blocked = (await session.execute(_BLOCK, {"who": person_id, "now": now})).all()
    entries = []
    for row in blocked:
        is_first = row.kind == MessageKind.FIRST
        if closed_as is not None:
            await session.execute(_GIVE_UP, {"which": row.conversation_id, "as_what": closed_as})
            entries += waits.not_over(row)
        elif is_first:
            await session.execute(_BACK_IN_HAND, {"which": row.conversation_id, "words": row.body})
            await cards.add_news(session, row.volunteer_id, cards.HELD_BACK, about=row.conversation_id)
        else:
            entries += await waits.again(session, row)
        counted = {"campaign_id": row.campaign_id, "volunteer_id": row.volunteer_id, "script_id": row.script_id}
        if closed_as is not None:
            entries.append(tallies.entry(Metric.NOT_SENT, **counted, now=now))
        else:
            entries.append(tallies.entry(tallies.clicked(row.kind), **counted, now=row.created_at, n=-1))
    await _say(session, [row for row in blocked if row.kind != MessageKind.FIRST], why, now=now)
    return entries


async def _say_on_its_way(session: Session, row: Any, *, now: datetime) -> None:
    """What had left our hands is not called back: where the volunteer reads of the opt-out, that is said too."""
    what, whose = ("One text was", "its") if row.n == 1 else (f"{row.n} texts were", "their")
    where = {"conversation_id": row.conversation_id, "volunteer_id": row.volunteer_id}
    root = (await session.execute(_THREAD, where)).first()
    if root is None:
        news = f"{what} already on {whose} way to {{name}}."
        return await cards.add_news(session, row.volunteer_id, news, about=row.conversation_id)
    words = f"{what} already on {whose} way when they asked to be left alone."
    note: dict[str, Any] = {"words": words, "thread_ts": root.root_ts}
    await posts.add(session, PostKind.NOTE, to=root.channel, dedupe=f"on-its-way:{row.id}", now=now, **note)


async def _say(session: Session, rows: list[Any], why: str, *, now: datetime) -> None:
    """Say in each thread what of it did not leave; to somebody who answered from the inbox and has none, directly."""
    lines = Counter((row.conversation_id, row.volunteer_id) for row in rows)
    newest = {(row.conversation_id, row.volunteer_id): row.id for row in sorted(rows, key=lambda row: row.id)}
    for (conversation_id, volunteer_id), count in lines.items():
        where = {"conversation_id": conversation_id, "volunteer_id": volunteer_id}
        root = (await session.execute(_THREAD, where)).first()
        what = "Your last line was" if count == 1 else f"Your last {count} lines were"
        if root is None:
            name = cards.name_of((await session.execute(_NAME, {"which": conversation_id})).one())
            what = f"Your answer to {name} was"
        note: dict[str, Any] = {"words": f"{what} not texted: {why}.", "thread_ts": root.root_ts if root else None}
        key, to = f"blocked:{newest[conversation_id, volunteer_id]}", root.channel if root else volunteer_id
        await posts.add(session, PostKind.NOTE, to=to, dedupe=key, now=now, about=conversation_id, **note)


async def close_conversations(
    session: Session, person_id: int, closed_as: str, *, now: datetime
) -> list[dict[str, Any]]:
    """Nothing more goes to this person in any campaign. Returns what to count."""
    entries = await _put_away(session, person_id, closed_as, now=now)
    await session.execute(_CLOSE_TALKS, {"who": person_id, "as_what": closed_as})
    return entries


async def _put_away(session: Session, person_id: int, closed_as: str, *, now: datetime) -> list[dict[str, Any]]:
    """Whoever was not texted yet leaves the pool, or the volunteer's hand. Returns what to count."""
    rows = (await session.execute(_PUT_AWAY, {"who": person_id, "as_what": closed_as})).all()
    metric = tallies.PUT_AWAY[closed_as]
    return [tallies.entry(metric, **row._mapping, now=now) for row in rows]


async def is_out(session: Session, phone_hash: str) -> bool:
    """Whether this number has opted out; one that is held has not."""
    return (await session.execute(_STATE, {"phone_hash": phone_hash})).scalar_one_or_none() == OptOutState.OUT


async def release(session: Session, phone_hash: str, *, by: str, now: datetime) -> None:
    """Somebody decided that a held number did not ask to be left alone. Never touches an opt-out."""
    await session.execute(_RELEASE, {"phone_hash": phone_hash})
    await audit.note(session, who=by, what="opt-out released", subject=phone_hash, now=now)


async def is_theirs(session: Session, phone_hash: str, reason: str, *, by: str, now: datetime) -> bool:
    """A slip, or the carrier was wrong: this number can be texted. Returns whether anything was noted against it."""
    noted = (await session.execute(_NOTED, {"hashed": phone_hash})).first()
    if noted is None:
        return False
    await session.execute(_REACHABLE, {"hashed": phone_hash})
    about = {"subject": phone_hash, "words": reason, "before": noted.unreachable}
    await audit.note(session, who=by, what="reachable again", now=now, **about)
    return True


async def lift(session: Session, phone_hash: str, reason: str, *, by: str, now: datetime) -> bool:
    """Somebody asked for texts again. Returns whether there was an opt-out; what it was is kept in the audit log."""
    lifted = (await session.execute(_LIFT, {"phone_hash": phone_hash})).first()
    if lifted is not None:
        about = {"subject": phone_hash, "words": reason, "before": lifted.state}
        await audit.note(session, who=by, what="opt-in", now=now, **about)
    return lifted is not None
