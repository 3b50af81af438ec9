"""Slack takes about one message a second in a channel and some two hundred a minute: who comes first, and how fast."""

import pytest

from bot.services import posts
from bot.services.posts import PostKind
from handlers import budget
from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from tests.world import World


async def a_notice(world: World, to: str, words: str) -> None:
    """Something to be said that is no voter's."""
    async with world.kit.database.transaction() as session:
        about = {"campaign": words, "file_name": "list.csv"}
        await posts.add(session, PostKind.READING, to=to, dedupe=words, now=world.time.now, **about)


def posted(world: World) -> int:
    return sum(call.status == 200 for call in world.slack.calls if call.method == "chat.postMessage")


def refused(world: World) -> int:
    return sum(call.status == 429 for call in world.slack.calls if call.method == "chat.postMessage")


async def seconds(world: World, count: int) -> None:
    """So long goes by, second by second."""
    for _ in range(count):
        await world.a_while(1)


async def test_one_channel_gets_a_message_a_second_and_holds_up_nobody(
    world: World, priya: Person, sam: Person
) -> None:
    for number in range(12):
        await a_notice(world, priya.id, f"Priya's {number}")
    await a_notice(world, sam.id, "Sam's")
    await world.settles()
    assert len(priya.dm.messages) == budget.CHANNEL_BURST
    assert ["Sam's" in message.words for message in sam.dm.messages] == [True]
    await seconds(world, 8)
    assert [f"Priya's {number}*" in message.words for number, message in enumerate(priya.dm.messages)] == [True] * 12
    assert refused(world) == 0


async def test_the_pace_falls_when_slack_says_so_and_rises_again_slowly(world: World) -> None:
    team = [world.slack.person(f"Volunteer{number} Vale") for number in range(240)]
    for number, somebody in enumerate(team):
        await a_notice(world, somebody.id, f"Notice {number}")
    world.slack.respond_next("chat.postMessage", retry_after=30)
    await seconds(world, 30)
    assert (posted(world), world.kit.budget.a_minute) == (0, budget.A_MINUTE / 2)

    await seconds(world, 61)
    slow = posted(world)
    assert 80 <= slow <= 100
    await seconds(world, 60)
    assert posted(world) - slow > slow
    await world.a_while(600)
    assert world.kit.budget.a_minute == budget.A_MINUTE
    assert refused(world) == 1


async def test_voters_come_first_and_yet_no_notice_waits_for_ever(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message
) -> None:
    await seconds(world, 30)
    world.kit.budget._all.left = 0
    for number in range(10):
        await a_notice(world, world.slack.person(f"Volunteer{number} Vale").id, f"Notice {number}")
    await sara.texts("Hello?")
    world.time.passes(seconds=0.4)
    await world.settles()
    assert [reply.words.count("> Hello?") for reply in thread.replies] == [1]

    async with world.kit.database.transaction() as session:
        for number in range(300):
            note = {"words": f"Urgent {number}", "thread_ts": None}
            to = world.slack.person(f"Voice{number} Vale").id
            await posts.add(session, PostKind.NOTE, to=to, dedupe=f"note:{number}", now=world.time.now, **note)
    await seconds(world, 40)
    [left] = await world.query("SELECT count(*) AS n FROM slack_post WHERE kind = 'reading' AND state = 'queued'")
    assert left.n == 0
    assert refused(world) == 0


@pytest.mark.parametrize("kind", ["reply", "card"])
async def test_a_writer_that_was_paused_after_it_had_taken_the_job_says_nothing(
    world: World, priya: Person, sara: Phone, thread: Message, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    await world.a_while()
    before = len(priya.dm.messages)
    doubt = posts.doubt

    async def then_the_machine_sleeps(*args: object, **more: object) -> set[int]:
        monkeypatch.setattr(posts, "doubt", doubt)
        doubted = await doubt(*args, **more)  # type: ignore[arg-type]
        world.time.passes(seconds=90)
        return doubted

    monkeypatch.setattr(posts, "doubt", then_the_machine_sleeps)
    if kind == "reply":
        await sara.texts("Hello?")
    else:
        await a_notice(world, priya.id, "A notice")
    await world.writer.step()
    assert len(priya.dm.messages) == before
    world.time.passes(seconds=2)
    await world.settles()
    assert len(priya.dm.messages) == before + 1


@pytest.mark.parametrize("weather", [{"status": 500}, {"cut": True}, {"error": "fatal_error"}])
@pytest.mark.parametrize("where", ["thread", "notice"])
async def test_nothing_is_said_twice_though_slack_fell_silent_over_it(
    world: World, priya: Person, sara: Phone, thread: Message, weather: dict[str, object], where: str
) -> None:
    await world.a_while()
    world.slack.respond_next("chat.postMessage", after=True, **weather)  # type: ignore[arg-type]
    if where == "thread":
        await sara.texts("Hello?")
    else:
        await a_notice(world, priya.id, "Hello?")
    for _ in range(5):
        await world.a_while(5)
    assert sum("Hello?" in message.words for message in priya.dm.by_ts.values()) == 1
    assert {row.state for row in await world.query("SELECT state FROM slack_post")} == {"posted"}
