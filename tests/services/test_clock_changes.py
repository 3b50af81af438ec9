"""Every zone that a text may be sent into, across every change of its clocks, to the second.

The texting hours must open and close by the clock on the wall there: what that says is asked of the zone itself, a
second before, at and after each change, opening and closing, and compared.
"""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.services import places
from bot.services.texting_hours import Window, closes_at, opens_at

NINE, EIGHT = time(9), time(20)
YEARS = range(2026, 2030)
SECOND = timedelta(seconds=1)
ZONES = sorted(
    {zone for state in places.states().values() for zone in state.zones}
    | {zone for area in places._area_codes().values() for zone in area.zones}
)


def on_the_wall(zone: ZoneInfo, moment: datetime) -> bool:
    """Whether somebody there, looking at the clock, would say that it is between nine and eight."""
    return NINE <= moment.astimezone(zone).time() < EIGHT


def changes(zone: ZoneInfo) -> list[datetime]:
    """The moments (UTC) at which the clocks there change, found by halving the days between two offsets."""
    found = []
    for year in YEARS:
        days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(366)]
        for before, after in pairwise(days):
            if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
                found.append(_between(zone, before, after))
    return found


def _between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    while after - before > SECOND:
        middle = before + timedelta(seconds=(after - before) // SECOND // 2)
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after


def test_most_of_the_zones_change_their_clocks_twice_a_year() -> None:
    counts = {name: len(changes(ZoneInfo(name))) for name in ZONES}
    assert set(counts.values()) == {0, 2 * len(YEARS)}
    assert {name for name, count in counts.items() if count} > {"America/New_York", "America/Boise", "America/Adak"}
    assert {name for name, count in counts.items() if not count} > {"America/Phoenix", "Pacific/Honolulu"}


@pytest.mark.parametrize("name", ZONES)
def test_texting_hours_open_and_close_by_the_clock_on_the_wall(name: str) -> None:
    zone, window = ZoneInfo(name), Window.of([name], "09:00-20:00")
    for change in changes(zone) or [datetime(2026, 3, 8, 10, tzinfo=UTC)]:
        day = change.astimezone(zone).date()
        for number in (-1, 0, 1):
            local = day + timedelta(days=number)
            opening, closing = (datetime.combine(local, at, zone).astimezone(UTC) for at in (NINE, EIGHT))
            for moment in (change, opening, closing):
                for near in (moment - SECOND, moment, moment + SECOND):
                    closes = closes_at(window, near)
                    that_day = datetime.combine(near.astimezone(zone).date(), EIGHT, zone).astimezone(UTC)
                    assert closes == (that_day if on_the_wall(zone, near) else None)
            assert opens_at(window, opening - SECOND) == opening
            assert opens_at(window, opening) == opening
