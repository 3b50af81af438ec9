"""The volunteer's card: one live drawing each, and whose turn it is on the next.

A drawing is a version. Drawing anew is a compare-and-set on it, so that of two presses on one drawing only one wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select, text, update

from bot.database import Session
from bot.errors import Forbidden, Refusal
from bot.services import caps, resting, scripts, segments
from bot.services.backlog import DRAINED_AT, MEASURED_AT, full_until, is_stalled, leaves_at
from bot.services.resting import Rest
from bot.services.texting_hours import Closing, Window, closes_at, closes_in_time, closing_soon, local_time_words
from bot.services.volunteers import SUSPENDED
from models import (
    CampaignState,
    ConversationState,
    Role,
    campaign,
    card,
    contact,
    conversation,
    membership,
    opt_out,
    person,
    script,
    state_is,
    texting_window,
    volunteer,
)
from models.types import Moment

LEFT = "{name} opted out and won't be texted again."
HELD_BACK = "{name} may have asked to be left alone, so your text was not sent. If not, they come back to your card."
"""News for the volunteer's card."""
MESSAGE, MODAL = "message", "modal"
"""Where a volunteer has the card in front of them."""
LONGEST_NAME = 80
"""Slack refuses a whole message for one long word in a small place of it."""
CHANGED = "Your card changed in this very moment, so nothing was done. Press again on the newest one."


@dataclass(frozen=True, slots=True)
class Press:
    """A click on a card: whose, on which drawing, and what the field Message held (None: nothing, or an old field).

    `contact_id` is whom the pressed drawing showed, where its button says so.
    """

    volunteer_id: str
    version: int
    body: str | None = None
    contact_id: int | None = None
    surface: str = MESSAGE


@dataclass(frozen=True, slots=True)
class Last:
    """What the press before did, and what would take it back: "m17" a text, "c17" a skip."""

    did: str
    name: str
    undo: str | None
    contact_id: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """The contact whose turn it is. `until` is the local time at which the texting window closes: "8:00 PM"."""

    conversation_id: int
    name: str
    place: str
    until: str
    number: int
    of: int
    text: str
    measure: segments.Segments
    picture: str | None
    """The name of the picture that goes along."""
    footer: str | None = None
    """What stands below the words, whatever they are edited to."""
    closing: Closing | None = None
    texted_by: str | None = None
    """Another campaign that has texted them today."""


@dataclass(frozen=True, slots=True)
class Card:
    """One drawing of a volunteer's card. `notice` says why a press did nothing; `news` is said once, each line with the
    contact whom it is about.
    """

    version: int
    campaign_id: int
    campaign: str
    next: Draft | Rest
    last: Last | None = None
    notice: str | None = None
    news: tuple[tuple[int, str], ...] = ()
    replies: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is in a campaign, and until when they may be texted; None: nobody's."""

    campaign_id: int
    row: Any | None = None
    until: datetime | None = None


_CONTACT = (
    conversation.c.contact_id,
    conversation.c.volunteer_id.label("holder"),
    conversation.c.person_id,
    conversation.c.position,
    conversation.c.draft,
    conversation.c.state,
    conversation.c["pass"].label("pass_"),
    contact.c.first_name,
    contact.c.last_name,
    contact.c.place,
    contact.c.fields,
    texting_window.c.key.label("window"),
    person.c.phone_hash,
    person.c.unreachable,
    person.c.free_at,
    person.c.first_act,
    opt_out.c.state.label("opted_out"),
    campaign.c.id.label("campaign_id"),
    campaign.c.name.label("campaign"),
    campaign.c.footer,
    campaign.c.state.label("campaign_state"),
    campaign.c.budget_spoken_for_at,
    script.c.id.label("script_id"),
    script.c.body.label("script"),
    script.c.media,
    membership.c.batch_start,
    membership.c.last_position,
    volunteer.c.name.label("volunteer"),
    volunteer.c.role,
)


