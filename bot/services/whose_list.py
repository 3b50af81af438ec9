"""Which campaign a volunteer's next contact comes from, if none is named."""

from typing import Any

from sqlalchemy import Select, bindparam, select

from bot.database import Session
from bot.errors import Forbidden
from models import CampaignState, ConversationState, campaign, conversation, membership, state_is


def _holding(*states: CampaignState) -> Select[Any]:
    return (
        select(conversation.c.campaign_id)
        .join(campaign, campaign.c.id == conversation.c.campaign_id)
        .where(
            conversation.c.volunteer_id == bindparam("volunteer_id"),
            state_is(conversation, ConversationState.HELD),
            state_is(campaign, *states),
        )
        .order_by(campaign.c.state, conversation.c.campaign_id)
        .limit(1)
    )


def _invited(*states: CampaignState) -> Select[Any]:
    return (
        select(membership.c.campaign_id)
        .join(campaign, campaign.c.id == membership.c.campaign_id)
        .where(membership.c.volunteer_id == bindparam("volunteer_id"), membership.c.invited)
        .where(state_is(campaign, *states))
        .order_by(membership.c.campaign_id.desc())
        .limit(1)
    )


_LOOKED_AT = (
    _holding(CampaignState.LIVE, CampaignState.PAUSED),
    _invited(CampaignState.LIVE),
    _holding(CampaignState.DRAFT),
    _invited(CampaignState.DRAFT),
)
"""One that has not started is last, to say just that."""


async def of(session: Session, volunteer_id: str) -> int:
    """The campaign. Raises Forbidden for whoever has nobody in hand and no invitation."""
    for statement in _LOOKED_AT:
        found = (await session.execute(statement, {"volunteer_id": volunteer_id})).scalar_one_or_none()
        if found is not None:
            return int(found)
    raise Forbidden("You have no contacts in hand and no open invitation. Ask an organizer for some.")
