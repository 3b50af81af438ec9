"""Exports that somebody asked for in Slack: asked for, taken by a worker, done or given up.

A worker holds an export by a lease. One whose worker died is taken up again and written anew.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, posts
from bot.services.posts import PostKind
from models import ExportState, campaign, export, state_is
from models.types import Moment

_ADD = text(
    "INSERT INTO export (campaign_id, asked_by, at, state, rows, tries)"
    " VALUES (:campaign_id, :by, :now, 'waiting', 0, 0) ON CONFLICT DO NOTHING RETURNING id"
).bindparams(bindparam("now", type_=Moment))
_FREE = export.c.lease_until.is_(None) | (export.c.lease_until < bindparam("now"))
_OPEN = state_is(export, ExportState.WAITING, ExportState.RUNNING)
_WAITING = select(export.c.id).where(_OPEN, _FREE).order_by(export.c.tries, export.c.id).limit(1)
_TAKE = (
    update(export)
    .where(export.c.id == bindparam("which"), _OPEN, _FREE)
    .values(
        state=ExportState.RUNNING,
        rows=0,
        tries=export.c.tries + 1,
        owner=bindparam("by"),
        lease_until=bindparam("until"),
    )
)
_TAKEN = (
    select(
        *(export.c.id, export.c.campaign_id, export.c.asked_by, export.c.tries, export.c.channel, export.c.ts),
        campaign.c.name.label("campaign"),
    )
    .join(campaign, campaign.c.id == export.c.campaign_id)
    .where(export.c.id == bindparam("which"))
)
_OURS = (
    update(export)
    .where(export.c.id == bindparam("which"), export.c.owner == bindparam("by"))
    .where(state_is(export, ExportState.RUNNING))
)
_GO_ON = _OURS.values(rows=bindparam("so_far"), lease_until=bindparam("until"))
_SHOWN = _OURS.values(channel=bindparam("where"), ts=bindparam("stamp"))
_PUT_OFF = _OURS.values(state=ExportState.WAITING, owner=None, lease_until=bindparam("until"))
_END = _OURS.values(state=bindparam("end"), rows=bindparam("so_far"), error=bindparam("why"), lease_until=None)


@dataclass(frozen=True, slots=True)
class Taken:
    """An export whose lease is ours. `shown` is the (channel, ts) of the message that says how far it is."""

    id: int
    owner: str
    campaign_id: int
    campaign: str
    asked_by: str
    tries: int
    shown: tuple[str, str] | None


async def ask(session: Session, found: Any, *, by: str, now: datetime) -> int:
    """Have this campaign's files written. Raises Refusal while the same person's last export of it is under way."""
    values = {"campaign_id": found.id, "by": by, "now": now}
    export_id = (await session.execute(_ADD, values)).scalar_one_or_none()
    if export_id is None:
        raise Refusal(f"Your last export of {found.name} is still being written. Its files come to you here in Slack.")
    await note(session, found.name, by=by, now=now)
    return int(export_id)


async def note(session: Session, name: str, *, by: str, now: datetime) -> None:
    """Keep who took the data of which campaign out, and when."""
    await audit.note(session, who=by, what="export", subject=name, now=now)


async def take(session: Session, *, owner: str, now: datetime, until: datetime) -> Taken | None:
    """The export that waits first, ours until then; None when none waits."""
    export_id = (await session.execute(_WAITING, {"now": now})).scalar_one_or_none()
    if export_id is None:
        return None
    which = {"which": export_id}
    taken: Any = await session.execute(_TAKE, {**which, "by": owner, "now": now, "until": until})
    if taken.rowcount != 1:
        return None
    row = (await session.execute(_TAKEN, which)).one()
    shown = (row.channel, row.ts) if row.ts else None
    return Taken(row.id, owner, row.campaign_id, row.campaign, row.asked_by, row.tries, shown)


async def go_on(session: Session, taken: Taken, *, rows: int, until: datetime) -> bool:
    """Keep how far it is, and the lease for longer. False when another worker has taken over."""
    return await _change(session, taken, _GO_ON, so_far=rows, until=until)


async def shown(session: Session, taken: Taken, where: tuple[str, str]) -> None:
    """Keep which message says how far it is, for whoever goes on after us."""
    await _change(session, taken, _SHOWN, where=where[0], stamp=where[1])


async def put_off(session: Session, taken: Taken, *, until: datetime) -> None:
    """Not before then: other exports go first."""
    await _change(session, taken, _PUT_OFF, until=until)


async def finish(session: Session, taken: Taken, *, rows: int) -> None:
    """Its files have been handed over."""
    await _change(session, taken, _END, end=ExportState.DONE, so_far=rows, why=None)


async def fail(session: Session, taken: Taken, why: str, *, now: datetime) -> None:
    """It is given up, and whoever asked is told why."""
    if await _change(session, taken, _END, end=ExportState.FAILED, so_far=0, why=why):
        key = f"export:{taken.id}:failed"
        await posts.add(session, PostKind.NOT_EXPORTED, to=taken.asked_by, dedupe=key, now=now, words=why)


async def _change(session: Session, taken: Taken, statement: Any, **values: Any) -> bool:
    changed: Any = await session.execute(statement, {"which": taken.id, "by": taken.owner, **values})
    return bool(changed.rowcount == 1)
