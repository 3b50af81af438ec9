"""Voters who wait, on the volunteer's card itself: while Slack takes no more posts, their words come with the press.

An answer from there is one like any other. What was shown there and answered needs no post any more.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.services import conversations, faster, posts, texting
from bot.services.cards import Card, Press
from bot.services.conversations import Talk
from bot.services.posts import PostKind, payload_of
from bot.services.terms import Terms
from models import ConversationState, conversation, state_is

MOST = 4
"""Voters at a time: a message has room for so many, with what they wrote and what is typed to each."""
LAST_LINES = 3

_WAITING = (
    select(conversation.c.contact_id)
    .where(
        conversation.c.volunteer_id == bindparam("volunteer_id"), state_is(conversation, ConversationState.NEEDS_REPLY)
    )
    .order_by(conversation.c.waiting_since)
    .limit(100)
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits for this volunteer, the longest first; `more` wait besides."""

    talks: tuple[Talk, ...]
    more: int


async def instead_of_threads(session: Session, press: Press, *, now: datetime) -> Waiting | None:
    """Whom to show on the card, because their threads would be late; None while threads open as they should.

    What was begun on the card is kept.
    """
    if not await posts.is_behind(session, now=now):
        return None
    await texting.take_to(session, press, now=now)
    return await waiting(session, press.volunteer_id)


async def waiting(session: Session, volunteer_id: str) -> Waiting | None:
    """None if nobody waits."""
    ids = list((await session.execute(_WAITING, {"volunteer_id": volunteer_id})).scalars())
    talks = [await conversations.talk(session, each, last=LAST_LINES) for each in ids[:MOST]]
    return Waiting(tuple(talks), len(ids) - len(talks)) if talks else None


async def answer(
    session: Session,
    conversation_id: int,
    words: str,
    *,
    read: int,
    by: str,
    act_key: str,
    now: datetime,
    terms: Terms,
) -> None:
    """Text the voter, whose words up to the inbound text `read` were shown. A thread that is there shows it too."""
    await conversations.answer(session, conversation_id, words, by=by, act_key=act_key, now=now, terms=terms)
    await conversations.echo(session, conversation_id, view_id=act_key, words=words, by=by, now=now)
    await seen(session, conversation_id, read=read)


async def seen(session: Session, conversation_id: int, *, read: int) -> None:
    """The voter's words up to this one need no thread to be shown in."""
    queued = await posts.merged(session, conversations.key_of(conversation_id))
    shown = [post for post in queued if post.kind == PostKind.REPLY and payload_of(post)["inbound_id"] <= read]
    if shown:
        await posts.finish(session, shown[-1])


async def back(session: Session, volunteer_id: str, *, now: datetime) -> Card:
    """The card as it was."""
    return await faster.begin(session, Press(volunteer_id, version=-1), now=now)
