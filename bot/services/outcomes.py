"""What became of a text that left the queue: our POST's answer, the carrier's later word, or neither.

States only rise, and a late proof always wins. What nobody can prove is UNKNOWN, never sent again by the machine.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Self

from sqlalchemy import bindparam, func, select, update

from bot.database import Session
from bot.services import cohorts, optouts, tallies, waits
from bot.services.carrier_codes import NO_REGION, NOT_SET_UP, OPTED_OUT, TOO_FAST, UNREACHABLE, in_words, metric_of
from bot.services.tallies import Metric
from bot.services.trouble import BOTH_MAY, BOTH_WENT, TAKEN_BACK, Trouble
from models import (
    MAY_RISE_TO,
    NEVER_LEFT,
    CampaignState,
    ConversationState,
    MessageKind,
    MessageState,
    OptOutState,
    campaign,
    conversation,
    message,
    person,
    state_is,
    state_was,
)
from models.types import Moment

REVIEW_AFTER = timedelta(minutes=15)
FIRST_LOOK = timedelta(seconds=30)
"""A text of which nothing is proved is looked for in the carrier's list for the first time after so long."""
_DID_NOT_ARRIVE = (MessageState.UNDELIVERED, MessageState.FAILED)
LAST = (MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.FAILED)
ABOVE_ACCEPTED = (MessageState.SENT, *LAST)
SILENCE = timedelta(minutes=30)
"""A text that the carrier took, and of which nothing was heard for so long, is asked about."""


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


class Moved(NamedTuple):
    """A text's row, and the state that it was in."""

    row: Any
    was: MessageState


_LOCK = (
    select(
        *(message.c.id, message.c.state, message.c.campaign_id, message.c.volunteer_id, message.c.script_id),
        *(message.c.kind, message.c.conversation_id, message.c.person_id),
        *(message.c.created_at, message.c.waited_since, message.c.segments, message.c.media),
    )
    .where(message.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(message.c.id)  # every batch in one order, so that two cannot deadlock
    .with_for_update()
)
_SETTLE = (
    update(message)
    .where(message.c.id == bindparam("which"))
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
)
_ABANDONED = (
    update(message)
    .where(state_is(message, MessageState.POSTING), message.c.lease_until < bindparam("now"))
    .values(
        state=MessageState.UNKNOWN,
        state_at=bindparam("now"),
        due_at=bindparam("now"),
        lease_owner=None,
        lease_until=None,
    )
    .returning(message.c.id)
)
_FOR_REVIEW = (
    update(message)
    .where(state_is(message, MessageState.UNKNOWN), message.c.state_at < bindparam("before"))
    .values(state=MessageState.REVIEW, state_at=bindparam("now"))
    .returning(message.c.id, message.c.campaign_id)
)
_END = (
    update(message)
    .where(state_is(message, MessageState.QUEUED))
    .values(state=MessageState.EXPIRED, state_at=bindparam("now"))
    .returning(
        *(message.c.id, message.c.conversation_id, message.c.kind, message.c.campaign_id, message.c.volunteer_id),
        *(message.c.script_id, message.c.created_at, message.c.waited_since),
    )
)
_EXPIRED = _END.where(message.c.expires_at <= bindparam("now"))
_CLOSED = _END.where(message.c.kind != MessageKind.ANSWER).where(
    message.c.campaign_id.in_(select(campaign.c.id).where(state_is(campaign, CampaignState.CLOSED)))
)
_BACK_IN_HAND = (
    update(conversation)
    .where(conversation.c.contact_id.in_(bindparam("ids", expanding=True)))
    .where(state_was(conversation, ConversationState.TEXTED))
    .values(state=ConversationState.HELD, last_out_at=None)
    .returning(conversation.c.contact_id)
)
AT_ONCE = 500
"""Contacts that come back in hand by one statement."""
_GIVE_UP = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), state_was(conversation, ConversationState.TEXTED))
    .values(state=ConversationState.DONE, closed_as="not_sent")
)
_AGAIN = (
    *(message.c.id, message.c.state, message.c.campaign_id, message.c.volunteer_id, message.c.script_id),
    message.c.created_at,
)
_TAKE_BACK_AGAIN = (
    update(message)
    .where(message.c.replaces_id == bindparam("first"), state_was(message, MessageState.QUEUED))
    .values(state=MessageState.TAKEN_BACK, state_at=bindparam("now"))
    .returning(*_AGAIN)
)
_SENT_AGAIN = select(*_AGAIN).where(message.c.replaces_id == bindparam("first"))
_HASH = select(person.c.phone_hash).where(person.c.id == bindparam("which"))


