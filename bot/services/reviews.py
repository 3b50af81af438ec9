"""What a lead decides about texts that nobody can prove, and about the gate that holds all of them.

A text in doubt is sent again, as a new text, or left. A proof may come at any moment, before the decision and after it:
`outcomes` stops what was sent again, or says that both went.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, caps, inbox, outbox, rules, tallies
from bot.services.cards import name_of
from bot.services.inbox import Item, Kind
from bot.services.tallies import Metric
from bot.services.terms import Terms
from models import (
    CampaignState,
    MessageKind,
    MessageState,
    Priority,
    campaign,
    contact,
    conversation,
    inbound,
    message,
    opt_out,
    person,
    state_was,
    texting_window,
)

MOST_NAMED = 5
_LOCK = (
    select(message.c.id)
    .where(message.c.id.in_(bindparam("ids", expanding=True)), state_was(message, MessageState.REVIEW))
    .order_by(message.c.id)
    .with_for_update()
)
_DECIDED = update(message).where(message.c.id.in_(bindparam("ids", expanding=True))).values(decided_at=bindparam("now"))
_WROTE = (
    select(func.max(inbound.c.at))
    .where(inbound.c.conversation_id == message.c.conversation_id)
    .correlate(message)
    .scalar_subquery()
)
_TEXTS = (
    select(
        *(message.c.id, message.c.conversation_id, message.c.person_id, message.c.campaign_id, message.c.kind),
        *(message.c["pass"].label("pass_"), message.c.body, message.c.script_id, message.c.media),
        *(message.c.act_key, person.c.free_at, person.c.first_act),
        *(message.c.segments, message.c.priority, message.c.claimed_at, _WROTE.label("wrote")),
        *(contact.c.first_name, contact.c.last_name, person.c.unreachable, opt_out.c.state.label("opted_out")),
        *(campaign.c.name.label("campaign"), campaign.c.state.label("campaign_state")),
        texting_window.c.key.label("window"),
    )
    .join(conversation, conversation.c.contact_id == message.c.conversation_id)
    .join(contact, contact.c.id == message.c.conversation_id)
    .join(person, person.c.id == message.c.person_id)
    .join(campaign, campaign.c.id == message.c.campaign_id)
    .join(texting_window, texting_window.c.id == conversation.c.window_id)
    .outerjoin(opt_out, opt_out.c.phone_hash == person.c.phone_hash)
    .where(message.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(message.c.id)
)
_SEND = insert(message).values(
    {message.c[name]: bindparam(name) for name in (*outbox.QUEUED, "replaces_id")},
)


async def send_again(session: Session, item_id: int, *, by: str, now: datetime, terms: Terms) -> Item:
    """Queue each of the item's texts that is in doubt still, as a new text of this very decision.

    What may not be sent is left, and why is shown. Raises Refusal if that is all of them, and the item stays.
    """
    item = await _doubtful(session, item_id, by=by)
    ids = list((await session.execute(_LOCK, {"ids": item.about["ids"]})).scalars())
    rows = (await session.execute(_TEXTS, {"ids": ids})).all() if ids else []
    again, refused = [], []
    for row in rows:
        why = _why_not(row, now) or await _texted_since(session, row, now)
        if why is None:
            again.append(row)
        else:
            refused.append(why)
    if rows and not again:
        raise Refusal(" ".join(dict.fromkeys(refused[:MOST_NAMED])))
    for row in again:
        await session.execute(_SEND, _text(row, item.id, by=by, now=now, undo=terms.undo))
    counted: dict[str, Any] = {"volunteer_id": by, "now": now}
    await tallies.bump(
        session,
        [
            tallies.entry(Metric.RESENT, campaign_id=row.campaign_id, script_id=row.script_id, **counted)
            for row in again
        ],
    )
    await session.execute(_DECIDED, {"ids": ids, "now": now})
    found = len(item.about["ids"]) - len(rows)
    item.about.update({"again": len(again), "refused": refused[:MOST_NAMED], "found": found})
    await inbox.finish(session, item, "sent again", by=by, now=now)
    return await inbox.read(session, item_id)


async def leave(session: Session, item_id: int, *, by: str, now: datetime) -> Item:
    """They may have left or not: nothing more is sent."""
    item = await _doubtful(session, item_id, by=by)
    ids = list((await session.execute(_LOCK, {"ids": item.about["ids"]})).scalars())
    await session.execute(_DECIDED, {"ids": ids, "now": now})
    await inbox.finish(session, item, "left", by=by, now=now)
    return await inbox.read(session, item_id)


async def send_anyway(session: Session, item_id: int, *, by: str, now: datetime) -> Item:
    """A lead's word that texts may leave, whatever the carrier lists."""
    item = await inbox.mine(session, item_id, by=by)
    if item.kind is not Kind.GATE:
        raise Refusal("That does not hold any text.")
    await outbox.let_pass(session, now=now)
    await audit.note(session, who=by, what="send anyway", subject=str(item_id), now=now, why=item.about["words"])
    await inbox.finish(session, item, "sent anyway", by=by, now=now)
    return await inbox.read(session, item_id)


