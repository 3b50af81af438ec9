"""Whether Slack's requests reach us: when an event last came, our address was verified, a signature did not fit.

That no event ever came shows nowhere else: buttons and commands work, and what volunteers type in threads goes nowhere.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import select, text

from bot.database import Session
from models import setting


class What(StrEnum):
    """What came. REFUSED: a request that says it is Slack's, and is not signed by our secret."""

    EVENT = "event"
    VERIFIED = "verified"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Heard:
    """When each last came, to the hour; None if it never did."""

    event: datetime | None = None
    verified: datetime | None = None
    refused: datetime | None = None


_PREFIX = "heard:"
_NOTE = text(
    "INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_ALL = select(setting.c.name, setting.c.value).where(setting.c.name.in_([_PREFIX + what for what in What]))


async def note(session: Session, what: What, *, now: datetime) -> None:
    """It came now."""
    await session.execute(_NOTE, {"name": _PREFIX + what, "value": str(now.timestamp())})


async def look(session: Session) -> Heard:
    """What has come so far."""
    rows = (await session.execute(_ALL)).all()
    return Heard(**{row.name.removeprefix(_PREFIX): datetime.fromtimestamp(float(row.value), UTC) for row in rows})
