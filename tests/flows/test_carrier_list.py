"""What web hooks lost comes by the carrier's list; without a public address everything does."""

from collections.abc import AsyncIterator

import pytest

from sandbox.carrier import Phone
from sandbox.slack import Person
from tests.flows.sending import SARA, clicks, one_text, posts, states
from tests.world import World, open_world


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[World]:
    """Textbank behind a router: nobody can call it."""
    async with open_world(database_url, public_url=None) as world:
        world.carrier.inbound_url = None
        yield world


def lists(world: World) -> int:
    """How often all texts were asked for."""
    return sum(call.method == "GET" and "DateSent>" in call.query for call in world.carrier.calls)


async def a_minute(world: World, times: int = 1) -> None:
    for _ in range(times):
        await world.minute()


# -------------------------------------------------------------------------------------------------- lost web hooks


async def test_what_comes_to_other_numbers_of_the_account_is_nobody_s_business_here(
    world: World, priya: Person, sara: Phone
) -> None:
    for phone, words in ((sara, "Your table is booked"), (world.phone("+13135550102"), "STOP")):
        world.carrier.take_in(phone, words, (), "+13135559999", None)
    await a_minute(world, 3)
    assert priya.threads == []
    assert await world.query("SELECT 1 FROM inbound") == []
    assert await world.query("SELECT 1 FROM opt_out") == []


async def test_a_lost_answer_is_in_its_thread_a_minute_later_once(world: World, priya: Person, sara: Phone) -> None:
    world.carrier.lose_inbound = True
    await sara.texts("Where do I vote?", media=["image/png"])
    await world.settles()
    assert priya.threads == []
    await a_minute(world, 2)
    [thread] = priya.threads
    assert "> Where do I vote?" in thread.words
    assert "Show picture" in thread.buttons
    assert len(await world.query("SELECT 1 FROM inbound")) == 1


async def test_a_web_hook_and_the_list_bring_a_text_once(world: World, priya: Person, sara: Phone) -> None:
    await sara.texts("Where do I vote?")
    await a_minute(world, 15)
    assert len(await world.query("SELECT 1 FROM inbound")) == 1
    assert [thread.words.count("Where do I vote?") for thread in priya.threads] == [1]


async def test_a_lost_stop_is_obeyed_once_it_is_listed(world: World, priya: Person, sara: Phone) -> None:
    await sara.texts("Who is this?")
    await world.a_while()
    [thread] = priya.threads
    world.carrier.lose_inbound = True
    await sara.texts("please take me off your list")
    await a_minute(world)
    await priya.writes("It is Priya", in_=thread)
    await world.a_while()
    assert len(world.carrier.texts_to(sara)) == 1
    [out] = await world.query("SELECT state, source FROM opt_out")
    assert (out.state, out.source) == ("out", "text")


async def test_a_start_that_comes_by_the_list_opts_nobody_in(world: World, sara: Phone) -> None:
    await sara.texts("STOP")
    world.carrier.lose_inbound = True
    await sara.texts("START")
    await a_minute(world)
    assert len(await world.query("SELECT 1 FROM inbound")) == 2
    assert len(await world.query("SELECT 1 FROM opt_out WHERE state = 'out'")) == 1


async def test_lost_states_are_made_up(world: World, priya: Person, olivia: Person) -> None:
    await one_text(world, priya)
    world.carrier.lose_callbacks = True
    await world.a_while()
    assert await states(world) == ["accepted"]
    await a_minute(world)
    assert await states(world) == ["delivered"]
    assert "delivered 1" in (await olivia.types("/textbank status")).text


async def test_a_text_that_failed_before_it_was_sent_is_asked_about(world: World, priya: Person) -> None:
    """It has no date of sending, so no list by date has it."""
    await one_text(world, priya, "carrier:11200")
    world.carrier.lose_callbacks = True
    await world.a_while()
    await a_minute(world, 29)
    assert await states(world) == ["accepted"]
    await a_minute(world, 3)
    assert await states(world) == ["failed"]


