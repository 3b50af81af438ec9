"""The worker's pulse: a lease that it renews, by which the doctor and `/metrics` know that one is running."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from bot.services import leases
from bot.services.doctor import WORKER
from handlers.kit import Kit

log = structlog.get_logger()

BEAT_SECONDS = 20
LEASE = timedelta(seconds=3 * BEAT_SECONDS)


async def beat(kit: Kit, stopping: asyncio.Event) -> None:
    """Until the program stops. Of several workers one holds the lease: that is enough to know."""
    while not stopping.is_set():
        try:
            async with kit.database.transaction() as session:
                await leases.take(session, WORKER, owner=kit.owner, now=kit.clock(), lasting=LEASE)
        except Exception as error:
            log.warning("no sign of life could be left", why=type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), BEAT_SECONDS)
    async with kit.database.transaction() as session:
        await leases.give_back(session, WORKER, owner=kit.owner)
