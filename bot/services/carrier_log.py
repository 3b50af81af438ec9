"""What the carrier lists of texts, held against what is here: which we have not heard of, and what became of ours.

What was known already costs one read for a page of the list, and changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, text

from bot.database import Session
from bot.services import measured
from bot.services.outcomes import Delivery
from models import MAY_RISE_TO, MessageState, inbound, mark, message, person, state_is
from models.types import Moment

FURTHEST = timedelta(hours=48)
"""So far back web hooks that were lost are looked for."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A text as the carrier lists it. `is_ours`: one that our own senders were asked to send.

    `at` is when it came in, or when the carrier was given it; `state` is None while it says nothing.
    """

    sid: str
    to: str
    sender: str | None
    body: str
    at: datetime
    is_inbound: bool
    is_ours: bool
    state: MessageState | None = None
    error: int | None = None
    media: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """What a page of the list has that is not here: texts from phones, states of ours, and `lacking` texts of ours."""

    came_in: list[Listed] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    lacking: list[Listed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Marks:
    """Since when the list has been looked at, up to when it has, and when it last was to its furthest."""

    first: datetime
    near: datetime
    far: datetime


_CAME_IN = select(inbound.c.carrier_sid).where(inbound.c.carrier_sid.in_(bindparam("sids", expanding=True)))
_WENT_OUT = select(message.c.id, message.c.carrier_sid, message.c.state).where(
    message.c.carrier_sid.in_(bindparam("sids", expanding=True))
)
_IN_DOUBT = (
    select(person.c.phone, message.c.body)
    .join(person, person.c.id == message.c.person_id)
    .where(state_is(message, MessageState.UNKNOWN, MessageState.REVIEW))
)
_BEING_POSTED = (
    select(person.c.phone, message.c.body)
    .join(person, person.c.id == message.c.person_id)
    .where(state_is(message, MessageState.POSTING))
)
_MARKS = select(mark.c.name, mark.c.at)
_BEGIN = text("INSERT INTO mark (name, at) VALUES (:name, :at) ON CONFLICT (name) DO NOTHING").bindparams(
    bindparam("at", type_=Moment)
)
_SET = text("UPDATE mark SET at = :at WHERE name = :name").bindparams(bindparam("at", type_=Moment))
_NAMES = ("first", "near", "far")


async def compare(session: Session, page: Iterable[Listed]) -> News:
    """What of this page is news, the oldest first."""
    listed = sorted(page, key=lambda each: each.at)
    incoming = [each for each in listed if each.is_inbound]
    ours = [each for each in listed if each.is_ours]
    news = News()
    if incoming:
        known = set((await session.execute(_CAME_IN, {"sids": [each.sid for each in incoming]})).scalars())
        news.came_in.extend(each for each in incoming if each.sid not in known)
    rows = await _known(session, ours)
    for each in ours:
        row = rows.get(each.sid)
        if row is None:
            news.lacking.append(each)
        elif each.state and MessageState(row.state) in MAY_RISE_TO[each.state]:
            news.deliveries.append(delivery(row.id, each, each.state))
    return news


async def _known(session: Session, ours: Sequence[Listed]) -> dict[str, Any]:
    if not ours:
        return {}
    rows = (await session.execute(_WENT_OUT, {"sids": [each.sid for each in ours]})).all()
    return {row.carrier_sid: row for row in rows}


def delivery(message_id: int, listed: Listed, state: MessageState) -> Delivery:
    """What the list says of a text of ours, as a web hook would have said it."""
    return Delivery(message_id, listed.sid, state, sender=listed.sender, error=listed.error)


async def unexplained(session: Session, lacking: Sequence[Listed]) -> list[Listed]:
    """Of texts that we lack, those that neither a text of ours in doubt nor the doctor's measuring accounts for.

    A text that is just being posted counts as in doubt: it is asked about before its id is, so that it is one or the
    other.
    """
    if not lacking:
        return []
    in_doubt = {tuple(row) for each in (_IN_DOUBT, _BEING_POSTED) for row in (await session.execute(each)).all()}
    known = {*await _known(session, lacking), *await measured.sids(session)}
    return [each for each in lacking if each.sid not in known and (each.to, each.body) not in in_doubt]


async def begin(session: Session, *, now: datetime) -> Marks:
    """How far the list has been looked at; from now on, if never."""
    rows = {row.name: row.at for row in (await session.execute(_MARKS)).all()}
    if len(rows) < len(_NAMES):
        await session.execute(_BEGIN, [{"name": name, "at": now} for name in _NAMES])
        rows = {row.name: row.at for row in (await session.execute(_MARKS)).all()}
    return Marks(rows["first"], rows["near"], rows["far"])


async def reached(session: Session, name: str, at: datetime) -> None:
    """The list has been looked at up to this moment ("near"), or to its furthest ("far")."""
    await session.execute(_SET, {"name": name, "at": at})
