"""A voter's words come in: stored under the carrier's own id before anything is made of them, so that the same text
twice is one row. An opt-out in them is obeyed in the same transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, text, update

from bot.database import Session
from bot.services import cards, cohorts, inbox, optouts, posts, tallies
from bot.services.conversations import WAITS, entry, merge_key
from bot.services.keywords import Verdict, verdict
from bot.services.phones import phone_hash
from bot.services.posts import PostKind
from bot.services.tallies import Metric
from models import (
    NEVER_LEFT,
    ConversationState,
    MessageState,
    OptOutState,
    campaign,
    card,
    conversation,
    inbound,
    message,
    opt_out,
    person,
    thread,
)
from models.types import Json, Moment

CALM = timedelta(seconds=5)
"""Threads open once a volunteer's clicking has paused for so long, so that the card is not buried."""


@dataclass(frozen=True, slots=True)
class Received:
    """A text from a phone, as the carrier's web hook gives it. `at`: when it came, if that was not just now."""

    carrier_sid: str
    from_number: str
    to_number: str
    body: str
    media: tuple[dict[str, str], ...] = ()
    at: datetime | None = None


_STORE = text(
    "INSERT INTO inbound (carrier_sid, person_id, from_number, to_number, body, media, verdict, at)"
    " VALUES (:carrier_sid, :person_id, :from_number, :to_number, :body, :media, :verdict, :at)"
    " ON CONFLICT (carrier_sid) DO NOTHING RETURNING id"
).bindparams(bindparam("at", type_=Moment), bindparam("media", type_=Json))
_PERSON = select(person.c.id).where(person.c.phone_hash == bindparam("hashed"))
_LAST_THAT_LEFT = (
    select(func.max(message.c.id))
    .where(message.c.conversation_id == conversation.c.contact_id)
    .where(message.c.state.not_in((MessageState.QUEUED, *NEVER_LEFT)))
    .scalar_subquery()
)
_NEWEST = (
    select(
        *(conversation.c.contact_id, conversation.c.campaign_id, conversation.c.volunteer_id, conversation.c.script_id),
        conversation.c.state,
        *(opt_out.c.state.label("opted_out"), campaign.c.created_by),
        thread.c.root_ts,
        card.c.clicked_at,
    )
    .join(campaign, campaign.c.id == conversation.c.campaign_id)
    .outerjoin(
        thread,
        (thread.c.conversation_id == conversation.c.contact_id)
        & (thread.c.volunteer_id == conversation.c.volunteer_id),
    )
    .outerjoin(card, card.c.volunteer_id == conversation.c.volunteer_id)
    .outerjoin(opt_out, opt_out.c.phone_hash == bindparam("hashed"))
    .where(conversation.c.person_id == bindparam("person_id"), conversation.c.last_out_at.is_not(None))
    # They answer what they have read: a text that still waits here is not that.
    .order_by(func.coalesce(_LAST_THAT_LEFT, 0).desc(), conversation.c.last_out_at.desc())
    .limit(1)
)
_BIND = update(inbound).where(inbound.c.id == bindparam("which")).values(conversation_id=bindparam("conversation"))


async def receive(
    session: Session,
    received: Received,
    *,
    now: datetime,
    secret: str,
    admins: Collection[str] = (),
    keywords: Collection[str] = (),
) -> None:
    """Store a voter's text, obey an opt-out in it, and have it shown to the volunteer whose conversation it is.

    A text that was stored before changes nothing. One from a stranger goes to the inbox (to `admins`, if nobody else
    can be found), unless it is an opt-out: that is obeyed, and there is nothing to say to it. `keywords` are the
    organization's own, beside those that everybody knows.
    """
    hashed = phone_hash(secret, received.from_number)
    person_id = (await session.execute(_PERSON, {"hashed": hashed})).scalar_one_or_none()
    meaning = verdict(received.body, keywords)
    values = {"carrier_sid": received.carrier_sid, "person_id": person_id, "from_number": received.from_number}
    values |= {"to_number": received.to_number, "body": received.body, "media": list(received.media) or None}
    wrote = min(received.at or now, now)
    inbound_id = (await session.execute(_STORE, {**values, "verdict": meaning.value, "at": wrote})).scalar_one_or_none()
    if inbound_id is None:
        return
    found = None
    if person_id is not None:
        found = (await session.execute(_NEWEST, {"person_id": person_id, "hashed": hashed})).first()
    if found is not None:
        await session.execute(_BIND, {"which": inbound_id, "conversation": found.contact_id})
    if meaning is Verdict.START and await optouts.is_out(session, hashed):
        which = found.contact_id if found is not None else None
        await inbox.wants_back(session, hashed, inbound_id, which, now=now, admins=admins)
        if found is None:
            return
    is_new = False
    if meaning in (Verdict.OUT, Verdict.HELD):
        state = OptOutState.OUT if meaning is Verdict.OUT else OptOutState.HELD
        is_new = await optouts.record(session, hashed, person_id=person_id, state=state, source="text", now=now)
    if found is not None and meaning is Verdict.OUT:
        await _left(session, found, inbound_id, is_new=is_new, now=now)
    elif found is not None:
        await _waits(session, found, inbound_id, now=now, wrote=wrote)
    elif meaning is not Verdict.OUT:
        await inbox.stranger_wrote(session, hashed, inbound_id, now=now, admins=admins)


async def _left(session: Session, found: Any, inbound_id: int, *, is_new: bool, now: datetime) -> None:
    """Somebody opted out: no thread opens for it. The card says it once; a thread that is open says it too."""
    if is_new:
        then = await cohorts.of_person(session, Metric.THEN_LEFT, found.contact_id)
        await tallies.bump(session, [entry(Metric.OPT_OUTS, found, now), *then])
        if found.volunteer_id is not None:
            await cards.add_news(session, found.volunteer_id, cards.LEFT, about=found.contact_id)
    if found.volunteer_id is not None and found.root_ts is not None:
        key = f"inbound:{inbound_id}"
        ids = {"conversation_id": found.contact_id, "inbound_id": inbound_id}
        await posts.add(
            session, PostKind.REPLY, to=found.volunteer_id, dedupe=key, merge=merge_key(found), now=now, **ids
        )


async def _waits(session: Session, found: Any, inbound_id: int, *, now: datetime, wrote: datetime) -> None:
    """The voter's words go to the volunteer's thread; whoever made the campaign gets what has no volunteer."""
    if found.opted_out != OptOutState.OUT:  # what they write after a STOP is shown, but there is nothing to answer
        await session.execute(WAITS, {"which": found.contact_id, "now": wrote})
    counts = [entry(Metric.REPLIES, found, now)]
    if found.state == ConversationState.TEXTED:
        then = await cohorts.of_person(session, Metric.THEN_REPLIED, found.contact_id)
        counts += [entry(Metric.REPLIED, found, now), *then]
    await tallies.bump(session, counts)
    calm = found.clicked_at + CALM if found.clicked_at and found.root_ts is None else now
    await posts.add(
        session,
        PostKind.REPLY,
        to=found.volunteer_id or found.created_by,
        dedupe=f"inbound:{inbound_id}",
        merge=merge_key(found),
        now=now,
        due_at=max(calm, now),
        conversation_id=found.contact_id,
        inbound_id=inbound_id,
    )
