"""A day's figures for all campaigns together, beside those of the day before, and what needs somebody.

A fixed number of statements, however many campaigns and texts: sums of tallies, and reads of short indexes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any

from sqlalchemy import and_, bindparam, case, func, literal_column, select, union_all

from bot.database import Session
from bot.services import waits
from bot.services.digest_days import Schedule
from bot.services.money import Prices
from bot.services.tallies import Metric
from models import (
    CampaignState,
    ConversationState,
    MessageState,
    campaign,
    conversation,
    inbox_item,
    message,
    pace,
    question,
    state_is,
    tally,
    volunteer,
)
from models.types import Moment

DAYS = 14
BEST = 5
WEEK, LATELY = 7, 2
"""Days: rates are of the people texted in a week, alarms of those texted since the day before."""
ENOUGH = 50
"""A part of fewer people is no rate: one of them would be more than two percent."""
A_FEW, USUAL_TEXTS = 5, 100
"""Fewer opt-outs than this are chance; fewer texts in the days before do not say what is usual."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day's sums. `sent` is what the carrier took, answers of ours too; `texted` the people texted first.

    `failed` are those refused and those taken but not delivered.

    `written` are texts that came in, `replied` voters who answered for the first time, `median` the minutes that voters
    waited for an answer. `spent` are dollars.
    """

    sent: int
    delivered: int
    failed: int
    texted: int
    written: int
    replied: int
    opt_outs: int
    conversions: int
    volunteers: int
    median: float | None
    spent: Decimal

    @property
    def is_empty(self) -> bool:
        """Whether nothing was texted and nobody wrote."""
        ours = (self.sent, self.failed, self.texted, self.median, self.conversions)
        return not any((*ours, self.written, self.replied, self.opt_outs))


@dataclass(frozen=True, slots=True)
class Rates:
    """People first texted in the last WEEK days, and how many of them have answered and opted out by now."""

    texted: int
    replied: int
    opted_out: int

    @property
    def are_meaningful(self) -> bool:
        """Whether so many were texted that parts of them mean anything."""
        return self.texted >= ENOUGH


@dataclass(frozen=True, slots=True)
class OfCampaign:
    """One campaign's part of the day."""

    name: str
    state: CampaignState
    sent: int
    texted: int
    replied: int
    opt_outs: int
    waiting: int
    week: Rates


@dataclass(frozen=True, slots=True)
class Odd:
    """Of the people or texts of the last LATELY days, how many; a rate out of line with the days before."""

    count: int
    of: int
    usual: float


@dataclass(frozen=True, slots=True)
class Needs:
    """What needs somebody. `calls` wait in the inbox untaken, `doubtful` are the day's texts that may not have left."""

    waiting: int
    waiting_since: datetime | None
    calls: int
    doubtful: int
    stopped_why: str | None
    failures: Odd | None
    opt_outs: Odd | None


@dataclass(frozen=True, slots=True)
class Daily:
    """What a digest says. `history` has (date, texts sent, voters who answered) of the last days, oldest first."""

    schedule: Schedule
    until: datetime
    day: Day
    before: Day
    week: Rates
    needs: Needs
    history: tuple[tuple[date, int, int], ...]
    campaigns: tuple[OfCampaign, ...]
    converts: bool
    ranking: tuple[tuple[str, int], ...]


_ENDS = [bindparam(f"end{number}", type_=Moment) for number in range(DAYS + 1)]


def _nth(first: int, bucket: Any = tally.c.bucket) -> Any:
    """Which of the days from `first` on a tally belongs to."""
    days: list[Any] = [(bucket < _ENDS[nth + 1], literal_column(str(nth))) for nth in range(first, DAYS)]
    return case(*days).label("nth")


def _since(first: int) -> Any:
    """The tallies from that day on, found by the key that they begin with."""
    ours = tally.c.campaign_id.in_(select(campaign.c.id))
    return and_(ours, tally.c.bucket >= _ENDS[first], tally.c.bucket < _ENDS[DAYS])


_COHORTS = (Metric.TEXTED, Metric.ANSWERED, Metric.THEN_REPLIED, Metric.THEN_LEFT, Metric.THEN_FAILED)
_IN_HISTORY = (Metric.ACCEPTED, Metric.REPLIED, *_COHORTS)
_OF_TWO_DAYS = (
    *(Metric.UNDELIVERED, Metric.NOT_SENT, Metric.DELIVERED, Metric.REPLIES, Metric.OPT_OUTS, Metric.CONVERSIONS),
    *(Metric.SEGMENTS, Metric.PICTURES),
    *waits.METRICS,
)


