"""Texts that are stopped on their way: nobody is told wrong, no other text waits for them, and the figures add up."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from bot.services import inbound, outbox, outcomes
from bot.services.outcomes import Outcome, Result
from handlers import sending
from sandbox.slack import Person
from tests.flows.sending import SARA, clicks, one_text, people, posts, states
from tests.world import World

TOM = "+13135550102"


async def claimed(world: World, rate: float = 1) -> list[str]:
    """To whom a worker would post now, where the pace allows one text."""
    async with world.kit.database.transaction() as session:
        return [text.to for text in await outbox.claim(session, owner="me", rate=rate, limit=9, now=world.time.now)]


async def texted(world: World, priya: Person) -> None:
    """Priya's text has reached Sara."""
    await one_text(world, priya)
    await world.a_while()


async def test_a_text_that_comes_back_into_the_queue_after_a_stop_holds_up_nobody(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    world.time.passes(seconds=6)
    [text] = await world.sender._claim()
    await world.phone(SARA).texts("STOP")
    await world.sender._record([Outcome(text.id, Result.LATER)])
    assert await states(world) == ["queued"]
    await clicks(world, priya)
    world.time.passes(seconds=60)

    assert await claimed(world) == [TOM]
    await world.minute()
    assert await states(world) == ["blocked", "posting"]
    assert "not sent 1 · queued 1" in (await olivia.types("/textbank status")).text


async def test_a_number_that_cannot_be_texted_stops_what_waits_for_it_in_another_campaign(
    world: World, priya: Person, sam: Person, olivia: Person
) -> None:
    await world.live_campaign()
    await world.live_campaign("Recount")
    await world.texting(priya)
    await world.texting(sam, name="Recount")
    await clicks(world, sam)
    await priya.chooses("Wrong number")
    assert await claimed(world) == []
    await world.a_while()

    assert await states(world) == ["blocked"]
    assert posts(world) == []
    assert "not sent 1 · queued 0" in (await olivia.types("/textbank status Recount")).text


async def test_a_hold_brings_first_texts_back_and_says_which_lines_did_not_leave(
    world: World, priya: Person, sam: Person, olivia: Person
) -> None:
    await texted(world, priya)
    await world.live_campaign("Recount")
    await world.next_day()
    await world.texting(sam, name="Recount")
    await world.phone(SARA).texts("Hm?")
    await world.a_while()
    [thread] = priya.threads
    await clicks(world, sam, words="My words for Sara")
    await priya.writes("It is Priya", in_=thread)
    await priya.writes("from Michigan Votes", in_=thread)
    await world.phone(SARA).texts("not interested")
    await world.a_while()

    said = [reply.words for reply in thread.replies]
    assert any("Your last 2 lines were not texted: they may have asked to be left alone" in words for words in said)
    assert len(world.carrier.texts_to(SARA)) == 1
    status = (await olivia.types("/textbank status Recount")).text
    assert "Texted *0* of 3" in status
    assert "not sent 0 · queued 0" in status
    assert "queued 0" in (await olivia.types("/textbank status Fall")).text

    await priya.presses("Keep texting")
    await world.drawn()
    await sam.types("/text")
    assert "Sara Lopez may have asked to be left alone, so your text was not sent" in sam.card.words
    assert "*Sara Lopez*" in sam.card.words
    assert sam.card.inputs["Message"] == "My words for Sara"


async def test_a_stop_says_in_the_thread_that_the_last_line_was_not_texted(
    world: World, priya: Person, olivia: Person
) -> None:
    await texted(world, priya)
    await world.phone(SARA).texts("Hm?")
    await world.a_while()
    [thread] = priya.threads
    await priya.writes("It is Priya", in_=thread)
    await world.phone(SARA).texts("STOP")
    await world.a_while()

    said = [reply.words for reply in thread.replies]
    assert any("Your last line was not texted: they have opted out." in words for words in said)
    status = (await olivia.types("/textbank status")).text
    assert "Texted *1* of 3" in status
    assert "not sent 1 · queued 0" in status


async def test_an_answer_goes_to_whoever_s_text_they_have_read_and_undo_keeps_the_other_contact(
    world: World, priya: Person, sam: Person
) -> None:
    await texted(world, priya)
    await world.live_campaign("Recount")
    await world.next_day()
    await world.texting(sam, name="Recount")
    await clicks(world, sam)
    await world.phone(SARA).texts("Where do I vote?")
    await sam.presses("Undo")
    await world.a_while()

    assert "> Where do I vote?" in priya.threads[0].words
    assert sam.threads == []
    assert "*Sara Lopez*" in sam.card.words
    assert "*1 of 3*" in sam.card.words


async def test_thanks_after_done_and_a_stop_wait_for_no_answer(world: World, priya: Person) -> None:
    await texted(world, priya)
    await world.phone(SARA).texts("Hm?")
    await world.a_while()
    await priya.presses("Done", on=priya.threads[0])
    await world.phone(SARA).texts("STOP")
    await world.phone(SARA).texts("thanks")
    await world.a_while()
    await world.settles()

    assert await world.query("SELECT 1 FROM conversation WHERE state = 'needs_reply'") == []


async def test_no_phone_number_is_in_the_log_when_the_carrier_names_it(
    world: World, priya: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    await one_text(world, priya, "carrier:21211")
    await world.a_while()
    logged = capsys.readouterr()

    assert "not a valid number" in logged.out + logged.err
    assert SARA not in logged.out + logged.err


async def test_a_webhook_that_loses_a_deadlock_is_tried_again(
    world: World, priya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await texted(world, priya)
    stumbles = [OperationalError("UPDATE", {}, Exception("deadlock detected")) for _ in range(2)]
    proper = inbound.receive

    async def stumbling(*args: object, **more: object) -> None:
        await proper(*args, **more)  # type: ignore[arg-type]
        if stumbles:
            raise stumbles.pop()

    monkeypatch.setattr(inbound, "receive", stumbling)
    assert await world.phone(SARA).texts("Where do I vote?") == [204]
    await world.a_while()
    assert len(priya.threads) == 1
    assert len(await world.query("SELECT 1 FROM inbound")) == 1


# --------------------------------------------------------------------------------------------------------- the worker


async def test_an_outcome_that_cannot_be_written_takes_no_other_with_it(
    world: World, priya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.live_campaign(contacts=people(3))
    await world.texting(priya)
    world.carrier.lose_callbacks = True
    await clicks(world, priya, times=3)
    monkeypatch.setattr(sending, "TRIES", 2)
    proper = outcomes.record

    async def choosy(session: object, batch: list[Outcome], **more: object) -> object:
        if any(outcome.message_id == 2 for outcome in batch):
            raise RuntimeError("a fault of ours")
        return await proper(session, batch, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(outcomes, "record", choosy)
    world.time.passes(seconds=6)
    await world.sender.step()
    assert await states(world) == ["accepted", "posting", "accepted"]
    await world.sender.step()
    assert world.sender._outcomes == []


async def test_doubts_are_counted_once_however_often_they_are_written(
    world: World, priya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one_text(world, priya)
    world.carrier.fail_next("500")
    stumbles, proper = [RuntimeError("a fault of ours") for _ in range(3)], sending.Sender._judge

    async def stumbling(self: sending.Sender, *args: object) -> int:
        doubts = await proper(self, *args)  # type: ignore[arg-type]
        if stumbles:
            raise stumbles.pop()
        return doubts

    monkeypatch.setattr(sending.Sender, "_judge", stumbling)
    await world.a_while()
    assert await states(world) == ["unknown"]
    assert world.sender._doubts == 1


async def test_a_claim_that_has_grown_old_is_not_posted(
    world: World, priya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one_text(world, priya)
    world.time.passes(seconds=6)
    [text] = await world.sender._claim()
    world.time.passes(seconds=3)
    await world.sender._post(text, world.time.ticks)
    assert posts(world) == []
    await world.sender.step()
    world.time.passes(seconds=2)
    proper = outbox.claim

    async def slow(*args: object, **more: object) -> object:
        found = await proper(*args, **more)  # type: ignore[arg-type]
        world.time.ticks += 3  # the commit takes so long
        return found

    monkeypatch.setattr(outbox, "claim", slow)
    await world.sender.step()
    assert posts(world) == []
    assert await states(world) == ["queued"]


async def test_a_carrier_that_hangs_gets_a_handful_of_texts(
    world: World, priya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SLOW_SECONDS", 0.2)
    object.__setattr__(world.kit, "settings", world.kit.settings.model_copy(update={"sms_segments_per_second": 2.0}))
    await world.live_campaign(contacts=people(12))
    await world.texting(priya)
    await clicks(world, priya, times=12)
    world.carrier.fail_next("hang", times=12)
    world.time.passes(seconds=6)
    stopping = asyncio.Event()
    loop = asyncio.create_task(world.sender.run(stopping))
    for _ in range(6):
        await asyncio.sleep(0.6)
        world.time.passes(seconds=1)
    out = (await states(world)).count("posting")
    stopping.set()
    for task in list(world.sender._in_flight):
        task.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    assert 2 <= out <= sending.DOUBTS
