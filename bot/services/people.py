"""One person by their number, by hand: opted out, let in again, erased.

Nobody's number is written down for it: what was done is in the audit log under the number's keyed hash.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import phonenumbers
from sqlalchemy import String, bindparam, cast, delete, select, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, cards, cohorts, optouts, phones, tallies
from bot.services.optouts import ERASED
from bot.services.tallies import Metric
from models import (
    OptOutState,
    answer,
    contact,
    conversation,
    import_reject,
    inbound,
    inbox_item,
    message,
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
_CONTACTS = select(contact.c.id).where(contact.c.person_id == bindparam("person_id"))
_THEIRS: Any = bindparam("ids", expanding=True)
_BLANK_PERSON = update(person).where(person.c.id == bindparam("which")).values(phone=None, line_type=None)
_BLANK_CONTACTS = (
    update(contact)
    .where(contact.c.id.in_(_THEIRS))
    .values(
        external_id=None,
        first_name="",
        last_name="",
        birth_year=None,
        zip=None,
        region=None,
        timezone=None,
        place="",
        fields={},
    )
)
_BLANK_DRAFTS = update(conversation).where(conversation.c.contact_id.in_(_THEIRS)).values(draft=None)
_BLANK_TEXTS = update(message).where(message.c.conversation_id.in_(_THEIRS)).values(body="", draft=None, media=None)
_BLANK_INBOUND = (
    update(inbound).where(inbound.c.conversation_id.in_(_THEIRS)).values(from_number="", body="", media=None)
)
_BLANK_STRANGER = (
    update(inbound)
    .where(inbound.c.conversation_id.is_(None))
    .where((inbound.c.from_number == bindparam("phone")) | (inbound.c.person_id == bindparam("whom")))
    .values(from_number="", body="", media=None)
    .returning(inbound.c.id)
)
_NO_ANSWERS = delete(answer).where(answer.c.conversation_id.in_(_THEIRS))
_REJECTED = select(import_reject.c.import_id, import_reject.c.row, import_reject.c.raw).where(
    cast(import_reject.c.raw, String).contains(bindparam("last_digit"))
)
_BLANK_REJECT = (
    update(import_reject)
    .where(import_reject.c.import_id == bindparam("which"), import_reject.c.row == bindparam("nth"))
    .values(raw=[])
)
_BLANK_CALLS = (
    update(inbox_item)
    .where(inbox_item.c.conversation_id.in_(_THEIRS), inbox_item.c.kind == "help")
    .values(payload={"words": ""})
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
    """This number may be texted again, for a reason that is kept. Returns whether it had opted out at all.

    Raises Refusal without a reason.
    """
    if len(reason) < 3:
        raise Refusal(
            "Say why, after the number: how did this person ask for texts again? "
            "Such as `/textbank optin 313 555 0101 signed up again at our booth`."
        )
    hashed = phones.phone_hash(secret, phone)
    return await optouts.lift(session, hashed, reason[:REASON_LENGTH], by=by, now=now)


async def forget(session: Session, phone: str, *, secret: str, by: str, now: datetime) -> tuple[bool, bool]:
    """Erase whoever has this number: the number, names, what the file said, and every word to and from them.

    Returns whether anything was there to erase, and whether an opt-out stays, by the number's hash. What was counted
    stays counted. Twice does no more than once.
    """
    hashed = phones.phone_hash(secret, phone)
    known = (await session.execute(_PERSON, {"hashed": hashed})).first()
    had = await _erase_unmatched(session, phone, known.id if known else 0)
    if known is not None:
        await _erase(session, known.id, known.unreachable or ERASED, now=now)
        had = had or known.phone is not None
    had = await _erase_rejected(session, phone) or had
    await audit.note(session, who=by, what="erased", subject=hashed, now=now)
    return had, (await session.execute(_STATE, {"hashed": hashed})).first() is not None


async def _erase(session: Session, person_id: int, why: str, *, now: datetime) -> None:
    """In an order in which a click at this very moment either comes first, and never leaves, or finds nobody."""
    await optouts.lock(session, person_id)
    how: dict[str, Any] = {"closed_as": ERASED, "now": now}
    await optouts.unreachable(session, person_id, why, **how)
    await tallies.bump(session, await optouts.close_conversations(session, person_id, **how))
    await optouts.unreachable(session, person_id, why, **how)  # what was clicked until the conversations were closed
    await session.execute(_BLANK_PERSON, {"which": person_id})
    ids = {"ids": (await session.execute(_CONTACTS, {"person_id": person_id})).scalars().all()}
    for statement in (_BLANK_CONTACTS, _BLANK_DRAFTS, _BLANK_TEXTS, _BLANK_INBOUND, _NO_ANSWERS, _BLANK_CALLS):
        await session.execute(statement, ids)


async def _erase_unmatched(session: Session, phone: str, person_id: int) -> bool:
    """Texts that came from this number before any campaign had texted it."""
    rows = await session.execute(_BLANK_STRANGER, {"phone": phone, "whom": person_id})
    return rows.first() is not None


async def _erase_rejected(session: Session, phone: str) -> bool:
    """Rows with this number that were not imported: a second row of the same person, say, in whatever notation."""
    rows = (await session.execute(_REJECTED, {"last_digit": phone[-1:]})).all()
    theirs = [row for row in rows if _has(row.raw, phone)]
    for row in theirs:
        await session.execute(_BLANK_REJECT, {"which": row.import_id, "nth": row.row})
    return bool(theirs)


def _has(cells: Iterable[str], phone: str) -> bool:
    national = str(phonenumbers.parse(phone).national_number)
    return any("".join(c for c in str(cell) if c.isdigit()).endswith(national) for cell in cells)
