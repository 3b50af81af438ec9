"""After a restore from a backup the carrier knows more than the database: nothing leaves until a lead says so."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.services import outbox
from handlers.sending import Sender
from sandbox.slack import Message, Person
from tests.flows.sending import SARA, clicks, one_text, posts, states
from tests.world import World

TOM = "+13135550102"


async def started_anew(world: World) -> Sender:
    """The worker of a new process."""
    world.sender = Sender(replace(world.kit, owner="started anew"))
    await world.sender.begin()
    return world.sender


async def restored(world: World, priya: Person, *, queued: bool = False) -> None:
    """Sara's text has left, and the database is as it was before it did: of the click itself, or of its being sent."""
    await one_text(world, priya)
    world.carrier.lose_callbacks = True
    async with world.kit.database.reading() as session:
        [backup] = (await session.execute(text("SELECT refilled_at FROM pace"))).all()
    await world.a_while()
    assert len(world.carrier.texts) == 1
    async with world.kit.database.transaction() as session:
        await session.execute(text("UPDATE pace SET refilled_at = :at"), {"at": backup.refilled_at})
        if queued:
            lost = "state = 'queued', carrier_sid = NULL, claimed_at = NULL"
            await session.execute(text(f"UPDATE message SET {lost}"))
        else:
            await session.execute(text("DELETE FROM message"))
    await clicks(world, priya)
    world.time.passes(seconds=6)


async def call_in(world: World, olivia: Person) -> Message:
    [call] = [message for message in olivia.dm.messages if "Send anyway" in message.words]
    await olivia.presses("Take it", on=call)
    await world.drawn()
    assert call.buttons == ["Send anyway", "Hand back"]
    return call


async def test_nothing_leaves_after_a_restore_until_a_lead_says_so(world: World, priya: Person, olivia: Person) -> None:
    await restored(world, priya)
    await started_anew(world)
    for _ in range(3):
        await world.minute()
    assert len(posts(world)) == 1
    status = (await olivia.types("/textbank status")).text
    assert "Nothing is being sent: the carrier lists 1 text of ours that the database does not have" in status

    call = await call_in(world, olivia)
    await olivia.presses("Send anyway", on=call)
    await world.a_while()
    assert world.carrier.texts_to(TOM) != []
    assert "Nothing is being sent" not in (await olivia.types("/textbank status")).text
    [noted] = await world.query("SELECT who FROM audit WHERE what = 'send anyway'")
    assert noted.who == olivia.id
    await started_anew(world)
    await clicks(world, priya)
    await world.a_while()
    assert len(posts(world)) == 3


async def test_a_manager_may_not_say_so(world: World, priya: Person, olivia: Person) -> None:
    max_ = world.slack.person("Max Manager")
    channel = world.slack.channel("#inbox", olivia, max_)
    await olivia.types("/textbank role @max manager")
    await olivia.types("/textbank inbox #inbox")
    await restored(world, priya)
    await started_anew(world)
    await world.settles()
    call = channel.messages[-1]
    await max_.presses("Take it", on=call)
    await world.drawn()
    await max_.presses("Send anyway", on=call)
    await world.a_while()
    assert "Only an organizer can do that" in max_.ephemerals[-1].words
    assert len(posts(world)) == 1


async def test_a_text_that_waits_here_and_has_left_already_does_not_leave_again(
    world: World, priya: Person, olivia: Person
) -> None:
    await restored(world, priya, queued=True)
    await started_anew(world)
    await world.settles()
    call = await call_in(world, olivia)
    await olivia.presses("Send anyway", on=call)
    for _ in range(2):
        await world.minute()
    assert await states(world) == ["delivered", "delivered"]
    assert len(world.carrier.texts_to(SARA)) == 1


async def test_several_workers_and_those_that_run_already_hold_it_too(
    world: World, priya: Person, olivia: Person
) -> None:
    running = world.sender
    await restored(world, priya)
    others = [Sender(replace(world.kit, owner=f"worker {number}")) for number in range(3)]
    assert await asyncio.gather(*(worker._claim() for worker in others)) == [[], [], []]
    assert await running._claim() == []
    await world.settles()
    call = await call_in(world, olivia)
    await olivia.presses("Send anyway", on=call)
    await world.a_while()
    assert len(posts(world)) == 2


