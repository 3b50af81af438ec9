"""The program is told to end: what is in flight is finished, and what cannot be is left for whoever comes next."""

import asyncio

import pytest

from bot.app import running
from handlers import sending
from sandbox.slack import Person
from tests.flows.sending import clicks, states
from tests.world import World, settings_for


@pytest.mark.parametrize(("weather", "becomes"), [("slow", "accepted"), ("hang", "posting")])
async def test_a_post_to_the_carrier_is_waited_for_and_not_for_ever(
    world: World, priya: Person, card: None, monkeypatch: pytest.MonkeyPatch, weather: str, becomes: str
) -> None:
    monkeypatch.setattr(sending, "LAST_SECONDS", 3.0 if weather == "slow" else 0.2)
    world.carrier.slow_seconds = 0.4
    world.carrier.fail_next(weather)
    await clicks(world, priya, 2)
    world.time.passes(seconds=6)
    settings = settings_for(world.kit.settings.database_url, world.slack, world.carrier, sms_segments_per_second=1)
    async with running(settings, ["worker"], clock=world.time):
        asked = len(world.carrier.calls)
        async with asyncio.timeout(20):
            while not any(call.method == "POST" for call in world.carrier.calls[asked:]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert await states(world) == [becomes, "queued"], "nothing more was taken"
    assert await world.query("SELECT 1 FROM lease WHERE name = 'worker'") == []


async def test_a_card_that_slack_puts_off_comes_by_a_post_when_the_program_ends(
    world: World, priya: Person, card: None
) -> None:
    world.slack.respond_next("response_url", retry_after=20)
    await priya.presses("Send")
    world.kit.slack._closing.set()
    await world.drawn()
    for _ in range(2):
        await world.a_while()
    assert "*Tom Reed*" in priya.card.words
