"""Erasing: whoever has a number at once. `purging` does it campaign by campaign.

What was counted stays counted, and an opt-out stays by the number's keyed hash. What Slack shows of them is blanked
through the post queue, place by place, at a pace of its own.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
from sqlalchemy import String, bindparam, cast, delete, select, update

from bot.database import Session
from bot.services import audit, erasing_slack, optouts, phones, tallies
from bot.services.optouts import ERASED
from models import (
    answer,
    card,
    contact,
    contact_import,
    conversation,
    import_reject,
    inbound,
    inbox_item,
    message,
    opt_out,
    person,
)

_THEIRS: Any = bindparam("ids", expanding=True)
_PERSON = select(person.c.id, person.c.phone, person.c.unreachable).where(person.c.phone_hash == bindparam("hashed"))
_STATE = select(opt_out.c.state).where(opt_out.c.phone_hash == bindparam("hashed"))
_NO_REASON = update(opt_out).where(opt_out.c.phone_hash == bindparam("hashed")).values(reason=None)
_CONTACTS = select(contact.c.id).where(contact.c.person_id == bindparam("person_id"))
_BLANK_PERSON = update(person).where(person.c.id == bindparam("which")).values(phone=None, line_type=None)
_NOTHING: dict[str, Any] = {
    **{"external_id": None, "first_name": "", "last_name": "", "birth_year": None, "zip": None, "region": None},
    **{"timezone": None, "place": "", "fields": {}, "consent_source": None, "consent_at": None},
}
_BLANK = (
    update(contact).where(contact.c.id.in_(_THEIRS)).values(_NOTHING),
    update(conversation).where(conversation.c.contact_id.in_(_THEIRS)).values(draft=None),
    update(message).where(message.c.conversation_id.in_(_THEIRS)).values(body="", draft=None, media=None),
    update(inbound).where(inbound.c.conversation_id.in_(_THEIRS)).values(from_number="", body="", media=None),
    delete(answer).where(answer.c.conversation_id.in_(_THEIRS)),
    update(inbox_item)
    .where(inbox_item.c.conversation_id.in_(_THEIRS), inbox_item.c.kind == "help")
    .values(payload={"words": ""}),
)
_TEXTS = select(message.c.id).where(message.c.conversation_id.in_(_THEIRS))
_DECIDED = select(inbox_item.c.id, inbox_item.c.payload).where(
    inbox_item.c.kind == "doubtful", inbox_item.c.done_at.is_not(None)
)
_SAY_LESS = update(inbox_item).where(inbox_item.c.id == bindparam("which")).values(payload=bindparam("less"))
_NEWS = select(card.c.volunteer_id, card.c.news).where(card.c.news.is_not(None))
_NO_NEWS = update(card).where(card.c.volunteer_id == bindparam("whose")).values(news=bindparam("left"))
_STRANGERS = (
    update(inbound)
    .where(inbound.c.conversation_id.is_(None))
    .where((inbound.c.from_number == bindparam("phone")) | (inbound.c.person_id == bindparam("whom")))
    .values(from_number="", body="", media=None)
    .returning(inbound.c.id)
)
_REJECTED = select(import_reject.c.import_id, import_reject.c.row, import_reject.c.raw).where(
    cast(import_reject.c.raw, String).contains(bindparam("last_digit"))
)
_BLANK_REJECT = (
    update(import_reject)
    .where(import_reject.c.import_id == bindparam("which"), import_reject.c.row == bindparam("nth"))
    .values(raw=[])
)
_FILES = (
    select(contact_import.c.file_name, contact_import.c.imported_by, contact_import.c.created_at)
    .where(
        contact_import.c.id.in_(bindparam("imports", expanding=True))
        | contact_import.c.id.in_(select(contact.c.import_id).where(contact.c.id.in_(_THEIRS)))
    )
    .order_by(contact_import.c.id)
)


@dataclass(frozen=True, slots=True)
class Erased:
    """Whether anything was there, whether an opt-out stays, and the uploaded files that still have the person.

    Each file is (its name, who brought it, when).
    """

    had: bool
    opted_out: bool
    files: tuple[tuple[str, str, datetime], ...]


async def forget(session: Session, phone: str, *, secret: str, by: str, now: datetime) -> Erased:
    """Erase whoever has this number: the number, names, what the file said, and every word to and from them.

    Twice does no more than once.
    """
    hashed = phones.phone_hash(secret, phone)
    known = (await session.execute(_PERSON, {"hashed": hashed})).first()
    person_id = known.id if known else 0
    ids = list((await session.execute(_CONTACTS, {"person_id": person_id})).scalars())
    if known is not None:
        await _stop(session, known.id, known.unreachable or ERASED, now=now)
    strangers = (await session.execute(_STRANGERS, {"phone": phone, "whom": person_id})).all()
    rejected = await _erase_rejected(session, phone)
    had = bool(strangers or rejected) or (known is not None and known.phone is not None)
    found = await session.execute(_FILES, {"imports": rejected, "ids": ids}) if had else None
    files = tuple((row.file_name, row.imported_by, row.created_at) for row in found.all()) if found else ()
    await erasing_slack.queue(session, ids, hashed=hashed, by=by, now=now)
    await blank(session, ids)
    await session.execute(_BLANK_PERSON, {"which": person_id})
    await session.execute(_NO_REASON, {"hashed": hashed})
    await audit.erase_words(session, hashed)
    await audit.note(session, who=by, what="erased", subject=hashed, now=now)
    return Erased(had, (await session.execute(_STATE, {"hashed": hashed})).first() is not None, files)


async def blank(session: Session, ids: Sequence[int]) -> None:
    """Whatever these contacts' rows say of them goes."""
    if not ids:
        return
    texts = set((await session.execute(_TEXTS, {"ids": ids})).scalars())
    for statement in _BLANK:
        await session.execute(statement, {"ids": ids})
    for item in (await session.execute(_DECIDED)).all():
        if item.payload.get("refused") and texts.intersection(item.payload["ids"]):
            await session.execute(_SAY_LESS, {"which": item.id, "less": {**item.payload, "refused": []}})
    for row in (await session.execute(_NEWS)).all():
        left = "\n".join(line for line in row.news.splitlines() if not _tells_of(line, ids))
        if left != row.news:
            await session.execute(_NO_NEWS, {"whose": row.volunteer_id, "left": left or None})


