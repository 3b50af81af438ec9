"""Whether Slack takes our token. It can't be said in Slack when it does not: `/metrics` and the doctor look here."""

from datetime import datetime

from sqlalchemy import delete, select, text

from bot.database import Session
from models import setting

_NAME = "slack_token"
_LOST = text(
    "INSERT INTO setting (name, value) VALUES ('slack_token', :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_BACK = delete(setting).where(setting.c.name == _NAME)
_WHY = select(setting.c.value).where(setting.c.name == _NAME)


async def lost(session: Session, why: str, *, now: datetime) -> None:
    """Slack has refused our token; `why` is its word for it."""
    await session.execute(_LOST, {"value": f"{why}, since {now:%Y-%m-%d %H:%M} UTC"})


async def is_back(session: Session) -> None:
    """Slack has taken it."""
    await session.execute(_BACK)


async def why_lost(session: Session) -> str | None:
    """Slack's word for what is wrong with it, and since when; None while it is right, as far as is known."""
    return (await session.execute(_WHY)).scalar_one_or_none()
