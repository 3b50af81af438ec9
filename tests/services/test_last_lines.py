"""The last lines of defence, which no story reaches while those before them hold: asked here by themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bot.database import Session
from bot.services import campaigns, caps, clicks, contact_staging, inbound, optouts, outbox, outcomes, tallies
from bot.services.inbound import Received
from bot.services.outcomes import Outcome, Result
from models import MessageKind, MessageState, OptOutState, message, person
from sandbox.slack import Person
from tests.world import SECRET, World, open_world

SARA = "+13135550101"
Act = Callable[[World, Session], Awaitable[Any]]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """One text waits to leave, for Sara."""
    async with open_world(database_url) as world:
        priya: Person = world.slack.person("Priya Shah")
        await world.live_campaign()
        await world.texting(priya)
        await priya.presses("Send")
        await world.drawn()
        world.time.passes(seconds=6)
        yield world


async def text_of(world: World) -> dict[str, Any]:
    """What was queued."""
    async with world.kit.database.reading() as session:
        row = (await session.execute(select(message))).one()
    return {name: row._mapping[name] for name in outbox.QUEUED}


async def queued_too(world: World, **but: Any) -> int:
    """The same text once more, with these things changed."""
    values = {**await text_of(world), **but}
    async with world.kit.database.transaction() as session:
        return await outbox.queue(session, values)


async def claimed(world: World) -> list[str]:
    async with world.kit.database.transaction() as session:
        found = await outbox.claim(session, owner="me", rate=9, limit=9, now=world.time.now)
    return [text.to for text in found]


# -------------------------------------------------------------------------------------------------------- constraints


async def test_the_database_takes_one_text_for_one_act(world: World) -> None:
    with pytest.raises(IntegrityError):
        await queued_too(world, kind=MessageKind.ANSWER)
    assert await queued_too(world, kind=MessageKind.ANSWER, act_key="another")


async def test_the_database_takes_one_first_text_for_one_conversation_and_pass(world: World) -> None:
    with pytest.raises(IntegrityError):
        await queued_too(world, act_key="another")
    assert await queued_too(world, act_key="another", **{"pass": 2})
    async with world.kit.database.transaction() as session:
        await session.execute(message.update().values(state=MessageState.TAKEN_BACK))
        await session.execute(message.delete().where(message.c["pass"] == 2))
    assert await queued_too(world, act_key="after one that never left")


async def test_the_database_takes_one_row_for_one_text_of_a_voters(world: World) -> None:
    for _ in range(2):
        async with world.kit.database.transaction() as session:
            received = Received("SM1", SARA, "+15005550006", "Hello?")
            await inbound.receive(session, received, now=world.time.now, secret=SECRET)
    assert len(await world.query("SELECT 1 FROM inbound")) == 1
    with pytest.raises(IntegrityError):
        async with world.kit.database.transaction() as session:
            await session.exec_driver_sql(
                "INSERT INTO inbound (carrier_sid, from_number, to_number, body, verdict, at)"
                " SELECT carrier_sid, from_number, to_number, body, verdict, at FROM inbound"
            )


# ---------------------------------------------------------------------------------------------------------- the claim

BLIND = (
    select(
        *(message.c.id, message.c.body, message.c.media, message.c.segments, message.c.campaign_id),
        *(message.c.expires_at, person.c.phone),
    )
    .join(person, person.c.id == message.c.person_id)
    .order_by(message.c.id)
)
"""A claim's look that sees no reason against anything: as if all had happened just after it."""


async def _opts_out(world: World, session: Session, *, source: str = "text") -> None:
    [row] = await world.query("SELECT id, phone_hash FROM person WHERE phone = :phone", phone=SARA)
    await optouts.record(
        session, row.phone_hash, person_id=row.id, state=OptOutState.OUT, source=source, now=world.time.now
    )
    await session.execute(message.update().values(state=MessageState.QUEUED))  # as one that came back meanwhile


async def _pauses(world: World, session: Session) -> None:
    await campaigns.pause(session, await campaigns.by_id(session, 1), by="U1", now=world.time.now)


async def _takes_back(world: World, session: Session) -> None:
    await session.execute(message.update().values(state=MessageState.TAKEN_BACK))


