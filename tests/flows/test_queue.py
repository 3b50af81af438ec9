"""From the click to the claim: one text for one act, in order, at the carrier's pace, within its hours, or never."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from bot.services import outbox, outcomes
from bot.services.outcomes import Outcome, Result
from sandbox.slack import Person
from tests.flows.sending import SARA, clicks, one_text, people, posts, states
from tests.world import World

# ---------------------------------------------------------------------------------------------- when a text may leave


async def test_a_pause_holds_what_was_clicked_and_resume_lets_it_go(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    await olivia.types("/textbank pause Fall GOTV")
    await world.a_while(60)
    assert posts(world) == []
    assert await states(world) == ["queued"]

    await olivia.types("/textbank resume Fall GOTV")
    await world.a_while()
    assert world.carrier.texts_to(SARA) == ["Are you voting, Sara?"]


@pytest.mark.parametrize("how", ["by hand", "by plan", "while the carrier asks for patience"])
async def test_what_still_waits_when_a_campaign_is_closed_does_not_leave_and_everybody_is_told(
    world: World, priya: Person, olivia: Person, how: str
) -> None:
    await one_text(world, priya)
    if how == "by plan":
        await clicks(world, priya)
        await olivia.types("/textbank close Fall GOTV at 2026-10-20 12:01 America/Detroit")
        await world.minute()
        assert "closed now, as planned. 2 texts that were clicked had not left" in olivia.dm.messages[-1].words
        assert "2 texts that you clicked were not sent: Fall GOTV was closed" in priya.dm.messages[-1].words
    elif how == "by hand":
        said = await olivia.types("/textbank close Fall GOTV")
        assert "1 text that was clicked had not left yet and will not leave any more" in said.text
    else:
        world.time.passes(seconds=6)
        [text] = await world.sender._claim()
        assert "is closed. Answers still come in." in (await olivia.types("/textbank close Fall GOTV")).text
        await world.sender._record([Outcome(text.id, Result.LATER)])
    await world.minute()

    assert posts(world) == []
    assert set(await states(world)) == {"expired"}
    assert "not sent: Fall GOTV was closed before" in priya.dm.messages[-1].words
    status = (await olivia.types("/textbank status Fall")).text
    assert "Texted *0* of 3" in status
    assert "queued 0" in status
    await priya.presses("Undo")
    await world.drawn()
    assert "That text was never sent" in priya.ephemerals[-1].words


async def test_a_text_never_leaves_after_its_window_has_closed_and_its_contact_comes_back(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    await olivia.types("/textbank pause Fall GOTV")
    world.time.passes(hours=8, seconds=5)  # eight in the evening in Detroit, and five seconds
    await olivia.types("/textbank resume Fall GOTV")
    await world.settles()
    assert posts(world) == []

    await world.minute()
    assert await states(world) == ["expired"]
    assert "Texted *0* of 3" in (await olivia.types("/textbank status")).text

    world.time.passes(hours=14)
    await world.settles()
    await priya.types("/text")
    told = "Your text to Sara Lopez could not leave before the texting hours ended; they are on your list again."
    assert told in priya.card.words
    assert "*Sara Lopez* · Detroit" in priya.card.words
    await clicks(world, priya)
    await world.a_while()
    assert len(world.carrier.texts_to(SARA)) == 1


async def test_a_text_whose_window_closes_between_claim_and_post_stays(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    world.time.passes(hours=7, minutes=59, seconds=59, milliseconds=500)
    await world.settles()
    assert posts(world) == []
    assert await states(world) == ["queued"]
    await world.minute()
    assert await states(world) == ["expired"]


async def test_an_answer_that_could_not_leave_in_time_is_said_in_its_thread(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    await world.a_while()
    await world.phone(SARA).texts("Where?")
    await world.a_while()
    [thread] = priya.threads
    await priya.writes("At the library", in_=thread)
    await olivia.types("/textbank pause Fall GOTV")
    world.time.passes(hours=9)
    await world.minute()
    assert await states(world) == ["delivered", "expired"]
    assert "could not leave before the texting hours ended" in thread.replies[-1].words


@pytest.mark.parametrize("minutes_ago", [30, 90])
async def test_an_answer_typed_just_before_the_hours_end_leaves_or_is_refused_at_once(
    world: World, priya: Person, minutes_ago: int
) -> None:
    await one_text(world, priya)
    world.time.passes(hours=8, minutes=-minutes_ago, seconds=-3)
    await world.settles()
    await world.phone(SARA).texts("Where?")
    await world.a_while()
    [thread] = priya.threads
    world.time.passes(minutes=minutes_ago, seconds=-6)  # three seconds to eight in Detroit
    await priya.writes("At the library", in_=thread)
    await world.a_while()
    await world.minute()

    if minutes_ago < 60:  # who wrote within the hour may be answered at any hour
        assert world.carrier.texts_to(SARA)[1:] == ["At the library"]
    else:
        assert await states(world) == ["delivered"]
        assert "too late or too early to text Sara Lopez now" in thread.replies[-1].words
        assert "They may be texted from 10:00 AM there." in thread.replies[-1].words


async def test_what_is_clicked_just_before_the_hours_end_leaves_whatever_its_undo_or_is_refused(
    world: World, priya: Person
) -> None:
    object.__setattr__(world.kit, "settings", world.kit.settings.model_copy(update={"undo_seconds": 120}))
    await world.live_campaign()
    await world.texting(priya)
    world.time.passes(hours=7, minutes=59)
    await world.settles()
    await clicks(world, priya)
    world.time.passes(seconds=51)
    await world.settles()
    assert len(world.carrier.texts_to(SARA)) == 1

    await clicks(world, priya)
    assert "It is too late or too early to text Tom Reed now, so nothing was sent." in priya.dm.messages[-1].words
    assert "They may be texted again from" in priya.dm.messages[-1].words
    await world.minute()
    assert await states(world) == ["delivered"]


async def test_the_carrier_may_not_deliver_after_the_window_either(world: World, priya: Person) -> None:
    await one_text(world, priya)
    await world.a_while()
    [form] = posts(world)
    assert int(form["ValidityPeriod"]) == 8 * 3600 - 6

    world.time.passes(hours=7)
    await clicks(world, priya)
    await world.a_while()
    assert int(posts(world)[-1]["ValidityPeriod"]) == 3600 - 12


async def test_a_claim_itself_asks_about_the_window_and_the_shut_door(world: World, priya: Person) -> None:
    """Whatever another worker saw a moment before."""

    async def claimed() -> int:
        async with world.kit.database.transaction() as session:
            return len(await outbox.claim(session, owner="me", rate=9, limit=9, now=world.time.now))

    await one_text(world, priya)
    world.time.passes(seconds=6)
    async with world.kit.database.transaction() as session:
        await outbox.trip(session, until=world.time.now, why="a riddle")
    assert await claimed() == 0
    async with world.kit.database.transaction() as session:
        await outbox.trip(session, until=None, why=None)
    world.time.passes(hours=8)
    assert await claimed() == 0
    world.time.passes(hours=-1)
    assert await claimed() == 1


# ------------------------------------------------------------------------------------------------------ pace and order


@pytest.fixture
async def slow(world: World) -> World:
    """A carrier that takes two segments a second."""
    object.__setattr__(world.kit, "settings", world.kit.settings.model_copy(update={"sms_segments_per_second": 2.0}))
    return world


async def claimed_in(world: World, seconds: int) -> list[int]:
    """How many texts left in each of the next seconds."""
    counts = []
    for _ in range(seconds):
        before = len(posts(world))
        await world.settles()
        counts.append(len(posts(world)) - before)
        world.time.passes(seconds=1)
    return counts


async def test_texts_leave_at_the_carriers_pace_however_fast_they_are_clicked(slow: World, priya: Person) -> None:
    await slow.live_campaign(contacts=people(12))
    await slow.texting(priya)
    slow.time.passes(seconds=60)
    await slow.settles()
    await clicks(slow, priya, times=12)
    slow.time.passes(seconds=30)
    assert await claimed_in(slow, 7) == [2, 2, 2, 2, 2, 2, 0]


async def test_a_long_text_costs_the_pace_as_many_segments_as_it_has(slow: World, priya: Person) -> None:
    await slow.live_campaign(contacts=people(6))
    await slow.texting(priya)
    await clicks(slow, priya, times=6, words="{number} " + "long " * 110)  # four segments each
    slow.time.passes(seconds=30)
    left = await claimed_in(slow, 12)
    assert sum(left) == 6
    assert max(left) == 1
    assert all(sum(left[start : start + 4]) <= 2 for start in range(1, 9))


async def test_answers_to_voters_leave_before_first_texts_that_were_clicked_earlier(
    slow: World, priya: Person, sam: Person
) -> None:
    await slow.live_campaign(contacts=people(12))
    await slow.texting(priya, 2)
    await clicks(slow, priya)
    for _ in range(3):
        await slow.a_while()
    await slow.phone("+13135551000").texts("Who is this?")
    await slow.a_while()
    await slow.texting(sam, 10)
    await clicks(slow, sam, times=6)
    [thread] = priya.threads
    await priya.writes("It is Priya!", in_=thread)
    slow.time.passes(seconds=5.5)
    assert await claimed_in(slow, 1) == [2]
    assert "It is Priya!" in [form["Body"] for form in posts(slow)[1:3]]


# ------------------------------------------------------------------------------------------------- one click, one text


async def test_a_click_that_arrives_five_times_at_once_is_one_text_for_each_of_twenty_contacts(
    world: World, priya: Person
) -> None:
    await world.live_campaign(contacts=people(20))
    await world.texting(priya)
    for _ in range(20):
        card = priya.card
        await asyncio.gather(*(priya.presses("Send", on=card) for _ in range(5)))
        await world.drawn()
    await world.a_while()

    assert sorted(form["To"] for form in posts(world)) == [f"+1313555{1000 + n}" for n in range(20)]
    assert len(await states(world)) == 20
    assert priya.warnings == []


async def test_an_optout_in_the_very_second_of_the_claim_is_obeyed(world: World, priya: Person) -> None:
    await one_text(world, priya)
    await world.phone(SARA).texts("please take me off your list")
    await world.a_while()
    assert posts(world) == []
    assert await states(world) == ["blocked"]


async def test_a_database_that_stumbles_while_outcomes_are_written_costs_nothing(
    world: World, priya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's own loops, as they run in a process."""
    await one_text(world, priya)
    world.carrier.lose_callbacks = True  # only what the worker writes down counts
    world.time.passes(seconds=6)
    stumbles = [OperationalError("UPDATE", {}, Exception("database is locked")), RuntimeError("a fault of ours")]
    proper, began = outcomes.record, outbox.begin

    async def stumbling(*args: object, **more: object) -> object:
        if stumbles:
            raise stumbles.pop(0)
        return await proper(*args, **more)  # type: ignore[arg-type]

    async def away(*args: object, **more: object) -> None:
        monkeypatch.setattr(outbox, "begin", began)
        raise OSError("the database is away")

    monkeypatch.setattr(outbox, "begin", away)
    del stumbles[1]
    monkeypatch.setattr(outcomes, "record", stumbling)
    stopping = asyncio.Event()
    loop = asyncio.create_task(world.sender.run(stopping))
    async with asyncio.timeout(30):
        while await states(world) != ["accepted"]:  # noqa: ASYNC110 (what the database says)
            await asyncio.sleep(0.05)
    await clicks(world, priya)
    stumbles.append(RuntimeError("a fault of ours"))
    world.time.passes(seconds=6)
    async with asyncio.timeout(30):
        while stumbles or len(posts(world)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await clicks(world, priya)
    world.time.passes(seconds=6)
    async with asyncio.timeout(30):
        while (await states(world))[-1] != "accepted":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    stopping.set()
    await asyncio.wait_for(loop, 10)
    assert len(posts(world)) == 3
