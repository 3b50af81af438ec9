"""The clock: what the minute brings. One process at a time, by a lease; another stands by."""

from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.services import alarms, campaigns, leases, outcomes, posts
from bot.services.posts import PostKind
from bot.views.organizing import NOT_AGAIN
from handlers.kit import Kit

log = structlog.get_logger()

LEASE = timedelta(seconds=90)


def schedule(kit: Kit) -> AsyncIOScheduler:
    """The scheduler of this process, not started yet."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(tick, "interval", args=[kit], minutes=1, max_instances=1, coalesce=True, misfire_grace_time=30)
    return scheduler


async def tick(kit: Kit) -> None:
    """Tidy the queue, and tell organizers of texts of which nobody can say whether they were sent."""
    now = kit.clock()
    async with kit.database.transaction() as session:
        if not await leases.take(session, "clock", owner=kit.owner, now=now, lasting=LEASE):
            return
        await alarms.tell(session, await outcomes.sweep(session, now=now), now=now)
        doubtful = outcomes.group_by_campaign(await outcomes.for_review(session, now=now))
        for campaign_id, count in doubtful.items():
            found = await campaigns.by_id(session, campaign_id)
            texts = "1 text" if count == 1 else f"{count:,} texts"
            words = f"{found.name}: the carrier never said whether it took {texts}. {NOT_AGAIN}"
            key = f"doubtful:{campaign_id}:{now.isoformat()}"
            await posts.add(session, PostKind.TELL, to=found.created_by, dedupe=key, now=now, words=words)
