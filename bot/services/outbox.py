"""The queue's other end: a text is claimed, posted exactly once, and its outcome recorded.

What nobody can prove is UNKNOWN, and the machine never sends an UNKNOWN text again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import optouts, tallies
from bot.services.carrier_codes import NOT_SET_UP, OPTED_OUT, UNREACHABLE, in_words
from bot.services.tallies import Metric
from bot.services.trouble import Trouble
from models import (
    MAY_RISE_TO,
    CampaignState,
    ConversationState,
    MessageKind,
    MessageState,
    OptOutState,
    campaign,
    conversation,
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
REVIEW_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A text that this worker alone may post, until its lease ends."""

    id: int
    to: str
    body: str
    campaign_id: int
    expires_at: datetime
    claimed_at: datetime


class Result(StrEnum):
    """What a POST came to. LATER and STOP prove that nothing was sent; UNKNOWN proves nothing."""

    ACCEPTED = "accepted"
    LATER = "later"
    REFUSED = "refused"
    STOP = "stop"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One text's result. `pause` is how long the carrier asked us to wait."""

    message_id: int
    result: Result
    carrier_sid: str | None = None
    sender: str | None = None
    error: int | None = None
    pause: float = 1.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the carrier says of a text that it has. Bound by our own id, so that it may come before our answer does."""

    message_id: int
    carrier_sid: str
    state: MessageState
    sender: str | None = None
    error: int | None = None


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
_SHUT = select(pace.c.tripped_until, pace.c.tripped_why).where(
    pace.c.sender == SENDER, pace.c.tripped_until.is_not(None)
)
_READY = select(func.count()).select_from(
    select(message.c.id)
    .where(state_is(message, MessageState.QUEUED), message.c.due_at <= bindparam("now"))
    .limit(1)
    .subquery()
)
_CANDIDATES = (
    select(
        message.c.id, message.c.body, message.c.segments, message.c.campaign_id, message.c.expires_at, person.c.phone
    )
    .select_from(
        message.join(person, person.c.id == message.c.person_id)
        .join(campaign, campaign.c.id == message.c.campaign_id)
        .outerjoin(opt_out, opt_out.c.phone_hash == person.c.phone_hash)
    )
    .where(
        state_is(message, MessageState.QUEUED),
        message.c.due_at <= bindparam("now"),
        message.c.expires_at > bindparam("now"),
        opt_out.c.phone_hash.is_(None),  # or it would stay at the head of every claim: the sweep puts it away
        person.c.unreachable.is_(None),
        person.c.phone.is_not(None),
        (state_is(campaign, CampaignState.LIVE))
        | ((state_is(campaign, CampaignState.CLOSED)) & (message.c.kind == MessageKind.ANSWER)),
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
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until"),
    )
    .returning(message.c.id)
)
_SETTLE = (
    update(message)
    .where(message.c.id == bindparam("which"), message.c.state.in_(bindparam("before", expanding=True)))
    .values(
        state=bindparam("after"),
        state_at=bindparam("now"),
        carrier_sid=func.coalesce(message.c.carrier_sid, bindparam("sid")),
        sender=func.coalesce(bindparam("from_number"), message.c.sender),
        error=func.coalesce(bindparam("code"), message.c.error),
        lease_owner=None,
        lease_until=None,
        due_at=func.coalesce(bindparam("due", type_=Moment), message.c.due_at),
    )
    .returning(
        *(message.c.id, message.c.campaign_id, message.c.volunteer_id, message.c.script_id, message.c.kind),
        *(message.c.conversation_id, message.c.person_id),
    )
)
_ABANDONED = (
    update(message)
    .where(state_is(message, MessageState.POSTING), message.c.lease_until < bindparam("now"))
    .values(state=MessageState.UNKNOWN, state_at=bindparam("now"), lease_owner=None, lease_until=None)
    .returning(message.c.id)
)
_FOR_REVIEW = (
    update(message)
    .where(state_is(message, MessageState.UNKNOWN), message.c.state_at < bindparam("before"))
    .values(state=MessageState.REVIEW, state_at=bindparam("now"))
    .returning(message.c.id, message.c.campaign_id)
)
_EXPIRED = (
    update(message)
    .where(state_is(message, MessageState.QUEUED), message.c.expires_at <= bindparam("now"))
    .values(state=MessageState.EXPIRED, state_at=bindparam("now"))
    .returning(
        *(message.c.id, message.c.conversation_id, message.c.kind, message.c.campaign_id, message.c.volunteer_id),
        message.c.script_id,
    )
)
_BACK_IN_HAND = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), state_was(conversation, ConversationState.TEXTED))
    .values(state=ConversationState.HELD, last_out_at=None)
)
_GIVE_UP = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), state_was(conversation, ConversationState.TEXTED))
    .values(state=ConversationState.DONE, closed_as="not_sent")
)
_HASH = select(person.c.phone_hash).where(person.c.id == bindparam("which"))


async def begin(session: AsyncSession, *, rate: float, now: datetime) -> None:
    """Make sure that there is a pace to share."""
    await session.execute(_FIRST_PACE, {"sender": SENDER, "tokens": rate, "now": now})


async def is_anything_due(session: AsyncSession, *, now: datetime) -> bool:
    """A cheap look before a claim takes any lock."""
    return bool((await session.execute(_READY, {"now": now})).scalar_one())


async def claim(session: AsyncSession, *, owner: str, rate: float, limit: int, now: datetime) -> list[Claimed]:
    """Take up to `limit` due texts, as many segments as the pace allows, answers to voters first.

    `rate` is segments a second, for all workers together. Nothing opted out, paused or past its window is taken.
    """
    shared = (await session.execute(_PACE, {"sender_name": SENDER})).one()
    if shared.tripped_until is not None:
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
    return [Claimed(row.id, row.phone, row.body, row.campaign_id, row.expires_at, now) for row in taken]


def _within(tokens: float, rows: Sequence[Any]) -> list[Any]:
    """As many as the tokens pay for. The last may overdraw them, or a long text would wait for ever."""
    taken = []
    for row in rows:
        if tokens < 1:
            break
        taken.append(row)
        tokens -= row.segments
    return taken


async def record(session: AsyncSession, outcomes: Iterable[Outcome], *, now: datetime) -> Trouble:
    """Write down what POSTs came to.

    A late proof always wins: a 201 that comes after the lease has ended still makes the text ACCEPTED.
    """
    bumps, trouble = [], Trouble()
    for outcome in sorted(outcomes, key=lambda each: each.message_id):
        before, after, due = _transition(outcome, now)
        row = await _settle(session, outcome.message_id, before, after, now=now, due=due, of=outcome)
        if row is None or outcome.result in (Result.LATER, Result.STOP, Result.UNKNOWN):
            continue
        if outcome.result is Result.ACCEPTED:
            bumps.append(_entry(Metric.ACCEPTED, row, now))
        elif outcome.error in NOT_SET_UP:
            bumps.append(await _back(session, row, now=now))
            trouble.not_set_up.append(row)
        else:
            bumps.append(_entry(Metric.NOT_SENT, row, now))
            if await _refused(session, row, outcome.error, now=now):
                bumps.append(_entry(Metric.OPT_OUTS, row, now))
                trouble.left(row)
            elif row.kind == MessageKind.FIRST and outcome.error != OPTED_OUT:
                trouble.not_sent(row, outcome.error)
        if outcome.result is Result.REFUSED and row.kind == MessageKind.ANSWER:
            trouble.lost.append((row, in_words(outcome.error)))
    await tallies.bump(session, bumps)
    return trouble


def _transition(outcome: Outcome, now: datetime) -> tuple[tuple[MessageState, ...], MessageState, datetime | None]:
    """The states it may be in → the state it comes to, and when it is due again."""
    posting = (MessageState.POSTING,)
    if outcome.result is Result.ACCEPTED:
        return MAY_RISE_TO[MessageState.ACCEPTED], MessageState.ACCEPTED, None
    if outcome.result is Result.UNKNOWN:
        return posting, MessageState.UNKNOWN, None
    if outcome.result is Result.REFUSED:
        refused = MessageState.BLOCKED if outcome.error == OPTED_OUT else MessageState.REJECTED
        return (*posting, MessageState.UNKNOWN), refused, None
    return posting, MessageState.QUEUED, now + timedelta(seconds=outcome.pause)


async def _refused(session: AsyncSession, row: Any, code: int | None, *, now: datetime) -> bool:
    """A first text that cannot be sent closes its conversation; after an answer the voter waits again.

    Returns whether this is how we learn of an opt-out.
    """
    is_new = await _learn(session, row.person_id, code, now=now)
    if row.kind == MessageKind.FIRST:
        await session.execute(_GIVE_UP, {"which": row.conversation_id})
    else:
        await session.execute(optouts.WAITS_AGAIN, {"which": row.conversation_id, "now": now})
    return is_new


async def _learn(session: AsyncSession, person_id: int, code: int | None, *, now: datetime) -> bool:
    """What the carrier's code teaches about this person: whether it is a new opt-out."""
    if code == OPTED_OUT:
        phone_hash = (await session.execute(_HASH, {"which": person_id})).scalar_one()
        out: dict[str, Any] = {"person_id": person_id, "state": OptOutState.OUT, "source": "carrier"}
        return await optouts.record(session, phone_hash, **out, now=now)
    if code in UNREACHABLE:
        await optouts.unreachable(session, person_id, UNREACHABLE[code], now=now)
    return False


