"""Where the inbox is: a channel that organizers set, or while there is none the direct message of whoever runs it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text

from bot.database import Session
from bot.services import audit, organizers
from models import setting

_CHANNEL = select(setting.c.value).where(setting.c.name == "inbox")
_SET = text(
    "INSERT INTO setting (name, value) VALUES ('inbox', :channel)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_UNSET = delete(setting).where(setting.c.name == "inbox", setting.c.value == bindparam("channel"))


async def current(session: Session) -> str | None:
    """The inbox channel, if one is set."""
    return (await session.execute(_CHANNEL)).scalar_one_or_none()


async def choose(session: Session, channel: str, *, by: str, now: datetime) -> None:
    """From now on, everything goes there."""
    await session.execute(_SET, {"channel": channel})
    await audit.note(session, who=by, what="inbox", subject=channel, now=now)


async def leave(session: Session, channel: str, *, by: str, now: datetime) -> bool:
    """No channel any more; False if it is not the inbox (any longer)."""
    unset = await session.execute(_UNSET, {"channel": channel})
    if not unset.rowcount:
        return False
    await audit.note(session, who=by, what="inbox off", subject=channel, now=now)
    return True


async def recipients(
    session: Session, campaign_id: int | None, *, admins: Collection[str] = (), but: str = ""
) -> list[str]:
    """Who is shown a call: the inbox channel alone, or whoever runs the campaign; but not the place that was lost."""
    channel = await current(session)
    if channel and channel != but:
        return [channel]
    return await organizers.who_run(session, campaign_id, admins=admins, but=(but,))
