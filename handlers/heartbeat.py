"""The worker's pulse: a lease that it renews, by which the doctor and `/metrics` know that one is running."""

import asyncio
from datetime import timedelta

from bot.services import leases
from bot.services.doctor import WORKER
from handlers.kit import Kit
from handlers.loops import go_round

BEAT_SECONDS = 20
LEASE = timedelta(seconds=3 * BEAT_SECONDS)


async def beat(kit: Kit, stopping: asyncio.Event) -> None:
    """Until the program stops. Of several workers one holds the lease: that is enough to know."""

    async def renew() -> None:
        async with kit.database.transaction() as session:
            await leases.take(session, WORKER, owner=kit.owner, now=kit.clock(), lasting=LEASE)

    await go_round(stopping, renew, failed="no sign of life could be left", idle=BEAT_SECONDS)
    async with kit.database.transaction() as session:
        await leases.give_back(session, WORKER, owner=kit.owner)