async def delivered(session: AsyncSession, deliveries: Iterable[Delivery], *, now: datetime) -> Trouble:
    """Take the carrier's word for texts it has; early, twice or out of order, states only rise."""
    bumps, trouble = [], Trouble()
    for each in sorted(deliveries, key=lambda one: one.message_id):
        row, is_proof = await _rise(session, each, now=now)
        if row is None:
            continue
        if is_proof:
            bumps.append(_entry(Metric.ACCEPTED, row, now))
        if each.state is MessageState.ACCEPTED:
            continue
        if each.state is MessageState.DELIVERED:
            bumps.append(_entry(Metric.DELIVERED, row, now))
        elif each.state in (MessageState.UNDELIVERED, MessageState.FAILED):
            bumps.append(_entry(Metric.UNDELIVERED, row, now))
            if await _learn(session, row.person_id, each.error, now=now):
                bumps.append(_entry(Metric.OPT_OUTS, row, now))
                trouble.left(row)
            if each.error in NOT_SET_UP:
                trouble.not_set_up.append(row)
            if row.kind == MessageKind.ANSWER:
                trouble.lost.append((row, in_words(each.error)))
    await tallies.bump(session, bumps)
    return trouble


async def _rise(session: AsyncSession, each: Delivery, *, now: datetime) -> tuple[Any | None, bool]:
    """The text's row if it rose, and whether this was the first proof that the carrier has it.

    It may get that proof from our own POST's answer between two of these looks, hence the third.
    """
    unproven = MAY_RISE_TO[MessageState.ACCEPTED]
    proven = tuple(state for state in MAY_RISE_TO[each.state] if state not in unproven)
    for before in (proven, unproven, proven):
        if before and (row := await _settle(session, each.message_id, before, each.state, now=now, of=each)):
            return row, before is unproven
    return None, False


