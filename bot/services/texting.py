"""What becomes of a press on the card: one press, one text.

A press acts only on the card's live drawing. A second click, a second device or an old card finds the newer drawing and
is shown it; whatever forbids a text is said on the card that comes back, and the volunteer's words are kept.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, select, update

from bot.database import Session
from bot.errors import Forbidden, Refusal
from bot.services import assignments, caps, cards, clicks, edits, optouts, rules, scripts, segments, tallies, whose_list
from bot.services.cards import Card, Last, Press
from bot.services.resting import Rest
from bot.services.tallies import Metric
from bot.services.terms import Terms
from models import (
    ConversationState,
    MessageKind,
    MessageState,
    OptOutState,
    Priority,
    contact,
    conversation,
    message,
    person,
    state_was,
)
from models import (
    opt_out as opt_out_table,
)

OUT_OF_DATE = "That card was out of date, so nothing was {}. This is the newest one."
_TEXTED_BY = (
    select(message.c.id, message.c.conversation_id, contact.c.first_name, contact.c.last_name)
    .join(contact, contact.c.id == message.c.conversation_id)
    .where(message.c.act_key == bindparam("act_key"))
)
_WHOSE = (
    select(conversation.c.volunteer_id, contact.c.first_name, contact.c.last_name)
    .join(contact, contact.c.id == conversation.c.contact_id)
    .where(conversation.c.contact_id == bindparam("which"))
)
_SKIPPED = (
    select(contact.c.id, contact.c.first_name, contact.c.last_name)
    .join(conversation, conversation.c.contact_id == contact.c.id)
    .where(conversation.c.contact_id == bindparam("which"), conversation.c.volunteer_id == bindparam("whose"))
    .where(state_was(conversation, ConversationState.DONE), conversation.c.closed_as == "skipped")
)
_TAKE_BACK = (
    update(message)
    .where(
        message.c.id == bindparam("which"),
        message.c.volunteer_id == bindparam("whose"),
        state_was(message, MessageState.QUEUED),
    )
    .values(state=MessageState.TAKEN_BACK, state_at=bindparam("now"))
    .returning(
        *(message.c.conversation_id, message.c.body, message.c.campaign_id, message.c.script_id, message.c.created_at),
    )
)
_WHY_NOT_TAKEN_BACK = (
    select(message.c.state, opt_out_table.c.state.label("opted_out"), person.c.unreachable)
    .join(person, person.c.id == message.c.person_id)
    .outerjoin(opt_out_table, opt_out_table.c.phone_hash == person.c.phone_hash)
    .where(message.c.id == bindparam("which"), message.c.volunteer_id == bindparam("whose"))
)
_HOLD_AGAIN = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), state_was(conversation, ConversationState.TEXTED))
    .values(
        state=ConversationState.HELD,
        last_out_at=None,
        # Whoever it was handed on to begins with words of their own.
        draft=case((conversation.c.volunteer_id == bindparam("whose"), bindparam("words")), else_=None),
    )
)
_UNSKIP = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), conversation.c.volunteer_id == bindparam("whose"))
    .where(state_was(conversation, ConversationState.DONE), conversation.c.closed_as == "skipped")
    .values(state=ConversationState.HELD, closed_as=None)
    .returning(conversation.c.campaign_id)
)
_KEEP_DRAFT = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), state_was(conversation, ConversationState.HELD))
    .values(draft=bindparam("words"))
)


async def send(session: Session, press: Press, *, now: datetime, terms: Terms) -> Card:
    """Queue the text as it stands in the field, and show the next contact.

    Raises Refusal for somebody who is suspended or has no card.
    """
    seen = await cards.look(session, press.volunteer_id)
    if _is_out_of_date(press, seen):
        return await _newer(session, press, seen, OUT_OF_DATE.format("sent"), now=now)
    words = (press.body or "").strip()
    body = scripts.with_footer(words, seen.footer) if words else ""
    if why := rules.check_words(body):
        return await _again(session, press, seen, why, now=now, words=words)
    if why := rules.why_not(seen, now) or await caps.why_not_yet(session, seen, cards.name_of(seen), now):
        return await _refused(session, press, seen, why, now=now, words=words)
    proposed = None if words == (script := cards.merged(seen)).strip() else script
    turn = await cards.whose_turn(session, press.volunteer_id, seen.campaign_id, now=now, but=seen.contact_id)
    text = _text(press, seen, body, proposed, now=now, undo=terms.undo)
    message_id = await clicks.write(
        session,
        taking=caps.taking(seen, act_key=text["act_key"], terms=terms, now=now),
        leaving=_leaving(press, seen, ConversationState.TEXTED, out_at=now),
        text=text,
        count=_counted(press, seen, Metric.TEXTED, now=now),
        drawing=cards.drawing(press, turn, seen=seen, now=now),
    )
    if message_id is None:
        return await _overtaken(session, press, seen, now=now, words=words)
    await edits.note(session, message_id, text, now=now)
    last = Last("Texted", cards.name_of(seen), f"m{message_id}", seen.contact_id)
    notice = edits.lost(proposed, words, seen) if proposed else None
    return await cards.show(session, press, turn, seen=seen, now=now, last=last, notice=notice)


async def skip(session: Session, press: Press, *, now: datetime) -> Card:
    """Set this contact aside untexted, and show the next."""
    return await _set_aside(session, press, "skipped", "Skipped", now=now)


async def wrong_number(session: Session, press: Press, *, now: datetime) -> Card:
    """This number is not this person's: never text it again, and show the next contact."""
    return await _set_aside(session, press, "wrong_number", "Wrong number noted for", now=now)


