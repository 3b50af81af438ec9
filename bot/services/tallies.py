"""Tallies: counts kept with the change that they count, so that nothing ever counts a big table.

A row is one campaign's, hour's, volunteer's and script's: a hot row is at most one volunteer's own.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, text

from bot.database import Session
from models.types import Moment


class Metric(StrEnum):
    """What is counted. A text taken back counts -1 where it counted 1."""

    IMPORTED = "imported"
    HANDED = "handed"
    TEXTED = "texted"
    SKIPPED = "skipped"
    WRONG_NUMBER = "wrong_number"
    ANSWERED = "answered"
    REPLIES = "replies"
    OPT_OUTS = "opt_outs"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    NOT_SENT = "not_sent"


KEY = ("campaign_id", "bucket", "volunteer_id", "script_id", "metric")
COLUMNS = (*KEY, "n")
BUMP = text(
    "INSERT INTO tally (campaign_id, bucket, volunteer_id, script_id, metric, n)"
    " VALUES (:campaign_id, :bucket, :volunteer_id, :script_id, :metric, :n)"
    " ON CONFLICT (campaign_id, bucket, volunteer_id, script_id, metric) DO UPDATE SET n = tally.n + excluded.n"
).bindparams(bindparam("bucket", type_=Moment))


def entry(
    metric: Metric, *, campaign_id: int, volunteer_id: str | None, script_id: int | None, now: datetime, n: int = 1
) -> dict[str, Any]:
    """One bump's values."""
    return {
        "campaign_id": campaign_id,
        "bucket": now.replace(minute=0, second=0, microsecond=0),
        "volunteer_id": volunteer_id or "",
        "script_id": script_id or 0,
        "metric": metric.value,
        "n": n,
    }


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
