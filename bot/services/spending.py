"""What a campaign has spent, and its budget: it pauses in the transaction that records the text which reaches it.

Spent is what the carrier has taken: two tallies a campaign and quarter of an hour, under nobody's name, so that their
sum is short however many volunteers there are.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, case, cast, func, select, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, campaigns, inbox, money
from bot.services.money import Prices, in_words, of_cents
from bot.services.outbox import MAY_LEAVE
from bot.services.tallies import Metric
from models import CampaignState, campaign, message, state_is, tally
from models.types import Moment

WARN_AT = Decimal("0.8")
"""The part of a budget at which organizers are told once."""
MOST = 50_000
"""So many waiting texts are looked at, at most."""


class _Counts(NamedTuple):
    """Of texts: the segments of those without a picture, and how many have one."""

    segments: int = 0
    pictures: int = 0


def _sum_of(metric: Metric) -> Any:
    counted = (tally.c.campaign_id == campaign.c.id) & (tally.c.metric == metric)
    return select(func.coalesce(func.sum(tally.c.n), 0)).where(counted).scalar_subquery().label(metric.value)


_SPENT = select(
    *(campaign.c.id, campaign.c.name, campaign.c.state, campaign.c.budget),
    *(campaign.c.budget_warned_at, campaign.c.budget_spoken_for_at),
    *(_sum_of(Metric.SEGMENTS), _sum_of(Metric.PICTURES)),
)
_OF_ONE = _SPENT.where(campaign.c.id == bindparam("campaign_id"))
_LIMITED = _SPENT.where(state_is(campaign, CampaignState.LIVE), campaign.c.budget.is_not(None)).order_by(campaign.c.id)
_LIMITED_AMONG = _LIMITED.where(campaign.c.id.in_(bindparam("ids", expanding=True)))
_HAS_PICTURE = func.coalesce(cast(message.c.media, Text), "null") != "null"
_LOOKED_AT = (
    select(message.c.campaign_id, message.c.segments, _HAS_PICTURE.label("has_picture"))
    .join(campaign, campaign.c.id == message.c.campaign_id)
    .where(MAY_LEAVE, message.c.campaign_id.in_(bindparam("ids", expanding=True)))
    .limit(MOST)
    .subquery()
)
_WAITING = select(
    _LOOKED_AT.c.campaign_id,
    func.sum(case((_LOOKED_AT.c.has_picture, 0), else_=_LOOKED_AT.c.segments)).label("segments"),
    func.sum(case((_LOOKED_AT.c.has_picture, 1), else_=0)).label("pictures"),
).group_by(_LOOKED_AT.c.campaign_id)
_SET = (
    update(campaign)
    .where(campaign.c.id == bindparam("which"))
    .values(budget=bindparam("cents"), budget_warned_at=None, budget_spoken_for_at=None)
)
_WARNED = (
    update(campaign)
    .where(campaign.c.id == bindparam("which"), campaign.c.budget_warned_at.is_(None))
    .where(campaign.c.budget == bindparam("cents"))
    .values(budget_warned_at=bindparam("now", type_=Moment))
)
_SPOKEN_FOR = (
    update(campaign)
    .where(campaign.c.id == bindparam("which"), campaign.c.budget == bindparam("cents"))
    .values(budget_spoken_for_at=bindparam("at", type_=Moment))
)


async def set_budget(session: Session, found: Any, cents: int | None, *, by: str, now: datetime) -> None:
    """From now on; None: as much as it takes. A campaign that is paused stays so."""
    if cents == found.budget:
        return
    await session.execute(_SET, {"which": found.id, "cents": cents})
    await audit.note(session, who=by, what="budget", subject=found.name, now=now, cents=cents, before=found.budget)


async def of_campaign(session: Session, campaign_id: int, prices: Prices) -> Decimal:
    """What it has spent so far, in dollars."""
    return _spent((await session.execute(_OF_ONE, {"campaign_id": campaign_id})).one(), prices)


async def resume(session: Session, found: Any, *, prices: Prices, by: str, now: datetime) -> None:
    """Let texts leave again. Raises Refusal while the budget is spent."""
    if found.state == CampaignState.PAUSED and found.budget is not None:
        row = (await session.execute(_OF_ONE, {"campaign_id": found.id})).one()
        if _is_spent(row, prices):
            raise Refusal(f"{_all_spent(row, prices)} {_raise_it(row)}")
    await campaigns.resume(session, found, by=by, now=now)


async def stop(session: Session, ids: Collection[int], *, prices: Prices, now: datetime) -> None:
    """Pause those of these live campaigns whose budget is spent, and say so."""
    if ids:
        for row in (await session.execute(_LIMITED_AMONG, {"ids": sorted(ids)})).all():
            if _is_spent(row, prices):
                await _pause(session, row, prices, now=now)


async def look(session: Session, *, prices: Prices, now: datetime) -> None:
    """The worker's look, every few seconds, at the budgets of live campaigns.

    What is spent and what waits for the carrier, together, come to the budget: nobody is handed out until it is raised,
    or something did not leave. Most of it is spent: organizers hear of it, once for a budget. All of it: a budget that
    was lowered or a price that was raised pauses here.
    """
    rows = (await session.execute(_LIMITED)).all()
    if not rows:
        return
    queued = await _waiting(session, [row.id for row in rows], now=now)
    for row in rows:
        if _is_spent(row, prices):
            await _pause(session, row, prices, now=now)
            continue
        waits = queued.get(row.id, _Counts())
        is_spoken_for = _spent(row, prices) + prices.cost(*waits) >= of_cents(row.budget)
        if is_spoken_for != (row.budget_spoken_for_at is not None):
            values = {"which": row.id, "cents": row.budget, "at": now if is_spoken_for else None}
            await session.execute(_SPOKEN_FOR, values)
        if row.budget_warned_at is None and _spent(row, prices) >= WARN_AT * of_cents(row.budget):
            await _warn(session, row, prices, now=now)


async def _waiting(session: Session, ids: list[int], *, now: datetime) -> dict[int, _Counts]:
    rows = (await session.execute(_WAITING, {"ids": ids, "now": now})).all()
    return {row.campaign_id: _Counts(int(row.segments), int(row.pictures)) for row in rows}


async def _pause(session: Session, row: Any, prices: Prices, *, now: datetime) -> None:
    values = {"which": row.id, "cents": row.budget, "at": now}
    locked: Any = await session.execute(_SPOKEN_FOR, values)
    if locked.rowcount != 1:  # somebody has just changed the budget
        return
    try:
        await campaigns.pause(session, row, by="budget", now=now)
    except Refusal:  # somebody else paused it at this very moment
        return
    words = f"{_all_spent(row, prices)} It is paused: what was clicked waits. {_raise_it(row)}"
    key = f"budget-spent:{row.id}:{now.timestamp()}"
    await inbox.alarm(session, words, key=key, campaign_id=row.id, now=now)


async def _warn(session: Session, row: Any, prices: Prices, *, now: datetime) -> None:
    told: Any = await session.execute(_WARNED, {"which": row.id, "cents": row.budget, "now": now})
    if told.rowcount != 1:
        return
    spent, budget = _spent(row, prices), of_cents(row.budget)
    words = (
        f"{row.name} has spent about {in_words(spent)} of its budget of {in_words(budget)}. It pauses when that is "
        f"spent; `/textbank budget {row.name} {_more(row)}` raises it."
    )
    await inbox.alarm(session, words, key=f"budget-warned:{row.id}:{now.timestamp()}", campaign_id=row.id, now=now)


def _spent(row: Any, prices: Prices) -> Decimal:
    return max(prices.cost(int(row.segments), int(row.pictures)), Decimal(0))


def _is_spent(row: Any, prices: Prices) -> bool:
    return _spent(row, prices) >= of_cents(row.budget)


def _all_spent(row: Any, prices: Prices) -> str:
    budget = in_words(of_cents(row.budget))
    return f"The budget of {row.name} is spent: about {in_words(_spent(row, prices))} of {budget}."


def _raise_it(row: Any) -> str:
    return f"`/textbank budget {row.name} {_more(row)}` raises it, then `/textbank resume {row.name}` goes on."


def _more(row: Any) -> str:
    """An example: twice as much."""
    return money.as_written(row.budget * 2)