async def opt_out(session: Session, press: Press, *, now: datetime) -> Card:
    """Never text this person again, and show the next contact."""
    return await _set_aside(session, press, "opted_out", "Opted out", now=now)


async def undo(session: Session, press: Press, what: str, *, now: datetime) -> Card:
    """Take back the last text or skip, if it is still here; the contact comes back with the words as they were sent.

    Words begun for the contact on the card, or on an older one, are kept for their turn. Raises Refusal once the
    carrier may have the text: from then on nothing can call it back.
    """
    seen = await cards.look(session, press.volunteer_id)
    which = {"which": int(what[1:]), "whose": press.volunteer_id}
    gone = await _keep_begun(session, press, seen)  # before any tally, as Send
    campaign_id = await (_take_back if what[0] == "m" else _unskip)(session, which, now=now)
    return await cards.draw(session, press, campaign_id, seen=seen, now=now, notice=gone)


async def about(session: Session, press: Press, *, why: str = "Ask for help") -> tuple[int, str | None]:
    """The contact on the card, for whoever pressed `why` on it, and their draft if it is no longer the script's.

    The card stays as it is.
    """
    seen = await cards.look(session, press.volunteer_id)
    if seen.contact_id is None or press.version != seen.version:
        raise Refusal(f"That card was out of date. Press “{why}” on the newest one.")
    written = (press.body or "").strip()
    return seen.contact_id, None if written == cards.merged(seen).strip() else written


async def open_card(
    session: Session, volunteer_id: str, campaign_id: int | None, *, now: datetime, surface: str = cards.MESSAGE
) -> Card:
    """A fresh card, for `/text` and "Start texting": of the campaign that was named, else of what the volunteer holds.

    Somebody invited who holds nobody awake gets a batch. Raises Forbidden for whoever holds nothing, nor was invited.
    """
    if campaign_id is None:
        campaign_id = await whose_list.of(session, volunteer_id)
    await cards.first(session, volunteer_id)
    press = Press(volunteer_id, version=-1, surface=surface)
    shown = await cards.draw(session, press, campaign_id, seen=await cards.look(session, volunteer_id), now=now)
    if not isinstance(shown.next, Rest):
        return shown
    if shown.next.more:
        how: dict[str, Any] = {"by": volunteer_id, "now": now, "only_ready": shown.next.why in ("asleep", "texted")}
        await assignments.hand_out(session, campaign_id, volunteer_id, shown.next.more, **how)
        return await cards.draw(session, press, campaign_id, seen=await cards.look(session, volunteer_id), now=now)
    if shown.next.why != "done" or shown.next.of:
        return shown
    if shown.next.empty:
        raise Refusal(f"All contacts of {shown.campaign} are handed out. An organizer can add more.")
    raise Forbidden(f"You have no contacts of {shown.campaign}. Ask an organizer for some.")


