"""Events of Slack's that never came: what volunteers typed meanwhile is read in their threads, and texted once."""

import pytest

from handlers import catching_up
from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from tests.world import World


async def types_unheard(priya: Person, words: str, thread: Message) -> None:
    """Slack drops what she types."""
    delivery = priya.slack.delivery
    address, delivery.request_url = delivery.request_url, None
    await priya.writes(words, in_=thread)
    delivery.request_url = address


async def test_lines_that_slack_dropped_are_texted_once_and_the_others_not_again(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    await priya.writes("At the library", in_=thread)
    await world.a_while()
    await world.organizer.types("/textbank pause")
    await priya.writes("While it is paused", in_=thread)  # refused: it stays so
    await world.a_while()
    await world.organizer.types("/textbank resume fall")
    await world.a_while(60)
    world.slack.events_an_hour = 1
    world.slack.delivery._hour.take(world.slack.clock())
    await priya.writes("On Main Street", in_=thread)
    await priya.writes("Until 8 :tada:", in_=thread)
    await priya.writes("see #nowhere :partyparrot:", in_=thread)
    await world.drawn()
    assert world.slack.delivery.dropped == 3
    for _ in range(5):
        await world.a_while(20)
    assert world.carrier.texts_to(sara)[1:] == ["At the library", "On Main Street", "Until 8 🎉"]
    assert sum("exists only in this Slack" in reply.words for reply in thread.replies) == 1
    assert await world.query("SELECT 1 FROM setting WHERE name = 'events_lost'") == []
    calls = world.slack.count("conversations.replies")
    await world.a_while(600)
    assert world.slack.count("conversations.replies") == calls


@pytest.mark.parametrize("how", ["is done", "has opted out"])
async def test_a_dropped_line_is_taken_up_wherever_somebody_may_type(
    world: World, priya: Person, sara: Phone, thread: Message, how: str
) -> None:
    if how == "is done":
        await priya.presses("Done", on=thread)
    else:
        await priya.writes("At the school", in_=thread)
        await world.a_while(100 * 60)
        await sara.texts("STOP")
    await world.a_while()
    world.slack.events_an_hour = 1
    world.slack.delivery._hour.take(world.slack.clock())
    await priya.writes("At the library", in_=thread)
    for _ in range(4):
        await world.a_while(20)
    if how == "is done":
        assert world.carrier.texts_to(sara)[1:] == ["At the library"]
    else:
        assert thread.replies[-1].by_bot
        assert await world.query("SELECT 1 FROM slack_post WHERE dedupe_key LIKE 'refused:%'")
    assert await world.query("SELECT 1 FROM setting WHERE name = 'events_lost'") == []


@pytest.mark.parametrize("minutes", [20, 40])
async def test_after_nobody_listened_lines_are_made_up_or_said_to_be_too_late(
    world: World, priya: Person, sara: Phone, thread: Message, minutes: int
) -> None:
    await catching_up.beat(world.kit)
    world.time.passes(seconds=70)
    await types_unheard(priya, "At the library", thread)
    world.time.passes(minutes=minutes)
    await catching_up.beat(world.kit)
    for _ in range(3):
        await world.a_while(31)
    if minutes == 20:
        assert world.carrier.texts_to(sara)[1:] == ["At the library"]
        assert [reply.words for reply in thread.replies] == ["At the library"]
    else:
        assert world.carrier.texts_to(sara)[1:] == []
        assert [reply.words.startswith("Slack brought this line too late") for reply in thread.replies] == [False, True]


async def test_while_somebody_listens_no_thread_is_read(world: World, thread: Message) -> None:
    for _ in range(5):
        await catching_up.beat(world.kit)
        await world.a_while(50)
    assert world.slack.count("conversations.replies") == 0


async def test_slack_may_be_busy_when_threads_are_to_be_read(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    await catching_up.beat(world.kit)
    world.time.passes(seconds=70)
    await types_unheard(priya, "At the library", thread)
    world.slack.respond_next("conversations.replies", retry_after=30)
    await catching_up.beat(world.kit)
    await world.a_while(6)
    assert world.carrier.texts_to(sara)[1:] == []
    for _ in range(3):
        await world.a_while(31)
    assert world.carrier.texts_to(sara)[1:] == ["At the library"]
