"""Campaigns that open and close by the clock. Texts never do: each has a click of somebody's behind it.

A plan is a moment in the campaign's row. Whoever opens or closes it, the clock or a person, does so by the state's
compare-and-set, so that it happens once; opening for any reason takes a planned opening away.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, campaigns, closing, posts
from bot.services.digest_days import read_zone
from bot.services.posts import PostKind
from models import CampaignState, campaign, state_was

CLOCK = "clock"
"""Who is said to have opened or closed a campaign by plan."""
FURTHEST = timedelta(days=366)

_AT = re.compile(r"(?P<name>.*?)\s*\bat\s+(?P<date>\d{4}-\d\d?-\d\d?)[ T]+(?P<time>\d\d?:\d\d)(?:\s+(?P<zone>\S.*))?")
_NEVER = re.compile(r"(?P<name>.*?)\s*\bat\s+never")
_LIKE_A_TIME = re.compile(r"\bat\s+(?:\d+\s*[-/.:]\s*\d|tomorrow|today|noon|midnight)", re.IGNORECASE)
_EXAMPLE = "`at 2026-10-20 09:00`, in 24 hours, with a time zone such as `America/Chicago` behind it if not your own"

_DUE_TO_CLOSE = select(campaign).where(
    campaign.c.closes_at <= bindparam("now"), campaign.c.state != CampaignState.CLOSED
)
_DUE_TO_CLOSE = _DUE_TO_CLOSE.with_for_update()  # a plan that is being changed is read as it will be
_DUE_TO_OPEN = select(campaign).where(campaign.c.opens_at <= bindparam("now"), campaign.c.state == CampaignState.DRAFT)
_DUE_TO_OPEN = _DUE_TO_OPEN.with_for_update()
_OPENS = (
    update(campaign)
    .where(campaign.c.id == bindparam("which"), state_was(campaign, CampaignState.DRAFT))
    .values(opens_at=bindparam("at"))
)
_CLOSES = (
    update(campaign)
    .where(campaign.c.id == bindparam("which"), campaign.c.state != CampaignState.CLOSED)
    .values(closes_at=bindparam("at"))
)
_GIVE_UP = (
    update(campaign)
    .where(campaign.c.id == bindparam("which"), campaign.c.opens_at == bindparam("planned"))
    .where(state_was(campaign, CampaignState.DRAFT))
    .values(opens_at=None)
)


@dataclass(frozen=True, slots=True)
class When:
    """A moment as somebody wrote it, in the time zone that was meant; None: a plan is taken back."""

    at: datetime | None
    zone: str = ""

    @property
    def words(self) -> str:
        """To be said back: "Tuesday, October 20, 2026 at 9:00 AM EDT (America/New_York)"."""
        if self.at is None:
            return "never"
        return f"{self.at.astimezone(ZoneInfo(self.zone)):%A, %B %-d, %Y at %-I:%M %p %Z} ({self.zone})"


def read(words: str, *, tz: str) -> tuple[str, When | None]:
    """`Fall GOTV at 2026-10-20 09:00 America/Chicago` → "Fall GOTV", that moment; None where no time is said.

    `tz` is the time zone of whoever wrote it. Raises Refusal for a time that there is not, or that cannot be read.
    """
    if found := _NEVER.fullmatch(words):
        return found["name"], When(None)
    if found := _AT.fullmatch(words):
        zone = read_zone(found["zone"] or tz)
        return found["name"], When(_moment(f"{found['date']} {found['time']}", zone), zone)
    if _LIKE_A_TIME.search(words):
        raise Refusal(f"Write the time like this: {_EXAMPLE}.")
    return words, None


def _moment(words: str, zone: str) -> datetime:
    """A time that comes twice, when clocks go back, is its first."""
    try:
        wall = datetime.strptime(words, "%Y-%m-%d %H:%M")  # noqa: DTZ007 (the zone comes next)
    except ValueError:
        raise Refusal(f"There is no such date or time as {words}. Write it like this: {_EXAMPLE}.") from None
    moment = wall.replace(tzinfo=ZoneInfo(zone))
    if datetime.fromtimestamp(moment.timestamp(), ZoneInfo(zone)).replace(tzinfo=None) != wall:
        raise Refusal(f"There is no {wall:%H:%M} on that day in {zone}: clocks go forward over it. Choose another.")
    return moment


def check(opens: datetime | None, closes: datetime | None, *, now: datetime) -> None:
    """Raises Refusal for a plan that is past, too far off, or the wrong way round."""
    for field, at in (("opens_at", opens), ("closes_at", closes)):
        if at is not None and at <= now:
            raise Refusal("That time has passed already. Choose a later one.", field=field)
        if at is not None and at > now + FURTHEST:
            raise Refusal("That is more than a year ahead. Choose an earlier time.", field=field)
    if opens is not None and closes is not None and closes <= opens:
        raise Refusal("It would close before it opens. Choose a later time to close.", field="closes_at")


async def plan_opening(session: Session, found: Any, when: When, *, by: str, now: datetime) -> None:
    """The campaign opens by itself then. Refused, as a start at once is, for a campaign that could not start."""
    if when.at is not None:
        await campaigns.check_can_start(session, found, now=now)
        check(when.at, None, now=now)
        check(when.at, found.closes_at, now=now)
    moved: Any = await session.execute(_OPENS, {"which": found.id, "at": when.at})
    if moved.rowcount != 1:
        raise Refusal(f"{found.name} has been started already.")
    await audit.note(session, who=by, what="campaign opens", subject=found.name, now=now, at=_noted(when))


async def plan_closing(session: Session, found: Any, when: When, *, by: str, now: datetime) -> None:
    """The campaign closes by itself then."""
    if when.at is not None:
        check(None, when.at, now=now)
        check(found.opens_at if found.state == CampaignState.DRAFT else None, when.at, now=now)
    moved: Any = await session.execute(_CLOSES, {"which": found.id, "at": when.at})
    if moved.rowcount != 1:
        raise Refusal(f"{found.name} is closed.")
    await audit.note(session, who=by, what="campaign closes", subject=found.name, now=now, at=_noted(when))


async def tick(session: Session, *, now: datetime) -> None:
    """Close and open what is due, and tell whoever made it; a campaign whose end has come is not opened any more."""
    for found in (await session.execute(_DUE_TO_CLOSE, {"now": now})).all():
        await _close(session, found, now=now)
    for found in (await session.execute(_DUE_TO_OPEN, {"now": now})).all():
        await _open(session, found, now=now)


async def _close(session: Session, found: Any, *, now: datetime) -> None:
    try:
        what_then = await closing.close(session, found, by=CLOCK, now=now)
    except Refusal:  # somebody was quicker
        return
    await _tell(session, found, f"{found.name} is closed now, as planned. {what_then}", now=now)


async def _open(session: Session, found: Any, *, now: datetime) -> None:
    try:
        await campaigns.start(session, found, by=CLOCK, now=now)
    except Refusal as why:
        given_up: Any = await session.execute(_GIVE_UP, {"which": found.id, "planned": found.opens_at})
        if given_up.rowcount == 1:  # not, if somebody else has just started it
            words = f"{found.name} should have opened by itself now, and could not. {why} Then start it by hand."
            await _tell(session, found, words, now=now)
        return
    words = (
        f"{found.name} is live now, as planned. Hand contacts out with `/textbank assign {found.name} @somebody 50` or "
        f"`/textbank invite {found.name} #channel`."
    )
    await _tell(session, found, words, now=now)


async def _tell(session: Session, found: Any, words: str, *, now: datetime) -> None:
    key = f"by-plan:{found.id}:{now.isoformat()}"
    await posts.add(session, PostKind.NOTE, to=found.created_by, dedupe=key, now=now, words=words, thread_ts=None)


def _noted(when: When) -> str | None:
    return when.at.isoformat() if when.at else None