async def _doubtful(session: Session, item_id: int, *, by: str) -> Item:
    await inbox.check_all_is_read(session, item_id)
    item = await inbox.mine(session, item_id, by=by)
    if item.kind is not Kind.DOUBTFUL:
        raise Refusal("That is not about texts in doubt.")
    return item


def _why_not(row: Any, now: datetime) -> str | None:
    """Why this text may not go again, or None."""
    is_first = row.priority == Priority.FIRST
    wrote = None if is_first else row.wrote
    if row.campaign_state != CampaignState.LIVE:
        return f"{row.campaign} is {row.campaign_state}, so nothing was sent."
    if why := rules.why_not(row, now) if is_first else rules.why_no_answer(row, now, wrote=wrote):
        return why
    if is_first and row.wrote is not None and row.wrote > row.claimed_at:
        return f"{name_of(row)} has answered since, so the text has most likely arrived."
    return None


async def _texted_since(session: Session, row: Any, now: datetime) -> str | None:
    """Why this first text comes too late: another campaign has sent them one meanwhile. Or None."""
    if row.priority != Priority.FIRST or row.first_act == row.act_key:
        return None
    return await caps.why_not_yet(session, row, name_of(row), now)


def _text(row: Any, item_id: int, *, by: str, now: datetime, undo: timedelta) -> dict[str, Any]:
    expires = rules.until(row, now, wrote=None if row.priority == Priority.FIRST else row.wrote)
    assert expires is not None, "that was asked before"
    return {
        "conversation_id": row.conversation_id,
        "person_id": row.person_id,
        "campaign_id": row.campaign_id,
        "volunteer_id": by,
        "kind": MessageKind.RESEND,
        "pass": row.pass_,
        "act_key": f"again:{item_id}:{row.id}",
        "draft": None,
        "body": row.body,
        "script_id": row.script_id,
        "media": row.media,
        "segments": row.segments,
        "state": MessageState.QUEUED,
        "state_at": now,
        "created_at": now,
        "priority": row.priority,
        "waited_since": None,  # the one in doubt ended the wait
        "due_at": rules.due(now, undo, expires),
        "expires_at": expires,
        "replaces_id": row.id,
    }


async def told(session: Session, doubtful: Collection[Any], *, now: datetime, admins: Collection[str] = ()) -> None:
    """Texts that have come to review: one item a campaign, until somebody has decided."""
    of: dict[int, list[int]] = {}
    for row in doubtful:
        of.setdefault(row.campaign_id, []).append(row.id)
    for campaign_id, ids in sorted(of.items()):
        await inbox.doubtful_sends(session, campaign_id, ids, now=now, admins=admins)
