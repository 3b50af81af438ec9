"""A digest's days: from its time on one local date to its time on the next, so that no text falls between two digests.

Pure. A time that a change of the clocks leaves out is the next that there is; one that comes twice is its first.
"""

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.errors import Refusal
from bot.services.tallies import BUCKET, bucket_of

LATE = timedelta(minutes=10)
"""So long after its time a digest may still come though midnight has passed: the clock looks once a minute."""
A_DAY, A_MINUTE = timedelta(days=1), timedelta(minutes=1)

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_AMERICAN = re.compile(r"(1[0-2]|0?[1-9])(?::([0-5]\d))?\s*([ap])\.?m\.?", re.IGNORECASE)
_SHORT = {
    "America/New_York": "EST EDT ET EASTERN",
    "America/Chicago": "CST CDT CT CENTRAL",
    "America/Denver": "MST MDT MT MOUNTAIN",
    "America/Los_Angeles": "PST PDT PT PACIFIC",
    "America/Anchorage": "AKST AKDT AKT ALASKA",
    "America/Puerto_Rico": "AST",
    "Pacific/Honolulu": "HST HAWAII",
    "Europe/London": "GMT BST",
    "Europe/Berlin": "CET CEST",
}
_MEANT = {short: zone for zone, all_short in _SHORT.items() for short in all_short.split()}
EXAMPLE = "`/textbank digest #channel 18:00 America/Chicago`"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A time of day somewhere: "18:00" and "America/Chicago"."""

    at: str
    tz: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone with its rules."""
        return ZoneInfo(self.tz)

    def moment(self, day: date) -> datetime:
        """When this date's digest is due, in UTC."""
        hour, minute = self.at.split(":")
        wall = datetime.combine(day, time(int(hour), int(minute)))
        while not _exists(wall, self.zone):
            wall += A_MINUTE
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def local_date(self, now: datetime) -> date:
        """The date there."""
        return now.astimezone(self.zone).date()

    def named(self, day: date) -> date:
        """The date after which the day that ends then is called: one of the morning tells of the day before."""
        return day if self.at >= "12:00" else day - A_DAY

    def next(self, now: datetime, *, after: date | None = None) -> datetime:
        """The first digest after this moment; `after` is a date that has had its own."""
        day = self.local_date(now)
        while self.moment(day) <= now or (after is not None and day <= after):
            day += A_DAY
        return self.moment(day)

    def due(self, now: datetime) -> date | None:
        """The date whose digest may be posted now: its time has come, and it is not over."""
        today = self.local_date(now)
        return next((day for day in (today, today - A_DAY) if self.is_time(day, now)), None)

    def is_time(self, day: date, now: datetime) -> bool:
        """Whether this date's digest has come due, and is still worth posting: on its own date only."""
        at = self.moment(day)
        return at <= now and (self.local_date(now) <= day or now <= at + LATE)

    def ends(self, day: date, days: int) -> list[datetime]:
        """The ends of this day and of so many before it, oldest first, each where a tally's bucket ends."""
        return [bucket_of(self.moment(day - A_DAY * back)) for back in range(days, -1, -1)]


def until_now(now: datetime, tz: str) -> tuple[Schedule, date]:
    """The day that ends at this moment: its schedule and its date."""
    local = _up(now).astimezone(ZoneInfo(tz))
    return Schedule(f"{local:%H:%M}", tz), local.date()


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks there ever show this: in spring they go over an hour."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def _up(moment: datetime) -> datetime:
    bucket = bucket_of(moment)
    return bucket if bucket == moment else bucket + BUCKET


def read_time(words: str) -> str:
    """`9:00` → "09:00". Raises Refusal for what is no time of a day of 24 hours."""
    if found := _TIME.fullmatch(words):
        return f"{int(found[1]):02}:{found[2]}"
    if found := _AMERICAN.fullmatch(words):
        hour = int(found[1]) % 12 + (12 if found[3].lower() == "p" else 0)
        raise Refusal(f"For {words.strip()} write `{hour:02}:{found[2] or '00'}`, like this: {EXAMPLE}")
    raise Refusal(f"“{words}” is not a time of the day. Write it with 24 hours, like this: {EXAMPLE}")


def known_zone(name: str) -> str | None:
    """The time zone of this name, whatever its letters' case."""
    return _zones().get(name.casefold())


def read_zone(words: str) -> str:
    """The time zone's full name, whatever its letters' case. Raises Refusal, with the zone that may be meant."""
    typed = words.replace(" ", "_")
    if found := known_zone(typed):
        return found
    if meant := _MEANT.get(typed.upper().removesuffix("_TIME")):
        why = f"“{words}” is short for more than one time zone, and says nothing of daylight saving. Write `{meant}`"
        raise Refusal(f"{why} if you mean that.")
    cities = {zone.rpartition("/")[2]: zone for zone in _zones().values()}
    close = difflib.get_close_matches(typed.rpartition("/")[2].title(), cities, n=1, cutoff=0.75)
    example = f"Did you mean `{cities[close[0]]}`?" if close else "Write one like `America/Chicago`."
    raise Refusal(f"There is no time zone “{words}”. {example}")


@cache
def _zones() -> dict[str, str]:
    """Those named after a place, and UTC: casefolded name → name."""
    names = (zone for zone in available_timezones() if not zone.startswith(("Etc/", "posix/", "right/", "SystemV/")))
    return {zone.casefold(): zone for zone in names if "/" in zone or zone == "UTC"}
