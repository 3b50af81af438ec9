"""How often somebody may be texted, over all campaigns: first texts some hours apart, and few follow-ups in a day.

After a first text its person rests: their row says until when, and by which act. A click takes them by compare-and-set
on that row, so that of two campaigns' clicks only one wins. Nothing has to give back what a text that never left had
taken: whether it left is asked of the text itself, and that never changes again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from bot.database import Session
from bot.services.terms import DAY, Terms
from bot.services.texting_hours import Window, local_time_words, next_opening
from bot.settings import MOST_A_DAY
from models import (
    NEVER_LEFT,
    ConversationState,
    MessageKind,
    campaign,
    contact,
    conversation,
    inbound,
    message,
    person,
    state_is,
)
from models.types import Moment

_MOST_NAMED = 3

FREE: Any = (
    person.c.free_at.is_(None)
    | (person.c.free_at <= bindparam("now", type_=Moment))
    # Asked only of those who rest.
    | select(message.c.id)
    .where(message.c.act_key == person.c.first_act, state_is(message, *NEVER_LEFT))
    .correlate(person)
    .exists()
)
"""Whether this person may be sent a first text, for a statement that reads them anyway."""
TAKE = (
    update(person)
    .where(person.c.id == bindparam("whom"))
    .where(
        person.c.free_at.is_(None)
        | (person.c.free_at <= bindparam("at_click", type_=Moment))
        | (person.c.first_act == bindparam("never_left"))
    )
    .values(free_at=bindparam("rests_until"), first_act=bindparam("by_act"))
)
"""A compare-and-set on the row alone: whoever waited for its lock judges by what is there then."""
_LET_GO = (
    update(person)
    .where(person.c.id == bindparam("whom"), person.c.first_act == bindparam("by_act"))
    .values(free_at=None, first_act=None)
)
_FIRST_TEXT = (
    select(message.c.state, message.c.created_at, message.c.campaign_id, campaign.c.name.label("campaign"))
    .join(campaign, campaign.c.id == message.c.campaign_id)
    .where(message.c.act_key == bindparam("act"))
)
_BY_WHOM = (
    select(campaign.c.name, func.min(message.c.created_at).label("since"))
    .select_from(conversation)
    .join(person, person.c.id == conversation.c.person_id)
    .join(message, message.c.act_key == person.c.first_act)
    .join(campaign, campaign.c.id == message.c.campaign_id)
    .where(
        conversation.c.volunteer_id == bindparam("volunteer_id"),
        conversation.c.campaign_id == bindparam("campaign_id"),
        state_is(conversation, ConversationState.HELD),
        ~FREE,
    )
    .group_by(campaign.c.name)
    .order_by(campaign.c.name)
    .limit(_MOST_NAMED)
)
_CONTACTS = select(contact.c.id).where(contact.c.person_id == bindparam("person_id"))
_WROTE = select(func.max(inbound.c.at)).where(inbound.c.conversation_id.in_(_CONTACTS))
_TEXTS = (
    select(message.c.created_at, message.c.waited_since, message.c.kind)
    .where(
        message.c.conversation_id.in_(_CONTACTS),
        message.c.created_at > bindparam("since", type_=Moment),
        message.c.kind != MessageKind.RESEND,  # in the place of one that may not have left
        message.c.state.not_in(NEVER_LEFT),
    )
    .order_by(message.c.created_at)
)


@dataclass(frozen=True, slots=True)
class Before:
    """Who has sent first texts to people who rest, and whether that was within 24 hours."""

    campaigns: tuple[str, ...]
    today: bool


def taking(seen: Any, *, act_key: str, terms: Terms, now: datetime) -> dict[str, Any]:
    """What TAKE takes for a click on somebody who was seen to be free."""
    return {
        "whom": seen.person_id,
        "at_click": now,
        # Who rests, and was seen to be free, had a text that never left: that very one is passed over.
        "never_left": seen.first_act if _rests(seen, now) else None,
        "rests_until": now + terms.between,
        "by_act": act_key,
    }


async def let_go(session: Session, took: dict[str, Any]) -> None:
    """No text came of it."""
    await session.execute(_LET_GO, {"whom": took["whom"], "by_act": took["by_act"]})


async def why_not_yet(session: Session, row: Any, name: str, now: datetime) -> str | None:
    """Why this person may not be sent a first text yet, for the volunteer, or None."""
    if not _rests(row, now):
        return None
    last = (await session.execute(_FIRST_TEXT, {"act": row.first_act})).first()
    if last is not None and last.state in NEVER_LEFT:
        return None
    by = Before((last.campaign,) if last else (), today=last is None or now - last.created_at < DAY)
    return f"{name} was {texted(by)}, so nothing was sent. They come back to your card once they may be texted again."


async def texted_today(session: Session, row: Any, now: datetime) -> str | None:
    """The campaign that has sent somebody a first text within 24 hours, though they may be texted."""
    if row.free_at is None or row.free_at <= now - DAY:
        return None
    last = (await session.execute(_FIRST_TEXT, {"act": row.first_act})).first()
    if last is None or last.state in NEVER_LEFT or now - last.created_at >= DAY:
        return None
    return str(last.campaign)


async def by_whom(session: Session, volunteer_id: str, campaign_id: int, *, now: datetime) -> Before:
    """Who has texted those whom this volunteer has in hand, and who rest."""
    mine = {"volunteer_id": volunteer_id, "campaign_id": campaign_id, "now": now}
    rows = (await session.execute(_BY_WHOM, mine)).all()
    return Before(tuple(row.name for row in rows), today=all(now - row.since < DAY for row in rows))


def texted(by: Before) -> str:
    """In words: already texted today by Fall GOTV."""
    names = list(by.campaigns) or ["another campaign"]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"already texted {'today' if by.today else 'lately'} by {listed}"


async def why_no_more(
    session: Session, row: Any, name: str, terms: Terms, *, wrote: datetime | None, now: datetime
) -> str | None:
    """Why somebody who has not answered may not be texted once more, for the volunteer, or None.

    Who waits for an answer gets it, and who wrote within 24 hours, to any campaign, as many as it takes. `wrote` is
    when they wrote last in this conversation.
    """
    if row.waiting_since is not None or _lately(wrote, now):
        return None
    who = {"person_id": row.person_id}
    if _lately((await session.execute(_WROTE, who)).scalar_one(), now):
        return None
    texts = (await session.execute(_TEXTS, {**who, "since": now - DAY})).all()
    more = [text for text in texts if text.kind != MessageKind.FIRST]
    most = _most(texts, terms)
    if len(more) < most:
        return None
    said = f"{name} has not answered since, and was texted often enough for a day, so nothing was sent."
    if most < 1:
        return f"{said} They may be texted again once they write."
    window = Window.parse(row.window)
    opens = next_opening(window, more[-most].created_at + DAY)
    return said + (f" They may be texted again from {local_time_words(window, opens)} there." if opens else "")


def _most(texts: Sequence[Any], terms: Terms) -> int:
    """Follow-ups in 24 hours. A late answer is none, as far as the law has room for it."""
    first = sum(text.kind == MessageKind.FIRST for text in texts)
    late_answer = any(text.waited_since is not None for text in texts)
    return min(terms.follow_ups + late_answer, MOST_A_DAY - max(terms.first_texts, first))


def _lately(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at < DAY


def _rests(row: Any, now: datetime) -> bool:
    """Whether this person rests, unless the text before never left."""
    return row.free_at is not None and row.free_at > now
