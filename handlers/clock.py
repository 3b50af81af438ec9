"""The clock: what the minute brings. One process at a time, by a lease; another stands by."""

import asyncio
from datetime import timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import now as by_the_wall
from bot.services import alarms, digests, leases, outcomes, purging, reviews, seals, timing
from handlers.kit import Kit

log = structlog.get_logger()

LEASE = timedelta(seconds=90)


def schedule(kit: Kit) -> AsyncIOScheduler:
    """The scheduler of this process, not started yet."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    # The first tick at once: what came due while nobody ran is late already, and the doctor asks whether we are here.
    often = {"minutes": 1, "next_run_time": by_the_wall()}
    scheduler.add_job(tick, "interval", args=[kit], **often, max_instances=1, coalesce=True, misfire_grace_time=30)
    return scheduler


async def tick(kit: Kit) -> None:
    """Tidy the queue, tell organizers of texts of which nobody can say whether they were sent, and do what is due.

    Due are digests, campaigns that open or close by plan, seals of the audit log, and
    personal data that have been kept long enough.
    """
    now = kit.clock()
    async with kit.database.transaction() as session:
        if not await leases.take(session, "clock", owner=kit.owner, now=now, lasting=LEASE):
            return
        await alarms.tell(session, await outcomes.sweep(session, now=now), now=now)
        doubtful = await outcomes.for_review(session, now=now)
        await reviews.told(session, doubtful, now=now, admins=kit.settings.admin_users)
    async with kit.database.transaction() as session:
        await digests.queue_due(session, now=now)
    async with kit.database.transaction() as session:
        await timing.tick(session, now=now)
    async with kit.database.transaction() as session:
        await seals.add(session, secret=kit.settings.textbank_secret, now=now)
    await _purge(kit)


async def _purge(kit: Kit) -> None:
    """Some at a time, each in a transaction of its own: clicks come in between."""
    kept: dict[str, Any] = {"days": kit.settings.personal_data_days, "now": kit.clock()}
    async with kit.database.transaction() as session:
        await purging.announce(session, **kept)
    for _ in range(purging.CHUNKS):
        async with kit.database.transaction() as session:
            if not await purging.some(session, **kept):
                return
        await asyncio.sleep(0)
