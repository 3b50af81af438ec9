"""Texting hours: when may this person be texted?

Pure: a place and a moment in, the next allowed moment out. An unknown place is every place that it could be: a text
must be allowed in all of its zones, and by the rules of every state that it may be in.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.services.places import Place, describe, place_of, rules_for

__all__ = [
    "Closing",
    "NeverOpen",
    "Place",
    "Window",
    "closes_at",
    "closes_in_time",
    "closing_soon",
    "describe",
    "ever_opens",
    "local_time_words",
    "next_opening",
    "opens_at",
    "parse_rule",
    "place_of",
    "window_for",
]

Hours = tuple[int, int] | None  # minutes after midnight: from, and up to but not including; None is closed all day
Week = tuple[Hours, ...]  # Monday first

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"(?:(mon|tue|wed|thu|fri|sat|sun) )?(?:(\d\d?):(\d\d) ?[-–] ?(\d\d?):(\d\d)|(closed))")
_HOW_TO_WRITE = 'write it like "09:00-20:00", or with other hours for a day "09:00-20:00;sun 12:00-20:00"'
_SEARCH_DAYS = 8

ON_ITS_WAY = timedelta(seconds=10)
"""So long before the window closes a text must be due, to leave in time."""
SOON = timedelta(minutes=60)
"""So long before a window closes its minutes are counted."""


class NeverOpen(ValueError):
    """The window does not open within the coming days: its zones lie too far apart, or its rules leave nothing."""


@dataclass(frozen=True, slots=True)
class Window:
    """The hours of every contact who has this rule and may live by these clocks: some hundred serve a whole country.

    `key` is the whole of it, "America/Chicago,America/New_York 09:00-20:00", and stays valid in the database for ever.
    """

    key: str
    zones: tuple[str, ...] = field(compare=False)
    rule: str = field(compare=False)

    @staticmethod
    def of(zones: Iterable[str], rule: str) -> "Window":
        """The one window of these zones and this rule, however they are written."""
        names = tuple(sorted(set(zones)))
        if not names:
            raise ValueError("a window needs at least one time zone")
        for name in names:
            _zone(name)
        canonical = _write(_read(rule))
        return Window(f"{','.join(names)} {canonical}", names, canonical)

    @staticmethod
    @lru_cache(maxsize=4096)
    def parse(key: str) -> "Window":
        """The window that `key` was made of; ValueError if it is no key."""
        zones, _, rule = key.partition(" ")
        return Window.of(zones.split(","), rule)


@dataclass(frozen=True, slots=True)
class Closing:
    """A window closes soon: when, and in how many minutes at the most."""

    at: datetime
    minutes: int


def window_for(place: Place, default_rule: str) -> Window:
    """The default hours, as far as the law of the place allows them."""
    return _window_for(place.zones, place.state, default_rule)


def parse_rule(text: str) -> Week:
    """The hours of each weekday. ValueError, saying how to write it, for what is no rule or leaves no hour open."""
    week = _read(text)
    if not any(week):
        raise ValueError(f"{text!r} leaves no time for texting; {_HOW_TO_WRITE}")
    return week


def closes_at(window: Window, now: datetime) -> datetime | None:
    """The moment (UTC) at which the window closes, if it is open now in all of its zones."""
    return _closes(window, _minute(now))


def closes_in_time(window: Window, now: datetime) -> datetime | None:
    """The same, if a text that is clicked now still leaves before."""
    closes = closes_at(window, now)
    return closes if closes and closes - now > ON_ITS_WAY else None


def closing_soon(closes: datetime, now: datetime) -> Closing | None:
    """How long there is until then, if it is soon."""
    left = closes - now
    return Closing(closes, math.ceil(left / timedelta(minutes=1))) if left <= SOON else None


def opens_at(window: Window, now: datetime) -> datetime:
    """`now` if the window is open in all of its zones, else the next moment (UTC) at which it is.

    Raises NeverOpen when that does not come within eight days.
    """
    minute = _minute(now)
    return now if _closes(window, minute) else _opens(window, minute)


def next_opening(window: Window, now: datetime) -> datetime | None:
    """`opens_at`, or None for a window that never opens."""
    try:
        return opens_at(window, now)
    except NeverOpen:
        return None


@lru_cache(maxsize=4096)
def ever_opens(window: Window) -> bool:
    """Whether there is an hour for texting at all, by summer's clocks or by winter's."""
    return any(next_opening(window, datetime(2026, month, 15, tzinfo=UTC)) for month in (1, 7))


def local_time_words(window: Window, at: datetime) -> str:
    """The contact's clock at that moment, "8:00 PM". Of several zones, the one whose day ends first."""
    return _clock_at(window, _minute(at))


