"""What managers read. Every figure is a sum of tallies or a short index read: nothing is counted row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, func, select

from bot.database import Session
from bot.services import inbox, segments
from bot.services.carrier_codes import code_of
from bot.services.tallies import BUCKET, Metric, bucket_of
from models import CampaignState, ConversationState, card, conversation, message, pace, script, state_is, tally
from models.types import Moment

AT_IT = timedelta(minutes=5)
"""Whoever clicked on their card within it is texting now."""

_LAST_HOUR = timedelta(hours=1)
_SUMS = (
    select(
        tally.c.metric,
        func.sum(tally.c.n).label("n"),
        func.sum(case((tally.c.bucket > bindparam("edge", type_=Moment), tally.c.n), else_=0)).label("lately"),
        func.sum(case((tally.c.bucket == bindparam("edge", type_=Moment), tally.c.n), else_=0)).label("at_the_edge"),
    )
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
_SCRIPT = select(script.c.body, script.c.media).where(script.c.id == bindparam("script_id"))
_PROGRESS = (
    select(tally.c.campaign_id, tally.c.metric, func.sum(tally.c.n).label("n"))
    .where(tally.c.campaign_id.in_(bindparam("ids", expanding=True)))
    .where(tally.c.metric.in_([Metric.IMPORTED, Metric.TEXTED]))
    .group_by(tally.c.campaign_id, tally.c.metric)
)
_TRIPPED = select(pace.c.tripped_why).where(pace.c.tripped_until.is_not(None))


@dataclass(frozen=True, slots=True)
class Status:
    """A campaign at a glance. `to_hand_out` is what nobody holds yet; `queued` what waits for the carrier.

    `in_the_last_hour` are texts clicked, and `errors` texts that did not arrive, by the carrier's code, the most first.
    `minutes_left` is what the rest takes the carrier, `minutes_at_this_pace` what it takes at the last hour's pace.
    """

    name: str
    state: CampaignState
    opens_at: datetime | None
    closes_at: datetime | None
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
    in_the_inbox: int
    texting_now: tuple[str, ...]
    stopped_why: str | None
    in_the_last_hour: int
    errors: tuple[tuple[int, int], ...]
    queued: int
    minutes_left: int | None
    minutes_at_this_pace: int | None

    @property
    def to_hand_out(self) -> int:
        """Contacts that no volunteer holds or has had."""
        return max(self.contacts - self.handed, 0)


async def status(session: Session, found: Any, *, now: datetime, rate: float) -> Status:
    """How far this campaign is; `rate` is the carrier's pace in segments a second."""
    of = {"campaign_id": found.id}
    edge = bucket_of(now - _LAST_HOUR)
    rows = (await session.execute(_SUMS, {**of, "edge": edge})).all()
    sums = {row.metric: int(row.n) for row in rows}
    # Of the bucket in which the last hour began, only what lies within the hour.
    inside = (edge + BUCKET - (now - _LAST_HOUR)) / BUCKET
    lately = {row.metric: max(round(row.lately + row.at_the_edge * inside), 0) for row in rows}
    errors = [(code, int(row.n)) for row in rows if (code := code_of(row.metric)) is not None and row.n > 0]
    waiting = (await session.execute(_WAITING, of)).one()
    texting = (await session.execute(_TEXTING_NOW, {**of, "since": now - AT_IT})).scalars().all()
    through = (Metric.TEXTED, Metric.SKIPPED, Metric.WRONG_NUMBER)
    remaining = sums.get(Metric.IMPORTED, 0) - sum(sums.get(metric, 0) for metric in through)
    doubtful = (await session.execute(_DOUBTFUL, of)).scalar_one()
    gone = sums.get(Metric.ACCEPTED, 0) + sums.get(Metric.NOT_SENT, 0) + doubtful
    queued = max(sums.get(Metric.TEXTED, 0) + sums.get(Metric.ANSWERED, 0) - gone, 0)
    to_go = max(remaining, 0) + queued
    words = (await session.execute(_SCRIPT, {"script_id": found.script_id})).first()
    each = segments.cost(words.body, words.media) if words else 0
    speed = lately.get(Metric.TEXTED, 0)
    return Status(
        name=found.name,
        state=CampaignState(found.state),
        opens_at=found.opens_at,
        closes_at=found.closes_at,
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
        doubtful=doubtful,
        queued=queued,
        in_the_inbox=await inbox.open_count(session, found.id),
        texting_now=tuple(texting),
        stopped_why=(await session.execute(_TRIPPED)).scalar_one_or_none(),
        in_the_last_hour=speed,
        errors=tuple(sorted(errors, key=lambda each: -each[1])),
        minutes_left=max(round(to_go * each / rate / 60), 1) if to_go else None,
        minutes_at_this_pace=max(round(remaining / speed * 60), 1) if remaining > 0 and speed else None,
    )


async def progress(session: Session, campaign_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How far each of these campaigns is: (texted, contacts)."""
    rows = (await session.execute(_PROGRESS, {"ids": list(campaign_ids)})).all()
    sums = {(row.campaign_id, row.metric): int(row.n) for row in rows}
    return {each: (sums.get((each, Metric.TEXTED), 0), sums.get((each, Metric.IMPORTED), 0)) for each in campaign_ids}
