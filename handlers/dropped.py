"""Slack's word that it drops events: what they told of is made up for by `handlers.catching_up`."""

from datetime import datetime, timedelta

import structlog

from bot.services import lost_events
from handlers.kit import Kit

log = structlog.get_logger()


async def slack_dropped(kit: Kit, minute: datetime) -> None:
    """Slack's word that in this minute it dropped events."""
    log.warning("slack drops events: this app has had too many in an hour")
    async with kit.database.transaction() as session:
        await lost_events.note(session, minute, max(minute + timedelta(minutes=1), kit.clock()))