# Rules, offsets and so all openings are whole minutes: within a minute the answer is a look-up.


@lru_cache(maxsize=8192)
def _closes(window: Window, minute: int) -> datetime | None:
    now, week, closings = _moment(minute), _read(window.rule), []
    for name in window.zones:
        local = now.astimezone(_zone(name))
        hours = week[local.weekday()]
        if hours is None or not hours[0] <= local.hour * 60 + local.minute < hours[1]:
            return None
        closings.append(_utc(local.date(), hours[1], name))
    return min(closings)


@lru_cache(maxsize=8192)
def _opens(window: Window, minute: int) -> datetime:
    """Go from zone to zone, each time to its next open moment, until one round moves nothing."""
    at, last = _moment(minute), _moment(minute) + timedelta(days=_SEARCH_DAYS)
    while at <= last:
        latest = max(_next_open(window, name, at) for name in window.zones)
        if latest == at:
            return at
        at = latest
    raise NeverOpen(f"{window.key} is not open in all of its time zones within {_SEARCH_DAYS} days")


def _next_open(window: Window, name: str, at: datetime) -> datetime:
    week, today = _read(window.rule), at.astimezone(_zone(name)).date()
    for day in (today + timedelta(days=days) for days in range(_SEARCH_DAYS)):
        hours = week[day.weekday()]
        if hours and at < _utc(day, hours[1], name):
            return max(at, _utc(day, hours[0], name))
    raise NeverOpen(f"{window.key} is closed on every day of the week")


@lru_cache(maxsize=8192)
def _clock_at(window: Window, minute: int) -> str:
    moment = _moment(minute)
    local = max(moment.astimezone(_zone(name)).replace(tzinfo=None) for name in window.zones)
    return f"{local.hour % 12 or 12}:{local.minute:02} {'AM' if local.hour < 12 else 'PM'}"


@lru_cache(maxsize=4096)
def _window_for(zones: tuple[str, ...], state: str | None, default_rule: str) -> Window:
    week = parse_rule(default_rule)
    for rule in rules_for(state, zones):
        week = tuple(_overlap(ours, theirs) for ours, theirs in zip(week, _read(rule), strict=True))
    return Window.of(zones, _write(week))


def _overlap(ours: Hours, theirs: Hours) -> Hours:
    if ours is None or theirs is None:
        return None
    start, end = max(ours[0], theirs[0]), min(ours[1], theirs[1])
    return (start, end) if start < end else None


@lru_cache(maxsize=1024)
def _read(rule: str) -> Week:
    base, *exceptions = (_PART.fullmatch(" ".join(part.split()).lower()) for part in rule.strip().split(";"))
    if base is None or base[1]:
        raise ValueError(f"{rule!r} is not a time of day; {_HOW_TO_WRITE}")
    week = [_hours(base)] * 7
    for exception in exceptions:
        if exception is None or not exception[1]:
            raise ValueError(f"{rule!r} has an exception that names no day; {_HOW_TO_WRITE}")
        week[_DAYS.index(exception[1])] = _hours(exception)
    return tuple(week)


def _hours(part: re.Match[str]) -> Hours:
    if part[6]:
        return None
    start_hour, start_minute, end_hour, end_minute = (int(part[group]) for group in range(2, 6))
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > 59 or end > 24 * 60 or start >= end:
        raise ValueError(f"{part.group()!r} is not a stretch of one day; {_HOW_TO_WRITE}")
    return start, end


def _write(week: Week) -> str:
    """The one way of writing a week: the commonest hours, then each day that differs."""
    base = Counter(week).most_common(1)[0][0]
    days = (f"{day} {_write_hours(hours)}" for day, hours in zip(_DAYS, week, strict=True) if hours != base)
    return ";".join([_write_hours(base), *days])


def _write_hours(hours: Hours) -> str:
    if hours is None:
        return "closed"
    return f"{hours[0] // 60:02}:{hours[0] % 60:02}-{hours[1] // 60:02}:{hours[1] % 60:02}"


def _minute(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone could be any of 24 hours")
    return int(moment.timestamp() // 60)


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _utc(day: date, minutes: int, name: str) -> datetime:
    """The moment at which a zone's clock shows so many minutes after midnight."""
    local = datetime(day.year, day.month, day.day, tzinfo=_zone(name)) + timedelta(minutes=minutes)
    return local.astimezone(UTC)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not the name of a time zone") from error