async def take_to(session: Session, press: Press, *, now: datetime) -> Card | None:
    """The live drawing on the surface of this press, with the words that were begun on the other one.

    None while it shows nobody who may be texted.
    """
    seen = await cards.look(session, press.volunteer_id)
    if gone := await _keep_begun(session, press, seen):
        await cards.add_news(session, press.volunteer_id, " ".join(gone.split()), about=press.contact_id or 0)
    await cards.shown_on(session, press.volunteer_id, press.surface)
    return await as_it_stands(session, press.volunteer_id, now=now)


async def as_it_stands(session: Session, volunteer_id: str, *, now: datetime) -> Card | None:
    """The live drawing once more, with the Undo of the text before it; None while it shows nobody who may be texted."""
    row = await cards.whereabouts(session, volunteer_id)
    last = await _obeyed(session, Press(volunteer_id, row.version - 1), row) if row else None
    return await cards.as_it_stands(session, volunteer_id, now=now, last=last)


def _is_out_of_date(press: Press, seen: Any) -> bool:
    return press.version != seen.version or seen.contact_id is None or press.contact_id not in (None, seen.contact_id)


async def _keep_begun(session: Session, press: Press, seen: Any) -> str | None:
    """Keep what was begun for the contact on the card, or on an older drawing for that one's own turn.

    Returns what to say, with the words, if that one is no longer this volunteer's.
    """
    begun = (press.body or "").strip()
    if not begun or not (press.version == seen.version or press.contact_id == seen.contact_id):
        return await _keep_for_their_turn(session, press, seen) if begun else None
    if seen.contact_id and begun != (seen.draft or cards.merged(seen)).strip():
        await session.execute(_KEEP_DRAFT, {"which": seen.contact_id, "words": press.body})
    return None


async def _keep_for_their_turn(session: Session, press: Press, seen: Any) -> str | None:
    """Keep what was typed on an older drawing for its contact; returns what to say if they are somebody else's."""
    typed, handed_on = (press.body or "").strip(), await _handed_on(session, press)
    if typed and press.contact_id and press.contact_id != seen.contact_id and handed_on is None:
        await session.execute(_KEEP_DRAFT, {"which": press.contact_id, "words": typed})
    return handed_on


async def _newer(session: Session, press: Press, seen: Any, notice: str, *, now: datetime) -> Card:
    """The live card for a press on an older one. A press that was already obeyed needs no words.

    What was typed on the older one is kept for its contact's own turn, while they are this volunteer's.
    """
    if obeyed := await _obeyed(session, press, seen):
        return await _shown_again(session, press, obeyed, now=now)
    handed_on = await _keep_for_their_turn(session, press, seen)
    words = (press.body or "").strip() if press.contact_id == seen.contact_id else ""
    return await _again(session, press, seen, handed_on or notice, now=now, words=words)


async def _handed_on(session: Session, press: Press) -> str | None:
    """What to say of a contact who was taken back or given to somebody else, with the words that were meant for them.

    None while they are this volunteer's own.
    """
    row = (await session.execute(_WHOSE, {"which": press.contact_id})).first() if press.contact_id else None
    if row is None or row.volunteer_id == press.volunteer_id:
        return None
    words = (press.body or "").strip()
    kept = f" What stood in the field: “{words}”" if words else ""
    return f"{cards.name_of(row)} is no longer on your list, so nothing was sent.{kept}"


