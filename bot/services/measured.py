"""Texts that `doctor --live` has sent, which belong to no campaign: that the database lacks them shows no restore."""

from sqlalchemy import bindparam, delete, select, text

from bot.database import Session
from models import setting

_PREFIX = "doctor:text:"
_NOTE = text("INSERT INTO setting (name, value) VALUES (:name, '') ON CONFLICT (name) DO NOTHING")
_FORGET = delete(setting).where(setting.c.name == bindparam("gone"))
_ALL = select(setting.c.name).where(setting.c.name.like(f"{_PREFIX}%"))


async def note(session: Session, sid: str) -> None:
    """The carrier has taken this text."""
    await session.execute(_NOTE, {"name": _PREFIX + sid})


async def forget(session: Session, sid: str) -> None:
    """The carrier has it no more."""
    await session.execute(_FORGET, {"gone": _PREFIX + sid})


async def sids(session: Session) -> set[str]:
    """The carrier's ids of those that it may still list."""
    return {name.removeprefix(_PREFIX) for name in (await session.execute(_ALL)).scalars()}
