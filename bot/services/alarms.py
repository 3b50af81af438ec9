"""Who is told when texts go wrong: whoever wrote the text, where they read it, or the inbox."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.errors import Refusal
from bot.services import campaigns, cards, conversations, inbox, outbox, posts, spending
from bot.services.carrier_codes import TOO_FAST, in_words
from bot.services.money import Prices
from bot.services.posts import PostKind
from bot.services.trouble import TAKEN_BACK, Trouble
from models import CampaignState, MessageKind, contact

_NAME = select(contact.c.first_name, contact.c.last_name).where(contact.c.id == bindparam("which"))


async def follow(session: Session, trouble: Trouble, *, prices: Prices, now: datetime) -> None:
    """What follows from the carrier's word of some texts: a campaign whose budget they reach pauses; the rest is told.

    Campaigns first, as in the worker's look: two that wait for each other would both fail.
    """
    await spending.stop(session, trouble.spent, prices=prices, now=now)
    await tell(session, trouble, now=now)


async def tell(session: Session, trouble: Trouble, *, now: datetime) -> None:
    """Say what is lost where its volunteer reads it, and pause what the account is not set up to send."""
    for row, words in sorted(trouble.news, key=lambda each: (each[0].volunteer_id, each[0].id)):
        await cards.add_news(session, row.volunteer_id, words, about=row.conversation_id)
    for row, why in trouble.lost:
        await _say_lost(session, row, why, now=now)
    for row, lead, words in trouble.twice:
        await _say_late(session, row, lead, words, now=now)
    whose = Counter((row.campaign_id, row.volunteer_id) for row in trouble.closed)
    for (campaign_id, volunteer_id), count in sorted(whose.items()):
        await _say_closed(session, campaign_id, volunteer_id, count, now=now)
    for campaign_id in sorted({row.campaign_id for row in trouble.not_set_up}):
        await _pause(session, campaign_id, now=now)
    if trouble.too_fast:
        slowest = max(trouble.too_fast, key=TOO_FAST.__getitem__)
        why = f"the carrier turns texts away: {in_words(slowest)}"
        await outbox.trip(session, until=now + TOO_FAST[slowest], why=why)
        await sending_stopped(session, why, now=now)


async def _say_late(session: Session, row: Any, lead: str, words: str, *, now: datetime) -> None:
    """To whoever had it sent again, and, if the voter may wonder, to the volunteer whose conversation it is."""
    said = words.format(name=cards.name_of((await session.execute(_NAME, {"which": row.conversation_id})).one()))
    note: dict[str, Any] = {"words": said, "thread_ts": None}
    await posts.add(
        session, PostKind.NOTE, to=lead, dedupe=f"late:{row.id}", now=now, about=row.conversation_id, **note
    )
    if lead != row.volunteer_id and words != TAKEN_BACK:
        await cards.add_news(session, row.volunteer_id, words, about=row.conversation_id)


async def _say_lost(session: Session, row: Any, why: str, *, now: datetime) -> None:
    """In the thread of whoever wrote the answer. Somebody who answered from the inbox has none: to them directly."""
    root = await conversations.root_of(session, row.conversation_id, row.volunteer_id)
    which = "Your last answer"
    if root is None:
        what = "What you sent again to" if row.kind == MessageKind.RESEND else "Your answer to"
        which = f"{what} {cards.name_of((await session.execute(_NAME, {'which': row.conversation_id})).one())}"
    note: dict[str, Any] = {
        "words": f"{which} could not be delivered: {why}.",
        "thread_ts": root.root_ts if root else None,
    }
    to = root.channel if root else row.volunteer_id
    await posts.add(session, PostKind.NOTE, to=to, dedupe=f"lost:{row.id}", now=now, about=row.conversation_id, **note)


async def _say_closed(session: Session, campaign_id: int, volunteer_id: str, count: int, *, now: datetime) -> None:
    """In a message of its own: there may be no next card. How many, without names: whose they were ends here."""
    name = (await campaigns.by_id(session, campaign_id)).name
    words = (
        f"1 text that you clicked was not sent: {name} was closed before it left."
        if count == 1
        else f"{count:,} texts that you clicked were not sent: {name} was closed before they left."
    )
    key = f"closed:{campaign_id}:{volunteer_id}:{now.timestamp()}"
    await posts.add(session, PostKind.NOTE, to=volunteer_id, dedupe=key, now=now, words=words, thread_ts=None)


async def sending_stopped(session: Session, why: str, *, now: datetime, admins: Collection[str] = ()) -> None:
    """Nothing leaves for a while: organizers are told, at most once an hour."""
    words = (
        f"No text leaves for now: {why}. What was clicked waits, and goes by itself once the carrier is well again. "
        "`/textbank status` shows whether it is."
    )
    await inbox.alarm(session, words, key=f"stopped:{now:%Y-%m-%dT%H}", now=now, admins=admins)


async def _pause(session: Session, campaign_id: int, *, now: datetime) -> None:
    """The account may not send for this campaign: trying the next text would fail the same way."""
    found = await campaigns.by_id(session, campaign_id)
    if found.state != CampaignState.LIVE:
        return
    try:
        await campaigns.pause(session, found, by="carrier", now=now)
    except Refusal:  # somebody else paused it at this very moment, and told of it
        return
    words = (
        f"{found.name} is paused: the carrier says that this account or number is not set up to send these texts. "
        f"Look at the carrier's console; when it is right, type `/textbank resume {found.name}`."
    )
    await inbox.alarm(
        session, words, key=f"not-set-up:{campaign_id}:{now.timestamp()}", campaign_id=campaign_id, now=now
    )
