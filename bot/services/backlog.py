"""How long what waits for the carrier takes to leave: contacts are handed out no faster than that.

Three hundred people click far faster than a carrier sends: without this, an hour of clicks would be days of texts.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update

from bot.database import Session
from bot.services.outbox import SENDER
from models import CampaignState, MessageState, campaign, message, pace, state_is
from models.types import Moment

LONGEST = timedelta(minutes=20)
"""While what waits takes longer than this, nobody is handed out: clicks would only make it longer."""
MOST = 50_000
"""So many texts are looked at, at most: some hundredths of a second."""

DRAINED_AT = select(pace.c.drained_at).where(pace.c.sender == SENDER).scalar_subquery().label("drained_at")
"""For a statement that reads something else anyway: a click asks nothing more for it."""
_WAITING = select(
    func.coalesce(
        func.sum(
            select(message.c.segments)
            .join(campaign, campaign.c.id == message.c.campaign_id)
            .where(state_is(message, MessageState.QUEUED), campaign.c.state != CampaignState.PAUSED)
            .limit(MOST)
            .subquery()
            .c.segments
        ),
        0,
    )
)
_TELL = update(pace).where(pace.c.sender == bindparam("sender_name")).values(drained_at=bindparam("at", type_=Moment))


async def measure(session: Session, *, rate: float, now: datetime) -> None:
    """When all that waits now will have left, at `rate` segments a second; at least then, if it is very much."""
    waiting = (await session.execute(_WAITING)).scalar_one()
    at = now + timedelta(seconds=float(waiting) / rate)
    await session.execute(_TELL, {"sender_name": SENDER, "at": at})


def leaves_at(drained_at: datetime | None, now: datetime) -> datetime:
    """When a text that is clicked now will leave."""
    return max(drained_at or now, now)


def full_until(drained_at: datetime | None, now: datetime) -> datetime | None:
    """Until when nobody is handed out; None: the queue is short enough."""
    leaves = leaves_at(drained_at, now)
    return leaves - LONGEST if leaves > now + LONGEST else None
