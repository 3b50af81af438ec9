"""What the doctor found when it last looked, kept so that a page which has to be quick can show it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text

from bot.database import Session
from bot.services.doctor import Finding, Level
from models import setting

FRESH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Looked:
    """When the doctor looked, and at what it found."""

    at: datetime
    found: tuple[Finding, ...]

    def is_fresh(self, now: datetime) -> bool:
        """Whether it is too early to look again."""
        return now - self.at < FRESH


_NAME = "doctor:found"
_KEEP = text(
    "INSERT INTO setting (name, value) VALUES ('doctor:found', :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_LAST = select(setting.c.value).where(setting.c.name == _NAME)


async def keep(session: Session, found: Sequence[Finding], *, now: datetime) -> None:
    """In place of what was found before."""
    kept = {"at": now.timestamp(), "found": [[each.level.value, each.words, each.mend] for each in found]}
    await session.execute(_KEEP, {"value": json.dumps(kept)})


async def last(session: Session) -> Looked | None:
    """What was found last; None if nobody has looked."""
    raw = (await session.execute(_LAST)).scalar_one_or_none()
    if raw is None:
        return None
    kept = json.loads(raw)
    found = tuple(Finding(Level(level), words, mend) for level, words, mend in kept["found"])
    return Looked(datetime.fromtimestamp(kept["at"], UTC), found)