class _Batch:
    """Texts that nobody else can move until the transaction ends, and where they are moved to."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = {row.id: row for row in rows}
        self._states = {row.id: MessageState(row.state) for row in self._rows.values()}
        self._moves: list[dict[str, Any]] = []

    @classmethod
    async def lock(cls, session: Session, about: Iterable[Outcome | Delivery]) -> Self:
        """The texts that these tell of."""
        return cls((await session.execute(_LOCK, {"ids": [each.message_id for each in about]})).all())

    def move(
        self,
        told: Outcome | Delivery,
        before: tuple[MessageState, ...],
        after: MessageState,
        *,
        now: datetime,
        due: datetime | None = None,
    ) -> Moved | None:
        """The text's row and the state it was in; None if that is not one of `before`."""
        row, was = self._rows.get(told.message_id), self._states.get(told.message_id)
        if row is None or was not in before:
            return None
        self._states[row.id] = after
        self._moves.append(
            {
                "which": row.id,
                "after": after.value,
                "now": now,
                "sid": told.carrier_sid,
                "from_number": told.sender,
                "code": told.error,
                "due": due,
            }
        )
        return Moved(row, was)

    async def write(self, session: Session) -> None:
        if self._moves:
            await session.execute(_SETTLE, self._moves)


async def record(session: Session, outcomes: Collection[Outcome], *, now: datetime) -> Trouble:
    """Write down what POSTs came to.

    A late proof always wins: a 201 that comes after the lease has ended still makes the text ACCEPTED.
    """
    batch, moved = await _Batch.lock(session, outcomes), []
    late = []
    for outcome in outcomes:
        before, after, due = _transition(outcome, now)
        if told := batch.move(outcome, before, after, now=now, due=due):
            moved.append((outcome, told.row))
            late += [told.row] if told.was is MessageState.REVIEW else []
    await batch.write(session)
    bumps, trouble = [], Trouble()
    bumps += await _left_after_all(session, late, trouble, now=now)
    for outcome, row in moved:
        if outcome.result is Result.ACCEPTED:
            bumps += _taken(row, trouble, now)
        elif outcome.result is Result.REFUSED:
            bumps += await _was_refused(session, row, outcome.error, trouble, now=now)
    await tallies.bump(session, bumps)
    return trouble


async def _left_after_all(
    session: Session, rows: Collection[Any], trouble: Trouble, *, now: datetime
) -> list[dict[str, Any]]:
    """Texts that are proved to have left after a person had to decide about them.

    One that was sent again and still waits is taken back; otherwise both went, and that is said. Returns what to count.
    """
    bumps = []
    for row in rows:
        again = (await session.execute(_TAKE_BACK_AGAIN, {"first": row.id, "now": now})).first()
        if again is not None:
            bumps.append(_entry(Metric.RESENT, again, again.created_at, n=-1))
            trouble.twice.append((row, again.volunteer_id, TAKEN_BACK))
            continue
        again = (await session.execute(_SENT_AGAIN, {"first": row.id})).first()
        if again is not None and again.state not in NEVER_LEFT:
            went = again.state not in (MessageState.POSTING, MessageState.UNKNOWN, MessageState.REVIEW)
            trouble.twice.append((row, again.volunteer_id, BOTH_WENT if went else BOTH_MAY))
    return bumps


