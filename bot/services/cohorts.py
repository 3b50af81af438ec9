"""What came of people, counted under the quarter of an hour in which they were texted, whenever it came.

So whoever answered or opted out is one of those that a part is taken of, and no part is more than the whole.
"""

from typing import Any

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.services import tallies
from bot.services.tallies import Metric
from models import NEVER_LEFT, MessageKind, MessageState, message

_FIRST = (
    select(message.c.campaign_id, message.c.volunteer_id, message.c.script_id, message.c.created_at)
    .where(message.c.conversation_id == bindparam("conversation_id"), message.c.kind == MessageKind.FIRST)
    .where(message.c.state.not_in((MessageState.QUEUED, *NEVER_LEFT)))
    .order_by(message.c.id)
    .limit(1)
)


async def of_person(session: Session, metric: Metric, conversation_id: int) -> list[dict[str, Any]]:
    """What to count of somebody who answered or opted out; nothing if no first text has left for them."""
    row = (await session.execute(_FIRST, {"conversation_id": conversation_id})).first()
    return [of_text(metric, row)] if row else []


def of_text(metric: Metric, row: Any) -> dict[str, Any]:
    """What to count of one text."""
    counted = {"campaign_id": row.campaign_id, "volunteer_id": row.volunteer_id, "script_id": row.script_id}
    return tallies.entry(metric, **counted, now=row.created_at)
