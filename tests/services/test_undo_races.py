"""Undo is exact: it and the claim meet in every order, and either the text is taken back, or the volunteer is told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.errors import Refusal
from bot.services import cards, conversations, outbox, texting
from bot.services.cards import Press
from sandbox.slack import Person
from tests.world import World


@pytest.fixture
async def priya(world: World) -> Person:
    """Her first text waits for its Undo, and the time for that has just run out."""
    priya = world.slack.person("Priya Shah")
    await world.live_campaign()
    await world.texting(priya)
    await priya.presses("Send")
    await world.drawn()
    world.time.passes(seconds=5)
    return priya


async def undo(world: World, who: str, session: Any) -> bool:
    """By the card's button."""
    [sent] = (await session.exec_driver_sql("SELECT id FROM message")).all()
    seen = await cards.look(session, who)
    try:
        await texting.undo(session, Press(who, seen.version), f"m{sent.id}", now=world.time.now)
    except Refusal as refusal:
        return "Too late: that text has already left" not in str(refusal)
    return True


async def unsay(world: World, who: str, session: Any) -> bool:
    """By deleting the line that was typed."""
    [sent] = (await session.exec_driver_sql("SELECT act_key FROM message")).all()
    return bool(await conversations.unsay(session, sent.act_key, now=world.time.now))


async def claim(world: World, session: Any) -> bool:
    values = {"owner": "worker", "rate": 1000, "limit": 10, "now": world.time.now}
    return bool(await outbox.claim(session, **values))


@pytest.mark.parametrize("first", ["undo", "claim"])
@pytest.mark.parametrize("how", [undo, unsay])
@pytest.mark.parametrize("undone", [False, True])
async def test_undo_and_claim_at_one_moment(
    world: World, priya: Person, first: str, how: Callable[..., Awaitable[bool]], undone: bool
) -> None:
    """The first has written and not committed when the second comes; `undone`: it breaks off, and nothing was done."""
    written, go_on = asyncio.Event(), asyncio.Event()
    acts: dict[str, Callable[[Any], Awaitable[bool]]] = {
        "undo": lambda session: how(world, priya.id, session),
        "claim": lambda session: claim(world, session),
    }
    second = "claim" if first == "undo" else "undo"

    async def begin() -> bool:
        async with world.kit.database.transaction() as session:
            done = await acts[first](session)
            written.set()
            await go_on.wait()
            if undone:
                raise ConnectionError
        return done

    async def follow() -> bool:
        await written.wait()
        async with world.kit.database.transaction() as session:
            return await acts[second](session)

    beginning, following = asyncio.create_task(begin()), asyncio.create_task(follow())
    await written.wait()
    # On PostgreSQL a claim does not wait for a text that somebody is at; everything else waits for the first to end.
    await asyncio.wait([following], timeout=0.2)
    go_on.set()
    results = await asyncio.gather(beginning, following, return_exceptions=True)
    won = {first: results[0] is True, second: results[1] is True}
    [row] = await world.query("SELECT state FROM message")

    assert (
        row.state
        == {(True, False): "taken_back", (False, True): "posting", (False, False): "queued"}[won["undo"], won["claim"]]
    )
    if not undone:
        assert won[first], "whoever was first has it"
    elif second == "undo":
        assert won["undo"]
    await world.a_while()
    sent = len(world.carrier.texts)
    assert sent == (0 if won["undo"] or won["claim"] else 1)  # a claim that nobody posts is this test's own