async def _was_refused(
    session: Session, row: Any, code: int | None, trouble: Trouble, *, now: datetime
) -> list[dict[str, Any]]:
    """What follows from a refusal, and whom it troubles. Returns what to count."""
    if row.kind != MessageKind.FIRST:
        trouble.lost.append((row, in_words(code)))
    failed = _entry(metric_of(code), row, now)
    if code in NOT_SET_UP:
        trouble.not_set_up.append(row)
        return [failed, *await _back(session, [row], now=now)]
    if code == NO_REGION and not await tallies.any_of(session, row.campaign_id, Metric.ACCEPTED):
        trouble.not_set_up.append(row)
    bumps = [failed, _entry(Metric.NOT_SENT, row, now), cohorts.of_text(Metric.THEN_FAILED, row)]
    if await _learn(session, row.person_id, code, now=now):
        bumps.append(_entry(Metric.OPT_OUTS, row, now))
        trouble.left(row)
    elif row.kind == MessageKind.FIRST and code != OPTED_OUT:
        trouble.not_sent(row, code)
    if row.kind == MessageKind.FIRST:
        await session.execute(_GIVE_UP, {"which": row.conversation_id})
    else:
        bumps += await waits.again(session, row)
    return bumps


def _transition(outcome: Outcome, now: datetime) -> tuple[tuple[MessageState, ...], MessageState, datetime | None]:
    """The states it may be in → the state it comes to, and when it is due again."""
    posting = (MessageState.POSTING,)
    if outcome.result is Result.ACCEPTED:
        return MAY_RISE_TO[MessageState.ACCEPTED], MessageState.ACCEPTED, now + SILENCE
    if outcome.result is Result.UNKNOWN:
        return posting, MessageState.UNKNOWN, now + FIRST_LOOK
    if outcome.result is Result.REFUSED:
        refused = MessageState.BLOCKED if outcome.error == OPTED_OUT else MessageState.REJECTED
        return (*posting, MessageState.UNKNOWN), refused, None
    return posting, MessageState.QUEUED, now + timedelta(seconds=outcome.pause)


async def _learn(session: Session, person_id: int, code: int | None, *, now: datetime) -> bool:
    """What the carrier's code teaches about this person: whether it is a new opt-out."""
    if code == OPTED_OUT:
        phone_hash = (await session.execute(_HASH, {"which": person_id})).scalar_one()
        out: dict[str, Any] = {"person_id": person_id, "state": OptOutState.OUT, "source": "carrier"}
        return await optouts.record(session, phone_hash, **out, now=now)
    if code in UNREACHABLE:
        await optouts.unreachable(session, person_id, UNREACHABLE[code], now=now)
    return False


async def delivered(session: Session, deliveries: Collection[Delivery], *, now: datetime) -> Trouble:
    """Take the carrier's word for texts it has; early, twice or out of order, states only rise."""
    batch = await _Batch.lock(session, deliveries)
    due = now + SILENCE
    told_of = [(each, batch.move(each, MAY_RISE_TO[each.state], _says(each), now=now, due=due)) for each in deliveries]
    await batch.write(session)
    bumps, trouble = [], Trouble()
    late = [told.row for _, told in told_of if told is not None and told.was is MessageState.REVIEW]
    bumps += await _left_after_all(session, late, trouble, now=now)
    for each, told in told_of:
        if told is None:
            continue
        is_first_proof = told.was in MAY_RISE_TO[MessageState.ACCEPTED]
        if _says(each) is MessageState.REJECTED:
            bumps += [] if is_first_proof else _taken(told.row, trouble, now, n=-1)
            bumps += await _turned_away(session, told.row, each.error or 0, trouble, now=now)
            continue
        if is_first_proof:
            bumps += _taken(told.row, trouble, now)
        if each.state is MessageState.DELIVERED:
            bumps.append(_entry(Metric.DELIVERED, told.row, now))
        elif each.state in _DID_NOT_ARRIVE:
            bumps += await _did_not_arrive(session, told.row, each.error, trouble, now=now)
    await tallies.bump(session, bumps)
    return trouble


def _says(told: Delivery) -> MessageState:
    """The state that the carrier's word comes to: what it turned away for a fault of ours may be sent anew."""
    ours = told.error in NOT_SET_UP or told.error in TOO_FAST
    return MessageState.REJECTED if ours and told.state in _DID_NOT_ARRIVE else told.state


async def _turned_away(
    session: Session, row: Any, code: int, trouble: Trouble, *, now: datetime
) -> list[dict[str, Any]]:
    """It never left the carrier, and its contact is in hand again. Returns what to count."""
    trouble.turned_away(row, code)
    if code in TOO_FAST:
        trouble.too_fast.add(code)
    else:
        trouble.not_set_up.append(row)
    return [_entry(metric_of(code), row, now), *await _back(session, [row], now=now)]


