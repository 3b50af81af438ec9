"""What managers read. Every figure is a sum of tallies or a short index read: nothing is counted row by row."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.database import Session
from bot.services.tallies import Metric
from models import CampaignState, ConversationState, card, conversation, message, pace, state_is, tally

AT_IT = timedelta(minutes=5)
"""Whoever clicked on their card within it is texting now."""

_SUMS = (
    select(tally.c.metric, func.sum(tally.c.n).label("n"))
    .where(tally.c.campaign_id == bindparam("campaign_id"))
    .group_by(tally.c.metric)
)
_TEXTING_NOW = select(card.c.volunteer_id).where(
    card.c.campaign_id == bindparam("campaign_id"), card.c.clicked_at > bindparam("since")
)
_WAITING = select(func.count().label("n"), func.min(conversation.c.waiting_since).label("since")).where(
    conversation.c.campaign_id == bindparam("campaign_id"), state_is(conversation, ConversationState.NEEDS_REPLY)
)
_DOUBTFUL = select(func.count()).where(
    state_is(message, "unknown", "review"), message.c.campaign_id == bindparam("campaign_id")
)
_TRIPPED = select(pace.c.tripped_why).where(pace.c.tripped_until.is_not(None))


@dataclass(frozen=True, slots=True)
class Status:
    """A campaign at a glance. `to_hand_out` is what nobody holds yet; `queued` what waits for the carrier."""

    name: str
    state: CampaignState
    contacts: int
    handed: int
    texted: int
    accepted: int
    delivered: int
    undelivered: int
    failed: int
    answered: int
    replies: int
    opt_outs: int
    skipped: int
    wrong_numbers: int
    waiting: int
    waiting_since: datetime | None
    doubtful: int
    texting_now: tuple[str, ...]
    stopped_why: str | None
    minutes_left: int | None

    @property
    def to_hand_out(self) -> int:
        """Contacts that no volunteer holds or has had."""
        return max(self.contacts - self.handed, 0)

    @property
    def queued(self) -> int:
        """Texts clicked that the carrier does not have yet."""
        return max(self.texted + self.answered - self.accepted - self.failed - self.doubtful, 0)


async def status(session: Session, found: Any, *, now: datetime, rate: float) -> Status:
    """How far this campaign is; `rate` is the carrier's pace in segments a second."""
    of = {"campaign_id": found.id}
    sums = {row.metric: int(row.n) for row in (await session.execute(_SUMS, of)).all()}
    waiting = (await session.execute(_WAITING, of)).one()
    texting = (await session.execute(_TEXTING_NOW, {**of, "since": now - AT_IT})).scalars().all()
    through = (Metric.TEXTED, Metric.SKIPPED, Metric.WRONG_NUMBER)
    remaining = sums.get(Metric.IMPORTED, 0) - sum(sums.get(metric, 0) for metric in through)
    return Status(
        name=found.name,
        state=CampaignState(found.state),
        contacts=sums.get(Metric.IMPORTED, 0),
        handed=sums.get(Metric.HANDED, 0),
        texted=sums.get(Metric.TEXTED, 0),
        accepted=sums.get(Metric.ACCEPTED, 0),
        delivered=sums.get(Metric.DELIVERED, 0),
        undelivered=sums.get(Metric.UNDELIVERED, 0),
        failed=sums.get(Metric.NOT_SENT, 0),
        answered=sums.get(Metric.ANSWERED, 0),
        replies=sums.get(Metric.REPLIES, 0),
        opt_outs=sums.get(Metric.OPT_OUTS, 0),
        skipped=sums.get(Metric.SKIPPED, 0),
        wrong_numbers=sums.get(Metric.WRONG_NUMBER, 0),
        waiting=waiting.n,
        waiting_since=waiting.since,
        doubtful=(await session.execute(_DOUBTFUL, of)).scalar_one(),
        texting_now=tuple(texting),
        stopped_why=(await session.execute(_TRIPPED)).scalar_one_or_none(),
        minutes_left=max(round(remaining / rate / 60), 1) if remaining > 0 else None,
    )
