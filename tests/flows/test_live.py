"""`doctor --live`: what is assumed of Slack and the carrier is measured with an admin, and nothing is left behind."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.errors import Refusal
from bot.views import live as views
from handlers import catching_up, live
from handlers.gate import Gate
from handlers.live_run import How, Result
from sandbox.slack import Person
from tests.forks import Forked
from tests.world import World

PHONE = "+13135550199"


@dataclass
class Measuring:
    """The run, what it tells the admin to do, and its results."""

    said: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, words: str) -> None:
        self.said.append(words)
        self._news.set()

    async def tells(self, words: str) -> None:
        """Wait until it tells the admin this."""
        async with asyncio.timeout(20):
            while not any(words in line for line in self.said):
                self._news.clear()
                await self._news.wait()

    def of(self, words: str) -> Result:
        """The one result about this."""
        [one] = [each for each in self.results if words in each.assumed]
        return one


@asynccontextmanager
async def measuring(world: World, admin: Person, how: How) -> AsyncIterator[Measuring]:
    """It goes on beside the block, and is over after it. Its rests move the story's clock."""

    async def rests(seconds: float) -> None:
        world.time.passes(seconds=seconds)
        await asyncio.sleep(0)

    seen = Measuring()
    number = await live.may_begin(world.kit, admin.id, "313-555-0199")
    how = replace(how, sleep=rests)
    async with asyncio.TaskGroup() as both:
        both.create_task(live.measure(world.kit, admin.id, number, say=seen.say, shown=seen.results.append, how=how))
        yield seen


async def test_where_all_is_as_assumed_each_line_says_so_and_nothing_is_left(world: World, olivia: Person) -> None:
    phone = world.carrier.phone(PHONE)
    async with measuring(world, olivia, How()) as seen:
        for step in (views.UNTOUCHED, views.EMOJI, views.CLEARED):
            await seen.tells(views.TO_DO[step].replace("*", ""))
            if step == views.EMOJI:
                await olivia.edits("Message", "see you there 😀", on=olivia.card)
            if step == views.CLEARED:
                await olivia.clears("Message", on=olivia.card)
            await olivia.presses("Done", on=olivia.card)
        await seen.tells(views.NOW_PRESS.replace("*", ""))
        await olivia.presses("Done", on=olivia.card)
        await seen.tells("If Slack tells you of it")
        await olivia.presses("Slack told me")
    await world.drawn()

    assert [each.holds for each in seen.results] == [True] * len(seen.results), "\n".join(map(str, seen.results))
    assert str(seen.of("messages at once")) == (
        "assumed: a channel takes 4 messages at once; measured: 5 in 0.0 seconds, then Slack asked to wait 1 seconds"
    )
    assert seen.of("our own posts").found == "5 of 5 came back"
    assert seen.of("edits by chat.update come back").found == "50 of 50 edits"
    assert seen.of("nobody touched").found == f"“{views.DRAFT}”"
    assert seen.of("emoji").found == "“see you there 😀”"
    assert seen.of("emptied").found == "null"
    assert seen.of("not slowed down").found == "16 in 0.0 seconds"
    assert seen.of("takes 5 uses").found == "one more was answered 404, 404, 404, 404"
    assert seen.of("edits by response_url come back").found == "20 of 20 edits"
    assert seen.of("the text arrives").found.endswith("sent after 0.0 seconds, delivered after 0.0 seconds")

    assert olivia.dm.messages == []
    assert len(phone.received) == 1
    assert world.carrier.texts_to(PHONE) == []  # taken off the carrier's log
    assert await world.query("SELECT 1 FROM setting WHERE name LIKE 'doctor:text%'") == []
    assert [row.who for row in await world.query("SELECT who FROM audit WHERE what = 'doctor live'")] == [olivia.id]
    assert olivia.warnings == []


async def test_what_is_otherwise_is_said(world: World, olivia: Person) -> None:
    world.slack.echo_own_posts = False
    world.slack.limits.post_burst, world.slack.limits.per_minute["chat.update"] = 2, 10
    world.slack.limits.response_urls_per_minute = 10
    world.carrier.phone(PHONE).unreachable = 30006
    world.carrier.list_lag = 100
    typed = {views.UNTOUCHED: "Somebody's", views.EMOJI: ":smile:", views.REDRAWN: views.OTHER_DRAFT}
    async with measuring(world, olivia, How(for_slack=0.01)) as seen:
        for step, words in views.TO_DO.items():
            await seen.tells((views.NOW_PRESS if step == views.REDRAWN else words).replace("*", ""))
            if step in typed:
                await olivia.edits("Message", typed[step], on=olivia.card)
            await olivia.presses("Done", on=olivia.card)
        await seen.tells("If Slack tells you of it")
        await olivia.presses("I had to look")
    await world.drawn()
    assert {each.assumed: each.holds for each in seen.results if each.holds is not False} == {
        "the carrier takes a text at once, and says so": True,
        "a response_url takes 5 uses": None,  # Slack asked to wait first
    }
    assert seen.of("messages at once").found.startswith("2 in 0.0 seconds, then Slack asked to wait")
    assert seen.of("our own posts").found == "0 of 2 came back"
    assert seen.of("emptied").found == f"“{views.DRAFT}”"
    assert "6 in 0.0 seconds, " in seen.of("not slowed down").found
    assert seen.of("list").found == "listed after 100.0 seconds"
    assert "undelivered after" in seen.of("the text arrives").found
    assert "(error 30006)" in seen.of("the text arrives").found
    assert olivia.dm.messages == []


