"""Campaigns that open and close by time. It is Tuesday, October 20, 2026, noon in New York."""

import asyncio
from datetime import UTC, datetime

import pytest

from handlers import clock
from sandbox.slack import File, Person
from tests.world import CONSENT, LIST, SCRIPT, World

FIVE_PAST = "2026-10-20 12:05"


async def said(person: Person, line: str) -> str:
    """What a command answers."""
    shown = await person.types(line)
    return shown.text if shown else ""


async def state(world: World) -> str:
    """The campaign's."""
    [row] = await world.query("SELECT state FROM campaign")
    return str(row.state)


async def minutes(world: World, count: int) -> None:
    for _ in range(count):
        await world.minute()


async def test_a_campaign_opens_and_closes_at_the_times_that_were_said(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.new_campaign()
    answer = await said(olivia, f'/textbank start "Fall" at {FIVE_PAST}')
    assert "Fall GOTV opens by itself on Tuesday, October 20, 2026 at 12:05 PM EDT (America/New_York)." in answer
    answer = await said(olivia, "/textbank close Fall at 2026-10-20 9:10 America/los_angeles")
    assert "closes by itself on Tuesday, October 20, 2026 at 9:10 AM PDT (America/Los_Angeles)." in answer
    for line in ("/textbank list", "/textbank status Fall"):
        assert "opens" in await said(olivia, line)
        assert "closes" in await said(olivia, line)

    await minutes(world, 4)
    assert await state(world) == "draft"
    await minutes(world, 1)
    assert await state(world) == "live"
    assert "Fall GOTV is live now, as planned. Hand contacts out" in olivia.dm.messages[-1].words
    assert "opens" not in await said(olivia, "/textbank list")
    await world.texting(priya)
    await minutes(world, 5)
    assert await state(world) == "closed"
    assert "Fall GOTV is closed now, as planned" in olivia.dm.messages[-1].words
    assert "closes" not in await said(olivia, "/textbank list")
    await priya.presses("Send")
    await world.a_while()
    assert world.carrier.texts == []

    await minutes(world, 3)
    assert len([message for message in olivia.dm.messages if "as planned" in message.words]) == 2
    happened = await world.query("SELECT who, what FROM audit WHERE what IN ('campaign live', 'campaign closed')")
    assert [(row.who, row.what) for row in happened] == [("clock", "campaign live"), ("clock", "campaign closed")]


async def test_a_time_is_in_the_time_zone_that_its_writer_has_in_slack(world: World, olivia: Person) -> None:
    olivia.user.tz = "America/Chicago"
    await world.new_campaign()
    assert "11:30 AM CDT (America/Chicago)" in await said(olivia, "/textbank start Fall at 2026-10-20 11:30")
    [row] = await world.query("SELECT opens_at FROM campaign")
    assert "16:30" in str(row.opens_at)


async def test_the_plan_is_made_in_the_modal_too(world: World, olivia: Person) -> None:
    fields = {"Name": "Fall GOTV", "Script": SCRIPT, "Contacts (CSV)": File("a.csv", LIST.encode()), "Consent": CONSENT}
    await olivia.types("/textbank new")
    at = [int(datetime(2026, 10, 20, 16, minute, tzinfo=UTC).timestamp()) for minute in (5, 10)]
    for opens, closes, label, why in (
        (at[0] - 3600, at[1], "Open at", "That time has passed already"),
        (at[1], at[0], "Close at", "It would close before it opens"),
    ):
        modal = await olivia.submits({**fields, "Open at": opens, "Close at": closes})
        assert list(modal.errors) == [label]
        assert why in modal.errors[label]
    assert await olivia.submits({"Open at": at[0], "Close at": at[1]}) is None
    await world.settles()
    await minutes(world, 5)
    assert await state(world) == "live"
    await minutes(world, 5)
    assert await state(world) == "closed"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("start Fall at 2026-10-20 11:59", "That time has passed already"),
        ("start Fall at 2027-12-01 09:00", "more than a year ahead"),
        ("start Fall at 2026-02-30 09:00", "There is no such date or time as 2026-02-30 09:00"),
        ("start Fall at 2026-10-21 25:00", "There is no such date or time"),
        ("start Fall at 9:00", "Write the time like this: `at 2026-10-20 09:00`"),
        ("start Fall at 10/21 9am", "Write the time like this"),
        ("start Fall at tomorrow 9:00", "Write the time like this"),
        ("close Fall at 2026-10-21 09:00 Eastern", "Write `America/New_York`"),
        ("close Fall at 2026-10-21 09:00 Mars/Olympus", "There is no time zone “Mars/Olympus”"),
        ("close Fall at 2027-03-14 02:30", "clocks go forward over it"),
        ("start Winter at 2026-10-21 09:00", "no campaign named “Winter”"),
    ],
)
async def test_a_time_that_makes_no_sense_is_refused_in_words(
    world: World, olivia: Person, line: str, why: str
) -> None:
    await world.new_campaign()
    assert why in await said(olivia, f"/textbank {line}")
    assert [row.opens_at for row in await world.query("SELECT opens_at FROM campaign")] == [None]