def _tells_of(line: str, ids: Collection[int]) -> bool:
    """Whether a line of a card's news has words about one of these, not only their place: that is read when drawn."""
    about, _, words = line.partition(" ")
    return int(about) in ids and "{name}" not in words


async def _stop(session: Session, person_id: int, why: str, *, now: datetime) -> None:
    """In an order in which a click at this very moment either comes first, and never leaves, or finds nobody."""
    await optouts.lock(session, person_id)
    how: dict[str, Any] = {"closed_as": ERASED, "now": now}
    await optouts.unreachable(session, person_id, why, **how)
    await tallies.bump(session, await optouts.close_conversations(session, person_id, **how))
    await optouts.unreachable(session, person_id, why, **how)  # what was clicked until the conversations were closed


async def _erase_rejected(session: Session, phone: str) -> list[int]:
    """Rows with this number that were not imported, in whatever notation. Returns their imports."""
    rows = (await session.execute(_REJECTED, {"last_digit": phone[-1:]})).all()
    theirs = [row for row in rows if _has(row.raw, phone)]
    for row in theirs:
        await session.execute(_BLANK_REJECT, {"which": row.import_id, "nth": row.row})
    return [row.import_id for row in theirs]


def _has(cells: Iterable[str], phone: str) -> bool:
    national = str(phonenumbers.parse(phone).national_number)
    return any("".join(c for c in str(cell) if c.isdigit()).endswith(national) for cell in cells)