async def test_where_nobody_presses_it_goes_on_and_says_what_was_not_measured(world: World, olivia: Person) -> None:
    world.carrier.fail_next("accept_then_500")
    how = How(posts=1, edits=1, for_hand=0.01)
    async with measuring(world, olivia, how) as seen:
        pass
    await world.drawn()
    assert seen.of("nobody touched").found == seen.of("never typed").found == "nobody pressed in time"
    assert "nobody can say" in seen.of("takes a text").found
    assert seen.of("the text arrives").holds  # though the answer to its POST was lost
    assert olivia.dm.messages == []
    assert world.carrier.texts_to(PHONE) == []


async def test_what_slack_does_not_do_ends_its_part_and_the_carriers_goes_on(world: World, olivia: Person) -> None:
    world.slack.messages_tab = False
    async with measuring(world, olivia, How()) as seen:
        pass
    assert str(seen.results[0]).endswith("measured: Slack did not do it: messages_tab_disabled")
    assert seen.of("the text arrives").holds


async def test_a_text_that_stays_in_the_carriers_log_is_no_sign_of_a_restore(world: World, olivia: Person) -> None:
    never = asyncio.Event()
    world.carrier.delivery.receipt, world.carrier.sleep = 1.0, lambda _seconds: never.wait()
    async with measuring(world, olivia, How(posts=1, edits=1, for_hand=0.01, for_phone=0.05)) as seen:
        pass
    assert any("stays in the carrier's log" in line for line in seen.said)
    assert "sent after" in seen.of("the text arrives").found
    assert await Gate(world.kit).lets_pass()
    assert await world.query("SELECT 1 FROM pace WHERE held_why IS NOT NULL") == []
    never.set()


async def test_a_press_when_the_measuring_is_over_does_nothing(world: World, olivia: Person) -> None:
    await world.kit.slack.post(olivia.id, views.card(views.UNTOUCHED))
    await olivia.presses("Done", on=olivia.card)
    await world.drawn()
    assert "That measuring is over" in olivia.ephemerals[-1].words


async def test_on_the_command_line_it_wants_an_admin_their_phone_and_their_word(tmp_path: Path) -> None:
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "secret",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "token",
        "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32,
        "TEXTBANK_SECRET": "a secret for tests, long enough",
    }
    nobody = Forked(["doctor", "--live"], {**os.environ, **settings}, tmp_path / "nobody")
    assert await asyncio.to_thread(nobody.wait, 60) == 2
    assert "Name the admin and their own phone" in nobody.said()
    whom = ["--admin", "U1", "--phone", PHONE]
    silent = Forked(["doctor", "--live", *whom], {**os.environ, **settings}, tmp_path / "silent")
    assert await asyncio.to_thread(silent.wait, 60)  # nobody says yes
    assert "it posts up to 14 messages and edits one of them up to\n60 times" in silent.said()
    assert f"To {PHONE} it sends one text of one segment" in silent.said()
    assert "at your carrier's price (in the\nUnited States about a cent" in silent.said()
    assert silent.said().rstrip().endswith("Aborted.")


async def test_only_an_admin_measures_and_nobody_who_opted_out_is_texted(
    world: World, olivia: Person, priya: Person
) -> None:
    with pytest.raises(Refusal, match="is no admin"):
        await live.may_begin(world.kit, priya.id, PHONE)
    with pytest.raises(Refusal, match="Slack does not know U404"):
        await live.may_begin(world.kit, "U404", PHONE)
    with pytest.raises(Refusal, match="no phone number"):
        await live.may_begin(world.kit, olivia.id, "12")
    await catching_up.beat(world.kit)  # a web listens; of an SQLite file it is known who serves it
    with nullcontext() if world.kit.database.sqlite else pytest.raises(Refusal, match="Stop its web processes"):
        assert await live.may_begin(world.kit, olivia.id, "313.555.0199") == PHONE
    await olivia.types(f"/textbank optout {PHONE}")
    with pytest.raises(Refusal, match="has opted out"):
        await live.may_begin(world.kit, olivia.id, PHONE)