async def shut(session: AsyncSession) -> Any | None:
    """(tripped_until, tripped_why) while nothing may be claimed, else None."""
    return (await session.execute(_SHUT)).first()


async def trip(session: AsyncSession, *, until: datetime | None, why: str | None) -> None:
    """Claim nothing: the carrier's door is shut, and knocking makes riddles. `until` is when to ask whether it is open.

    None opens it again.
    """
    await session.execute(_TRIP, {"sender_name": SENDER, "until": until, "why": why})


async def sweep(session: AsyncSession, *, now: datetime) -> Trouble:
    """The minute's tidying.

    A claim whose lease has ended is UNKNOWN (its process may have posted before it died), never QUEUED. A queued text
    past its window is EXPIRED and its contact is the volunteer's again. One whose person has opted out is BLOCKED.
    """
    await session.execute(_ABANDONED, {"now": now})
    expired = (await session.execute(_EXPIRED, {"now": now})).all()
    back = [await _back(session, row, now=now) for row in expired]
    await tallies.bump(session, back + await optouts.block_stranded(session, now=now))
    trouble = Trouble()
    for row in expired:
        trouble.too_late(row)
    return trouble


async def for_review(session: AsyncSession, *, now: datetime) -> list[Any]:
    """Texts that stayed UNKNOWN for too long: a person must decide. Each comes once: tell it in this transaction."""
    return list((await session.execute(_FOR_REVIEW, {"now": now, "before": now - REVIEW_AFTER})).all())


async def _back(session: AsyncSession, row: Any, *, now: datetime) -> dict[str, Any]:
    """It was not sent, and may be: the contact is in hand again, or the voter waits again. Returns what to count."""
    if row.kind == MessageKind.FIRST:
        await session.execute(_BACK_IN_HAND, {"which": row.conversation_id})
        return _entry(Metric.TEXTED, row, now, n=-1)
    await session.execute(optouts.WAITS_AGAIN, {"which": row.conversation_id, "now": now})
    return _entry(Metric.ANSWERED, row, now, n=-1)


async def _settle(
    session: AsyncSession,
    message_id: int,
    before: tuple[MessageState, ...],
    after: MessageState,
    *,
    now: datetime,
    due: datetime | None = None,
    of: Outcome | Delivery | None = None,
) -> Any | None:
    """Move one text, if it still is in one of the states `before`; its row, or None if something else was first."""
    values = {
        "which": message_id,
        "before": [state.value for state in before],
        "after": after.value,
        "now": now,
        "sid": of.carrier_sid if of else None,
        "from_number": of.sender if of else None,
        "code": of.error if of else None,
        "due": due,
    }
    return (await session.execute(_SETTLE, values)).first()


def _entry(metric: Metric, row: Any, now: datetime, n: int = 1) -> dict[str, Any]:
    counted = {"campaign_id": row.campaign_id, "volunteer_id": row.volunteer_id, "script_id": row.script_id}
    return tallies.entry(metric, **counted, now=now, n=n)


def group_by_campaign(rows: Iterable[Any]) -> dict[int, int]:
    """How many of these texts each campaign has."""
    counts: dict[int, int] = defaultdict(int)
    for row in rows:
        counts[row.campaign_id] += 1
    return dict(counts)
