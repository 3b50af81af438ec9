"""Who runs things: whom calls come to, and voters' words that nobody else has. Nobody of them is suspended."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select

from bot.database import Session
from models import CampaignState, Role, campaign, state_is, volunteer

_FIT = (
    ~select(volunteer.c.slack_id)
    .where(volunteer.c.slack_id == campaign.c.created_by, volunteer.c.role == Role.NONE)
    .exists()
)
_MADE_IT = select(campaign.c.created_by).where(campaign.c.id == bindparam("campaign_id"), _FIT)
_MADE_LIVE_ONES = (
    select(campaign.c.created_by)
    .where(state_is(campaign, CampaignState.LIVE), _FIT)
    .distinct()
    .order_by(campaign.c.created_by)
)
_MADE_ONE = select(campaign.c.created_by).where(_FIT).order_by(campaign.c.id.desc()).limit(50)
_BY_ROLE = (
    select(volunteer.c.slack_id)
    .where(volunteer.c.role.in_((Role.ADMIN, Role.ORGANIZER)))
    .order_by(volunteer.c.slack_id)
    .limit(50)
)
_SUSPENDED: Any = select(volunteer.c.slack_id).where(
    volunteer.c.slack_id.in_(bindparam("ids", expanding=True)), volunteer.c.role == Role.NONE
)


async def who_run(
    session: Session, campaign_id: int | None, *, admins: Collection[str] = (), but: Collection[str] = ()
) -> list[str]:
    """Whoever made this campaign; if they can't be told, or there is none, the next in line, `but` these.

    Next are the organizers of live campaigns, then `admins`, then whoever made the newest campaign, then whoever has
    the role of an organizer or an admin.
    """
    suspended = (await session.execute(_SUSPENDED, {"ids": list(admins)})).scalars().all() if admins else ()
    for statement in (_MADE_IT, _MADE_LIVE_ONES, None, _MADE_ONE, _BY_ROLE):
        if statement is None:
            found = [admin for admin in admins if admin not in suspended]
        else:
            found = list((await session.execute(statement, {"campaign_id": campaign_id})).scalars())
        if fit := [who for who in found if who not in but]:
            return fit[:1] if statement is _MADE_ONE else fit
    return []


async def next_to(session: Session, who: str, *, admins: Collection[str] = (), but: Collection[str] = ()) -> str | None:
    """This very person; if they can't be told, somebody who runs things."""
    suspended = (await session.execute(_SUSPENDED, {"ids": [who]})).first() is not None
    if who not in but and not suspended:
        return who
    return next(iter(await who_run(session, None, admins=admins, but=but)), None)
