"""The queue of texts: how one gets in, and how a worker claims it, at the carrier's pace and never twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select, text, update

from bot.database import Session
from models import (
    CampaignState,
    MessageKind,
    MessageState,
    campaign,
    message,
    opt_out,
    pace,
    person,
    state_is,
    state_was,
)
from models.types import Moment

SENDER = "carrier"
"""The name of the one shared pace row."""
LEASE = timedelta(seconds=60)
"""Longer than a POST may take; a claim that is older belongs to a process that died."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A text that this worker alone may post, until its lease ends."""

    id: int
    to: str
    body: str
    campaign_id: int
    expires_at: datetime
    claimed_at: datetime
    media: tuple[str, ...] = ()
    """Pictures that go along, by name."""


QUEUED = (
    *("conversation_id", "person_id", "campaign_id", "volunteer_id", "kind", "pass", "act_key", "draft", "body"),
    *("script_id", "media", "segments", "state", "state_at", "created_at", "waited_since", "priority", "due_at"),
    "expires_at",
)
"""The columns of a text that waits for its turn."""
_QUEUE = insert(message).values({message.c[name]: bindparam(name) for name in QUEUED})
_FIRST_PACE = text(
    "INSERT INTO pace (sender, tokens, refilled_at) VALUES (:sender, :tokens, :now) ON CONFLICT (sender) DO NOTHING"
).bindparams(bindparam("now", type_=Moment))
_PACE = select(pace).where(pace.c.sender == bindparam("sender_name")).with_for_update()
_SPEND = (
    update(pace)
    .where(pace.c.sender == bindparam("sender_name"))
    .values(tokens=bindparam("left"), refilled_at=bindparam("now"))
)
_TRIP = (
    update(pace)
    .where(pace.c.sender == bindparam("sender_name"))
    .values(tripped_until=bindparam("until"), tripped_why=bindparam("why"))
)
_SHUT = select(
    pace.c.tripped_until, func.coalesce(pace.c.held_why, pace.c.tripped_why).label("why"), pace.c.held_why
).where(pace.c.sender == SENDER, pace.c.tripped_until.is_not(None) | pace.c.held_why.is_not(None))
_HOLD = (
    update(pace)
    .where(pace.c.sender == bindparam("sender_name"))
    .where(pace.c.passed_at.is_(None) | (pace.c.passed_at < bindparam("began")))
    .values(held_why=bindparam("why"))
)
_LET_PASS = (
    update(pace).where(pace.c.sender == bindparam("sender_name")).values(held_why=None, passed_at=bindparam("now"))
)
_HAS_LEFT = (
    update(message)
    .where(state_is(message, MessageState.QUEUED), message.c.body == bindparam("words"))
    .where(message.c.person_id.in_(select(person.c.id).where(person.c.phone_hash == bindparam("hashed"))))
    .values(state=MessageState.UNKNOWN, state_at=bindparam("now"), due_at=bindparam("now"), claimed_at=bindparam("at"))
)
_SHARED = select(pace.c.refilled_at, pace.c.passed_at, pace.c.held_why).where(pace.c.sender == SENDER)
_READY = select(func.count()).select_from(
    select(message.c.id)
    .where(state_is(message, MessageState.QUEUED), message.c.due_at <= bindparam("now"))
    .limit(1)
    .subquery()
)
MAY_LEAVE = (
    state_is(message, MessageState.QUEUED)
    & (message.c.expires_at > bindparam("now"))
    & (
        state_is(campaign, CampaignState.LIVE)
        | (state_is(campaign, CampaignState.CLOSED) & (message.c.kind == MessageKind.ANSWER))
    )
)
"""What waits and will be claimed, of texts with their campaigns: whoever asks how long the queue is asks for the same.

Not who has opted out: that is put away by the opt-out's own transaction, or a minute later.
"""
_CANDIDATES = (
    select(
        *(message.c.id, message.c.body, message.c.media, message.c.segments, message.c.campaign_id),
        *(message.c.expires_at, person.c.phone),
    )
    .select_from(
        message.join(person, person.c.id == message.c.person_id)
        .join(campaign, campaign.c.id == message.c.campaign_id)
        .outerjoin(opt_out, opt_out.c.phone_hash == person.c.phone_hash)
    )
    .where(
        MAY_LEAVE,
        message.c.due_at <= bindparam("now"),
        opt_out.c.phone_hash.is_(None),  # or it would stay at the head of every claim: the sweep puts it away
        person.c.unreachable.is_(None),
        person.c.phone.is_not(None),
    )
    .order_by(message.c.priority, message.c.due_at, message.c.id)
    .limit(bindparam("limit"))
    # The person and the campaign are held until the claim has committed, so that an opt-out or a pause comes
    # wholly before the claim, and stops it, or wholly after.
    .with_for_update(of=(message, person, campaign), key_share=True, skip_locked=True)
)
_CLAIM = (
    update(message)
    .where(
        message.c.id.in_(bindparam("ids", expanding=True)),
        state_was(message, MessageState.QUEUED),
        ~select(opt_out.c.phone_hash)
        .where(opt_out.c.phone_hash == person.c.phone_hash, person.c.id == message.c.person_id)
        .correlate(message)
        .exists(),
        ~select(campaign.c.id)
        .where(campaign.c.id == message.c.campaign_id, state_is(campaign, CampaignState.PAUSED))
        .exists(),
    )
    .values(
        state=MessageState.POSTING,
        state_at=bindparam("now"),
        claimed_at=bindparam("now"),
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until"),
    )
    .returning(message.c.id)
)


