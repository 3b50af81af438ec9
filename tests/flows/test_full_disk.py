"""The disk is full: what cannot be kept is not said to be done, and nothing that was kept is lost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from sandbox.slack import Person
from tests.flows.sending import clicks, people, posts, states
from tests.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def disk(world: World) -> Iterator[Callable[[bool], None]]:
    """Fills SQLite's disk, or makes room on it. A page more is allowed than there are: so full is a disk in the end."""
    engine, full = world.kit.database.engine.sync_engine, False

    def limit(connection: Any, *_: Any) -> None:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages if full else 1 << 30}")

    def change(is_full: bool) -> None:
        nonlocal full
        full = is_full

    event.listen(engine, "checkout", limit)
    yield change
    event.remove(engine, "checkout", limit)


async def test_a_full_disk_loses_no_click_that_was_shown_as_sent(
    world: World, priya: Person, disk: Callable[[bool], None]
) -> None:
    await world.live_campaign(contacts=people(40))
    await world.texting(priya)
    disk(True)
    long = "long " * 300
    for _ in range(20):
        await priya.edits("Message", long)
        await priya.presses("Send")
        await world.drawn()
        if priya.ephemerals:
            break
    assert "The database is busy, so nothing was done." in priya.ephemerals[-1].words
    kept = len(await states(world))
    shown = priya.card.words
    await world.a_while()
    assert len(posts(world)) <= kept

    disk(False)
    for _ in range(3):
        await world.a_while()
        await world.minute()
    assert len(posts(world)) == kept
    assert len(await states(world)) == kept
    assert set(await states(world)) <= {"delivered", "accepted", "unknown"}
    assert priya.card.words == shown
    await clicks(world, priya)
    await world.a_while()
    assert len(posts(world)) == kept + 1