def _with_contact(start: Any, *, outer: bool) -> Any:
    """A conversation with all that is read of it, each by its key. Flat: SQLite builds a nested join in full first."""
    return (
        start.join(contact, contact.c.id == conversation.c.contact_id, isouter=outer)
        .join(person, person.c.id == conversation.c.person_id, isouter=outer)
        .join(texting_window, texting_window.c.id == conversation.c.window_id, isouter=outer)
        .join(campaign, campaign.c.id == conversation.c.campaign_id, isouter=outer)
        .join(script, script.c.id == func.coalesce(conversation.c.script_id, campaign.c.script_id), isouter=outer)
        .outerjoin(opt_out, opt_out.c.phone_hash == person.c.phone_hash)
    )


def _member(of: Any) -> Any:
    return (membership.c.campaign_id == conversation.c.campaign_id) & (membership.c.volunteer_id == of)


_LOOK = (
    select(card.c.version, card.c.news, card.c.campaign_id.label("last_campaign_id"), *_CONTACT)
    .select_from(
        _with_contact(
            card.join(volunteer, volunteer.c.slack_id == card.c.volunteer_id).outerjoin(
                conversation, conversation.c.contact_id == card.c.conversation_id
            ),
            outer=True,
        ).outerjoin(membership, _member(card.c.volunteer_id))
    )
    .where(card.c.volunteer_id == bindparam("volunteer_id"))
)
_WAITING = (
    select(func.count())
    .select_from(conversation)
    .where(conversation.c.volunteer_id == bindparam("volunteer_id"))
    .where(state_is(conversation, ConversationState.NEEDS_REPLY))
    .scalar_subquery()
)
_HELD = (
    (conversation.c.volunteer_id == bindparam("volunteer_id"))
    & (conversation.c.campaign_id == bindparam("campaign_id"))
    & (state_is(conversation, ConversationState.HELD))
)
_NEXT = (
    select(_WAITING.label("replies"), DRAINED_AT, MEASURED_AT, *_CONTACT)
    .select_from(
        _with_contact(conversation, outer=False)
        .join(volunteer, volunteer.c.slack_id == conversation.c.volunteer_id)
        .join(membership, _member(conversation.c.volunteer_id))
    )
    .where(_HELD, opt_out.c.state.is_(None), conversation.c.contact_id != bindparam("but"), caps.FREE)
    .order_by(conversation.c.position)
    .limit(1)
)
_NEXT_AWAKE = _NEXT.where(conversation.c.window_id.in_(bindparam("awake", expanding=True)))
_WINDOWS_HELD = (
    select(
        *(texting_window.c.id, texting_window.c.key),
        func.min(case((caps.FREE, bindparam("now", type_=Moment)), else_=person.c.free_at)).label("free_at"),
    )
    .select_from(conversation)
    .join(texting_window, texting_window.c.id == conversation.c.window_id)
    .join(person, person.c.id == conversation.c.person_id)
    .outerjoin(opt_out, opt_out.c.phone_hash == person.c.phone_hash)
    .where(_HELD, opt_out.c.state.is_(None))
    .group_by(texting_window.c.id, texting_window.c.key)
)
_REPLIES = select(_WAITING)
DRAW = (
    update(card)
    .where(card.c.volunteer_id == bindparam("whose"), card.c.version == bindparam("drawn"))
    .values(
        version=card.c.version + 1,
        campaign_id=bindparam("campaign"),
        conversation_id=bindparam("next_contact"),
        surface=bindparam("on_surface"),
        clicked_at=bindparam("clicked"),
        # What has come since the press was looked at is for the drawing after this one.
        news=case((card.c.news == bindparam("told"), None), else_=card.c.news),
    )
)
_FIRST = text(
    "INSERT INTO card (volunteer_id, version, surface) VALUES (:volunteer_id, 0, 'message')"
    " ON CONFLICT (volunteer_id) DO NOTHING"
)
_CALM = select(card).where(card.c.volunteer_id == bindparam("volunteer_id"))
_ADD_NEWS = (
    update(card)
    .where(card.c.volunteer_id == bindparam("whose"))
    .values(news=func.coalesce(card.c.news + "\n", "") + bindparam("line"))
)
_NAMES = select(contact.c.id, contact.c.first_name, contact.c.last_name).where(
    contact.c.id.in_(bindparam("ids", expanding=True))
)
_SHOWN_ON = update(card).where(card.c.volunteer_id == bindparam("whose")).values(surface=bindparam("on_surface"))
_REST_NOW = update(card).where(card.c.volunteer_id == bindparam("whose")).values(clicked_at=None)


