"""The audit log: who did what when. Rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from bot.database import Session
from models import audit

COMMAND_LINE = "command line"
"""Who, where nobody of Slack's did it."""

_ADD = insert(audit)


async def note(session: Session, *, who: str, what: str, now: datetime, subject: str = "", **data: Any) -> None:
    """Add a row. `data` is whatever makes the act understandable later; never a text's words or a phone number."""
    await session.execute(_ADD, {"at": now, "who": who, "what": what, "subject": subject, "data": data or None})