async def _did_not_arrive(
    session: Session, row: Any, code: int | None, trouble: Trouble, *, now: datetime
) -> list[dict[str, Any]]:
    """What the carrier's report teaches, and whom it troubles. Returns what to count."""
    bumps = [_entry(Metric.UNDELIVERED, row, now), _entry(metric_of(code), row, now)]
    bumps.append(cohorts.of_text(Metric.THEN_FAILED, row))
    if await _learn(session, row.person_id, code, now=now):
        bumps.append(_entry(Metric.OPT_OUTS, row, now))
        bumps += await cohorts.of_person(session, Metric.THEN_LEFT, row.conversation_id)
        trouble.left(row)
    if row.kind != MessageKind.FIRST:
        trouble.lost.append((row, in_words(code)))
    return bumps


async def sweep(session: Session, *, now: datetime) -> Trouble:
    """The minute's tidying.

    A claim whose lease has ended is UNKNOWN (its process may have posted before it died), never QUEUED. A queued text
    past its window is EXPIRED and its contact is the volunteer's again. One whose person has opted out is BLOCKED.
    """
    await session.execute(_ABANDONED, {"now": now})
    trouble = await end_closed(session, now=now)  # what was being clicked, or came back from the carrier, as it closed
    expired = (await session.execute(_EXPIRED, {"now": now})).all()
    back = await _back(session, expired, now=now)
    await tallies.bump(session, back + await optouts.block_stranded(session, now=now))
    for row in expired:
        trouble.too_late(row)
    return trouble


async def end_closed(session: Session, *, now: datetime) -> Trouble:
    """First texts that wait in closed campaigns are EXPIRED: their contacts count as not texted."""
    ended = (await session.execute(_CLOSED, {"now": now})).all()
    await tallies.bump(session, await _back(session, ended, now=now))
    return Trouble(closed=list(ended))


async def for_review(session: Session, *, now: datetime) -> list[Any]:
    """Texts that stayed UNKNOWN for too long: a person must decide. Each comes once: tell it in this transaction."""
    return list((await session.execute(_FOR_REVIEW, {"now": now, "before": now - REVIEW_AFTER})).all())


async def _back(session: Session, rows: Sequence[Any], *, now: datetime) -> list[dict[str, Any]]:
    """They were not sent, and may be: contacts are in hand again, voters wait again. Returns what to count."""
    first = [row.conversation_id for row in rows if row.kind == MessageKind.FIRST]
    in_hand: set[int] = set()
    for start in range(0, len(first), AT_ONCE):
        in_hand |= set((await session.execute(_BACK_IN_HAND, {"ids": first[start : start + AT_ONCE]})).scalars())
    counts = []
    for row in rows:
        if row.kind != MessageKind.FIRST:
            counts += await waits.again(session, row)
        elif row.conversation_id not in in_hand:
            # Closed meanwhile, by an opt-out say: it stays one that was clicked, and was not sent.
            counts.append(_entry(Metric.NOT_SENT, row, now))
            continue
        counts.append(_entry(tallies.clicked(row.kind), row, row.created_at, n=-1))
    return counts


def _taken(row: Any, trouble: Trouble, now: datetime, n: int = 1) -> list[dict[str, Any]]:
    """The carrier has this text, and bills it; or (-1) gives it back."""
    trouble.spent.add(row.campaign_id)
    metric, units = (Metric.PICTURES, 1) if row.media else (Metric.SEGMENTS, row.segments)
    counted = {"campaign_id": row.campaign_id, "volunteer_id": None, "script_id": None}
    return [_entry(Metric.ACCEPTED, row, now, n=n), tallies.entry(metric, **counted, now=now, n=n * units)]


def _entry(metric: Metric | str, row: Any, now: datetime, n: int = 1) -> dict[str, Any]:
    counted = {"campaign_id": row.campaign_id, "volunteer_id": row.volunteer_id, "script_id": row.script_id}
    return tallies.entry(metric, **counted, now=now, n=n)
