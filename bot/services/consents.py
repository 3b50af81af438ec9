"""How somebody agreed to be texted: what their import said, and what the file said of this very person, which wins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.database import Session
from bot.services.cards import name_of
from models import contact, contact_import

SOURCE = func.coalesce(contact.c.consent_source, contact_import.c.consent_where)
"""Where they agreed."""
WHEN = func.coalesce(contact.c.consent_at, contact_import.c.consent_when)

_ABOUT = (
    select(
        *(contact.c.first_name, contact.c.last_name, contact_import.c.consent, contact_import.c.created_at),
        *(contact_import.c.file_name, SOURCE.label("source"), WHEN.label("when")),
    )
    .join(contact_import, contact_import.c.id == contact.c.import_id)
    .where(contact.c.id == bindparam("which"))
)


@dataclass(frozen=True, slots=True)
class Consent:
    """What was agreed to, where and when, in the words of whoever brought the list, or of the list."""

    name: str
    what: str
    source: str | None
    when: str | None
    file_name: str
    imported_at: datetime


async def of_contact(session: Session, contact_id: int) -> Consent:
    """How this contact agreed."""
    row: Any = (await session.execute(_ABOUT, {"which": contact_id})).one()
    return Consent(name_of(row), row.consent, row.source, row.when, row.file_name, row.created_at)
