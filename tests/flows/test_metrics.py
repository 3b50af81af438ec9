"""What an operator watches: `/metrics` says what waits, for how long, and what became of texts."""

import aiohttp
import pytest
from sqlalchemy import event

from sandbox.carrier import Phone
from sandbox.slack import Person
from tests.flows.sending import clicks
from tests.world import World, people


async def figures(world: World) -> dict[str, float]:
    """Every figure by its name, after those that were kept are old."""
    world.time.passes(minutes=1)
    async with aiohttp.ClientSession() as http, http.get(f"{world.kit.settings.public_url}/metrics") as answer:
        assert answer.status == 200
        lines = [line for line in (await answer.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def test_metrics_say_what_waits_and_what_became_of_texts(world: World, priya: Person, sara: Phone) -> None:
    before = await figures(world)
    await sara.texts("Where do I vote?")
    await clicks(world, priya)
    seen = await figures(world)
    assert seen["textbank_texts_queued"] == 1
    assert seen["textbank_texts_queued_oldest_seconds"] == 55  # it waited five seconds for its Undo
    assert seen["textbank_slack_posts_queued"] == 1
    assert seen["textbank_replies_waiting"] == 1
    assert seen["textbank_replies_waiting_oldest_seconds"] == 60
    clicked = 'textbank_slack_requests_total{kind="block_actions"}'
    assert seen[clicked] == before[clicked] + 1
    delivered = 'textbank_texts_total{campaign="1",result="delivered"}'
    assert seen[delivered] == 1
    for _ in range(2):  # the card comes again below the new thread
        await world.a_while()
    seen = await figures(world)
    assert seen[delivered] == 2
    assert seen["textbank_texts_queued"] == seen["textbank_slack_posts_queued"] == 0
    assert seen["textbank_circuit_open"] == seen["textbank_worker_alive"] == seen["textbank_clock_alive"] == 0
    await world.minute()
    assert (await figures(world))["textbank_clock_alive"] == 1


async def test_metrics_tell_of_texts_in_doubt_and_of_a_carrier_that_is_unwell(world: World, priya: Person) -> None:
    await world.live_campaign(contacts=people(10))
    await world.texting(priya)
    world.carrier.outage = True
    await clicks(world, priya, 6)
    await world.a_while()
    seen = await figures(world)
    assert seen["textbank_texts_in_doubt"] >= 5
    assert seen["textbank_circuit_open"] == 1


async def test_the_database_is_asked_once_in_a_while_however_often_somebody_looks(world: World) -> None:
    asked: list[int] = []
    event.listen(world.kit.database.engine.sync_engine, "before_cursor_execute", lambda *_: asked.append(1))
    async with aiohttp.ClientSession() as http:
        for _ in range(5):
            await (await http.get(f"{world.kit.settings.public_url}/metrics")).read()
    assert len(asked) == 8


async def test_a_database_that_is_away_is_a_figure_like_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.kit.database, "reading", _away)
    seen = await figures(world)
    assert seen["textbank_database_up"] == 0
    assert "textbank_texts_queued" not in seen


def _away() -> None:
    raise OSError("gone")
