"""Daily digests: which channel gets one when, and each date's run of it.

A run is a row whose key is the digest and the local date: whoever puts it in queues the post, and nobody else does,
however many processes look and however often they start anew.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, posts
from bot.services.digest_days import Schedule, until_now
from bot.services.posts import PostKind
from models import digest, digest_run
from models.types import Moment

_OF_CHANNEL = select(digest).where(digest.c.channel == bindparam("channel"))
_BY_ID = select(digest).where(digest.c.id == bindparam("which"))
_SET = text(
    "INSERT INTO digest (channel, at, tz, ranking, next_run_at, created_by)"
    " VALUES (:channel, :at, :tz, :ranking, :next_run_at, :by)"
    " ON CONFLICT (channel) DO UPDATE SET at = excluded.at, tz = excluded.tz, ranking = excluded.ranking,"
    " next_run_at = excluded.next_run_at, created_by = excluded.created_by"
).bindparams(bindparam("next_run_at", type_=Moment))
_OFF = (
    update(digest)
    .where(digest.c.channel == bindparam("which"), digest.c.next_run_at.is_not(None))
    .values(next_run_at=None)
)
_LAST_RUN = select(func.max(digest_run.c.local_date)).where(digest_run.c.digest_id == bindparam("digest_id"))
_DUE = select(digest).where(digest.c.next_run_at <= bindparam("now")).order_by(digest.c.id).limit(100)
_MOVE_ON = (
    update(digest)
    .where(digest.c.id == bindparam("which"), digest.c.next_run_at == bindparam("was", type_=Moment))
    .values(next_run_at=bindparam("following", type_=Moment))
)
_RUN = text(
    "INSERT INTO digest_run (digest_id, local_date, at, state) VALUES (:digest_id, :local_date, :at, 'queued')"
    " ON CONFLICT (digest_id, local_date) DO NOTHING RETURNING digest_id"
).bindparams(bindparam("at", type_=Moment), bindparam("local_date", type_=digest_run.c.local_date.type))
_ENDED = (
    update(digest_run)
    .where(digest_run.c.digest_id == bindparam("which"), digest_run.c.local_date == bindparam("day"))
    .values(state=bindparam("how"))
)


async def start(
    session: Session, channel: str, schedule: Schedule, *, ranking: bool, by: str, now: datetime
) -> datetime:
    """A digest for this channel every day, in place of the one it may have; when the first comes.

    A date that has had its digest gets no second one.
    """
    before = (await session.execute(_OF_CHANNEL, {"channel": channel})).first()
    after = None
    if before is not None:
        after = (await session.execute(_LAST_RUN, {"digest_id": before.id})).scalar_one_or_none()
    first = schedule.next(now, after=after)
    values = {"channel": channel, "at": schedule.at, "tz": schedule.tz, "ranking": ranking}
    await session.execute(_SET, {**values, "next_run_at": first, "by": by})
    what: dict[str, Any] = {"at": schedule.at, "tz": schedule.tz, "ranking": ranking}
    await audit.note(session, who=by, what="digest", subject=channel, now=now, **what)
    return first


async def stop(session: Session, channel: str, *, by: str, now: datetime) -> None:
    """No more digests for this channel. Raises Refusal if it has none."""
    stopped: Any = await session.execute(_OFF, {"which": channel})
    if stopped.rowcount != 1:
        raise Refusal(f"<#{channel}> has no daily digest.")
    await audit.note(session, who=by, what="digest off", subject=channel, now=now)


async def ask(session: Session, to: str, *, tz: str, by: str, key: str, now: datetime) -> None:
    """Queue a digest of the time until now, for a channel or a person; one for each `key`.

    A channel that has a daily one gets it in that one's time zone, and as long.
    """
    found = (await session.execute(_OF_CHANNEL, {"channel": to})).first()
    schedule, day = until_now(now, found.tz if found else tz)
    what = _what(schedule, day, ranking=bool(found and found.ranking), by=by)
    await posts.add(session, PostKind.DIGEST, to=to, dedupe=f"digest:now:{key}", now=now, **what)


def _what(schedule: Schedule, day: date, *, ranking: bool, by: str) -> dict[str, Any]:
    return {"day": day.isoformat(), "at": schedule.at, "tz": schedule.tz, "ranking": ranking, "by": by}


async def queue_due(session: Session, *, now: datetime) -> None:
    """Queue every digest that has come due. One that was missed is made up for while its date lasts, and then not."""
    for row in (await session.execute(_DUE, {"now": now})).all():
        schedule = Schedule(row.at, row.tz)
        moved: Any = await session.execute(
            _MOVE_ON, {"which": row.id, "was": row.next_run_at, "following": schedule.next(now)}
        )
        day = schedule.due(now)
        if moved.rowcount != 1 or day is None or schedule.moment(day) < row.next_run_at:
            continue
        run = {"digest_id": row.id, "local_date": day, "at": now}
        if (await session.execute(_RUN, run)).first() is None:
            continue
        what = {"digest_id": row.id, **_what(schedule, day, ranking=row.ranking, by=row.created_by)}
        await posts.add(session, PostKind.DIGEST, to=row.channel, dedupe=f"digest:{row.id}:{day}", now=now, **what)


async def is_wanted(session: Session, asked: dict[str, Any], *, now: datetime) -> bool:
    """Whether a digest that waits to be posted still is to be: its date lasts, and nobody has put an end to it."""
    schedule, day = Schedule(asked["at"], asked["tz"]), date.fromisoformat(asked["day"])
    if "digest_id" not in asked:
        return True
    row = (await session.execute(_BY_ID, {"which": asked["digest_id"]})).one()
    return row.next_run_at is not None and schedule.is_time(day, now)


async def ended(session: Session, asked: dict[str, Any], how: str) -> None:
    """The date's run is over: "posted", "missed", or "refused" by Slack."""
    if "digest_id" in asked:
        day = date.fromisoformat(asked["day"])
        await session.execute(_ENDED, {"which": asked["digest_id"], "day": day, "how": how})
