"""What is said of an import, and where its file is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.errors import Refusal
from bot.services import campaigns, contacts
from models import ImportState, campaign, contact_import, script, state_is

_URL = select(contact_import.c.file_url).where(contact_import.c.id == bindparam("import_id"))
_WORD = (
    select(
        *(contact_import.c.state, contact_import.c.file_name, contact_import.c.imported, contact_import.c.rejected),
        *(contact_import.c.error, campaign.c.name.label("campaign"), campaign.c.state.label("campaign_state")),
        *(campaign.c.fields, script.c.body.label("script"), campaign.c.id.label("campaign_id")),
        contact_import.c.look_up,
    )
    .join(campaign, campaign.c.id == contact_import.c.campaign_id)
    .join(script, script.c.id == campaign.c.script_id)
    .where(contact_import.c.id == bindparam("import_id"))
)


_BROKEN_OFF = (
    select(contact_import.c.id, contact_import.c.next_row)
    .where(contact_import.c.campaign_id == bindparam("campaign_id"))
    .where(contact_import.c.fingerprint == bindparam("fingerprint"))
    .where(
        state_is(contact_import, ImportState.STAGING)
        | (state_is(contact_import, ImportState.LIVE) & contact_import.c.open_after.is_not(None))
    )
    .order_by(contact_import.c.id)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Word:
    """What the organizer is told. `hole` is a field of the script that the contacts lack, in words."""

    campaign: str
    campaign_state: str
    file_name: str
    state: str
    imported: int
    rejected: int
    error: str | None
    hole: str | None
    import_id: int
    campaign_id: int
    look_up: bool
    """Whoever brought it would have its numbers looked up."""


async def file_url(session: Session, import_id: int) -> str | None:
    """Where the file is fetched from in Slack."""
    return (await session.execute(_URL, {"import_id": import_id})).scalar_one()


async def broken_off(session: Session, campaign_id: int, fingerprint: str) -> Any | None:
    """The import of this very file of this machine that has not come to its end: its `id` and `next_row`."""
    return (await session.execute(_BROKEN_OFF, {"campaign_id": campaign_id, "fingerprint": fingerprint})).first()


async def word_of(session: Session, import_id: int) -> Word:
    """What became of this import."""
    row = (await session.execute(_WORD, {"import_id": import_id})).one()
    hole = None
    try:
        campaigns.check_fields(row.script, row.fields, name=row.campaign)
    except Refusal as refusal:
        hole = str(refusal)
    counts = {"imported": row.imported, "rejected": row.rejected, "error": row.error}
    about = {"campaign": row.campaign, "campaign_state": row.campaign_state, "file_name": row.file_name}
    where = {"import_id": import_id, "campaign_id": row.campaign_id}
    return Word(**about, **where, state=row.state, **counts, hole=hole, look_up=row.look_up)


async def unreadable(session: Session, import_id: int, why: str, *, owner: str, now: datetime) -> None:
    """The file can't be had, and asking again would not help."""
    running = await contacts.take(session, import_id, owner=owner, now=now, until=now + timedelta(minutes=1))
    if running is not None:
        await contacts.fail(session, running, why, now=now)
        await contacts.give_back(session, import_id, owner=owner)
