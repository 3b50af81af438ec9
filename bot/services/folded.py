"""Words that are shown folded, for whoever asks to read them."""

from sqlalchemy import bindparam, func, select

from bot.database import Session
from bot.errors import Refusal
from bot.services import volunteers
from bot.services.conversations import Said, theirs
from models import campaign, conversation, inbound

_WORDS = (
    select(
        *(inbound.c.id, inbound.c.at, inbound.c.body, inbound.c.media, inbound.c.conversation_id),
        func.coalesce(conversation.c.volunteer_id, campaign.c.created_by).label("whose"),
    )
    .outerjoin(conversation, conversation.c.contact_id == inbound.c.conversation_id)
    .outerjoin(campaign, campaign.c.id == conversation.c.campaign_id)
    .where(inbound.c.id == bindparam("which"))
)


async def read(session: Session, inbound_id: int, *, by: str) -> tuple[Said, int | None]:
    """A text that was shown folded, and its conversation if that is `by`'s.

    Raises Refusal if nothing is kept of it, Forbidden for somebody who is suspended.
    """
    await volunteers.check_not_suspended(session, by)
    row = (await session.execute(_WORDS, {"which": inbound_id})).first()
    if row is None or not row.body:
        raise Refusal("Those words are not kept any more.")
    return theirs(row), row.conversation_id if row.whose == by else None