@pytest.mark.parametrize("known", ["accepted", "posting", "unknown"])
async def test_an_ordinary_start_and_one_after_a_crash_let_texts_leave(
    world: World, priya: Person, olivia: Person, known: str
) -> None:
    await one_text(world, priya)
    world.carrier.lose_callbacks = True
    await world.a_while()
    if known != "accepted":  # killed between the POST and its outcome
        async with world.kit.database.transaction() as session:
            lease = "NULL" if known == "unknown" else "claimed_at"
            crashed = f"UPDATE message SET state = '{known}', carrier_sid = NULL, lease_until = {lease}"
            await session.execute(text(crashed))
    await started_anew(world)
    await clicks(world, priya)
    await world.a_while()
    assert len(posts(world)) == 2
    assert not any("Send anyway" in message.words for message in olivia.dm.messages)


@pytest.mark.parametrize("stranger", ["another sender", "from before"])
async def test_texts_of_others_and_older_ones_are_no_reason(world: World, priya: Person, stranger: str) -> None:
    who = {"messaging_service_sid": world.carrier.messaging_service_sid}
    if stranger == "another sender":
        who = {"from_": world.carrier.numbers[0]}
    else:
        world.time.passes(minutes=-10)
    await world.kit.sms.client.messages.create_async(to=TOM, body="From somebody's own script", **who)
    if stranger == "from before":
        world.time.passes(minutes=10)
    await one_text(world, priya)
    await started_anew(world)
    await world.a_while()
    assert len(world.carrier.texts_to(SARA)) == 1


async def test_while_the_carrier_lists_nothing_nothing_leaves_and_that_is_said(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    await started_anew(world)
    world.carrier.outage = True
    for _ in range(3):
        await world.minute()
    assert len(posts(world)) == 0
    assert len([message for message in olivia.dm.messages if "does not list what was sent" in message.words]) == 1
    world.carrier.outage = False
    await world.a_while(15)
    assert len(world.carrier.texts_to(SARA)) == 1


async def test_a_lead_may_let_texts_leave_though_the_carrier_lists_nothing(
    world: World, priya: Person, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one_text(world, priya)
    await started_anew(world)
    world.carrier.outage = True
    for _ in range(2):
        await world.minute()
    call = await call_in(world, olivia)
    await olivia.presses("Send anyway", on=call)
    monkeypatch.setattr("handlers.gate.Watch.lacking", None)  # it is not asked any more
    world.carrier.outage = False
    await world.a_while(15)
    assert len(world.carrier.texts_to(SARA)) == 1


async def test_an_opt_out_that_was_lost_comes_before_the_first_claim(world: World, priya: Person) -> None:
    await one_text(world, priya)
    world.carrier.lose_inbound = True
    await world.phone(SARA).texts("please take me off your list")
    world.time.passes(seconds=6)
    worker = await started_anew(world)
    await worker.step()
    assert posts(world) == []
    assert await states(world) == ["blocked"]


async def test_a_claim_itself_asks_whether_all_is_held(world: World, priya: Person) -> None:
    """Whatever its worker saw a moment before. What a lead has let pass is not held by a process that began earlier."""

    async def claimed() -> int:
        async with world.kit.database.transaction() as session:
            return len(await outbox.claim(session, owner="me", rate=9, limit=9, now=world.time.now))

    await one_text(world, priya)
    world.time.passes(seconds=6)
    began = world.time.now
    async with world.kit.database.transaction() as session:
        assert await outbox.hold(session, "a restore", began=began)
    assert await claimed() == 0
    async with world.kit.database.transaction() as session:
        await outbox.let_pass(session, now=world.time.now)
        assert not await outbox.hold(session, "a restore", began=began)
    assert await claimed() == 1


async def test_whatever_fails_at_the_gate_holds_texts_and_is_said(
    world: World, priya: Person, olivia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one_text(world, priya)
    await started_anew(world)
    monkeypatch.setattr("handlers.gate.Watch.lacking", None)
    for _ in range(2):
        await world.minute()
    assert posts(world) == []
    assert any("does not list what was sent" in message.words for message in olivia.dm.messages)
