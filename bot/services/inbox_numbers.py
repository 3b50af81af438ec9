"""Items about a number rather than a conversation: a stranger who wrote, somebody who opted out and texted START."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.errors import Refusal
from bot.services import inbox, optouts
from bot.services.inbox import Item, Kind
from bot.services.keywords import Verdict
from models import OptOutState, inbound, person

TEXTED_START = "they texted START"
"""The reason that is kept: what they wrote stands in their conversation."""

_START, _LATER = inbound.alias("start"), inbound.alias("later")
_STOPPED_SINCE = (
    select(_LATER.c.id)
    .join(_START, _START.c.from_number == _LATER.c.from_number)
    .where(_START.c.id == bindparam("start"), _LATER.c.id > _START.c.id)
    .where(_LATER.c.verdict.in_((Verdict.OUT.value, Verdict.HELD.value)))
    .limit(1)
)
_PERSON = select(person.c.id).where(person.c.phone_hash == bindparam("hashed"))


async def opt_out(session: Session, item_id: int, *, by: str, now: datetime) -> Item:
    """This number is not to be texted, in any campaign."""
    item = await _strangers(session, item_id, by)
    hashed = item.about["phone_hash"]
    person_id = (await session.execute(_PERSON, {"hashed": hashed})).scalar_one_or_none()
    out: dict[str, Any] = {"state": OptOutState.OUT, "source": "by hand", "by": by}
    await optouts.record(session, hashed, person_id=person_id, **out, now=now)
    await inbox.finish(session, item, "opted out", by=by, now=now)
    return await inbox.read(session, item_id)


async def keep(session: Session, item_id: int, *, by: str, now: datetime) -> Item:
    """Doubtful words of theirs were no opt-out."""
    item = await _strangers(session, item_id, by)
    await inbox.check_all_is_read(session, item_id)
    await optouts.release(session, item.about["phone_hash"], by=by, now=now)
    await inbox.finish(session, item, "no opt-out", by=by, now=now)
    return await inbox.read(session, item_id)


async def let_back(session: Session, item_id: int, *, by: str, now: datetime) -> Item:
    """Whoever texted START may be texted again: that is the reason which is kept."""
    item = await _theirs_to_decide(session, item_id, by)
    if (await session.execute(_STOPPED_SINCE, {"start": item.about["first"]})).first() is not None:
        raise Refusal("They have asked to be left alone again since. Press “Leave it”.")
    await optouts.lift(session, item.about["phone_hash"], TEXTED_START, by=by, now=now)
    await inbox.finish(session, item, "let back", by=by, now=now)
    return await inbox.read(session, item_id)


async def stays_out(session: Session, item_id: int, *, by: str, now: datetime) -> Item:
    """Whoever texted START is not texted again all the same."""
    await inbox.finish(session, await _theirs_to_decide(session, item_id, by), "stays out", by=by, now=now)
    return await inbox.read(session, item_id)


async def _theirs_to_decide(session: Session, item_id: int, by: str) -> Item:
    item = await inbox.mine(session, item_id, by=by)
    if item.kind is not Kind.WANTS_BACK:
        raise Refusal("That is not about somebody who texted START.")
    return item


async def _strangers(session: Session, item_id: int, by: str) -> Item:
    item = await inbox.mine(session, item_id, by=by)
    if item.kind is not Kind.STRANGER:
        raise Refusal("That is not about an unknown number.")
    return item
