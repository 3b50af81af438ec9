"""What whoever operates Textbank watches: queues, their oldest, and what became of texts.

Every count is of a partial index and stops at MOST, or is a sum of tallies of campaigns at work.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.database import Session
from bot.services import outbox, slack_access
from bot.services.tallies import Metric
from models import (
    CampaignState,
    ConversationState,
    MessageState,
    campaign,
    conversation,
    lease,
    message,
    slack_post,
    state_is,
    tally,
)

MOST = 10_000
COUNTED = (
    *(Metric.ACCEPTED, Metric.DELIVERED, Metric.UNDELIVERED, Metric.NOT_SENT),
    *(Metric.REPLIES, Metric.OPT_OUTS),
)
"""What only grows."""


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, at most MOST, and for how many seconds the oldest has."""

    waiting: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Gauges:
    """One look. `leases` are the jobs that somebody holds."""

    texts: Queue
    posts: Queue
    replies: Queue
    doubtful: int
    circuit_open: bool
    slack_token_lost: bool
    leases: frozenset[str]


def _queue(rows: Any) -> Any:
    first = rows.limit(MOST).subquery()
    return select(func.count().label("n"), func.min(first.c.since).label("oldest")).select_from(first)


_TEXTS = _queue(
    select(message.c.due_at.label("since"))
    .where(state_is(message, MessageState.QUEUED))
    .order_by(message.c.priority, message.c.due_at)
)
_POSTS = _queue(
    select(slack_post.c.due_at.label("since"))
    .where(state_is(slack_post, "queued"))
    .order_by(slack_post.c.priority, slack_post.c.due_at)
)
_REPLIES = _queue(
    select(conversation.c.waiting_since.label("since")).where(state_is(conversation, ConversationState.NEEDS_REPLY))
)
_DOUBTFUL = select(func.count()).select_from(
    select(message.c.id)
    .where(state_is(message, MessageState.UNKNOWN, MessageState.REVIEW), message.c.decided_at.is_(None))
    .limit(MOST)
    .subquery()
)
_LEASES = select(lease.c.name).where(lease.c.until > bindparam("now"))
_COUNTS = (
    select(tally.c.campaign_id, tally.c.metric, func.sum(tally.c.n).label("n"))
    .join(campaign, campaign.c.id == tally.c.campaign_id)
    .where(state_is(campaign, CampaignState.LIVE, CampaignState.PAUSED), tally.c.metric.in_(COUNTED))
    .group_by(tally.c.campaign_id, tally.c.metric)
    .order_by(tally.c.campaign_id, tally.c.metric)
)


async def look(session: Session, *, now: datetime) -> Gauges:
    """What waits at this moment, and who is at work."""
    return Gauges(
        texts=await _waiting(session, _TEXTS, now),
        posts=await _waiting(session, _POSTS, now),
        replies=await _waiting(session, _REPLIES, now),
        doubtful=(await session.execute(_DOUBTFUL)).scalar_one(),
        circuit_open=await outbox.shut(session) is not None,
        slack_token_lost=await slack_access.why_lost(session) is not None,
        leases=frozenset((await session.execute(_LEASES, {"now": now})).scalars()),
    )


async def counts(session: Session) -> tuple[tuple[int, str, int], ...]:
    """(campaign's id, metric, n): what became of texts. After a million of them this takes a tenth of a second."""
    return tuple((row.campaign_id, row.metric, int(row.n)) for row in (await session.execute(_COUNTS)).all())


async def _waiting(session: Session, statement: Any, now: datetime) -> Queue:
    row = (await session.execute(statement)).one()
    age = (now - row.oldest).total_seconds() if row.oldest else 0.0
    return Queue(row.n, max(age, 0.0))
