"""Tallies: counts kept with the change that they count, so that nothing ever counts a big table.

A row is one campaign's, quarter hour's, volunteer's and script's: a hot row is at most one volunteer's own. Quarters,
because every time zone's day begins at one.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select, text

from bot.database import Session
from models import MessageKind, tally
from models.types import Moment


class Metric(StrEnum):
    """What is counted. A text taken back counts -1 where it counted 1.

    RESENT are texts in doubt that somebody sent again. REPLIES are the texts that came in, REPLIED the voters who
    answered for the first time. `waits` adds its own. SKIPPED, WRONG_NUMBER, LEFT_UNTEXTED (opted out) and UNREACHABLE
    are contacts put away before they were texted, under the volunteer who held them, if anybody did. THEN_… are counted
    by `cohorts`, under the moment of the text. SEGMENTS (of texts without a picture) and PICTURES (texts with one) are
    what the carrier took, under nobody's name: money is computed from them.
    """

    IMPORTED = "imported"
    HANDED = "handed"
    TEXTED = "texted"
    SKIPPED = "skipped"
    WRONG_NUMBER = "wrong_number"
    LEFT_UNTEXTED = "left_untexted"
    UNREACHABLE = "unreachable"
    ANSWERED = "answered"
    RESENT = "resent"
    REPLIES = "replies"
    REPLIED = "replied"
    OPT_OUTS = "opt_outs"
    ACCEPTED = "accepted"
    SEGMENTS = "segments"
    PICTURES = "pictures"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    NOT_SENT = "not_sent"
    CONVERSIONS = "conversions"
    THEN_REPLIED = "then_replied"
    THEN_LEFT = "then_left"
    THEN_FAILED = "then_failed"


PUT_AWAY = {
    "skipped": Metric.SKIPPED,
    "wrong_number": Metric.WRONG_NUMBER,
    "opted_out": Metric.LEFT_UNTEXTED,
    "unreachable": Metric.UNREACHABLE,
    "erased": Metric.UNREACHABLE,
}
"""Why a conversation is closed whose contact was not texted yet → what counts it."""
OUT_OF_REACH = (Metric.LEFT_UNTEXTED, Metric.WRONG_NUMBER, Metric.UNREACHABLE)

KEY = ("campaign_id", "metric", "bucket", "volunteer_id", "script_id")
COLUMNS = (*KEY, "n")
BUMP = text(
    "INSERT INTO tally (campaign_id, bucket, volunteer_id, script_id, metric, n)"
    " VALUES (:campaign_id, :bucket, :volunteer_id, :script_id, :metric, :n)"
    " ON CONFLICT (campaign_id, bucket, volunteer_id, script_id, metric) DO UPDATE SET n = tally.n + excluded.n"
).bindparams(bindparam("bucket", type_=Moment))


_ANY = (
    select(tally.c.n)
    .where(tally.c.campaign_id == bindparam("of"), tally.c.metric == bindparam("what"), tally.c.n > 0)
    .limit(1)
)
BUCKET = timedelta(minutes=15)


def bucket_of(moment: datetime) -> datetime:
    """The beginning of the quarter of an hour in which something is counted."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def entry(
    metric: Metric | str,
    *,
    campaign_id: int,
    volunteer_id: str | None,
    script_id: int | None,
    now: datetime,
    n: int = 1,
) -> dict[str, Any]:
    """One bump's values. What is taken off again (`n` below 0) is taken off where it was counted: `now` was then."""
    return {
        "campaign_id": campaign_id,
        "bucket": bucket_of(now),
        "volunteer_id": volunteer_id or "",
        "script_id": script_id or 0,
        "metric": str(metric),
        "n": n,
    }


_CLICKED = {MessageKind.FIRST: Metric.TEXTED, MessageKind.RESEND: Metric.RESENT}


def clicked(kind: str) -> Metric:
    """What the act behind a text of this kind was counted as."""
    return _CLICKED.get(MessageKind(kind), Metric.ANSWERED)


async def any_of(session: Session, campaign_id: int, metric: Metric) -> bool:
    """Whether anything of a campaign has been counted so."""
    return (await session.execute(_ANY, {"of": campaign_id, "what": str(metric)})).first() is not None


async def bump(session: Session, entries: Iterable[dict[str, Any]]) -> None:
    """Count. Entries for the same row are added up, and rows come in one order so that two batches cannot deadlock."""
    totals: dict[tuple[Any, ...], dict[str, Any]] = {}
    for values in entries:
        key = tuple(values[name] for name in KEY)
        if key in totals:
            totals[key]["n"] += values["n"]
        else:
            totals[key] = dict(values)
    rows = [totals[key] for key in sorted(totals) if totals[key]["n"]]
    if rows:
        await session.execute(BUMP, rows if len(rows) > 1 else rows[0])
