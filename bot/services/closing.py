"""The end of a campaign: what was clicked and has not left yet does not leave any more, and whoever clicked it is told.

Answers to voters still go.
"""

from datetime import datetime
from typing import Any

from bot.database import Session
from bot.services import alarms, campaigns, outcomes


async def close(session: Session, found: Any, *, by: str, now: datetime) -> str:
    """Close it, and end what waits. Returns what that means, for whoever closed it."""
    await campaigns.close(session, found, by=by, now=now)
    trouble = await outcomes.end_closed(session, now=now)
    await alarms.tell(session, trouble, now=now)
    count = sum(row.campaign_id == found.id for row in trouble.closed)
    if not count:
        return "Answers still come in."
    texts = "1 text that was clicked had" if count == 1 else f"{count:,} texts that were clicked had"
    return f"{texts} not left yet and will not leave any more; whoever clicked is told. Answers still come in."
