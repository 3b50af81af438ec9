"""Two transactions at one moment, on PostgreSQL, where writers do not queue: neither may undo or outwait the other."""

import asyncio
from typing import Any

import pytest

from bot.errors import Refusal
from bot.services import alarms, campaigns, cards, conversations, optouts, reassigning, tallies, texting
from bot.services.cards import Card, Draft, Press
from bot.services.tallies import Metric
from bot.services.trouble import Trouble
from models import OptOutState, card, conversation, message
from sandbox.slack import Person
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SARA = "+13135550101"
OUT = {"state": OptOutState.OUT, "source": "text"}


@pytest.fixture
async def priya(world: World) -> Person:
    """A volunteer with Sara on her card."""
    priya = world.slack.person("Priya Shah")
    await world.live_campaign()
    await world.texting(priya)
    return priya


async def sara(world: World) -> tuple[int, str, int]:
    """Her id, the hash of her number, and her conversation's id."""
    [row] = await world.query(
        "SELECT person.id, phone_hash, contact_id FROM person JOIN conversation ON person_id = person.id"
        " WHERE phone = :phone",
        phone=SARA,
    )
    return row.id, row.phone_hash, row.contact_id


async def ended(world: World, conversation_id: int) -> tuple[str, str]:
    [row] = await world.query("SELECT state, closed_as FROM conversation WHERE contact_id = :id", id=conversation_id)
    return row.state, row.closed_as


async def waits(world: World, task: asyncio.Task[None]) -> None:
    """Until this one's transaction waits for another's lock."""
    async with asyncio.timeout(20):
        stuck = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not task.done() and not await world.query(stuck):  # noqa: ASYNC110 (what the database says)
            await asyncio.sleep(0.02)


async def test_opt_out_on_the_card_and_a_stop_do_not_wait_for_each_other(world: World, priya: Person) -> None:
    (person_id, hashed, conversation_id), now = await sara(world), world.time.now

    async def on_the_card() -> None:
        async with world.kit.database.transaction() as session:
            seen = await cards.look(session, priya.id)
            await texting.opt_out(session, Press(priya.id, seen.version, contact_id=seen.contact_id), now=now)

    async with world.kit.database.transaction() as stop:
        await optouts.lock(stop, person_id)
        pressed = asyncio.create_task(on_the_card())
        await waits(world, pressed)
        await optouts.record(stop, hashed, person_id=person_id, **OUT, now=now)
    await pressed
    assert await ended(world, conversation_id) == ("done", "opted_out")


async def sends(world: World, who: Person) -> Card:
    """A press on Send, whoever is on the card."""
    async with world.kit.database.transaction() as session:
        seen = await cards.look(session, who.id)
        press = Press(who.id, seen.version, "Are you voting?", seen.contact_id)
        return await texting.send(session, press, now=world.time.now, terms=world.kit.terms)


async def test_of_two_clicks_in_two_campaigns_at_one_moment_one_texts_the_person(world: World, priya: Person) -> None:
    sam = world.slack.person("Sam Ito")
    await world.live_campaign("Recount")
    await world.texting(sam, name="Recount")

    async with world.kit.database.transaction() as session:
        seen = await cards.look(session, priya.id)
        press = Press(priya.id, seen.version, "Are you voting?", seen.contact_id)
        await texting.send(session, press, now=world.time.now, terms=world.kit.terms)
        second = asyncio.create_task(sends(world, sam))
        await waits(world, second)
    shown = await second
    assert shown.notice is not None
    assert "Sara Lopez was already texted today by Fall GOTV, so nothing was sent." in shown.notice
    assert isinstance(shown.next, Draft)
    assert shown.next.name == "Tom Reed"
    assert len(await world.query("SELECT 1 FROM message")) == 1


async def test_send_and_a_stop_do_not_wait_for_each_other(world: World, priya: Person) -> None:
    (person_id, hashed, conversation_id), now = await sara(world), world.time.now
    async with world.kit.database.transaction() as stop:
        await optouts.lock(stop, person_id)
        pressed = asyncio.create_task(sends(world, priya))
        await waits(world, pressed)
        await optouts.record(stop, hashed, person_id=person_id, **OUT, now=now)
    await pressed
    assert await ended(world, conversation_id) == ("done", "opted_out")
    assert await world.query("SELECT 1 FROM message WHERE state = 'queued'") == []