async def first(session: Session, volunteer_id: str) -> None:
    """Make sure that this volunteer has a card's row."""
    await session.execute(_FIRST, {"volunteer_id": volunteer_id})


async def look(session: Session, volunteer_id: str) -> Any:
    """The card and everything that a press on it is judged by, in one read.

    Raises Refusal for whoever has no card, Forbidden for whoever is suspended.
    """
    seen = (await session.execute(_LOOK, {"volunteer_id": volunteer_id})).first()
    if seen is None:
        raise Refusal("You have no contacts in hand. Type `/text` to get your next one.")
    if seen.role == Role.NONE:
        raise Forbidden(SUSPENDED)
    return seen


async def draw(
    session: Session,
    press: Press,
    campaign_id: int,
    *,
    seen: Any,
    now: datetime,
    last: Last | None = None,
    notice: str | None = None,
) -> Card:
    """The next version of the card: whoever's turn it is in this campaign, or the reason why it is nobody's.

    Raises Refusal if the card changed since it was `seen`; the caller's transaction then leaves nothing of the press.
    """
    turn = await whose_turn(session, press.volunteer_id, campaign_id, now=now)
    await move(session, drawing(press, turn, seen=seen, now=now))
    return await show(session, press, turn, seen=seen, now=now, last=last, notice=notice)


async def whose_turn(session: Session, volunteer_id: str, campaign_id: int, *, now: datetime, but: int = 0) -> Turn:
    """The next contact whose text may be clicked now and leaves before their window closes, `but` this one."""
    mine = {"volunteer_id": volunteer_id, "campaign_id": campaign_id, "but": but, "now": now}
    row = (await session.execute(_NEXT, mine)).first()
    if row is None or row.campaign_state != CampaignState.LIVE or row.budget_spoken_for_at is not None:
        return Turn(campaign_id)
    if is_stalled(row.measured_at, now) or full_until(row.drained_at, now):
        return Turn(campaign_id)
    leaves = leaves_at(row.drained_at, now)
    until = closes_at(Window.parse(row.window), now)
    if until is not None and until > leaves:
        return Turn(campaign_id, row, until)
    windows = (await session.execute(_WINDOWS_HELD, mine)).all()
    awake = [window.id for window in windows if (closes_at(Window.parse(window.key), now) or now) > leaves]
    row = (await session.execute(_NEXT_AWAKE, {**mine, "awake": awake})).first() if awake else None
    return Turn(campaign_id, row, closes_at(Window.parse(row.window), now) if row else None)


def drawing(press: Press, turn: Turn, *, seen: Any, now: datetime) -> dict[str, Any]:
    """What DRAW takes: the card, as it was `seen`, moves on to this turn."""
    return {
        "whose": press.volunteer_id,
        "drawn": seen.version,
        "campaign": turn.campaign_id,
        "next_contact": turn.row.contact_id if turn.row else None,
        "on_surface": press.surface,
        "clicked": now,
        "told": seen.news,
    }


async def move(session: Session, values: dict[str, Any]) -> None:
    """Raises Refusal if the card changed since it was looked at."""
    if (await session.execute(DRAW, values)).rowcount != 1:
        raise Refusal(CHANGED)


async def show(
    session: Session,
    press: Press,
    turn: Turn,
    *,
    seen: Any,
    now: datetime,
    last: Last | None = None,
    notice: str | None = None,
) -> Card:
    """The card that has moved on to this turn, as it is to be shown."""
    common = {
        "version": seen.version + 1,
        "campaign_id": turn.campaign_id,
        "last": last,
        "notice": notice,
        "news": await _news(session, seen.news) if seen.news else (),
    }
    if turn.row is not None and turn.until is not None:
        draft = await _draft(session, turn.row, turn.until, now)
        return Card(**common, campaign=turn.row.campaign, next=draft, replies=turn.row.replies)
    name, rest = await _rest(session, press.volunteer_id, turn.campaign_id, now)
    replies = (await session.execute(_REPLIES, {"volunteer_id": press.volunteer_id})).scalar_one()
    return Card(**common, campaign=name, next=rest, replies=replies)


