"""The audit log: who did what when. Rows are only ever added; the clock seals them (`services/seals.py`)."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert

from bot.database import Session
from models import audit, audit_words

COMMAND_LINE = "command line"
"""Who, where nobody of Slack's did it."""

_ADD = insert(audit).returning(audit.c.id)
_ADD_WORDS = insert(audit_words)
_ERASE_WORDS = delete(audit_words).where(audit_words.c.subject == bindparam("about"))


async def note(
    session: Session, *, who: str, what: str, now: datetime, subject: str = "", words: str = "", **data: Any
) -> None:
    """Add a row. `data` is whatever makes the act understandable later; never a text's words or a phone number.

    `words` are what somebody wrote of a person, whose keyed hash is the `subject`: they go when the person is erased.
    """
    salt = secrets.token_hex(8) if words else ""
    if words:
        data["words"] = hash_of(words, salt)
    row = {"at": now, "who": who, "what": what, "subject": subject, "data": data or None}
    audit_id = (await session.execute(_ADD, row)).scalar_one()
    if words:
        await session.execute(_ADD_WORDS, {"audit_id": audit_id, "subject": subject, "salt": salt, "words": words})


async def erase_words(session: Session, subject: str) -> None:
    """What was written of this person goes; that something was written stays."""
    await session.execute(_ERASE_WORDS, {"about": subject})


def hash_of(words: str, salt: str) -> str:
    """By which the log shows that words beside it were changed."""
    return hashlib.sha256(f"{salt}:{words}".encode()).hexdigest()
