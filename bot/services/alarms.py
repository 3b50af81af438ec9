"""Who is told when texts go wrong: the volunteer whose answer it was, or the organizers."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import campaigns, conversations, posts
from bot.services.outbox import Trouble
from bot.services.posts import PostKind
from models import CampaignState, campaign, state_is

_ORGANIZERS = select(campaign.c.created_by).where(state_is(campaign, CampaignState.LIVE)).distinct()


async def tell(session: AsyncSession, trouble: Trouble, *, now: datetime) -> None:
    """Say what is lost where its volunteer reads it, and pause what the account is not set up to send."""
    for row, why in trouble.lost:
        root = await conversations.root_of(session, row.conversation_id, row.volunteer_id)
        if root is not None:
            words = f"Your last answer could not be delivered: {why}."
            note = {"words": words, "thread_ts": root.root_ts}
            await posts.add(session, PostKind.NOTE, to=root.channel, dedupe=f"lost:{row.id}", now=now, **note)
    for campaign_id in sorted({row.campaign_id for row in trouble.not_set_up}):
        await _pause(session, campaign_id, now=now)


async def sending_stopped(session: AsyncSession, why: str, *, now: datetime) -> None:
    """Nothing leaves for a while: each organizer with a live campaign is told, at most once an hour."""
    words = (
        f"No text leaves for now: {why}. What was clicked waits, and goes by itself once the carrier is well again. "
        "`/textbank status` shows whether it is."
    )
    for who in (await session.execute(_ORGANIZERS)).scalars().all():
        key = f"stopped:{who}:{now:%Y-%m-%dT%H}"
        await posts.add(session, PostKind.TELL, to=who, dedupe=key, now=now, words=words)


async def _pause(session: AsyncSession, campaign_id: int, *, now: datetime) -> None:
    """The account may not send for this campaign: trying the next text would fail the same way."""
    found = await campaigns.by_id(session, campaign_id)
    if found.state != CampaignState.LIVE:
        return
    await campaigns.pause(session, found, by="carrier", now=now)
    words = (
        f"{found.name} is paused: the carrier says that this account or number is not set up to send these texts. "
        f"Look at the carrier's console; when it is right, type `/textbank resume {found.name}`."
    )
    key = f"not-set-up:{campaign_id}:{now.timestamp()}"
    await posts.add(session, PostKind.TELL, to=found.created_by, dedupe=key, now=now, words=words)