async def _obeyed(session: Session, press: Press, seen: Any) -> Last | None:
    """What an earlier press on this very drawing did."""
    if row := (await session.execute(_TEXTED_BY, {"act_key": _act_key(press)})).first():
        return Last("Texted", cards.name_of(row), f"m{row.id}", row.conversation_id)
    skipped = {"which": press.contact_id, "whose": press.volunteer_id}
    just_now = press.version in (seen.version, seen.version - 1)
    if press.contact_id and just_now and (row := (await session.execute(_SKIPPED, skipped)).first()):
        return Last("Skipped", cards.name_of(row), f"c{row.id}", row.id)
    return None


async def _overtaken(session: Session, press: Press, seen: Any, *, now: datetime, words: str) -> Card:
    """The live card, for a press that another campaign's, or another on this card, was quicker than."""
    if (obeyed := await _obeyed(session, press, seen)) is None:
        since = await cards.look(session, press.volunteer_id)
        name = cards.name_of(seen)
        if since.contact_id == seen.contact_id and (why := await caps.why_not_yet(session, since, name, now)):
            return await _again(session, press, since, why, now=now, words=words)
    return await _shown_again(session, press, obeyed, now=now)


async def _shown_again(session: Session, press: Press, last: Last | None, *, now: datetime) -> Card:
    """The live card as it is, for a press that another press was quicker than."""
    seen = await cards.look(session, press.volunteer_id)
    last = last if press.version == seen.version - 1 else None
    if shown := await cards.as_it_stands(session, press.volunteer_id, now=now, last=last):
        return shown
    notice = None if last else await _handed_on(session, press)
    return await cards.draw(session, press, seen.last_campaign_id, seen=seen, now=now, last=last, notice=notice)


async def _again(session: Session, press: Press, seen: Any, notice: str, *, now: datetime, words: str = "") -> Card:
    """A fresh drawing with the reason why nothing was sent. `words` are what the volunteer had written."""
    if words and seen.contact_id:
        await session.execute(_KEEP_DRAFT, {"which": seen.contact_id, "words": words})
    return await cards.draw(session, press, seen.last_campaign_id, seen=seen, now=now, notice=notice)


async def _refused(session: Session, press: Press, seen: Any, why: str, *, now: datetime, words: str) -> Card:
    """Put away a contact who may never be texted; keep the words for one who may be later."""
    opted_out = seen.opted_out == OptOutState.OUT
    if opted_out or seen.unreachable is not None:
        closed_as = "opted_out" if opted_out else "unreachable"
        if await _put_away(session, press, seen, closed_as):
            await tallies.bump(session, [_counted(press, seen, tallies.PUT_AWAY[closed_as], now=now)])
    return await _again(session, press, seen, why, now=now, words=words)


async def _put_away(session: Session, press: Press, seen: Any, why: str) -> bool:
    """The contact leaves the volunteer's hand untexted; False if another press was quicker."""
    values = _leaving(press, seen, ConversationState.DONE, why)
    return (await session.execute(clicks.LEAVE, values)).rowcount == 1


def _leaving(
    press: Press, seen: Any, into: ConversationState, why: str | None = None, *, out_at: datetime | None = None
) -> dict[str, Any]:
    return {"which": seen.contact_id, "whose": press.volunteer_id, "into": into.value, "why": why, "out_at": out_at}


def _act_key(press: Press) -> str:
    """The human act behind a text from the card: one drawing of one volunteer's card."""
    return f"card:{press.volunteer_id}:{press.version}"


def _text(
    press: Press, seen: Any, body: str, proposed: str | None, *, now: datetime, undo: timedelta
) -> dict[str, Any]:
    """The text's row, its place in the queue; `proposed` is what the script gave, if that was edited."""
    expires = rules.until(seen, now)
    assert expires is not None, "that was asked before"
    return {
        "conversation_id": seen.contact_id,
        "person_id": seen.person_id,
        "campaign_id": seen.campaign_id,
        "volunteer_id": press.volunteer_id,
        "kind": MessageKind.FIRST,
        "pass": seen.pass_,
        "act_key": _act_key(press),
        "draft": proposed,
        "body": body,
        "script_id": seen.script_id,
        "media": seen.media,
        "segments": segments.cost(body, seen.media),
        "state": MessageState.QUEUED,
        "state_at": now,
        "created_at": now,
        "waited_since": None,
        "priority": Priority.FIRST,
        "due_at": rules.due(now, undo, expires),
        "expires_at": expires,
    }


