"""Personal data of a campaign are kept for a set time after it is closed, and then purged by the clock.

A chunk of an import's contacts at a time, in a short transaction with the mark of how far it is. Opt-outs, counts and
the audit log stay; so does why a number is not to be texted again, by the number's keyed hash.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, tuple_, update

from bot.database import Session
from bot.services import audit, erasing, erasing_slack, posts
from bot.services.optouts import ERASED
from bot.services.posts import PostKind
from models import (
    CampaignState,
    audit_words,
    campaign,
    contact,
    contact_import,
    import_reject,
    inbound,
    person,
    state_is,
)

CHUNK = 300
CHUNKS = 20
"""At one time: SQLite's clicks come in between, and the clock has other things to do."""
SAID_BEFORE = timedelta(days=7)
CLOCK = "clock"

_CLOSED = (
    select(campaign)
    .where(state_is(campaign, CampaignState.CLOSED), campaign.c.purged_at.is_(None))
    .where(campaign.c.closed_at < bindparam("before"))
    .order_by(campaign.c.id)
)
_IMPORTS = (
    select(contact_import.c.id, contact_import.c.erased_up_to, contact_import.c.file_name, contact_import.c.imported_by)
    .where(contact_import.c.campaign_id == bindparam("campaign_id"))
    .order_by(contact_import.c.id)
)
_SOME = (
    select(contact.c.id, contact.c.person_id)
    .where(contact.c.import_id == bindparam("import_id"), contact.c.id > bindparam("after"))
    .order_by(contact.c.id)
    .limit(bindparam("most"))
)
_MARK = update(contact_import).where(contact_import.c.id == bindparam("which")).values(erased_up_to=bindparam("last"))
_KEPT = (
    select(contact.c.id)
    .join(contact_import, contact_import.c.id == contact.c.import_id)
    .where(contact.c.person_id == person.c.id, contact.c.id > contact_import.c.erased_up_to)
    .exists()
)
_NOBODY_ELSES = (
    update(person)
    .where(person.c.id.in_(bindparam("people", expanding=True)), person.c.phone.is_not(None), ~_KEPT)
    .values(phone=None, line_type=None, unreachable=func.coalesce(person.c.unreachable, ERASED))
    .returning(person.c.phone_hash)
)
_NO_WORDS = delete(audit_words).where(audit_words.c.subject.in_(bindparam("hashes", expanding=True)))
_SOME_REJECTS = (
    select(import_reject.c.import_id, import_reject.c.row)
    .join(contact_import, contact_import.c.id == import_reject.c.import_id)
    .where(contact_import.c.campaign_id == bindparam("campaign_id"))
    .limit(bindparam("most"))
)
_NO_REJECTS = delete(import_reject).where(
    tuple_(import_reject.c.import_id, import_reject.c.row).in_(bindparam("rows", expanding=True))
)
_PURGED = update(campaign).where(campaign.c.id == bindparam("which")).values(purged_at=bindparam("now"))
_LATE = (
    select(inbound.c.id, inbound.c.conversation_id, campaign.c.created_by)
    .outerjoin(contact, contact.c.id == inbound.c.conversation_id)
    .outerjoin(contact_import, contact_import.c.id == contact.c.import_id)
    .outerjoin(campaign, campaign.c.id == contact.c.campaign_id)
    .where(inbound.c.at < bindparam("before"), inbound.c.from_number != "")
    .where(or_(inbound.c.conversation_id.is_(None), contact.c.id <= contact_import.c.erased_up_to))
    .limit(bindparam("most"))
)
_BLANK_LATE = (
    update(inbound)
    .where(inbound.c.id.in_(bindparam("ids", expanding=True)))
    .values(from_number="", body="", media=None)
)


async def some(session: Session, *, days: int, now: datetime) -> bool:
    """Purge some of what has been kept for so many days; False if nothing is left to purge."""
    before = now - timedelta(days=days)
    for found in (await session.execute(_CLOSED, {"before": before})).all():
        await _purge(session, found, now=now)
        return True
    late = (await session.execute(_LATE, {"before": before, "most": CHUNK})).all()
    if late:
        await _erase_late(session, late, now=now)
    return bool(late)


async def announce(session: Session, *, days: int, now: datetime) -> None:
    """Tell whoever made a campaign, a week before its data go."""
    before = now - timedelta(days=days) + SAID_BEFORE
    for found in (await session.execute(_CLOSED, {"before": before})).all():
        words = (
            f"The personal data of {found.name} will be erased {_day(found.closed_at + timedelta(days=days))}: {days} "
            "days after it closed names, numbers and words go; opt-outs and counts stay. If you need them, "
            f"`/textbank export {found.name}` brings them."
        )
        await _tell(session, found, "soon", words, now=now)


async def _purge(session: Session, found: Any, *, now: datetime) -> None:
    imports = (await session.execute(_IMPORTS, {"campaign_id": found.id})).all()
    for each in imports:
        of = {"import_id": each.id, "after": each.erased_up_to, "most": CHUNK}
        if rows := (await session.execute(_SOME, of)).all():
            return await _erase(session, found, each.id, rows, now=now)
    rejected = (await session.execute(_SOME_REJECTS, {"campaign_id": found.id, "most": CHUNK})).all()
    if rejected:
        await session.execute(_NO_REJECTS, {"rows": [tuple(row) for row in rejected]})
        return
    await session.execute(_PURGED, {"which": found.id, "now": now})
    await audit.note(session, who=CLOCK, what="campaign purged", subject=found.name, now=now)
    files = ", ".join(sorted({f"“{row.file_name}”" for row in imports}))
    words = (
        f"The personal data of {found.name} have been erased, as planned; opt-outs and counts stay. Files that were "
        f"uploaded ({files}) and exports in Slack are not ours to delete: whoever has them should. What people typed "
        "in threads themselves stays as well."
    )
    await _tell(session, found, "done", words, now=now)


async def _erase(session: Session, found: Any, import_id: int, rows: Any, *, now: datetime) -> None:
    ids = [row.id for row in rows]
    await session.execute(_MARK, {"which": import_id, "last": ids[-1]})
    await erasing_slack.of_conversations(session, ids, by=found.created_by, now=now)
    await erasing_slack.of_campaign(session, found.id, ids, by=found.created_by, now=now)
    await erasing.blank(session, ids)
    people = [row.person_id for row in rows]
    hashes = list((await session.execute(_NOBODY_ELSES, {"people": people})).scalars())
    if hashes:
        await session.execute(_NO_WORDS, {"hashes": hashes})


async def _erase_late(session: Session, late: Sequence[Any], *, now: datetime) -> None:
    """Strangers' words, and answers that came after their campaign was purged."""
    await erasing_slack.of_strangers(session, {row.id for row in late if row.conversation_id is None}, now=now)
    for by in sorted({row.created_by for row in late if row.created_by}):
        theirs = [row.conversation_id for row in late if row.created_by == by]
        await erasing_slack.of_conversations(session, theirs, by=by, now=now)
    await session.execute(_BLANK_LATE, {"ids": [row.id for row in late]})


async def _tell(session: Session, found: Any, what: str, words: str, *, now: datetime) -> None:
    if found.created_by == audit.COMMAND_LINE:
        return
    key = f"purge-{what}:{found.id}"
    await posts.add(session, PostKind.NOTE, to=found.created_by, dedupe=key, now=now, words=words, thread_ts=None)


def _day(moment: datetime) -> str:
    return f"on {moment:%B} {moment.day}, {moment.year}"