async def test_undo_and_send_do_not_wait_for_each_other(world: World, priya: Person) -> None:
    await priya.presses("Send")
    await world.drawn()
    now = world.time.now
    [sent] = await world.query("SELECT id, conversation_id, campaign_id, script_id FROM message")

    async def undo() -> None:
        async with world.kit.database.transaction() as session:
            seen = await cards.look(session, priya.id)
            press = Press(priya.id, seen.version, "Tom, a word about", seen.contact_id)
            await texting.undo(session, press, f"m{sent.id}", now=now)

    async with world.kit.database.transaction() as send:
        held = conversation.update().where(conversation.c.contact_id == sent.conversation_id + 1)
        await send.execute(held.values(draft="words"))
        pressed = asyncio.create_task(undo())
        await waits(world, pressed)
        counted = {"campaign_id": sent.campaign_id, "volunteer_id": priya.id, "script_id": sent.script_id}
        await tallies.bump(send, [tallies.entry(Metric.TEXTED, **counted, now=now)])
    await pressed
    [row] = await world.query("SELECT state FROM message")
    assert row.state == "taken_back"


async def test_two_who_pause_a_campaign_at_once_lose_no_outcome(world: World, priya: Person) -> None:
    await priya.presses("Send")
    await world.drawn()
    now = world.time.now

    async def tell() -> None:
        async with world.kit.database.transaction() as session:
            [row] = (await session.execute(message.select())).all()
            await alarms.tell(session, Trouble(not_set_up=[row]), now=now)

    async with world.kit.database.transaction() as session:
        await campaigns.pause(session, await campaigns.by_id(session, 1), by=priya.id, now=now)
        told = asyncio.create_task(tell())
        await waits(world, told)
    await told
    [row] = await world.query("SELECT state FROM campaign")
    assert row.state == "paused"


async def test_an_answer_that_commits_after_a_stop_reopens_nothing(world: World, priya: Person) -> None:
    await priya.presses("Send")
    await world.a_while()
    await world.phone(SARA).texts("Hm?")
    await world.a_while()
    (person_id, hashed, conversation_id), now = await sara(world), world.time.now

    async def answer() -> None:
        async with world.kit.database.transaction() as session:
            how = {"by": priya.id, "act_key": "x", "now": now, "terms": world.kit.terms}
            await conversations.answer(session, conversation_id, "Hello", **how)

    async with world.kit.database.transaction() as stop:
        await optouts.record(stop, hashed, person_id=person_id, **OUT, now=now)
        typed = asyncio.create_task(answer())
        await waits(world, typed)
    with pytest.raises(Refusal, match="nothing was sent"):
        await typed
    assert await ended(world, conversation_id) == ("done", "opted_out")
    assert await world.query("SELECT 1 FROM message WHERE state = 'queued'") == []


async def test_two_who_hand_on_to_each_other_do_not_wait_for_each_other(
    world: World, priya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = world.slack.person("Sam Ito")
    await world.organizer.types("/textbank unassign Fall @priya")
    for somebody in (priya, sam):
        await world.organizer.types(f"/textbank assign Fall @{somebody.name.split()[0].lower()} 1")
    await world.settles()
    left, both = reassigning._left, asyncio.Barrier(2)

    async def when_both_have_given(*args: Any, **more: Any) -> None:
        async with asyncio.timeout(20):
            await both.wait()
        await left(*args, **more)

    monkeypatch.setattr(reassigning, "_left", when_both_have_given)

    async def hand_on(holder: Person, to: Person) -> int:
        async with world.kit.database.transaction() as session:
            return await reassigning.hand_on(session, 1, holder.id, to.id, by=world.organizer.id, now=world.time.now)

    assert await asyncio.gather(hand_on(priya, sam), hand_on(sam, priya)) == [1, 1]
    rows = await world.query("SELECT volunteer_id, sum(n) AS n FROM tally WHERE metric = 'handed' GROUP BY 1")
    assert {row.volunteer_id: row.n for row in rows} == {priya.id: 1, sam.id: 1}


async def test_a_press_goes_on_while_what_its_volunteer_has_is_handed_on(world: World, priya: Person) -> None:
    """The card comes to refer to a contact whose row is locked already."""
    [_, next_, last] = await world.query("SELECT contact_id AS id FROM conversation ORDER BY position")
    now = world.time.now

    async def take_back() -> int:
        async with world.kit.database.transaction() as session:
            return await reassigning.take_back(session, 1, priya.id, by=world.organizer.id, now=now)

    async with world.kit.database.transaction() as press:
        await press.execute(conversation.update().where(conversation.c.contact_id == last.id).values(state="texted"))
        taking = asyncio.create_task(take_back())
        await waits(world, taking)
        await press.execute(card.update().values(conversation_id=next_.id))
    assert await taking == 2