async def _set_aside(session: Session, press: Press, closed_as: str, did: str, *, now: datetime) -> Card:
    seen = await cards.look(session, press.volunteer_id)
    if _is_out_of_date(press, seen):
        return await _newer(session, press, seen, OUT_OF_DATE.format("changed"), now=now)
    if closed_as != "skipped":
        await optouts.lock(session, seen.person_id)
    if not await _put_away(session, press, seen, closed_as):
        return await _shown_again(session, press, await _obeyed(session, press, seen), now=now)
    counts = [_counted(press, seen, tallies.PUT_AWAY[closed_as], now=now)]
    if closed_as == "opted_out":
        who = {"person_id": seen.person_id, "by": press.volunteer_id, "source": "volunteer"}
        if await optouts.record(session, seen.phone_hash, **who, state=OptOutState.OUT, now=now):
            counts.append(_counted(press, seen, Metric.OPT_OUTS, now=now))
    elif closed_as == "wrong_number":
        how: dict[str, Any] = {"closed_as": closed_as, "now": now}
        await optouts.unreachable(session, seen.person_id, "wrong number", **how)
        counts += await optouts.close_conversations(session, seen.person_id, **how)
    await tallies.bump(session, counts)
    undone_by = f"c{seen.contact_id}" if closed_as == "skipped" else None
    last = Last(did, cards.name_of(seen), undone_by, seen.contact_id)
    return await cards.draw(session, press, seen.campaign_id, seen=seen, last=last, now=now)


async def _take_back(session: Session, which: dict[str, Any], *, now: datetime) -> int:
    """Returns the campaign. The message's compare-and-set decides between this and the worker's claim."""
    row = (await session.execute(_TAKE_BACK, {**which, "now": now})).first()
    if row is None:
        raise Refusal(_too_late((await session.execute(_WHY_NOT_TAKEN_BACK, which)).first()))
    await session.execute(_HOLD_AGAIN, {**which, "which": row.conversation_id, "words": row.body})
    counted = {"campaign_id": row.campaign_id, "volunteer_id": which["whose"], "script_id": row.script_id}
    await tallies.bump(session, [tallies.entry(Metric.TEXTED, **counted, now=row.created_at, n=-1)])
    return int(row.campaign_id)


def _too_late(row: Any | None) -> str:
    """Why a text can't be taken back, for the volunteer."""
    if row is not None and row.state == MessageState.TAKEN_BACK:
        return "That text has already been taken back."
    if row is not None and row.state == MessageState.EXPIRED:
        return "That text was never sent: the texting hours ended, or the campaign was closed, before it could leave."
    if row is None or row.state != MessageState.BLOCKED:
        return "Too late: that text has already left, and nothing can call it back."
    if row.opted_out == OptOutState.OUT:
        return "That text was never sent: the person opted out first."
    if row.unreachable is not None:
        return f"That text was never sent: this number can't be texted ({row.unreachable})."
    return "That text was never sent: the person may have asked to be left alone. If not, they come back to your card."


async def _unskip(session: Session, which: dict[str, Any], *, now: datetime) -> int:
    row = (await session.execute(_UNSKIP, which)).first()
    if row is None:
        raise Refusal("That contact can't be brought back any more. Go on with the one on your card.")
    counted = {"campaign_id": row.campaign_id, "volunteer_id": which["whose"], "script_id": None}
    await tallies.bump(session, [tallies.entry(Metric.SKIPPED, **counted, now=now, n=-1)])
    return int(row.campaign_id)


def _counted(press: Press, seen: Any, metric: Metric, *, now: datetime) -> dict[str, Any]:
    counted = {"campaign_id": seen.campaign_id, "volunteer_id": press.volunteer_id, "script_id": seen.script_id}
    return tallies.entry(metric, **counted, now=now)