async def test_what_cannot_start_now_cannot_be_planned_either(world: World, olivia: Person) -> None:
    await world.new_campaign("Empty", "Name,Phone\nSara,12\n")
    assert "Empty has no contacts yet" in await said(olivia, "/textbank start Empty at 2026-10-21 09:00")
    await world.live_campaign("Fall")
    assert "Fall is live" in await said(olivia, "/textbank start Fall at 2026-10-21 09:00")
    await olivia.types("/textbank close Fall")
    assert "Fall is closed" in await said(olivia, "/textbank close Fall at 2026-10-21 09:00")


async def test_a_plan_that_fails_is_told_to_whoever_made_the_campaign_and_not_tried_again(
    world: World, olivia: Person
) -> None:
    await world.new_campaign()
    await olivia.types(f"/textbank start Fall at {FIVE_PAST}")
    async with world.kit.database.transaction() as session:
        await session.exec_driver_sql("UPDATE contact_import SET imported = 0")
    await minutes(world, 8)
    told = [message.words for message in olivia.dm.messages if "should have opened by itself" in message.words]
    assert len(told) == 1
    assert "Fall GOTV has no contacts yet." in told[0]
    assert await state(world) == "draft"
    assert "opens" not in await said(olivia, "/textbank list")


async def test_a_start_by_hand_takes_the_planned_opening_away(world: World, olivia: Person) -> None:
    await world.new_campaign()
    await olivia.types(f"/textbank start Fall at {FIVE_PAST}")
    assert "is live" in await said(olivia, "/textbank start Fall")
    assert [row.opens_at for row in await world.query("SELECT opens_at FROM campaign")] == [None]
    await olivia.types("/textbank pause Fall")
    await minutes(world, 8)
    assert await state(world) == "paused"


async def test_a_plan_is_taken_back(world: World, olivia: Person) -> None:
    await world.new_campaign()
    await olivia.types(f"/textbank start Fall at {FIVE_PAST}")
    await olivia.types("/textbank close Fall at 2026-10-20 12:06")
    assert "no longer opens by itself" in await said(olivia, "/textbank start Fall at never")
    assert "no longer closes by itself" in await said(olivia, "/textbank close Fall at never")
    await minutes(world, 8)
    assert await state(world) == "draft"


async def test_a_campaign_named_like_a_time_is_still_found(world: World, olivia: Person) -> None:
    await world.new_campaign("Rally at 5")
    assert "Rally at 5 is live" in await said(olivia, "/textbank start Rally at 5")
    assert "Rally at 5 closes by itself" in await said(olivia, "/textbank close Rally at 5 at 2026-10-21 09:00")


async def test_after_an_outage_what_should_be_over_does_not_open(world: World, olivia: Person) -> None:
    await world.new_campaign()
    await olivia.types(f"/textbank start Fall at {FIVE_PAST}")
    await olivia.types("/textbank close Fall at 2026-10-20 12:10")
    world.time.passes(hours=1)
    await world.minute()
    assert await state(world) == "closed"
    assert not any("is live now" in message.words for message in olivia.dm.messages)


async def test_two_clocks_at_the_same_moment_open_it_once(
    world: World, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.new_campaign()
    await olivia.types(f"/textbank start Fall at {FIVE_PAST}")
    world.time.passes(minutes=6)
    monkeypatch.setattr("bot.services.leases.take", _both_have_it)
    await asyncio.gather(clock.tick(world.kit), clock.tick(world.kit))
    await world.settles()
    assert await state(world) == "live"
    assert [m.words for m in olivia.dm.messages if "planned" in m.words or "should have" in m.words][1:] == []
    assert len(await world.query("SELECT 1 FROM audit WHERE what = 'campaign live'")) == 1


async def _both_have_it(*_: object, **__: object) -> bool:
    return True


async def test_a_campaign_whose_name_sounds_like_a_time_is_found_by_its_name(world: World, olivia: Person) -> None:
    await world.new_campaign(name="Rally at noon")
    assert "Rally at noon is live" in await said(olivia, "/textbank start Rally at noon")
    assert "Rally at noon is closed" in await said(olivia, '/textbank close "Rally at noon"')
