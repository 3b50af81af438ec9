"""Why a volunteer has nobody to text now, and what may come next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, text

from bot.database import Session
from bot.services import caps, pool
from bot.services.backlog import DRAINED_AT, MEASURED_AT, full_until, is_stalled, leaves_at
from bot.services.caps import Before
from bot.services.texting_hours import Window, closes_at, next_opening
from models import CampaignState, campaign, membership

_TEXTED = text(
    "SELECT coalesce(sum(n), 0) FROM tally"
    " WHERE campaign_id = :campaign_id AND volunteer_id = :volunteer_id AND metric = 'texted'"
)
_CAMPAIGN = (
    select(
        *(campaign.c.name, campaign.c.state, campaign.c.budget_spoken_for_at, DRAINED_AT, MEASURED_AT),
        *(membership.c.batch_size, membership.c.invited, membership.c.last_position),
    )
    .select_from(
        campaign.outerjoin(
            membership,
            (membership.c.campaign_id == campaign.c.id) & (membership.c.volunteer_id == bindparam("volunteer_id")),
        )
    )
    .where(campaign.c.id == bindparam("campaign_id"))
)


@dataclass(frozen=True, slots=True)
class Rest:
    """No contact now. `why` is done, asleep, texted, full, stalled, budget, paused, closed or draft.

    `more` offers another batch of that size; while those in hand may not be texted, of others who may.

    `wakes` is when the first of those who are left may be texted, or the queue is short enough; None: at no hour.
    `by` says who has texted some of them (asleep), or all (texted).
    `empty`: they may take batches, and there is nobody left to be taken.
    """

    why: str
    texted: int = 0
    of: int = 0
    more: int = 0
    empty: bool = False
    wakes: datetime | None = None
    by: Before | None = None


async def why_nobody(
    session: Session, volunteer_id: str, campaign_id: int, *, held: Sequence[tuple[Window, datetime]], now: datetime
) -> tuple[str, Rest]:
    """The campaign's name, and what to say.

    `held` are the texting windows of those whom the volunteer has in hand, and from when the first of each has no text
    of another campaign's behind them that is too fresh.
    """
    mine = {"volunteer_id": volunteer_id, "campaign_id": campaign_id}
    current = (await session.execute(_CAMPAIGN, mine)).one()
    if current.state != CampaignState.LIVE:
        return current.name, Rest(current.state)
    left = await pool.anybody_left(session, campaign_id)
    more = current.batch_size if current.invited and left else 0
    nobody = bool(held) and all(closes_at(window, now) is None or free_at > now for window, free_at in held)
    if is_stalled(current.measured_at, now) and (held or more) and not nobody:
        return current.name, Rest("stalled")
    if current.budget_spoken_for_at is not None and (held or more):
        return current.name, Rest("budget")
    if (full := full_until(current.drained_at, now)) and (held or more):
        return current.name, Rest("full", wakes=full)
    if held:
        leaves = leaves_at(current.drained_at, now)
        openings = [opening for window, free_at in held if (opening := next_opening(window, max(leaves, free_at)))]
        by = await caps.by_whom(session, volunteer_id, campaign_id, now=now)
        why = "texted" if all(free_at > now for _, free_at in held) else "asleep"
        others = current.batch_size if more and await pool.anybody_ready(session, campaign_id, now) else 0
        return current.name, Rest(why, wakes=min(openings, default=None), more=others, by=by)
    texted = (await session.execute(_TEXTED, mine)).scalar_one()
    empty = bool(current.invited) and not left
    return current.name, Rest("done", texted=texted, of=current.last_position or 0, more=more, empty=empty)
