"""What managers read. Every figure is a sum of tallies or a short index read: nothing is counted row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, case, func, select

from bot.database import Session
from bot.services import inbox, segments
from bot.services.backlog import is_stalled
from bot.services.carrier_codes import code_of
from bot.services.money import Prices, of_cents
from bot.services.outbox import MAY_LEAVE, SENDER
from bot.services.tallies import BUCKET, OUT_OF_REACH, Metric, bucket_of
from models import (
    CampaignState,
    ConversationState,
    campaign,
    card,
    conversation,
    message,
    pace,
    script,
    state_is,
    tally,
)
from models.types import Moment

AT_IT = timedelta(minutes=5)
"""Whoever clicked on their card within it is texting now."""

_THROUGH = (Metric.TEXTED, Metric.SKIPPED, *OUT_OF_REACH)
"""What a contact that is not left to text counts as: one of these, once."""
_LAST_HOUR = timedelta(hours=1)
_SUMS = (
    select(
        tally.c.metric,
        func.sum(tally.c.n).label("n"),
        func.sum(case((tally.c.bucket > bindparam("edge", type_=Moment), tally.c.n), else_=0)).label("lately"),
        func.sum(case((tally.c.bucket == bindparam("edge", type_=Moment), tally.c.n), else_=0)).label("at_the_edge"),
        func.sum(case((tally.c.volunteer_id == "", tally.c.n), else_=0)).label("of_nobody"),
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
_UNPROVED = select(
    func.count().label("n"), func.count().filter(message.c.decided_at.is_(None)).label("undecided")
).where(state_is(message, "unknown", "review"), message.c.campaign_id == bindparam("campaign_id"))
_SCRIPT = select(script.c.body, script.c.media).where(script.c.id == bindparam("script_id"))
_PROGRESS = (
    select(tally.c.campaign_id, tally.c.metric, func.sum(tally.c.n).label("n"))
    .where(tally.c.campaign_id.in_(bindparam("ids", expanding=True)))
    .where(tally.c.metric.in_([Metric.IMPORTED, *_THROUGH]))
    .group_by(tally.c.campaign_id, tally.c.metric)
)
MOST_AHEAD = 10_000
"""So many texts of other campaigns are looked at, of what waits for the carrier."""
_QUEUED_ELSEWHERE = (
    select(message.c.segments)
    .join(campaign, campaign.c.id == message.c.campaign_id)
    .where(MAY_LEAVE, message.c.campaign_id != bindparam("campaign_id"))
    .limit(MOST_AHEAD)
    .subquery()
)
_AHEAD = select(func.coalesce(func.sum(_QUEUED_ELSEWHERE.c.segments), 0))
_MEASURED = select(pace.c.measured_at).where(pace.c.sender == SENDER)
_STOPPED = select(func.coalesce(pace.c.held_why, pace.c.tripped_why)).where(
    pace.c.held_why.is_not(None) | pace.c.tripped_until.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Status:
    """A campaign at a glance. `to_hand_out` is what nobody holds yet, `left` what is not texted and can be.

    `wrong_numbers`, `left_untexted` (opted out) and `unreachable` could not be texted any more when their turn came;
    `opted_out_after` are those of `opt_outs` who had been texted; `queued` is what waits for the carrier.
    `in_the_last_hour` are texts clicked, and `errors` texts that did not arrive, by the carrier's code, the most first.
    `spent` and `budget` are in dollars.
    `minutes_left` is what the rest takes the carrier, after what live campaigns have in the one queue by now;
    `minutes_at_this_pace` what it takes at the last hour's pace.
    """

    name: str
    state: CampaignState
    opens_at: datetime | None
    closes_at: datetime | None
    contacts: int
    to_hand_out: int
    left: int
    texted: int
    accepted: int
    delivered: int
    undelivered: int
    failed: int
    answered: int
    replies: int
    opt_outs: int
    opted_out_after: int
    skipped: int
    wrong_numbers: int
    left_untexted: int
    unreachable: int
    waiting: int
    waiting_since: datetime | None
    doubtful: int
    in_the_inbox: int
    texting_now: tuple[str, ...]
    stopped_why: str | None
    stalled: bool
    in_the_last_hour: int
    errors: tuple[tuple[int, int], ...]
    queued: int
    spent: Decimal
    budget: Decimal | None
    minutes_left: int | None
    minutes_at_this_pace: int | None

    @property
    def out_of_reach(self) -> int:
        """Contacts that could not be texted."""
        return self.wrong_numbers + self.left_untexted + self.unreachable


_FIGURES = {
    "contacts": Metric.IMPORTED,
    "texted": Metric.TEXTED,
    "accepted": Metric.ACCEPTED,
    "delivered": Metric.DELIVERED,
    "undelivered": Metric.UNDELIVERED,
    "failed": Metric.NOT_SENT,
    "answered": Metric.ANSWERED,
    "replies": Metric.REPLIES,
    "opt_outs": Metric.OPT_OUTS,
    "opted_out_after": Metric.THEN_LEFT,
    "skipped": Metric.SKIPPED,
    "wrong_numbers": Metric.WRONG_NUMBER,
    "left_untexted": Metric.LEFT_UNTEXTED,
    "unreachable": Metric.UNREACHABLE,
}
"""What a status says just as it was counted."""


async def status(session: Session, found: Any, *, now: datetime, rate: float, prices: Prices) -> Status:
    """How far this campaign is; `rate` is the carrier's pace in segments a second."""
    of = {"campaign_id": found.id}
    rows = (await session.execute(_SUMS, {**of, "edge": bucket_of(now - _LAST_HOUR)})).all()
    sums = {row.metric: int(row.n) for row in rows}
    waiting = (await session.execute(_WAITING, of)).one()
    texting = (await session.execute(_TEXTING_NOW, {**of, "since": now - AT_IT})).scalars().all()
    unproved = (await session.execute(_UNPROVED, of)).one()
    left, queued, speed = _left(sums), _queued(sums, unproved.n), _in_the_last_hour(rows, now)
    return Status(
        name=found.name,
        state=CampaignState(found.state),
        opens_at=found.opens_at,
        closes_at=found.closes_at,
        **{field: sums.get(metric, 0) for field, metric in _FIGURES.items()},
        to_hand_out=_to_hand_out(rows, sums),
        left=left,
        waiting=waiting.n,
        waiting_since=waiting.since,
        doubtful=unproved.undecided,
        queued=queued,
        in_the_inbox=await inbox.open_count(session, found.id),
        texting_now=tuple(texting),
        stopped_why=(await session.execute(_STOPPED)).scalar_one_or_none(),
        stalled=is_stalled((await session.execute(_MEASURED)).scalar_one_or_none(), now),
        in_the_last_hour=speed,
        errors=_errors(rows),
        spent=prices.cost(max(sums.get(Metric.SEGMENTS, 0), 0), max(sums.get(Metric.PICTURES, 0), 0)),
        budget=None if found.budget is None else of_cents(found.budget),
        minutes_left=await _minutes_left(session, found, left + queued, rate, now),
        minutes_at_this_pace=max(round(left / speed * 60), 1) if left and speed else None,
    )


