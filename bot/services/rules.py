"""Who may be texted, when, and with which words: said once, for first texts and for answers."""

from datetime import datetime, timedelta
from typing import Any

from bot.services import segments
from bot.services.cards import name_of
from bot.services.texting_hours import ON_ITS_WAY, Window, closes_in_time, local_time_words, next_opening
from models import CampaignState, OptOutState

FRESH = timedelta(hours=1)
"""A voter who wrote so recently may be answered outside texting hours."""

_NOT_LIVE: dict[str, str] = {
    CampaignState.DRAFT: "has not started yet",
    CampaignState.PAUSED: "is paused",
    CampaignState.CLOSED: "is closed",
}


def check_words(body: str) -> str | None:
    """Why these words cannot be a text, for the volunteer, or None."""
    if not body:
        return "The message was empty, so nothing was sent."
    if len(body) > segments.MAX_CHARACTERS:
        most = f"a text may have {segments.MAX_CHARACTERS:,}"
        return f"That is {len(body):,} characters; {most}. Nothing was sent: shorten it."
    return None


def why_not(row: Any, now: datetime) -> str | None:
    """Why this contact may not be sent a first text at this moment, for the volunteer, or None."""
    name = name_of(row)
    if row.campaign_state != CampaignState.LIVE:
        return f"{row.campaign} {_NOT_LIVE[row.campaign_state]}, so nothing was sent to {name}."
    if row.opted_out == OptOutState.HELD:
        return f"{name} may have asked to be left alone, so nothing was sent. If not, they come back to your card."
    return _never(row, name) or (None if until(row, now) else _not_now(name))


def why_no_answer(row: Any, now: datetime, *, wrote: datetime | None) -> str | None:
    """The same for an answer, which may go in a closed campaign and soon after they `wrote`, whatever the hour."""
    name = name_of(row)
    if row.opted_out == OptOutState.HELD:
        decide = "Decide first: press “Opt out” or “Keep texting”."
        return f"{name} may have asked to be left alone, so nothing was sent. {decide}"
    if why := _never(row, name):
        return why
    if row.campaign_state == CampaignState.PAUSED:
        return f"{row.campaign} is paused, so nothing was sent. Send it again once it goes on."
    if until(row, now, wrote=wrote):
        return None
    window = Window.parse(row.window)
    opens = next_opening(window, now + ON_ITS_WAY)
    return _not_now(name) + (f" They may be texted from {local_time_words(window, opens)} there." if opens else "")


def until(row: Any, now: datetime, *, wrote: datetime | None = None) -> datetime | None:
    """Until when a text to them may leave, if one that is clicked now may, and can."""
    closes = closes_in_time(Window.parse(row.window), now)
    if wrote is None or now - wrote > FRESH:
        return closes
    return max(closes or now, now + FRESH)


def due(now: datetime, undo: timedelta, expires: datetime) -> datetime:
    """When its Undo ends: sooner than usual, rather than when it may not leave any more."""
    return min(now + undo, expires - ON_ITS_WAY)


def _never(row: Any, name: str) -> str | None:
    if row.opted_out is not None:
        return f"{name} has opted out, so nothing was sent."
    if row.unreachable is not None:
        return f"{name} can't be texted ({row.unreachable}), so nothing was sent."
    return None


def _not_now(name: str) -> str:
    return f"It is too late or too early to text {name} now, so nothing was sent."