async def queue(session: Session, values: dict[str, Any]) -> int:
    """A text's row, which is its place in the queue; `values` are those of QUEUED. Returns its id."""
    key = (await session.execute(_QUEUE, values)).inserted_primary_key
    assert key is not None
    return int(key[0])


async def begin(session: Session, *, rate: float, now: datetime) -> None:
    """Make sure that there is a pace to share."""
    await session.execute(_FIRST_PACE, {"sender": SENDER, "tokens": rate, "now": now})


async def is_anything_due(session: Session, *, now: datetime) -> bool:
    """A cheap look before a claim takes any lock."""
    return bool((await session.execute(_READY, {"now": now})).scalar_one())


async def claim(session: Session, *, owner: str, rate: float, limit: int, now: datetime) -> list[Claimed]:
    """Take up to `limit` due texts, as many segments as the pace allows, answers to voters first.

    `rate` is segments a second, for all workers together. Nothing opted out, paused or past its window is taken.
    """
    shared = (await session.execute(_PACE, {"sender_name": SENDER})).one()
    if shared.tripped_until is not None or shared.held_why is not None:
        return []
    elapsed = max((now - shared.refilled_at).total_seconds(), 0.0)
    tokens = min(shared.tokens + elapsed * rate, max(rate, 1.0))  # never a burst of more than a second's worth
    if tokens < 1:
        return []
    rows = _within(tokens, (await session.execute(_CANDIDATES, {"now": now, "limit": limit})).all())
    if not rows:
        return []
    values = {"ids": [row.id for row in rows], "now": now, "owner": owner, "until": now + LEASE}
    won = set((await session.execute(_CLAIM, values)).scalars())
    taken = [row for row in rows if row.id in won]
    left = tokens - sum(row.segments for row in taken)
    await session.execute(_SPEND, {"sender_name": SENDER, "left": left, "now": now})
    return [
        Claimed(row.id, row.phone, row.body, row.campaign_id, row.expires_at, now, tuple(row.media or ()))
        for row in taken
    ]


def _within(tokens: float, rows: Sequence[Any]) -> list[Any]:
    """As many as the tokens pay for. The last may overdraw them, or a long text would wait for ever."""
    taken = []
    for row in rows:
        if tokens < 1:
            break
        taken.append(row)
        tokens -= row.segments
    return taken


async def shut(session: Session) -> Any | None:
    """(tripped_until, why, held_why) while nothing may be claimed, else None. Only a person ends what is held."""
    return (await session.execute(_SHUT)).first()


async def trip(session: Session, *, until: datetime | None, why: str | None) -> None:
    """Claim nothing: the carrier's door is shut, and knocking makes riddles. `until` is when to ask whether it is open.

    None opens it again.
    """
    await session.execute(_TRIP, {"sender_name": SENDER, "until": until, "why": why})


async def last_claim(session: Session) -> tuple[datetime, datetime | None]:
    """When a text was last claimed, or all began; and when a person last let texts pass."""
    row = (await session.execute(_SHARED)).one()
    return row.refilled_at, row.passed_at


async def hold(session: Session, why: str, *, began: datetime) -> bool:
    """Claim nothing until a person says so; False if somebody has said so since `began`."""
    held: Any = await session.execute(_HOLD, {"sender_name": SENDER, "why": why, "began": began})
    return bool(held.rowcount)


async def let_pass(session: Session, *, now: datetime) -> None:
    """A person's word: texts may leave."""
    await session.execute(_LET_PASS, {"sender_name": SENDER, "now": now})


async def has_left(session: Session, phone_hash: str, words: str, at: datetime, *, now: datetime) -> None:
    """The carrier lists a text that still waits here: it is in doubt, and not sent a second time."""
    await session.execute(_HAS_LEFT, {"hashed": phone_hash, "words": words, "at": at, "now": now})
