"""One person by their number, by hand: opted out, let in again. `erasing` erases.

Nobody's number is written down for it: what was done is in the audit log under the number's keyed hash.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.errors import Refusal
from bot.services import cards, cohorts, optouts, phones, tallies
from bot.services.tallies import Metric
from models import (
    OptOutState,
    conversation,
    opt_out,
    person,
)

REASON_LENGTH = 300

_PERSON = select(person.c.id, person.c.phone, person.c.unreachable).where(person.c.phone_hash == bindparam("hashed"))
_STATE = select(opt_out.c.state).where(opt_out.c.phone_hash == bindparam("hashed"))
_NEWEST = (
    select(
        *(conversation.c.contact_id, conversation.c.campaign_id),
        *(conversation.c.volunteer_id, conversation.c.script_id),
    )
    .where(conversation.c.person_id == bindparam("person_id"))
    .order_by(conversation.c.last_out_at.is_(None), conversation.c.last_out_at.desc(), conversation.c.contact_id.desc())
    .limit(1)
)


async def opt_out_by_hand(
    session: Session,
    phone: str,
    *,
    secret: str,
    by: str,
    now: datetime,
    source: str = "by hand",
    reason: str | None = None,
) -> bool:
    """Nobody texts this number again, in any campaign. Returns whether that is new."""
    hashed = phones.phone_hash(secret, phone)
    known = (await session.execute(_PERSON, {"hashed": hashed})).first()
    person_id = known.id if known else None
    found = (await session.execute(_NEWEST, {"person_id": person_id})).first() if known else None
    what: dict[str, Any] = {"state": OptOutState.OUT, "source": source, "by": by, "reason": reason}
    is_new = await optouts.record(session, hashed, person_id=person_id, **what, now=now)
    if is_new and found is not None:
        counted = {"campaign_id": found.campaign_id, "volunteer_id": found.volunteer_id, "script_id": found.script_id}
        then = await cohorts.of_person(session, Metric.THEN_LEFT, found.contact_id)
        await tallies.bump(session, [tallies.entry(Metric.OPT_OUTS, **counted, now=now), *then])
        if found.volunteer_id is not None:
            await cards.add_news(session, found.volunteer_id, cards.LEFT, about=found.contact_id)
    return is_new


async def opt_in(session: Session, phone: str, reason: str, *, secret: str, by: str, now: datetime) -> bool:
    """This number may be texted again, for a reason that is kept. Returns whether anything had spoken against it: an
    opt-out, or that it was noted as somebody else's, a landline or dead.

    Raises Refusal without a reason.
    """
    if len(reason) < 3:
        raise Refusal(
            "Say why, after the number: how did this person ask for texts again? "
            "Such as `/textbank optin 313 555 0101 signed up again at our booth`."
        )
    hashed = phones.phone_hash(secret, phone)
    reason = reason[:REASON_LENGTH]
    had_opted_out = await optouts.lift(session, hashed, reason, by=by, now=now)
    return await optouts.is_theirs(session, hashed, reason, by=by, now=now) or had_opted_out