def _quarters(first: int, metrics: tuple[str, ...]) -> Any:
    """Sums by quarters of an hour, in the order of the tallies' key: nothing is sorted."""
    key = (tally.c.campaign_id, tally.c.metric, tally.c.bucket)
    sums = select(*key, func.sum(tally.c.n).label("n"))
    return sums.where(_since(first), tally.c.metric.in_(metrics)).group_by(*key)


_BY_QUARTER = union_all(_quarters(0, _IN_HISTORY), _quarters(DAYS - 2, _OF_TWO_DAYS)).subquery()
_SUMS = select(
    *(_BY_QUARTER.c.campaign_id, _BY_QUARTER.c.metric, _nth(0, _BY_QUARTER.c.bucket)),
    func.sum(_BY_QUARTER.c.n).label("n"),
).group_by(_BY_QUARTER.c.campaign_id, _BY_QUARTER.c.metric, "nth")
_WHO = (
    select(_nth(DAYS - 2), tally.c.volunteer_id)
    .where(_since(DAYS - 2), tally.c.metric.in_((Metric.TEXTED, Metric.ANSWERED)))
    .group_by("nth", tally.c.volunteer_id)
    .having(func.sum(tally.c.n) > 0)
    .subquery()
)
_VOLUNTEERS = select(_WHO.c.nth, func.count().label("n")).group_by(_WHO.c.nth)
_RANKING = (
    select(volunteer.c.name, func.sum(tally.c.n).label("n"))
    .join(volunteer, volunteer.c.slack_id == tally.c.volunteer_id)
    .where(_since(DAYS - 1), tally.c.metric == Metric.TEXTED)
    .group_by(volunteer.c.slack_id, volunteer.c.name)
    .having(func.sum(tally.c.n) > 0)
    .order_by(func.sum(tally.c.n).desc(), volunteer.c.name)
    .limit(BEST)
)
_CAMPAIGNS = select(
    *(campaign.c.id, campaign.c.name, campaign.c.state),
    select(question.c.id)
    .where(question.c.campaign_id == campaign.c.id, question.c.conversion.is_not(None), question.c.dropped_at.is_(None))
    .exists()
    .label("converts"),
)
_WAITING = (
    select(conversation.c.campaign_id, func.count().label("n"), func.min(conversation.c.waiting_since).label("since"))
    .where(state_is(conversation, ConversationState.NEEDS_REPLY))
    .group_by(conversation.c.campaign_id)
)
_OPEN = select(
    select(func.count())
    .where(inbox_item.c.done_at.is_(None), inbox_item.c.taken_by.is_(None))
    .scalar_subquery()
    .label("calls"),
    select(func.count())
    .where(state_is(message, MessageState.UNKNOWN, MessageState.REVIEW), message.c.decided_at.is_(None))
    .where(message.c.created_at >= _ENDS[DAYS - 1])
    .scalar_subquery()
    .label("doubtful"),
    select(func.min(func.coalesce(pace.c.held_why, pace.c.tripped_why)))
    .where(pace.c.held_why.is_not(None) | (pace.c.tripped_until > bindparam("now", type_=Moment)))
    .scalar_subquery()
    .label("stopped_why"),
)


async def read(
    session: Session, schedule: Schedule, day: date, *, prices: Prices, ranking: bool, now: datetime
) -> Daily:
    """The day that ends at the schedule's time on this date; what needs somebody is as of now."""
    ends = schedule.ends(day, DAYS)
    values = {f"end{number}": end for number, end in enumerate(ends)}
    found = (await session.execute(_CAMPAIGNS)).all()
    waiting = {row.campaign_id: row for row in (await session.execute(_WAITING)).all()}
    texting = {row.nth: row.n for row in (await session.execute(_VOLUNTEERS, values)).all()}
    best = (await session.execute(_RANKING, values)).all() if ranking else []
    sums = _Sums((await session.execute(_SUMS, values)).all())
    days = [sums.day(nth, texting.get(nth, 0), prices) for nth in range(DAYS)]
    name = schedule.named(day)
    still_open = (await session.execute(_OPEN, {**values, "now": now})).one()
    return Daily(
        schedule=schedule,
        until=ends[-1],
        day=days[-1],
        before=days[-2],
        week=sums.week(),
        needs=Needs(
            waiting=sum(row.n for row in waiting.values()),
            waiting_since=min((row.since for row in waiting.values()), default=None),
            calls=still_open.calls,
            doubtful=still_open.doubtful,
            stopped_why=still_open.stopped_why,
            failures=_odd(sums, (Metric.THEN_FAILED,), (Metric.TEXTED, Metric.ANSWERED), news=days[-1].failed),
            opt_outs=_odd(sums, (Metric.THEN_LEFT,), (Metric.TEXTED,), news=days[-1].opt_outs),
        ),
        history=tuple((name - timedelta(DAYS - 1 - nth), each.sent, each.replied) for nth, each in enumerate(days)),
        campaigns=_campaigns(found, sums, waiting),
        converts=any(row.converts for row in found if row.state == CampaignState.LIVE) or days[-1].conversions > 0,
        ranking=tuple((row.name, int(row.n)) for row in best),
    )


