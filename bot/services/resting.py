"""Why a volunteer has nobody to text now, and what may come next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, text

from bot.database import Session
from bot.services import assignments
from bot.services.backlog import DRAINED_AT, MEASURED_AT, full_until, is_stalled, leaves_at
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
    """No contact now. `why` is done, asleep, full, stalled, budget, paused, closed or draft.

    `more` offers another batch of that size; while they are asleep, of others who are awake.

    `wakes` is when the first of those who are asleep may be texted, or the queue is short enough; None: at no hour.
    `empty`: they may take batches, and there is nobody left to be taken.
    """

    why: str
    texted: int = 0
    of: int = 0
    more: int = 0
    empty: bool = False
    wakes: datetime | None = None


async def why_nobody(
    session: Session, volunteer_id: str, campaign_id: int, *, held: Sequence[Window], now: datetime
) -> tuple[str, Rest]:
    """The campaign's name, and what to say. `held` are the texting windows of those whom the volunteer has in hand."""
    mine = {"volunteer_id": volunteer_id, "campaign_id": campaign_id}
    current = (await session.execute(_CAMPAIGN, mine)).one()
    if current.state != CampaignState.LIVE:
        return current.name, Rest(current.state)
    left = await assignments.anybody_left(session, campaign_id)
    more = current.batch_size if current.invited and left else 0
    asleep = bool(held) and all(closes_at(window, now) is None for window in held)
    if is_stalled(current.measured_at, now) and (held or more) and not asleep:
        return current.name, Rest("stalled")
    if current.budget_spoken_for_at is not None and (held or more):
        return current.name, Rest("budget")
    if (full := full_until(current.drained_at, now)) and (held or more):
        return current.name, Rest("full", wakes=full)
    if held:
        leaves = leaves_at(current.drained_at, now)
        openings = [opening for window in held if (opening := next_opening(window, leaves))]
        others = bool(more) and await assignments.anybody_awake(session, campaign_id, now)
        return current.name, Rest("asleep", wakes=min(openings, default=None), more=more if others else 0)
    texted = (await session.execute(_TEXTED, mine)).scalar_one()
    empty = bool(current.invited) and not left
    return current.name, Rest("done", texted=texted, of=current.last_position or 0, more=more, empty=empty)
