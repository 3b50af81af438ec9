"""Two transactions at one moment, on PostgreSQL, where writers do not queue: neither may undo or outwait the other."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.errors import Refusal
from bot.services import alarms, campaigns, cards, conversations, optouts, tallies, texting
from bot.services.cards import Press
from bot.services.tallies import Metric
from bot.services.trouble import Trouble
from models import OptOutState, conversation, message
from sandbox.slack import Person
from tests.world import World, open_world

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

WHO = {"person_id": 1, "state": OptOutState.OUT, "source": "text"}


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with open_world(database_url) as world:
        yield world


@pytest.fixture
async def priya(world: World) -> Person:
    """A volunteer with Sara on her card."""
    priya = world.slack.person("Priya Shah")
    await world.live_campaign()
    await world.texting(priya)
    return priya


async def sara_s_hash(world: World) -> str:
    [row] = await world.query("SELECT phone_hash FROM person WHERE id = 1")
    return str(row.phone_hash)


async def waits(world: World) -> None:
    """Until some transaction waits for another's lock."""
    async with asyncio.timeout(20):
        while not await world.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_opt_out_on_the_card_and_a_stop_do_not_wait_for_each_other(world: World, priya: Person) -> None:
    hashed, now = await sara_s_hash(world), world.time.now

    async def on_the_card() -> None:
        async with world.kit.database.transaction() as session:
            seen = await cards.look(session, priya.id)
            await texting.opt_out(session, Press(priya.id, seen.version, contact_id=seen.contact_id), now=now)

    async with world.kit.database.transaction() as stop:
        await optouts.lock(stop, 1)
        pressed = asyncio.create_task(on_the_card())
        await waits(world)
        await optouts.record(stop, hashed, **WHO, now=now)
    await pressed
    [row] = await world.query("SELECT state, closed_as FROM conversation WHERE person_id = 1")
    assert tuple(row) == ("done", "opted_out")


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
        await waits(world)
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
        await waits(world)
    await told
    [row] = await world.query("SELECT state FROM campaign")
    assert row.state == "paused"


async def test_an_answer_that_commits_after_a_stop_reopens_nothing(world: World, priya: Person) -> None:
    await priya.presses("Send")
    await world.a_while()
    await world.phone("+13135550101").texts("Hm?")
    await world.a_while()
    hashed, now = await sara_s_hash(world), world.time.now

    async def answer() -> None:
        async with world.kit.database.transaction() as session:
            undo = world.kit.undo
            await conversations.answer(session, 1, "Hello", by=priya.id, act_key="x", now=now, undo=undo)

    async with world.kit.database.transaction() as stop:
        await optouts.record(stop, hashed, **WHO, now=now)
        typed = asyncio.create_task(answer())
        await waits(world)
    with pytest.raises(Refusal, match="nothing was sent"):
        await typed
    [row] = await world.query("SELECT state, closed_as FROM conversation WHERE person_id = 1")
    assert tuple(row) == ("done", "opted_out")
    assert await world.query("SELECT 1 FROM message WHERE state = 'queued'") == []