@pytest.mark.parametrize("act", [_opts_out, _pauses, _takes_back])
async def test_a_claim_asks_again_whatever_its_look_saw(
    world: World, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    monkeypatch.setattr(outbox, "_CANDIDATES", BLIND)
    async with world.kit.database.transaction() as session:
        await act(world, session)
    assert await claimed(world) == []


@pytest.mark.parametrize("act", [_opts_out, _pauses])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_claim_passes_by_whoever_is_opting_out_or_pausing_at_this_moment(world: World, act: Act) -> None:
    """The text comes back into the queue while the transaction that should have found it there is under way."""
    assert await claimed(world) == [SARA]
    async with world.kit.database.transaction() as under_way:
        if act is _pauses:
            await _pauses(world, under_way)
        else:
            await optouts.lock(under_way, (await world.query("SELECT person_id FROM message"))[0].person_id)
        async with world.kit.database.transaction() as session:
            await outcomes.record(session, [Outcome(1, Result.LATER, pause=0)], now=world.time.now)
        world.time.passes(seconds=1)
        assert await claimed(world) == []
    assert await claimed(world) == ([] if act is _pauses else [SARA])


# -------------------------------------------------------------------------------------------------------- leases


async def test_the_answer_to_a_claim_that_another_has_settled_sends_nothing_again(world: World) -> None:
    """A worker was paused with its answer in hand; meanwhile its lease ended, and the text is a riddle for people."""
    assert await claimed(world) == [SARA]
    world.time.passes(minutes=2)
    async with world.kit.database.transaction() as session:
        await outcomes.sweep(session, now=world.time.now)
        await outcomes.record(session, [Outcome(1, Result.LATER)], now=world.time.now)
    [row] = await world.query("SELECT state FROM message")
    assert row.state == "unknown"


async def test_a_worker_that_is_slow_keeps_its_claim_until_its_lease_has_ended(world: World) -> None:
    assert await claimed(world) == [SARA]
    for seconds, state in ((55, "posting"), (10, "unknown")):
        world.time.passes(seconds=seconds)
        async with world.kit.database.transaction() as session:
            await outcomes.sweep(session, now=world.time.now)
        [row] = await world.query("SELECT state FROM message")
        assert row.state == state


# ----------------------------------------------------------------------------------------------------------- the hand


@pytest.mark.parametrize("why", ["gone", "elsewhere"])
async def test_a_contact_leaves_only_the_hand_that_holds_them(world: World, why: str) -> None:
    [sara, tom, _] = [row.contact_id for row in await world.query("SELECT contact_id FROM conversation ORDER BY 1")]
    [row] = await world.query("SELECT volunteer_id FROM message")
    which, whose = (sara, row.volunteer_id) if why == "gone" else (tom, "U1")
    values = {"which": which, "whose": whose, "into": "done", "why": "skipped", "out_at": None}
    async with world.kit.database.transaction() as session:
        assert (await session.execute(clicks.LEAVE, values)).rowcount == 0
        assert (await session.execute(clicks.LEAVE, {**values, "which": tom, "whose": row.volunteer_id})).rowcount == 1


async def test_a_click_that_finds_its_contact_gone_keeps_nobody_from_texting_them(world: World) -> None:
    text, now = await text_of(world), world.time.now
    tom = SimpleNamespace(person_id=2, free_at=None, first_act=None)
    drawing = {"drawn": 1, "campaign": 1, "next_contact": None, "on_surface": "message", "clicked": now, "told": None}
    async with world.kit.database.transaction() as session:
        written = await clicks.write(
            session,
            taking=caps.taking(tom, act_key="card:U1:9", terms=world.kit.terms, now=now),
            leaving={"which": 2, "whose": "U1", "into": "texted", "why": None, "out_at": now},
            text={**text, "act_key": "card:U1:9", "person_id": 2, "conversation_id": 2},
            count=tallies.entry("texted", campaign_id=1, volunteer_id="U1", script_id=1, now=now),
            drawing={**drawing, "whose": "U1"},
        )
        assert written is None
    assert await world.query("SELECT free_at, first_act FROM person WHERE id = 2") == [(None, None)]


# ---------------------------------------------------------------------------------------------------------- discretion


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_file_s_row_that_postgresql_stumbles_over_is_not_repeated_in_the_error(world: World) -> None:
    async with world.kit.database.transaction() as session:
        row = ["a name that is nobody's business"] * 20
        with pytest.raises(psycopg.Error) as stumbled:
            await contact_staging._Postgresql.add_contacts(session, [tuple(row)])
    assert "invalid input syntax" in str(stumbled.value) or "extra data" in str(stumbled.value)
    assert "CONTEXT" not in str(stumbled.value)
