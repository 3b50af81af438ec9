"""Voters answer: a thread opens for each in the volunteer's direct message, and what is typed there is texted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sandbox.carrier import Phone
from sandbox.slack import File, Message, Person
from tests.world import World, open_world, people

TOM = "+13135550102"


def last_said(thread: Message) -> str:
    return thread.replies[-1].words


# --------------------------------------------------------------------------------------------------- opening


async def test_a_thread_waits_until_the_clicking_pauses_and_then_the_card_comes_again(
    world: World, priya: Person, sam: Person, sara: Phone
) -> None:
    await priya.presses("Send")
    await world.drawn()
    card = priya.card
    await sara.texts("Who are you?")
    await world.a_while(4)
    assert priya.threads == []

    await world.a_while(1)
    [thread] = priya.threads
    assert "*Sara Lopez* answered · Fall GOTV" in thread.words
    assert "it's Priya with Michigan Votes" in thread.words
    assert "> Who are you?" in thread.words
    assert thread.buttons == ["Reply", "Opt out", "Ask for help", "Done"]
    assert priya.card is card

    await world.a_while(2)
    assert priya.dm.top_level[-2:] == [thread, priya.card]
    assert "*Ana Díaz*" in priya.card.words
    assert sam.dm.messages == []


async def test_a_press_on_replies_opens_them_at_once(world: World, priya: Person, sara: Phone) -> None:
    await sara.texts("Who are you?")
    await priya.presses("Send")
    await world.settles()
    assert priya.threads == []
    assert "Replies (1)" in priya.card.buttons

    await priya.presses("Replies (1)")
    await world.settles()
    assert len(priya.threads) == 1
    await priya.presses("Replies (1)")
    await world.drawn()
    assert "Waiting for your answer, each in a thread above: Sara Lopez." in priya.ephemerals[-1].words


async def test_later_answers_join_the_thread_and_those_that_pile_up_come_as_one_post(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    world.slack.respond_next("chat.postMessage", retry_after=30)
    await sara.texts("Hello?")
    await world.settles()
    await sara.texts("Are you <!channel> there?")
    await sara.texts("& a picture", media=["image/jpeg"])
    await world.a_while(31)

    [reply] = thread.replies
    assert "> Hello?" in reply.words
    assert "> Are you &lt;!channel&gt; there?" in reply.words
    assert "1 picture" in reply.words
    assert priya.threads == [thread]


async def test_a_long_answer_never_cuts_off_the_one_after_it(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    world.slack.respond_next("chat.postMessage", retry_after=30)
    for words in ("long " * 300, "& " * 700, "and last of all: yes"):
        await sara.texts(words)
        await world.settles()
    await world.a_while(31)

    assert "> and last of all: yes" in last_said(thread)


async def test_a_card_that_waits_for_words_is_never_redrawn_by_a_thread(
    world: World, priya: Person, sara: Phone
) -> None:
    await priya.edits("Message", "Dear Tom, I have long wanted")
    card = priya.card
    await sara.texts("Who are you?")
    await world.a_while()
    await world.a_while(3)

    assert priya.card is not card
    assert priya.lost_words == []
    await priya.presses("Send", on=card)
    await world.a_while()
    assert world.carrier.texts_to(TOM) == ["Dear Tom, I have long wanted"]


# ---------------------------------------------------------------------------------------------------- answering


async def test_what_is_typed_in_the_thread_arrives_as_a_phone_should_show_it(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    await priya.writes("Q&A <3 at michigan.gov/vote or https://a.org/x?a=1&b=2 👍🏽 :tada: *now*", in_=thread)
    await world.a_while()

    assert world.carrier.texts_to(sara)[-1] == "Q&A <3 at michigan.gov/vote or https://a.org/x?a=1&b=2 👍🏽 🎉 *now*"
    assert thread.replies[1:] == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("ask @olivia", "A phone cannot show a mention"),
        ("see #field", "A phone cannot show a link to a channel"),
        ("hi :partyparrot:", ":partyparrot: exists only in this Slack"),
        ("vote " * 330, "That is 1,649 characters; a text may have 1,600. Nothing was sent: shorten it."),
        ("   ", "The message was empty, so nothing was sent."),
    ],
)
async def test_what_cannot_be_texted_is_refused_in_the_thread(
    world: World, priya: Person, thread: Message, words: str, why: str
) -> None:
    world.slack.channel("#field", priya)
    await priya.writes(words, in_=thread)
    await world.a_while()

    assert why in last_said(thread)
    assert len(world.carrier.texts) == 1


async def test_files_and_words_outside_a_thread_reach_nobody_and_are_answered(
    world: World, priya: Person, thread: Message
) -> None:
    await priya.writes("my porch", in_=thread, files=(File("porch.jpg", b"x"),))
    lost = await priya.writes("At the library!")
    await world.a_while()

    assert "Pictures and files can't be texted from here yet" in last_said(thread)
    assert "Nobody was texted: type in a voter's thread" in last_said(lost)
    await priya.writes("What?", in_=lost)
    await world.a_while()
    assert "This thread belongs to no voter, so nobody was texted. Type in the thread that has" in last_said(lost)
    assert len(world.carrier.texts) == 1


async def test_a_line_that_is_also_sent_to_the_conversation_is_one_text(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    await priya.writes("At the library", in_=thread, broadcast=True)
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == ["At the library"]


async def test_an_edit_is_not_texted_and_says_so(world: World, priya: Person, sara: Phone, thread: Message) -> None:
    line = await priya.writes("At the libary", in_=thread)
    await world.a_while()
    await priya.edits_message(line, "At the library")
    await world.a_while()

    assert world.carrier.texts_to(sara)[1:] == ["At the libary"]
    assert "An edit changes nothing on the phone" in last_said(thread)


async def test_a_line_deleted_in_time_is_taken_back(world: World, priya: Person, sara: Phone, thread: Message) -> None:
    line = await priya.writes("At the bar", in_=thread)
    world.time.passes(seconds=4)
    await priya.deletes_message(line)
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == []
    assert "Taken back: that line was not texted." in last_said(thread)
    await priya.presses("Send")
    await world.drawn()
    assert "Replies (1)" in priya.card.buttons

    line = await priya.writes("At the library", in_=thread)
    await world.a_while()
    await priya.deletes_message(line)
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == ["At the library"]
    assert "that text has already left" in last_said(thread)


async def test_an_event_that_slack_brings_twice_is_one_text(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message
) -> None:
    await priya.writes("At the library", in_=thread)
    [typed] = [each for each in world.slack.events if each["event"].get("text") == "At the library"]
    await asyncio.gather(*(world.slack.delivery._deliver(typed) for _ in range(3)))
    await world.a_while()
    await olivia.types("/textbank pause")
    await world.slack.delivery._deliver(typed)
    await world.a_while()

    assert world.carrier.texts_to(sara)[1:] == ["At the library"]
    assert len(thread.replies) == 1


async def test_the_modal_answers_too_and_the_thread_shows_it(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    await priya.presses("Reply", on=thread)
    assert priya.modal.title == "Reply to Sara Lopez"
    assert "Where do I vote?" in priya.modal.words
    await priya.submits(Message="Ask :partyparrot:")
    assert "exists only in this Slack" in priya.modal.errors["Message"]
    await priya.submits(Message="At the library & the school 🗳️")
    await world.a_while()

    assert priya.modal is None
    assert world.carrier.texts_to(sara)[-1] == "At the library & the school 🗳️"
    assert "> At the library &amp; the school" in last_said(thread)


async def test_answers_leave_before_first_texts(database_url: str) -> None:
    async with open_world(database_url, sms_segments_per_second=1) as world:
        priya = world.slack.person("Priya Shah")
        await world.live_campaign(contacts=people(4))
        await world.texting(priya)
        await priya.presses("Send")
        await world.a_while()
        await world.phone("+13135550100").texts("Where?")
        await world.a_while()
        for _ in range(3):
            await priya.presses("Send", on=priya.card)
            await world.drawn()
        await priya.writes("Here", in_=priya.threads[0])
        world.time.passes(seconds=5)
        await world.settles()

        assert [text.body for text in world.carrier.texts[1:]] == ["Here"]
        for _ in range(3):
            await world.a_while(1)
        assert len(world.carrier.texts) == 5


async def test_while_the_campaign_is_paused_an_answer_is_refused(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message
) -> None:
    await olivia.types("/textbank pause")
    await priya.writes("At the library", in_=thread)
    await world.a_while()
    assert "Fall GOTV is paused, so nothing was sent. Send it again once it goes on." in last_said(thread)

    await olivia.types("/textbank resume fall")
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == []


async def test_at_night_only_a_voter_who_has_just_written_is_answered(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    world.time.passes(hours=10)
    await priya.writes("Are you still up?", in_=thread)
    await world.a_while()
    assert "too late or too early to text Sara Lopez now, so nothing was sent." in last_said(thread)
    assert "from 10:00 AM there" in last_said(thread)
    await priya.presses("Reply", on=thread)
    await world.drawn()
    assert priya.modal is None
    assert "They may be texted from 10:00 AM there." in priya.ephemerals[-1].words

    await sara.texts("One more question")
    world.time.passes(minutes=59)
    await priya.writes("Yes?", in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == ["Yes?"]
    world.time.passes(minutes=1)
    await priya.writes("Are you there?", in_=thread)
    await world.a_while()
    assert "too late or too early to text Sara Lopez now, so nothing was sent." in last_said(thread)
    assert world.carrier.texts_to(sara)[1:] == ["Yes?"]


async def test_an_answer_that_does_not_arrive_is_told_in_the_thread(
    world: World, priya: Person, sara: Phone, thread: Message
) -> None:
    sara.unreachable = 30003
    await priya.writes("At the library", in_=thread)
    await world.a_while()
    await world.settles()

    assert "Your last answer could not be delivered" in last_said(thread)


# -------------------------------------------------------------------------------------------------- the buttons


async def in_the_modal(priya: Person, shown: Message) -> None:
    await priya.presses("Reply", on=shown)
    await priya.submits({"And then": "Done with this conversation"})


async def by_its_button(priya: Person, shown: Message) -> None:
    await priya.presses("Done", on=shown)


@pytest.mark.parametrize("is_done", [by_its_button, in_the_modal])
async def test_done_closes_it_and_the_voters_next_words_open_it_again(
    world: World, priya: Person, sara: Phone, thread: Message, is_done: Callable[[Person, Message], Awaitable[None]]
) -> None:
    await is_done(priya, thread)
    await world.drawn()
    assert "Done. If they write again, it comes back here." in thread.words
    assert "Where do I vote?" in thread.words
    assert "Done" not in thread.buttons

    await sara.texts("Thanks!")
    await world.a_while()
    again = thread.replies[-1]
    assert "> Thanks!" in again.words
    await is_done(priya, again)
    await world.drawn()
    assert "> Thanks!" in again.words
    assert "Done." in again.words
    await priya.presses("Send")
    await world.drawn()
    assert "Replies (1)" not in priya.card.buttons


async def test_help_is_asked_for_from_the_thread(world: World, olivia: Person, priya: Person, thread: Message) -> None:
    await priya.presses("Ask for help", on=thread)
    await world.settles()
    call = olivia.dm.messages[-1].words
    assert f"<@{priya.id}> asks for help with *Sara Lopez* (Fall GOTV)" in call
    assert "> Where do I vote?" in call
    assert "Help is on its way" in priya.ephemerals[-1].words


async def test_a_call_for_help_shows_the_last_four_lines_each_of_them_quoted(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message
) -> None:
    for words in ("One", "Two", "Three\nand a half"):
        await sara.texts(words)
        await world.a_while()
    await priya.writes("At the library", in_=thread)
    await world.a_while()
    await priya.presses("Ask for help", on=thread)
    await world.settles()
    call = olivia.dm.messages[-1].words
    for line in ("> One", "> Two", "> Three", "> and a half", f"<@{priya.id}>\n> At the library"):
        assert line in call
    assert "Where do I vote?" not in call


async def test_nobody_else_can_use_the_thread(
    world: World, priya: Person, sam: Person, sara: Phone, thread: Message
) -> None:
    for label in ("Reply", "Opt out", "Done", "Ask for help"):
        await sam.presses(label, on=thread)
        await world.drawn()
        assert "no longer yours" in sam.ephemerals[-1].words
    await world.a_while()
    await priya.writes("At the library", in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == ["At the library"]


# ------------------------------------------------------------------------------------------------- Slack's weather


@pytest.mark.parametrize("weather", [{"status": 500}, {"retry_after": 20}, {"cut": True}, {"error": "fatal_error"}])
async def test_while_slack_is_down_no_answer_is_lost_and_none_comes_twice(
    world: World, priya: Person, sara: Phone, thread: Message, weather: dict[str, Any]
) -> None:
    tom = world.phone(TOM)
    await priya.presses("Send")
    await world.a_while()
    world.slack.respond_next("chat.postMessage", times=6, **weather)
    await sara.texts("Hello?")
    await tom.texts("Who is this?")
    for _ in range(8):
        await world.a_while(30)

    assert last_said(thread).count("> Hello?") == 1
    assert len(thread.replies) == 1
    assert sum("> Who is this?" in each.words for each in priya.dm.messages) == 1
    assert len(priya.threads) == 2


async def test_a_voter_with_a_novel_for_a_name_is_heard(world: World, priya: Person) -> None:
    novel = "Sara " + "of the long corridor " * 15
    await world.live_campaign(contacts=f"First Name,Cell Phone,State\n{novel},(313) 555-0101,MI\n")
    await world.texting(priya)
    await priya.presses("Send")
    await world.a_while()
    await world.phone("+13135550101").texts("Where do I vote?")
    await world.a_while()
    assert "Where do I vote?" in priya.threads[0].words