async def test_what_the_list_shows_late_is_found_within_two_days(world: World, priya: Person, sara: Phone) -> None:
    world.carrier.lose_inbound, world.carrier.list_lag = True, 40 * 60
    await sara.texts("Where do I vote?")
    for _ in range(2):
        world.time.passes(minutes=25)
        await a_minute(world)
    assert priya.threads == []  # it is listed by now, further back than a look a minute goes
    world.time.passes(minutes=25)
    await a_minute(world)
    assert len(priya.threads) == 1
    [row] = await world.query("SELECT at FROM inbound")
    assert "16:00" in str(row.at)  # when she wrote, not when it was found


async def test_what_came_while_textbank_was_down_comes_afterwards(world: World, priya: Person, sara: Phone) -> None:
    world.carrier.lose_inbound = True
    await sara.texts("Where do I vote?")
    world.time.passes(hours=30)
    await a_minute(world)
    assert len(priya.threads) == 1


@pytest.mark.parametrize("by_days", [False, True])
async def test_texts_from_before_textbank_began_are_nobody_s_business(
    world: World, olivia: Person, by_days: bool
) -> None:
    world.carrier.lose_inbound, world.carrier.by_days = True, by_days
    for minutes in (30, 5):
        world.time.passes(minutes=-minutes)
        await world.phone("+13135557788").texts("For whoever had this number before")
        world.time.passes(minutes=minutes)
    await world.new_campaign()
    await a_minute(world, 90)
    assert await world.query("SELECT 1 FROM inbound") == []


async def test_when_all_is_well_a_minute_costs_one_request_and_reads_nothing_twice(
    world: World, priya: Person, sara: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_minute(world, 2)
    before, read = lists(world), []
    compare = world.watch._take

    async def noted(news: object) -> None:
        read.append(news)
        await compare(news)  # type: ignore[arg-type]

    monkeypatch.setattr(world.watch, "_take", noted)
    await a_minute(world, 10)
    assert lists(world) - before == 10
    assert read == []  # what was listed had nothing more to tell


async def test_a_long_list_is_read_page_by_page(
    world: World, priya: Person, sara: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.gateways.carrier_list.PAGE", 2)
    world.carrier.lose_inbound = True
    for number in range(5):
        await sara.texts(f"Line {number}")
    await a_minute(world)
    assert [row.body for row in await world.query("SELECT body FROM inbound ORDER BY body")] == [
        f"Line {number}" for number in range(5)
    ]
    assert lists(world) >= 3


async def test_while_the_carrier_lists_nothing_it_is_asked_again_and_nothing_is_lost(
    world: World, priya: Person, sara: Phone
) -> None:
    world.carrier.lose_inbound = True
    await sara.texts("Where do I vote?")
    world.carrier.outage = True
    await a_minute(world, 3)
    world.carrier.outage = False
    await a_minute(world)
    assert len(priya.threads) == 1


# ------------------------------------------------------------------------------------------- without a public address


async def test_without_a_public_address_answers_and_states_come_within_seconds(home: World, priya: Person) -> None:
    priya = home.slack.person("Priya Shah")
    await one_text(home, priya)
    await home.a_while()
    assert "StatusCallback" not in posts(home)[0]
    await home.a_while(5)
    assert await states(home) == ["delivered"]
    await home.phone(SARA).texts("Where do I vote?")
    await home.a_while(5)
    [thread] = priya.threads
    await priya.writes("At the library", in_=thread)
    await home.a_while()
    assert home.carrier.texts_to(SARA)[-1] == "At the library"
    await home.phone(SARA).texts("STOP")
    await home.a_while(5)
    await priya.writes("Sorry", in_=thread)
    await home.a_while()
    assert home.carrier.texts_to(SARA)[-1] == "At the library"


async def test_without_a_public_address_a_carrier_that_lists_nothing_is_said(home: World) -> None:
    priya = home.slack.person("Priya Shah")
    await one_text(home, priya)
    await home.a_while()
    home.carrier.outage = True
    await a_minute(home, 8)
    told = [message for message in home.organizer.dm.messages if "no answer comes in for now" in message.words]
    assert len(told) == 1


async def test_two_workers_share_the_work(world: World, priya: Person, sara: Phone) -> None:
    from dataclasses import replace

    from handlers.carrier_list import Watch

    other = Watch(replace(world.kit, owner="another"))
    await a_minute(world)
    before = lists(world)
    world.time.passes(minutes=1)
    await other.step()
    assert lists(world) == before
    world.time.passes(minutes=2)  # the first is gone
    await other.step()
    assert lists(world) == before + 1
    await clicks(world, priya)
