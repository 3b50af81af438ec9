"""A digest's days in several time zones, whose changes of the clocks it must survive, and the wait of a voter."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text, update

from bot.database import Database
from bot.errors import Refusal
from bot.services import daily, digests, tallies, waits
from bot.services.digest_days import LATE, Schedule, read_time, read_zone, until_now
from bot.services.money import Prices
from bot.services.tallies import Metric
from models import digest

PRICES = Prices(Decimal("0.012"), Decimal("0.03"))
CHICAGO = Schedule("18:00", "America/Chicago")
NOW = datetime(2026, 10, 20, 16, 0, tzinfo=UTC)


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


# ---------------------------------------------------------------------------------------------- times and zones


@pytest.mark.parametrize(("typed", "time"), [("18:00", "18:00"), ("9:05", "09:05"), ("00:00", "00:00")])
def test_a_time_is_one_of_24_hours(typed: str, time: str) -> None:
    assert read_time(typed) == time


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("24:00", "`/textbank digest #channel 18:00 America/Chicago`"),
        ("18", "not a time"),
        ("18:60", "not a time"),
        ("soon", "not a time"),
        ("6pm", "write `18:00`"),
        ("6:30PM", "write `18:30`"),
        ("12am", "write `00:00`"),
        ("12:15 p.m.", "write `12:15`"),
    ],
)
def test_another_time_is_refused_with_an_example(typed: str, said: str) -> None:
    with pytest.raises(Refusal, match=r"digest #channel 18:00") as refusal:
        read_time(typed)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("america/chicago", "America/Chicago"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
        ("Asia/Kolkata", "Asia/Kolkata"),
    ],
)
def test_a_zone_is_found_however_it_is_written(typed: str, zone: str) -> None:
    assert read_zone(typed) == zone


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("CST", "`America/Chicago`"),
        ("est", "`America/New_York`"),
        ("pacific time", "`America/Los_Angeles`"),
        ("Chicago", "`America/Chicago`"),
        ("America/Chcago", "`America/Chicago`"),
        ("Mars/Olympus", "one like `America/Chicago`"),
        ("../etc/passwd", "one like"),
        ("EST5EDT", "There is no time zone"),
    ],
)
def test_another_zone_is_refused_with_the_one_that_may_be_meant(typed: str, said: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_zone(typed)
    assert said in str(refusal.value)


# ---------------------------------------------------------------------------------------------- when it is due


@pytest.mark.parametrize(
    ("time", "tz", "day", "moment"),
    [
        ("18:00", "America/Chicago", "2026-10-20", "2026-10-20 23:00"),
        ("18:00", "America/Chicago", "2026-11-01", "2026-11-02 00:00"),
        ("18:00", "Asia/Kolkata", "2026-10-20", "2026-10-20 12:30"),
        ("18:00", "Australia/Lord_Howe", "2026-10-04", "2026-10-04 07:00"),  # half an hour forward that night
        # What is left out: the next time that there is.
        ("02:30", "America/Chicago", "2026-03-08", "2026-03-08 08:00"),
        ("00:00", "Africa/Cairo", "2026-04-24", "2026-04-23 22:00"),
        ("02:15", "Australia/Lord_Howe", "2026-10-04", "2026-10-03 15:30"),
        # What comes twice: the first.
        ("01:30", "America/Chicago", "2026-11-01", "2026-11-01 06:30"),
        ("23:30", "Africa/Cairo", "2026-10-29", "2026-10-29 20:30"),
        ("01:45", "Australia/Lord_Howe", "2026-04-05", "2026-04-04 14:45"),
    ],
)
def test_each_date_has_one_moment(time: str, tz: str, day: str, moment: str) -> None:
    assert Schedule(time, tz).moment(date.fromisoformat(day)) == at(moment)


@pytest.mark.parametrize(
    "tz", ["America/Chicago", "Europe/London", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kolkata"]
)
@pytest.mark.parametrize("time", ["00:00", "01:30", "02:30", "18:00", "23:59"])
def test_every_date_of_a_year_comes_once_and_in_order(time: str, tz: str) -> None:
    schedule, moment, dates = Schedule(time, tz), at("2026-01-01 12:00"), []
    while moment < at("2027-01-02 12:00"):
        following = schedule.next(moment)
        assert following > moment
        moment = following
        dates.append(schedule.local_date(moment))
    first = dates[0]
    assert dates == [first + timedelta(days=n) for n in range(len(dates))]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-10-20 22:59", None),
        ("2026-10-20 23:00", "2026-10-20"),
        ("2026-10-21 04:59", "2026-10-20"),  # a minute before midnight there
        ("2026-10-21 05:00", None),
        ("2026-10-22 01:00", "2026-10-21"),  # more than a day late: that of the next day
    ],
)
def test_a_late_one_comes_on_its_own_date_only(now: str, day: str | None) -> None:
    due = CHICAGO.due(at(now))
    assert (due and due.isoformat()) == day


def test_one_of_the_last_minute_may_come_after_midnight() -> None:
    last_minute = Schedule("23:59", "America/Chicago")
    day, moment = date(2026, 10, 20), last_minute.moment(date(2026, 10, 20))
    assert last_minute.due(moment + timedelta(seconds=90)) == day
    assert last_minute.due(moment + LATE + timedelta(seconds=1)) is None


def test_no_text_falls_between_two_days() -> None:
    for tz in ("America/Chicago", "Asia/Kathmandu", "Africa/Cairo"):
        schedule = Schedule("18:00", tz)
        for number in range(370):
            day = date(2026, 1, 1) + timedelta(days=number)
            assert schedule.ends(day, 1)[1] == schedule.ends(day + timedelta(days=1), 1)[0]


def test_a_digest_tells_of_no_minute_that_is_still_to_come() -> None:
    schedule, day = Schedule("18:07", "America/Chicago"), date(2026, 10, 20)
    assert schedule.moment(day) - timedelta(minutes=15) < schedule.ends(day, 1)[1] <= schedule.moment(day)


def test_the_day_until_now_holds_this_minute() -> None:
    schedule, day = until_now(at("2026-10-20 16:07"), "America/Detroit")
    assert (schedule.at, day) == ("12:15", date(2026, 10, 20))
    schedule, day = until_now(at("2026-10-21 03:50"), "America/Detroit")
    assert (schedule.at, day) == ("00:00", date(2026, 10, 21))


# ---------------------------------------------------------------------------------------------- how long voters wait


def test_the_median_is_estimated_within_its_step() -> None:
    counts: dict[str, int] = {}
    for seconds in (20, 200, 200, 250, 4000):
        name = waits.metric_of(NOW - timedelta(seconds=seconds), NOW)
        counts[name] = counts.get(name, 0) + 1
    found = waits.median(counts)
    assert found is not None
    assert 3 < found <= 4


def test_one_who_waited_for_a_week_counts_and_nobody_is_no_median() -> None:
    assert waits.metric_of(NOW - timedelta(days=7), NOW) == "answered_later"
    assert waits.median({"answered_later": 1}) == waits.STEPS[-1]
    assert waits.median({}) is None


def test_a_clock_that_goes_back_makes_no_wait_below_nothing() -> None:
    assert waits.metric_of(NOW + timedelta(seconds=5), NOW) == waits.METRICS[0]


# ---------------------------------------------------------------------------------------------- runs


async def posts_of(database: Database) -> list[str]:
    async with database.reading() as session:
        rows = await session.execute(text("SELECT dedupe_key FROM slack_post ORDER BY id"))
        return [key.rpartition(":")[2] for key in rows.scalars().all()]


async def set_at_six(database: Database, *, now: datetime = NOW, schedule: Schedule = CHICAGO) -> datetime:
    async with database.transaction() as session:
        return await digests.start(session, "C1", schedule, ranking=False, by="U1", now=now)


async def look(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await digests.queue_due(session, now=now)


async def test_a_date_is_run_once_however_often_it_is_looked_at(database: Database) -> None:
    assert await set_at_six(database) == at("2026-10-20 23:00")
    for minute in range(60):
        await look(database, at("2026-10-20 22:30") + timedelta(minutes=minute))
    assert await posts_of(database) == ["2026-10-20"]


async def test_setting_it_anew_on_the_same_day_makes_no_second_one(database: Database) -> None:
    await set_at_six(database)
    await look(database, at("2026-10-20 23:00"))
    later = Schedule("20:00", "America/Chicago")
    assert await set_at_six(database, now=at("2026-10-20 23:30"), schedule=later) == at("2026-10-22 01:00")
    async with database.transaction() as session:
        await digests.stop(session, "C1", by="U1", now=NOW)
    await set_at_six(database, now=at("2026-10-20 23:40"), schedule=later)
    await look(database, at("2026-10-21 01:00"))
    assert await posts_of(database) == ["2026-10-20"]


async def test_the_run_of_a_date_alone_keeps_it_from_being_posted_twice(database: Database) -> None:
    await set_at_six(database)
    await look(database, at("2026-10-20 23:00"))
    async with database.transaction() as session:  # what was posted is cleared away, and a clock went wrong
        await session.exec_driver_sql("DELETE FROM slack_post")
        await session.execute(update(digest).values(next_run_at=at("2026-10-20 23:00")))
    await look(database, at("2026-10-20 23:01"))
    assert await posts_of(database) == []


async def test_after_an_outage_of_days_only_the_date_that_lasts_is_made_up_for(database: Database) -> None:
    await set_at_six(database)
    await look(database, at("2026-10-23 04:00"))  # the 22nd, eleven at night there
    await look(database, at("2026-10-23 04:01"))
    assert await posts_of(database) == ["2026-10-22"]
    await look(database, at("2026-10-23 23:00"))
    assert await posts_of(database) == ["2026-10-22", "2026-10-23"]


async def test_a_day_that_is_over_is_skipped(database: Database) -> None:
    await set_at_six(database)
    await look(database, at("2026-10-21 06:00"))  # one in the morning there
    assert await posts_of(database) == []
    await look(database, at("2026-10-21 23:00"))
    assert await posts_of(database) == ["2026-10-21"]


async def test_what_is_off_is_not_run(database: Database) -> None:
    await set_at_six(database)
    async with database.transaction() as session:
        await digests.stop(session, "C1", by="U1", now=NOW)
        with pytest.raises(Refusal, match="no daily digest"):
            await digests.stop(session, "C1", by="U1", now=NOW)
    await look(database, at("2026-10-20 23:00"))
    assert await posts_of(database) == []


# ---------------------------------------------------------------------------------------------- figures

SIX = at("2026-10-20 23:00")


async def count(
    database: Database, rows: list[tuple[str, int, datetime]], *, campaign: int = 1, who: str = "U1"
) -> None:
    async with database.transaction() as session:
        counted: dict[str, Any] = {"campaign_id": campaign, "volunteer_id": who, "script_id": 1}
        await tallies.bump(session, [tallies.entry(name, **counted, now=now, n=n) for name, n, now in rows])


async def campaign_named(database: Database, name: str, state: str = "live") -> None:
    async with database.transaction() as session:
        await session.exec_driver_sql(
            "INSERT INTO campaign (name, name_key, state, created_by, created_at, fields)"
            f" VALUES ('{name}', '{name.casefold()}', '{state}', 'U1', '2026-10-01 00:00:00+00:00', '[]')"
        )


async def read(database: Database, *, ranking: bool = False) -> daily.Daily:
    async with database.reading() as session:
        return await daily.read(session, CHICAGO, date(2026, 10, 20), prices=PRICES, ranking=ranking, now=SIX)


async def test_days_are_cut_at_the_digest_s_own_time(database: Database) -> None:
    await campaign_named(database, "Fall GOTV")
    minute = timedelta(minutes=1)
    rows = [(Metric.ACCEPTED, 1, SIX), (Metric.ACCEPTED, 10, SIX - minute), (Metric.ACCEPTED, 100, SIX - 1440 * minute)]
    await count(database, [*rows, (Metric.ACCEPTED, 1000, SIX - 1441 * minute)])
    found = await read(database)
    assert (found.day.sent, found.before.sent) == (110, 1000)
    assert [sent for _, sent, _ in found.history] == [0] * 12 + [1000, 110]
    assert found.history[-1][0] == date(2026, 10, 20)


async def test_the_figures_are_those_of_the_tallies(database: Database) -> None:
    await campaign_named(database, "Fall GOTV")
    hour = SIX - timedelta(hours=1)
    rows = [(Metric.TEXTED, 50), (Metric.ACCEPTED, 60), (Metric.DELIVERED, 48), (Metric.UNDELIVERED, 2)]
    rows += [(Metric.NOT_SENT, 3), (Metric.REPLIED, 5), (Metric.OPT_OUTS, 1), (Metric.CONVERSIONS, 4)]
    rows += [(Metric.SEGMENTS, 100), (Metric.PICTURES, 2)]
    await count(database, [(name, n, hour) for name, n in [*rows, (waits.METRICS[3], 2)]])
    await count(database, [(Metric.TEXTED, 1, hour), (Metric.TEXTED, -1, hour)], who="U2")
    day = (await read(database)).day
    assert (day.texted, day.sent, day.delivered, day.failed) == (50, 60, 48, 5)
    assert (day.replied, day.opt_outs, day.conversions, day.volunteers) == (5, 1, 4, 1)
    assert day.spent == Decimal("1.26")
    assert day.median is not None
    assert 3 < day.median < 4


def days_ago(number: int) -> datetime:
    return SIX - timedelta(days=number, hours=1)


@pytest.mark.parametrize(
    ("texted", "left", "today", "is_odd"),
    [
        ((1000, 1000), (20, 20), 20, False),
        ((1000, 1000), (45, 20), 45, True),
        ((1000, 1000), (4, 20), 4, False),
        ((2, 3000), (0, 61), 1, False),  # a small day after a large list: what comes is that list's
        ((2, 3000), (0, 120), 60, True),
        ((2, 3000), (0, 120), 4, False),  # told the day before
        ((10, 30), (5, 5), 5, False),  # too few to say
    ],
)
async def test_opt_outs_are_odd_beyond_what_chance_lets_the_usual_rate_be(
    database: Database, texted: tuple[int, int], left: tuple[int, int], today: int, is_odd: bool
) -> None:
    await campaign_named(database, "Fall GOTV")
    rows = [(Metric.TEXTED, n, days_ago(day)) for day, n in enumerate((*texted, 1000, 1000, 1000))]
    rows += [(Metric.THEN_LEFT, n, days_ago(day)) for day, n in enumerate((*left, 20, 20, 20))]
    await count(database, [*rows, (Metric.OPT_OUTS, today, days_ago(0))])
    odd = (await read(database)).needs.opt_outs
    assert (odd is not None) == is_odd
    assert odd is None or round(odd.usual, 3) == 0.02


async def test_a_failure_is_the_days_in_which_its_text_was_clicked(database: Database) -> None:
    await campaign_named(database, "Fall GOTV")
    rows = [(Metric.TEXTED, n, days_ago(day)) for day, n in enumerate((100, 0, 3000, 1000))]
    rows += [(Metric.THEN_FAILED, n, days_ago(day)) for day, n in enumerate((3, 0, 300, 50))]
    await count(database, [*rows, (Metric.UNDELIVERED, 303, days_ago(0))])
    found = await read(database)
    assert (found.day.failed, found.needs.failures) == (303, None)
    await count(database, [(Metric.THEN_FAILED, 60, days_ago(0))])
    failures = (await read(database)).needs.failures
    assert failures is not None
    assert (failures.count, failures.of, failures.usual) == (63, 100, 350 / 4000)


async def test_rates_are_of_the_people_texted_in_a_week(database: Database) -> None:
    await campaign_named(database, "Fall GOTV")
    await campaign_named(database, "Winter")
    rows = [
        (Metric.TEXTED, 40, days_ago(6)),
        (Metric.TEXTED, 1000, days_ago(7)),
        (Metric.THEN_REPLIED, 900, days_ago(7)),
    ]
    await count(database, [*rows, (Metric.THEN_REPLIED, 8, days_ago(6)), (Metric.REPLIED, 700, days_ago(0))])
    await count(database, [(Metric.TEXTED, 60, days_ago(0)), (Metric.THEN_LEFT, 2, days_ago(0))], campaign=2)
    found = await read(database)
    assert found.week == daily.Rates(texted=100, replied=8, opted_out=2)
    of = {each.name: each.week for each in found.campaigns}
    assert of == {"Fall GOTV": daily.Rates(40, 8, 0), "Winter": daily.Rates(60, 0, 2)}
    assert found.week.are_meaningful
    assert not of["Fall GOTV"].are_meaningful


async def test_without_days_before_nothing_is_odd(database: Database) -> None:
    await campaign_named(database, "Fall GOTV")
    await count(
        database, [(Metric.TEXTED, 50, SIX - timedelta(hours=1)), (Metric.OPT_OUTS, 40, SIX - timedelta(hours=1))]
    )
    assert (await read(database)).needs.opt_outs is None


async def test_the_same_few_statements_for_one_campaign_and_for_thirty(database: Database) -> None:
    engine = database.engine
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    await campaign_named(database, "Campaign 0")
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await read(database, ranking=True)
        few = len(seen)
        for number in range(1, 30):
            await campaign_named(database, f"Campaign {number}")
            await count(database, [(Metric.ACCEPTED, number, SIX - timedelta(hours=1))], campaign=number + 1)
        seen.clear()
        assert len((await read(database, ranking=True)).campaigns) == 30
        assert len(seen) == few <= 6
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
