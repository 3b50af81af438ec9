"""Leases: a job that only one process may do at a time, and that another takes over when that one is gone."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, text

from bot.database import Session
from models.types import Moment

_TAKE = text(
    "INSERT INTO lease (name, owner, until) VALUES (:name, :owner, :until)"
    " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until"
    " WHERE lease.owner = excluded.owner OR lease.until < :now"
    " RETURNING owner"
).bindparams(bindparam("until", type_=Moment), bindparam("now", type_=Moment))

_HELD = text("SELECT 1 FROM lease WHERE name = :name AND until > :now").bindparams(bindparam("now", type_=Moment))
_GIVE_BACK = text("DELETE FROM lease WHERE name = :name AND owner = :owner")


async def take(session: Session, name: str, *, owner: str, now: datetime, lasting: timedelta) -> bool:
    """Take or renew the job; False while another process holds it."""
    values = {"name": name, "owner": owner, "until": now + lasting, "now": now}
    return (await session.execute(_TAKE, values)).first() is not None


async def is_held(session: Session, name: str, *, now: datetime) -> bool:
    """Whether somebody has the job."""
    return (await session.execute(_HELD, {"name": name, "now": now})).first() is not None


async def give_back(session: Session, name: str, *, owner: str) -> None:
    """Let another process take the job at once."""
    await session.execute(_GIVE_BACK, {"name": name, "owner": owner})
