"""The one writer to Slack: what it does when Slack is away, when another writer is at work, and with large files."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.gateways.slack import SlackTrouble
from bot.services import contacts, conversations, leases, posts
from bot.services.posts import PostKind
from handlers.posting import Writer
from sandbox.carrier import Phone
from sandbox.serving import serve
from sandbox.slack import Message, Person
from tests.project.test_manifest import granted
from tests.world import World

TOM = "+13135550102"


@pytest.fixture
async def sara(world: World, priya: Person, sara: Phone) -> Phone:
    """... and Tom too: Ana is on her card."""
    await priya.presses("Send")
    await world.a_while()
    return sara


@pytest.fixture
async def thread(world: World, thread: Message) -> Message:
    """... and the card has come again below it."""
    await world.a_while()
    return thread


@pytest.fixture
def other(world: World) -> Writer:
    """The writer of another process."""
    return Writer(replace(world.kit, owner="another"))


class Gate:
    """Holds up the first post, as a slow line does, until it is opened."""

    def __init__(self, world: World) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        self._post = world.kit.slack.post
        world.kit.slack.post = self._slow  # type: ignore[method-assign]

    async def _slow(self, *args: Any, **more: Any) -> tuple[str, str]:
        if not self.reached.is_set():
            self.reached.set()
            await self.open.wait()
        return await self._post(*args, **more)


def times_said(person: Person, words: str) -> int:
    return sum(f"> {words}" in each.words for each in person.dm.messages)


# ---------------------------------------------------------------------------------------------- Slack's weather


@pytest.mark.parametrize("weather", [{"status": 500}, {"retry_after": 30}, {"error": "account_inactive"}])
async def test_two_hours_without_slack_lose_no_reply(
    world: World, priya: Person, sara: Phone, thread: Message, weather: dict[str, Any]
) -> None:
    world.slack.respond_next("chat.postMessage", times=999, **weather)
    await sara.texts("Hello?")
    for _ in range(36):
        await world.a_while(200)
    assert times_said(priya, "Hello?") == 0

    world.slack._forecast._waiting.clear()
    await world.a_while(200)
    assert [reply.words.count("> Hello?") for reply in thread.replies] == [1]


async def test_a_post_that_slack_stumbles_over_lets_the_others_through(
    world: World, sam: Person, sara: Phone, thread: Message
) -> None:
    post = world.kit.slack.post

    async def stumbles(channel: str, message: dict[str, Any], **more: Any) -> tuple[str, str]:
        if "Hello?" in str(message):
            raise SlackTrouble("500", pause=2)
        return await post(channel, message, **more)

    world.kit.slack.post = stumbles  # type: ignore[method-assign]
    await sara.texts("Hello?")
    async with world.kit.database.transaction() as session:
        told = {"campaign": "Less urgent", "file_name": "list.csv"}
        await posts.add(session, PostKind.READING, to=sam.id, dedupe="one", now=world.time.now, **told)
    for _ in range(20):
        await world.a_while(1)
    assert ["*Less urgent*" in message.words for message in sam.dm.messages] == [True]


async def test_a_reply_that_its_volunteer_can_not_be_shown_is_brought_to_the_organizer(
    world: World, olivia: Person, sara: Phone, thread: Message
) -> None:
    world.slack.respond_next("chat.postMessage", error="user_disabled")
    await sara.texts("Hello?")
    await world.settles()
    assert "Sara Lopez answered a text of Fall GOTV" in olivia.dm.messages[-1].words
    assert "Priya Shah (user_disabled)" in olivia.dm.messages[-1].words
    assert "> Hello?" in olivia.dm.messages[-1].words
    assert thread.replies == []


async def test_a_reply_is_not_given_up_for_what_is_no_fault_of_its_volunteer(
    world: World, olivia: Person, sara: Phone, thread: Message
) -> None:
    world.slack.respond_next("chat.postMessage", error="messages_tab_disabled", times=3)
    await sara.texts("Hello?")
    for _ in range(5):
        await world.a_while(30)
    assert [reply.words.count("> Hello?") for reply in thread.replies] == [1]
    assert not any("Sara Lopez" in message.words for message in olivia.dm.messages)


async def test_news_is_told_once_though_the_card_comes_again_below_a_thread(
    world: World, priya: Person, sara: Phone
) -> None:
    await sara.texts("STOP")
    await world.phone(TOM).texts("Who is this?")
    for _ in range(3):
        await world.a_while()
    assert priya.dm.messages[-1] is priya.card
    told = "opted out" in priya.card.words
    await priya.presses("Skip", on=priya.card)
    await world.drawn()
    assert told + ("Sara Lopez opted out" in priya.dm.messages[-1].words) == 1


@pytest.mark.parametrize("weather", [{"status": 500}, {"cut": True}])
async def test_a_thread_that_slack_made_without_saying_so_is_not_made_twice(
    world: World, priya: Person, sara: Phone, weather: dict[str, Any]
) -> None:
    world.slack.scopes = granted()
    world.slack.respond_next("chat.postMessage", after=True, **weather)
    await sara.texts("Where do I vote?")
    await world.a_while()
    await sara.texts("And when?")
    await world.a_while()
    await world.a_while()
    [thread] = priya.threads
    assert "> Where do I vote?" in thread.words
    assert [reply.words.count("> And when?") for reply in thread.replies] == [1]
    assert times_said(priya, "Where do I vote?") == 1

    await priya.writes("At the library", in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(sara)[-1] == "At the library"


@pytest.mark.parametrize("what", ["presses Done", "presses Reply", "asks for help", "types", "another writer is quick"])
async def test_a_thread_that_is_used_before_it_is_known_of_is_not_made_twice(
    world: World, priya: Person, sara: Phone, other: Writer, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    world.slack.respond_next("chat.postMessage", after=True, status=500)
    await sara.texts("Where do I vote?")
    world.time.passes(seconds=6)
    await world.writer.step()
    [thread] = priya.threads
    if what == "presses Done":
        await priya.presses("Done", on=thread)
    elif what == "presses Reply":
        await priya.presses("Reply", on=thread)
        await priya.submits({"And then": ["Done with this conversation"]})
    elif what == "asks for help":
        await priya.presses("Ask for help", on=thread)
    elif what == "types":
        await priya.writes("At the library", in_=thread)
    else:
        find = world.kit.slack.find

        async def then_she_presses(*args: Any, **more: Any) -> Any:
            monkeypatch.setattr(world.kit.slack, "find", find)
            await priya.presses("Done", on=thread)
            await world.drawn()
            return await find(*args, **more)

        monkeypatch.setattr(world.kit.slack, "find", then_she_presses)
    await world.drawn()
    await sara.texts("And when?")
    for _ in range(6):
        await world.a_while(5)
    assert len(priya.threads) == 1
    assert times_said(priya, "Where do I vote?") == 1
    assert [reply.words.count("> And when?") for reply in thread.replies if "And when" in reply.words] == [1]
    await priya.writes("Until 8", in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == ["At the library", "Until 8"][what != "types" :]


@pytest.mark.parametrize("withheld", [set(), {"im:write"}])
async def test_a_thread_that_slack_did_not_make_is_made_when_it_listens_again(
    world: World, priya: Person, sara: Phone, withheld: set[str]
) -> None:
    world.slack.scopes = granted() - withheld
    world.slack.respond_next("chat.postMessage", status=500)
    world.slack.respond_next("conversations.history", status=500)
    await sara.texts("Where do I vote?")
    for _ in range(4):
        await world.a_while()
    assert times_said(priya, "Where do I vote?") == 1


async def test_slack_is_asked_for_no_history_while_it_answers(world: World, thread: Message) -> None:
    assert world.slack.count("conversations.history") == world.slack.count("conversations.open") == 0


# ---------------------------------------------------------------------------------------------- two writers


async def test_a_slow_post_is_not_made_again_by_another_writer(
    world: World, sara: Phone, thread: Message, other: Writer
) -> None:
    await sara.texts("Hello?")
    gate = Gate(world)
    slow = asyncio.create_task(world.writer.step())
    await gate.reached.wait()
    world.time.passes(seconds=25)
    await other.step()
    gate.open.set()
    await slow
    assert len(thread.replies) == 1


async def test_who_has_lost_the_job_posts_no_more(
    world: World, priya: Person, sara: Phone, thread: Message, other: Writer
) -> None:
    await sara.texts("Hello?")
    await world.phone(TOM).texts("Who is this?")
    gate = Gate(world)
    slow = asyncio.create_task(world.writer.step())
    await gate.reached.wait()
    world.time.passes(seconds=61)
    async with world.kit.database.transaction() as session:
        taken = {"owner": "another", "now": world.time.now, "lasting": timedelta(seconds=60)}
        assert await leases.take(session, "slack", **taken)
    gate.open.set()
    await slow
    assert times_said(priya, "Hello?") + times_said(priya, "Who is this?") == 1

    await other.step()
    assert (times_said(priya, "Hello?"), times_said(priya, "Who is this?")) == (1, 1)


async def test_what_another_writer_has_finished_meanwhile_is_not_posted_again(
    world: World, sara: Phone, thread: Message, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = posts.first_due

    async def then_the_other_is_quicker(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(posts, "first_due", due)
        seen = await due(*args, **more)
        world.time.passes(seconds=61)
        assert await other.step()
        world.time.passes(seconds=61)
        return seen

    await sara.texts("Hello?")
    monkeypatch.setattr(posts, "first_due", then_the_other_is_quicker)
    await world.writer.step()
    await world.settles()
    assert len(thread.replies) == 1
    assert {row.state for row in await world.query("SELECT state FROM slack_post")} == {"posted"}


async def test_a_finished_post_does_not_come_back_when_it_fails_for_somebody_else(world: World) -> None:
    now = world.time.now
    async with world.kit.database.transaction() as session:
        await posts.add(session, PostKind.NOTE, to="U1", dedupe="one", now=now, words="Hello")
        post = await posts.first_due(session, now=now)
        await posts.finish(session, post)
        await posts.failed(session, post, "cut off", now=now)
    assert [row.state for row in await world.query("SELECT state FROM slack_post")] == ["posted"]


async def test_a_text_that_comes_while_another_is_drawn_is_shown_too(
    world: World, priya: Person, sara: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = conversations.talk

    async def then_she_goes_on(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(conversations, "talk", talk)
        seen = await talk(*args, **more)
        await sara.texts("And when?")
        return seen

    await sara.texts("Where do I vote?")
    world.time.passes(seconds=10)
    monkeypatch.setattr(conversations, "talk", then_she_goes_on)
    await world.a_while()
    await world.a_while()
    assert times_said(priya, "Where do I vote?") == 1
    assert times_said(priya, "And when?") == 1


# ---------------------------------------------------------------------------------------------- rejected rows


def bad_rows(count: int) -> str:
    return "\n".join(["First Name,Cell Phone", "Sara,3135550101", *(f"Voter{n},12345" for n in range(count))])


async def test_between_the_pages_of_rejected_rows_clicks_are_served_and_no_transaction_is_open(world: World) -> None:
    await world.new_campaign(contacts=bad_rows(4_000), script="Hi {first_name}")
    turns, done = 0, False

    async def clicks() -> None:
        nonlocal turns
        while not done:
            await asyncio.sleep(0)
            turns += world.kit.database.engine.sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    clicking = asyncio.create_task(clicks())
    assert await contacts.rejects_csv(world.kit.database, 1, io.StringIO()) == 4_000
    done = True
    await clicking
    assert turns > 4_000 / 500


async def test_a_file_of_rejected_rows_that_does_not_go_up_comes_later_and_holds_up_nobody(
    world: World, olivia: Person
) -> None:
    world.slack.respond_next("files.getUploadURLExternal", status=500, times=2)
    await world.new_campaign(contacts=bad_rows(3), script="Hi {first_name}")
    assert world.writer.budget.shut_until is None
    for _ in range(3):
        await world.a_while(5)
    assert sum("3 rows were rejected" in message.words for message in olivia.dm.messages) == 1
    [file] = [one for one in olivia.files if one.name.startswith("rejected")]
    assert file.content.decode("utf-8-sig").count("12345") == 3


# ---------------------------------------------------------------------------------------------- the organizer's file


@pytest.mark.parametrize("weather", [{"status": 503}, {"retry_after": 40}, {"cut": True}])
async def test_a_file_that_slack_does_not_give_just_now_is_fetched_later_and_others_go_on(
    world: World, olivia: Person, weather: dict[str, Any]
) -> None:
    world.slack.respond_next("download", times=9, **weather)
    await world.new_campaign("First")
    world.slack._forecast._waiting.clear()
    await world.new_campaign("Second")
    said = [message.words for message in olivia.dm.messages]
    assert sum("*Second*: 3 contacts imported" in words for words in said) == 1
    assert not any("nothing was imported" in words for words in said)

    await world.a_while(45)
    assert "*First*: 3 contacts imported" in olivia.dm.messages[-1].words


async def test_a_file_that_slack_does_not_give_for_twenty_minutes_is_given_up_in_words(
    world: World, olivia: Person
) -> None:
    world.slack.respond_next("download", status=503, times=1000)
    await world.new_campaign()
    for _ in range(11):
        await world.a_while(120)
    assert "Slack could not give us the file for 20 minutes" in olivia.dm.messages[-1].words
    assert "files:read" not in olivia.dm.messages[-1].words


@pytest.fixture
async def stranger() -> AsyncIterator[tuple[str, list[Any]]]:
    """A server that is not Slack's, and who asked it for what."""
    asked: list[Any] = []

    async def app(scope: Any, _receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "http":
            asked.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"phone\n3135550101\n"})

    async with serve(app) as url:
        yield url, asked


async def test_our_token_is_shown_to_slack_only(
    world: World, olivia: Person, stranger: tuple[str, list[Any]], tmp_path: Path
) -> None:
    url, asked = stranger
    for address in (f"{url}/list.csv", "http://files.slack.com/list.csv", "https://slack.com.example.org/l.csv"):
        with pytest.raises(SlackTrouble, match="not kept in Slack"):
            await world.kit.slack.fetch_file(address, tmp_path / "list.csv")
    assert asked == []

    world.slack.respond_next("download", status=503)
    await world.new_campaign()
    async with world.kit.database.transaction() as session:
        await session.exec_driver_sql(f"UPDATE contact_import SET file_url = '{url}/list.csv'")
    await world.a_while(20)
    assert "The file is not kept in Slack but at 127.0.0.1" in olivia.dm.messages[-1].words
    assert asked == []