class _Sums:
    """The tallies by day and metric, for all campaigns and for each."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._all: dict[tuple[int, str], int] = {}
        self._last: dict[tuple[int, str], int] = {}
        self._week: dict[tuple[int, str], int] = {}
        for row in rows:
            key, of = (row.nth, row.metric), (row.campaign_id, row.metric)
            self._all[key] = self._all.get(key, 0) + int(row.n)
            if row.nth >= DAYS - WEEK:
                self._week[of] = self._week.get(of, 0) + int(row.n)
            if row.nth == DAYS - 1:
                self._last[of] = int(row.n)

    def day(self, nth: int, volunteers: int, prices: Prices) -> Day:
        """One day of all campaigns."""

        def count(metric: str) -> int:
            return max(self._all.get((nth, metric), 0), 0)

        return Day(
            sent=count(Metric.ACCEPTED),
            delivered=count(Metric.DELIVERED),
            failed=count(Metric.UNDELIVERED) + count(Metric.NOT_SENT),
            texted=count(Metric.TEXTED),
            written=count(Metric.REPLIES),
            replied=count(Metric.REPLIED),
            opt_outs=count(Metric.OPT_OUTS),
            conversions=count(Metric.CONVERSIONS),
            volunteers=volunteers,
            median=waits.median({name: count(name) for name in waits.METRICS}),
            spent=prices.cost(count(Metric.SEGMENTS), count(Metric.PICTURES)),
        )

    def days(self, nths: range, metrics: tuple[Metric, ...]) -> int:
        """What these days had, in all campaigns."""
        return sum(self._all.get((nth, metric), 0) for nth in nths for metric in metrics)

    def week(self, campaign_id: int | None = None) -> Rates:
        """The rates of one campaign, or of all together."""

        def count(metric: Metric) -> int:
            return sum(n for (which, name), n in self._week.items() if name == metric and campaign_id in (None, which))

        return Rates(count(Metric.TEXTED), count(Metric.THEN_REPLIED), count(Metric.THEN_LEFT))

    def of(self, campaign_id: int, metric: Metric) -> int:
        """What one campaign had on the last day."""
        return max(self._last.get((campaign_id, metric), 0), 0)


def _campaigns(found: Iterable[Any], sums: _Sums, waiting: dict[int, Any]) -> tuple[OfCampaign, ...]:
    """The live ones, and others in which something was sent or somebody waits; the busiest first."""
    parts = [
        OfCampaign(
            name=row.name,
            state=CampaignState(row.state),
            sent=sums.of(row.id, Metric.ACCEPTED),
            texted=sums.of(row.id, Metric.TEXTED),
            replied=sums.of(row.id, Metric.REPLIED),
            opt_outs=sums.of(row.id, Metric.OPT_OUTS),
            waiting=waiting[row.id].n if row.id in waiting else 0,
            week=sums.week(row.id),
        )
        for row in found
    ]
    shown = [part for part in parts if part.state == CampaignState.LIVE or part.sent or part.replied or part.waiting]
    return tuple(sorted(shown, key=lambda part: (-part.sent, -part.waiting, part.name)))


def _odd(sums: _Sums, count: tuple[Metric, ...], of: tuple[Metric, ...], *, news: int) -> Odd | None:
    """Whether the rate of late is higher than chance lets the usual one be (three standard deviations).

    `news` are the day's own: what the day before has told of already is not told again.
    """
    earlier, lately = range(DAYS - LATELY), range(DAYS - LATELY, DAYS)
    base, whole, part = sums.days(earlier, of), sums.days(lately, of), sums.days(lately, count)
    if min(news, part) < A_FEW or base < USUAL_TEXTS or whole < ENOUGH:
        return None
    usual = sums.days(earlier, count) / base
    expected = whole * usual
    return Odd(part, whole, usual) if part > expected + 3 * sqrt(max(expected, 1)) else None