def _queued(sums: Mapping[str, int], unproved: int) -> int:
    """What was clicked and is neither with the carrier, nor refused, nor without a proof."""
    clicked = sum(sums.get(metric, 0) for metric in (Metric.TEXTED, Metric.ANSWERED, Metric.RESENT))
    return max(clicked - sums.get(Metric.ACCEPTED, 0) - sums.get(Metric.NOT_SENT, 0) - unproved, 0)


def _in_the_last_hour(rows: Sequence[Any], now: datetime) -> int:
    """First texts; of the bucket in which the last hour began, only what lies within the hour."""
    since = now - _LAST_HOUR
    inside = (bucket_of(since) + BUCKET - since) / BUCKET
    texted = [row for row in rows if row.metric == Metric.TEXTED]
    return max(sum(round(row.lately + row.at_the_edge * inside) for row in texted), 0)


def _to_hand_out(rows: Sequence[Any], sums: Mapping[str, int]) -> int:
    """What nobody holds; nobody's who cannot be texted have left the pool for nobody's hand."""
    out_of_the_pool = sum(int(row.of_nobody) for row in rows if row.metric in OUT_OF_REACH)
    return max(sums.get(Metric.IMPORTED, 0) - sums.get(Metric.HANDED, 0) - out_of_the_pool, 0)


def _errors(rows: Sequence[Any]) -> tuple[tuple[int, int], ...]:
    """By the carrier's code, the most first."""
    errors = [(code, int(row.n)) for row in rows if (code := code_of(row.metric)) is not None and row.n > 0]
    return tuple(sorted(errors, key=lambda each: (-each[1], each[0])))


async def _minutes_left(session: Session, found: Any, texts: int, rate: float, now: datetime) -> int | None:
    """What so many texts take the carrier, behind what other campaigns have in the queue."""
    words = (await session.execute(_SCRIPT, {"script_id": found.script_id})).first()
    to_go = texts * (segments.cost(words.body, words.media) if words else 0)
    if not to_go:
        return None
    ahead = (await session.execute(_AHEAD, {"campaign_id": found.id, "now": now})).scalar_one()
    return max(round((to_go + ahead) / rate / 60), 1)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is. `left` and `out_of_reach` are as in Status."""

    texted: int = 0
    contacts: int = 0
    left: int = 0
    out_of_reach: int = 0


async def progress(session: Session, campaign_ids: Sequence[int]) -> dict[int, Progress]:
    """How far each of these campaigns is."""
    of: dict[int, dict[str, int]] = {each: {} for each in campaign_ids}
    for row in (await session.execute(_PROGRESS, {"ids": list(campaign_ids)})).all():
        of[row.campaign_id][row.metric] = int(row.n)
    return {
        each: Progress(sums.get(Metric.TEXTED, 0), sums.get(Metric.IMPORTED, 0), _left(sums), _out_of_reach(sums))
        for each, sums in of.items()
    }


def _out_of_reach(sums: Mapping[str, int]) -> int:
    return sum(sums.get(metric, 0) for metric in OUT_OF_REACH)


def _left(sums: Mapping[str, int]) -> int:
    return max(sums.get(Metric.IMPORTED, 0) - sum(sums.get(metric, 0) for metric in _THROUGH), 0)
