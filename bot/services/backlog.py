"""How long what waits for the carrier takes to leave: contacts are handed out no faster than that.

Three hundred people click far faster than a carrier sends: without this, an hour of clicks would be days of texts.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update

from bot.database import Session
from bot.services.outbox import MAY_LEAVE, SENDER
from bot.services.texting_hours import ON_ITS_WAY
from models import campaign, message, pace
from models.types import Moment

LONGEST = timedelta(minutes=20)
"""While what waits takes longer than this, nobody is handed out: clicks would only make it longer."""
STALLED = timedelta(minutes=2)
"""Workers measure every few seconds; a new release may take them away for a minute."""
MOST = 50_000
"""So many texts are looked at, at most: some hundredths of a second."""

DRAINED_AT = select(pace.c.drained_at).where(pace.c.sender == SENDER).scalar_subquery().label("drained_at")
MEASURED_AT = select(pace.c.measured_at).where(pace.c.sender == SENDER).scalar_subquery().label("measured_at")
"""For a statement that reads something else anyway: a click asks nothing more for them."""
_WAITING = select(
    func.coalesce(
        func.sum(
            select(message.c.segments)
            .join(campaign, campaign.c.id == message.c.campaign_id)
            .where(MAY_LEAVE)
            .limit(MOST)
            .subquery()
            .c.segments
        ),
        0,
    )
)
_TELL = (
    update(pace)
    .where(pace.c.sender == bindparam("sender_name"))
    .values(drained_at=bindparam("at", type_=Moment), measured_at=bindparam("now", type_=Moment))
)


async def measure(session: Session, *, rate: float, now: datetime) -> None:
    """When all that waits now will have left, at `rate` segments a second; at least then, if it is very much."""
    waiting = (await session.execute(_WAITING, {"now": now})).scalar_one()
    at = now + timedelta(seconds=float(waiting) / rate)
    await session.execute(_TELL, {"sender_name": SENDER, "at": at, "now": now})


def is_stalled(measured_at: datetime | None, now: datetime) -> bool:
    """Whether nobody sends: no worker runs, or it has stopped looking. Then nobody is handed out either."""
    return measured_at is None or now - measured_at > STALLED


def leaves_at(drained_at: datetime | None, now: datetime) -> datetime:
    """When a text that is clicked now will have left."""
    return max(drained_at or now, now) + ON_ITS_WAY


def full_until(drained_at: datetime | None, now: datetime) -> datetime | None:
    """Until when nobody is handed out; None: the queue is short enough."""
    return drained_at - LONGEST if drained_at and drained_at > now + LONGEST else None