async def as_it_stands(session: Session, volunteer_id: str, *, now: datetime, last: Last | None = None) -> Card | None:
    """The live drawing once more, in the same version; None while it shows no contact who may be texted.

    News waits for the drawing after this one.
    """
    seen = (await session.execute(_LOOK, {"volunteer_id": volunteer_id})).first()
    if seen is None or seen.contact_id is None or seen.state != ConversationState.HELD or seen.holder != volunteer_id:
        return None
    until = closes_in_time(Window.parse(seen.window), now)
    if until is None or seen.campaign_state != CampaignState.LIVE:
        return None
    if await caps.why_not_yet(session, seen, name_of(seen), now):
        return None
    replies = (await session.execute(_REPLIES, {"volunteer_id": volunteer_id})).scalar_one()
    draft = await _draft(session, seen, until, now)
    return Card(seen.version, seen.campaign_id, seen.campaign, draft, last, replies=replies)


async def whereabouts(session: Session, volunteer_id: str) -> Any | None:
    """The card's bare row: which drawing it is, and when it was last clicked."""
    return (await session.execute(_CALM, {"volunteer_id": volunteer_id})).first()


async def shown_on(session: Session, volunteer_id: str, surface: str) -> None:
    """The same drawing is in front of the volunteer on this surface now."""
    await session.execute(_SHOWN_ON, {"whose": volunteer_id, "on_surface": surface})


async def add_news(session: Session, volunteer_id: str, words: str, *, about: int = 0) -> None:
    """A line that the volunteer's next drawing shows. {name} in it is the name of the contact whom it is `about`.

    It waits by the contact's id: the name is read when it is drawn, and nobody has to be erased here as well.
    """
    await session.execute(_ADD_NEWS, {"whose": volunteer_id, "line": f"{about} {words}"})


async def rest_now(session: Session, volunteer_id: str) -> None:
    """The volunteer wants the replies now: do not wait for the clicking to pause."""
    await session.execute(_REST_NOW, {"whose": volunteer_id})


def merged(row: Any) -> str:
    """The script with this contact's fields: what the card proposes."""
    return filled(row.script, row)


def filled(words: str, row: Any) -> str:
    """Words with this contact's fields in them."""
    values: Mapping[str, str | None] = {
        **row.fields,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "volunteer": row.volunteer.split()[0] if row.volunteer else "",
    }
    return scripts.merge(words, values)


def name_of(row: Any) -> str:
    """A contact's name for the screen; a list may have come without names, or with notes in their place."""
    name = f"{row.first_name} {row.last_name}".strip()
    return (name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…") or "this contact"


async def _news(session: Session, waiting: str) -> tuple[tuple[int, str], ...]:
    """The lines that have come for the volunteer since the last drawing."""
    lines = [line.partition(" ") for line in waiting.splitlines()]
    rows = await session.execute(_NAMES, {"ids": [int(about) for about, _, _ in lines]})
    names = {str(row.id): name_of(row) for row in rows.all()}
    return tuple((int(about), words.replace("{name}", names.get(about, ""))) for about, _, words in lines)


async def _rest(session: Session, volunteer_id: str, campaign_id: int, now: datetime) -> tuple[str, Rest]:
    mine = {"volunteer_id": volunteer_id, "campaign_id": campaign_id, "but": 0, "now": now}
    rows = (await session.execute(_WINDOWS_HELD, mine)).all()
    held = [(Window.parse(row.key), row.free_at) for row in rows]
    return await resting.why_nobody(session, volunteer_id, campaign_id, held=held, now=now)


async def _draft(session: Session, row: Any, until: datetime, now: datetime) -> Draft:
    words = scripts.without_footer(row.draft, row.footer) if row.draft else merged(row)
    return Draft(
        conversation_id=row.contact_id,
        name=name_of(row),
        place=row.place,
        until=local_time_words(Window.parse(row.window), until),
        number=max(row.position - row.batch_start, 1),  # one of an earlier batch may come back into the hand
        of=row.last_position - row.batch_start,
        text=words,
        measure=segments.count(scripts.with_footer(words, row.footer)),
        picture=row.media[0] if row.media else None,
        footer=row.footer,
        closing=closing_soon(until, now),
        texted_by=await caps.texted_today(session, row, now),
    )
