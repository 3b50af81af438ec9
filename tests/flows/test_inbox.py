"""The inbox: what needs somebody who runs things comes to one place, is taken by one of them, and comes back."""

import asyncio

import pytest

from bot.services.posts import MAX_ATTEMPTS
from sandbox.carrier import Phone
from sandbox.slack import Channel, Message, Person, clicks
from tests.flows.sending import states
from tests.world import World, aims

STRANGER = "+13135557788"


@pytest.fixture
async def max_(world: World, olivia: Person) -> Person:
    """A manager."""
    manager = world.slack.person("Max Manager")
    await olivia.types("/textbank role @max manager")
    return manager


@pytest.fixture
async def inbox(world: World, olivia: Person, max_: Person, priya: Person) -> Channel:
    """The organizers' channel is the inbox; a volunteer happens to be in it too."""
    channel = world.slack.channel("#inbox", olivia, max_, priya)
    await olivia.types("/textbank inbox #inbox")
    return channel


@pytest.fixture
async def call(world: World, inbox: Channel, priya: Person, thread: Message) -> Message:
    """Priya does not know what to tell Sara."""
    await priya.presses("Ask for help", on=thread)
    await world.settles()
    return inbox.messages[-1]


async def said(person: Person, line: str) -> str:
    """What a command answers."""
    shown = await person.types(line)
    return shown.text if shown else ""


async def noted(world: World, what: str) -> list[str]:
    """Who did this, by the audit log."""
    return [row.who for row in await world.query("SELECT who FROM audit WHERE what = :what ORDER BY id", what=what)]


# ------------------------------------------------------------------------------------------------------- where it is


async def test_an_organizer_says_where_the_inbox_is(world: World, olivia: Person, priya: Person) -> None:
    channel = world.slack.channel("#inbox", olivia)
    assert "Calls come to whoever made the campaign" in await said(olivia, "/textbank inbox")
    assert f"go to <#{channel.id}> from now on" in await said(olivia, "/textbank inbox #inbox")
    assert "This is the inbox now" in channel.messages[-1].words
    assert f"The inbox is <#{channel.id}>" in await said(olivia, "/textbank inbox")
    assert "Calls come to whoever made the campaign" in await said(olivia, "/textbank inbox off")
    assert "Calls come to whoever made the campaign" in await said(olivia, "/textbank inbox off")
    assert "Only an organizer can do that" in await said(priya, "/textbank inbox #inbox")
    assert await noted(world, "inbox") == [olivia.id]
    assert await noted(world, "inbox off") == [olivia.id]


async def test_a_channel_that_the_bot_is_not_in_is_no_inbox(world: World, olivia: Person) -> None:
    world.slack.channel("#secret", olivia, private=True, bot=False)
    assert "Add me to the channel first" in await said(olivia, "/textbank inbox #secret")
    assert "Write it like this: `/textbank inbox #channel`" in await said(olivia, "/textbank inbox secret")
    assert "Write it like this: `/textbank inbox #channel`" in await said(olivia, "/textbank inbox @olivia")
    assert "Calls come to whoever made the campaign" in await said(olivia, "/textbank inbox")


# ----------------------------------------------------------------------------------------------------------- a call


async def test_a_call_from_a_thread_is_taken_answered_and_comes_back_to_the_volunteer(
    world: World, olivia: Person, max_: Person, priya: Person, sara: Phone, thread: Message, call: Message
) -> None:
    assert f"<@{priya.id}> asks for help with *Sara Lopez* (Fall GOTV)" in call.words
    assert "> Where do I vote?" in call.words
    assert "0101" not in call.words
    assert call.buttons == ["Take it"]

    await max_.presses("Take it", on=call)
    await world.drawn()
    assert f"<@{max_.id}> has it" in call.words
    assert call.buttons == ["Answer", "Tell the volunteer", "Hand back", "Done"]

    await max_.presses("Answer", on=call)
    assert "> Where do I vote?" in max_.modal.words
    await max_.submits({"Message": "At the <library> on Main & 3rd"})
    await world.a_while()
    assert world.carrier.texts_to(sara)[-1] == "At the <library> on Main & 3rd"
    assert f"<@{max_.id}> answered" in call.words
    assert f"<@{max_.id}>\n> At the &lt;library&gt; on Main &amp; 3rd" in call.words
    assert f"<@{priya.id}>\n> Hi Sara" in call.words, "what the volunteer had written stays hers"
    assert call.buttons == []
    back = thread.replies[-1].words
    assert f"<@{max_.id}> answered Sara Lopez for you" in back
    assert "> At the &lt;library&gt; on Main &amp; 3rd" in back

    await sara.texts("Thank you!")
    await world.a_while()
    assert "> Thank you!" in thread.replies[-1].words
    assert olivia.dm.messages[-1].words.count("asks for help") == 0
    assert await noted(world, "inbox taken") == [max_.id]
    assert await noted(world, "inbox answered") == [max_.id]


async def test_a_call_from_the_card_is_answered_with_a_word_to_the_volunteer(
    world: World, inbox: Channel, olivia: Person, priya: Person, card: None
) -> None:
    await priya.edits("Message", "What do I say about <b>parking</b>?")
    await priya.chooses("Ask for help")
    await world.settles()
    [call] = inbox.messages[1:]
    assert f"<@{priya.id}> thought of writing:\n> What do I say about &lt;b&gt;parking" in call.words

    await olivia.presses("Take it", on=call)
    await world.drawn()
    assert call.buttons == ["Tell the volunteer", "Hand back", "Done"]
    assert "They have not written yet" in call.words
    await olivia.presses("Tell the volunteer", on=call)
    await olivia.submits({"Message": "Say <nothing> of it & go on"})
    await world.a_while()
    told = next(message.words for message in priya.dm.messages if "about Sara Lopez" in message.words)
    assert f"<@{olivia.id}> about Sara Lopez" in told
    assert "> Say &lt;nothing&gt; of it &amp; go on" in told
    assert f"<@{olivia.id}> told <@{priya.id}> what to do" in call.words
    assert "> Say &lt;nothing&gt; of it &amp; go on" in call.words
    assert await states(world) == []
    await world.a_while(3)
    assert priya.dm.top_level[-1] is priya.card
    assert "*Sara Lopez*" in priya.card.words


async def test_a_voter_who_never_wrote_is_answered_by_no_forged_press(
    world: World, inbox: Channel, olivia: Person, priya: Person, card: None
) -> None:
    await priya.presses("Send")
    await world.a_while()
    await priya.chooses("Ask for help")
    await priya.presses("Undo")
    await world.settles()
    call = inbox.messages[-1]
    await olivia.presses("Take it", on=call)
    await world.drawn()
    block, element = call.button("Tell the volunteer")
    pressed = clicks.button_action(block, {**element, "action_id": "inbox.answer"})
    await world.slack.delivery.interact(clicks.block_actions(olivia, call, pressed))
    modal = await olivia.submits({"Message": "Hello again"})
    assert "has not written yet, so there is nothing to answer" in modal.errors["Message"]
    assert len(world.carrier.texts) == 1


async def test_what_is_told_about_a_thread_is_said_in_it(
    world: World, olivia: Person, priya: Person, thread: Message, call: Message
) -> None:
    await olivia.presses("Take it", on=call)
    await world.drawn()
    await olivia.presses("Tell the volunteer", on=call)
    await olivia.submits({"Message": "Ask her for her ZIP code."})
    await world.settles()
    assert "> Ask her for her ZIP code." in thread.replies[-1].words
    assert await states(world) == ["delivered"]


async def test_of_two_who_press_take_it_at_once_one_has_it_and_the_other_is_told(
    world: World, olivia: Person, max_: Person, call: Message
) -> None:
    await asyncio.gather(aims(olivia, "Take it")(), aims(max_, "Take it")())
    await world.drawn()
    [taker] = await noted(world, "inbox taken")
    first, second = (olivia, max_) if taker == olivia.id else (max_, olivia)
    assert f"<@{first.id}> has it" in call.words
    assert f"<@{first.id}> was quicker and has it" in second.ephemerals[-1].words
    assert not any("was quicker" in shown.words for shown in first.ephemerals)

    for label in ("Answer", "Tell the volunteer", "Done"):
        await second.presses(label, on=call)
        await world.drawn()
        assert f"<@{first.id}> has taken that" in second.ephemerals[-1].words
        assert second.modal is None
    await second.presses("Hand back", on=call)
    await world.drawn()
    await second.presses("Take it", on=call)
    await world.drawn()
    assert f"<@{second.id}> has it" in call.words
    await second.presses("Done", on=call)
    await world.drawn()
    assert f"<@{second.id}> is done with this" in call.words
    assert call.buttons == []


async def test_two_submissions_of_one_call_are_one_text(
    world: World, olivia: Person, sara: Phone, call: Message
) -> None:
    await olivia.presses("Take it", on=call)
    await world.drawn()
    await olivia.presses("Answer", on=call)
    olivia.edits("Message", "At the library")
    elsewhere = clicks.submission(olivia, olivia.modal)  # on her phone
    await olivia.presses("Answer", on=call)
    await asyncio.gather(*(world.slack.delivery.interact(elsewhere) for _ in range(2)))
    await world.drawn()
    modal = await olivia.submits({"Message": "At the school"})
    assert modal.errors == {"Message": "That has been done already."}
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == ["At the library"]


async def test_only_those_who_run_things_may_press(
    world: World, olivia: Person, priya: Person, thread: Message, call: Message
) -> None:
    await priya.presses("Take it", on=call)
    await world.drawn()
    assert "Only a manager can do that (calls in the inbox)" in priya.ephemerals[-1].words
    assert call.buttons == ["Take it"]
    assert await noted(world, "refused") == [priya.id]

    await olivia.presses("Take it", on=call)
    await world.drawn()
    for label in call.buttons:
        await priya.presses(label, on=call)
        await world.drawn()
        assert "Only a manager can do that" in priya.ephemerals[-1].words
    assert f"<@{olivia.id}> has it" in call.words
    assert len(await noted(world, "refused")) == 5


async def test_a_role_that_was_taken_away_answers_nobody(
    world: World, olivia: Person, max_: Person, sara: Phone, call: Message
) -> None:
    await max_.presses("Take it", on=call)
    await world.drawn()
    await max_.presses("Answer", on=call)
    await olivia.types("/textbank role @max volunteer")
    modal = await max_.submits({"Message": "At the library"})
    assert "Only a manager can do that" in modal.errors["Message"]
    await world.a_while()
    assert len(world.carrier.texts_to(sara)) == 1


async def test_an_answer_that_may_not_go_is_refused_and_the_call_stays(
    world: World, olivia: Person, sara: Phone, call: Message
) -> None:
    await olivia.presses("Take it", on=call)
    await world.drawn()
    await olivia.presses("Answer", on=call)
    await sara.texts("STOP")
    modal = await olivia.submits({"Message": "At the library"})
    assert "Sara Lopez has opted out, so nothing was sent" in modal.errors["Message"]
    await world.a_while()
    assert len(world.carrier.texts_to(sara)) == 1
    assert "Inbox" not in call.words
    assert "Done" in call.buttons


async def test_whoever_answered_is_told_that_it_did_not_leave(
    world: World, olivia: Person, sara: Phone, call: Message
) -> None:
    await olivia.presses("Take it", on=call)
    await world.drawn()
    await olivia.presses("Answer", on=call)
    await olivia.submits({"Message": "At the library"})
    await sara.texts("STOP")
    await world.a_while()
    assert "Your answer to Sara Lopez was not texted: they have opted out." in olivia.dm.messages[-1].words


async def test_whoever_answered_is_told_that_it_was_not_delivered(world: World, olivia: Person, call: Message) -> None:
    await olivia.presses("Take it", on=call)
    await world.drawn()
    await olivia.presses("Answer", on=call)
    await olivia.submits({"Message": "carrier:30007"})
    await world.a_while()
    assert "Your answer to Sara Lopez could not be delivered" in olivia.dm.messages[-1].words


async def test_asking_again_is_said_below_the_same_call_and_after_it_is_done_it_is_a_new_one(
    world: World, inbox: Channel, olivia: Person, priya: Person, thread: Message, call: Message
) -> None:
    world.time.passes(minutes=2)
    await priya.presses("Ask for help", on=thread)
    await world.settles()
    assert inbox.messages[-1] is not call
    assert f"<@{priya.id}> asks again" in call.replies[-1].words
    assert len(inbox.top_level) == 2

    await olivia.presses("Take it", on=call)
    await world.drawn()
    await olivia.presses("Done", on=call)
    await world.drawn()
    await priya.presses("Ask for help", on=thread)
    await world.settles()
    assert len(inbox.top_level) == 3
    assert inbox.top_level[-1].buttons == ["Take it"]


async def test_without_a_channel_a_call_comes_to_whoever_made_the_campaign(
    world: World, olivia: Person, max_: Person, priya: Person, thread: Message
) -> None:
    await priya.presses("Ask for help", on=thread)
    await world.settles()
    call = olivia.dm.messages[-1]
    assert call.buttons == ["Take it"]
    await olivia.presses("Take it", on=call)
    await world.drawn()
    assert call.buttons == ["Answer", "Tell the volunteer", "Hand back", "Done"]
    assert max_.dm.messages == []


# --------------------------------------------------------------------------------------------------- the channel goes


@pytest.mark.parametrize("how", ["archived", "deleted", "removed"])
async def test_when_the_channel_is_gone_all_that_is_open_comes_to_the_organizer_who_is_told_once(
    world: World, inbox: Channel, olivia: Person, priya: Person, thread: Message, call: Message, how: str
) -> None:
    inbox.archived = how == "archived"
    if how == "deleted":
        del world.slack.workspace.channels[inbox.id]
    if how == "removed":
        inbox.kind, inbox.bot = "private", False
    await world.phone(STRANGER).texts("Who is this?")
    await world.phone("+13135557799").texts("And this?")
    world.writer.budget._all.left = 0  # a post at a time, and time passes between them
    for _ in range(10):
        await world.a_while(0.4)

    said_ = [message.words for message in olivia.dm.messages]
    assert sum("I can't post in the inbox channel any more" in words for words in said_) == 1
    assert sum("asks for help with *Sara Lopez*" in words for words in said_) == 1
    assert sum("A number that ends in 7788 wrote" in words for words in said_) == 1
    assert sum("A number that ends in 7799 wrote" in words for words in said_) == 1
    assert "Calls come to whoever made the campaign" in await said(olivia, "/textbank inbox")
    again = next(message for message in olivia.dm.messages if "asks for help" in message.words)
    await olivia.presses("Take it", on=again)
    await world.drawn()
    assert f"<@{olivia.id}> has it" in again.words


async def test_what_a_stranger_adds_in_a_channel_that_is_gone_is_not_lost(
    world: World, inbox: Channel, olivia: Person, card: None
) -> None:
    await world.phone(STRANGER).texts("Who is this?")
    await world.settles()
    inbox.archived = True
    await world.phone(STRANGER).texts("Hello?!")
    await world.settles()
    call = next(message.words for message in olivia.dm.messages if "7788" in message.words)
    assert "> Who is this?" in call
    assert "> Hello?!" in call


@pytest.mark.parametrize("how", ["moved", "moved and archived", "off"])
async def test_what_comes_after_an_open_item_comes_once_to_where_the_inbox_is_now(
    world: World, inbox: Channel, olivia: Person, card: None, how: str
) -> None:
    await world.phone(STRANGER).texts("Who is this?")
    await world.settles()
    new = world.slack.channel("#new", olivia)
    await olivia.types("/textbank inbox off" if how == "off" else "/textbank inbox #new")
    inbox.archived = how == "moved and archived"
    old = len(inbox.messages)
    for words in ("Hello?!", "Anybody?"):
        await world.phone(STRANGER).texts(words)
        await world.settles()
    shown = [message.words for message in (olivia.dm if how == "off" else new).messages]
    assert [sum(f"> {words}" in each for each in shown) for words in ("Hello?!", "Anybody?")] == [1, 1]
    assert len(inbox.messages) == old


async def test_what_comes_after_an_item_in_the_messages_of_somebody_who_is_gone_comes_to_the_other_organizer(
    world: World, olivia: Person, card: None
) -> None:
    ada = world.slack.person("Ada Admin", is_admin=True)
    world.organizer = ada
    await world.live_campaign("Recount")
    await world.phone(STRANGER).texts("Who is this?")
    await world.settles()
    other = max((olivia, ada), key=lambda one: one.dm.messages[-1].ts)  # it was shown to the first before
    world.slack.respond_next("chat.postMessage", error="user_disabled")
    for words in ("Hello?!", "Anybody?"):
        await world.phone(STRANGER).texts(words)
        await world.a_while()
    shown = [message.words for message in other.dm.messages]
    assert [sum(f"> {words}" in each for each in shown) for words in ("Hello?!", "Anybody?")] == [1, 1]


@pytest.mark.parametrize("error", ["invalid_blocks", "a fault of ours"])
async def test_a_call_that_slack_will_not_have_is_told_once_and_can_be_brought_again(
    world: World, inbox: Channel, olivia: Person, priya: Person, thread: Message, error: str
) -> None:
    await world.a_while()  # her card has come again
    times = 1 if error == "invalid_blocks" else MAX_ATTEMPTS
    world.slack.respond_next("chat.postMessage", error=error.replace(" ", "_"), times=times)
    await priya.presses("Ask for help", on=thread)
    for _ in range(times):
        await world.a_while(1000)
    told = [message.words for message in olivia.dm.messages if "could not be posted" in message.words]
    assert len(told) == 1
    assert f"in <#{inbox.id}>: Slack says {error.replace(' ', '_')}" in told[0]
    await olivia.types("/textbank inbox #inbox")
    await world.settles()
    assert "asks for help with *Sara Lopez*" in inbox.messages[-1].words


async def test_what_slack_will_not_have_below_a_call_is_told_once(
    world: World, inbox: Channel, olivia: Person, card: None
) -> None:
    await world.phone(STRANGER).texts("Who is this?")
    await world.settles()
    world.slack.respond_next("chat.postMessage", error="invalid_blocks", times=1)
    await world.phone(STRANGER).texts("Hello?!")
    await world.settles()
    assert sum("could not be posted" in message.words for message in olivia.dm.messages) == 1
    await olivia.types("/textbank inbox #inbox")
    await world.settles()
    assert "> Hello?!" in inbox.messages[-1].words


# ---------------------------------------------------------------------------------------------------------- suspended


async def test_whoever_is_suspended_gets_no_calls_and_the_next_in_line_does(
    world: World, olivia: Person, card: None
) -> None:
    """What was shown to them goes on too."""
    ada = world.slack.person("Ada Admin", is_admin=True)
    await world.phone(STRANGER).texts("Who is this?")
    await world.settles()
    next_ = world.slack.person("Nell Next")
    await ada.types("/textbank role @nell organizer")
    await ada.types("/textbank role @olivia none")
    await world.settles()
    had = len(olivia.dm.messages)
    assert "> Who is this?" in next_.dm.messages[-1].words
    await world.phone(STRANGER).texts("Hello?!")
    await world.phone("+13135557799").texts("And this?")
    await world.settles()
    assert len(olivia.dm.messages) == had
    assert "> Hello?!" in "".join(message.words for message in next_.dm.messages)
    assert "> And this?" in next_.dm.messages[-1].words


async def test_words_for_a_suspended_volunteer_come_to_whoever_runs_the_campaign_and_can_be_answered(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message
) -> None:
    await olivia.types("/textbank role @priya none")
    await sara.texts("Hello?")
    await world.a_while()
    await world.a_while()
    assert all("> Hello?" not in message.words for message in priya.dm.messages)
    [root] = olivia.threads
    assert "> Hello?" in root.words
    await olivia.writes("At the library", in_=root)
    await world.a_while()
    assert world.carrier.texts_to(sara)[-1] == "At the library"


async def test_words_for_a_suspended_volunteer_of_a_suspended_organizer_come_to_the_next_in_line(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message
) -> None:
    ada = world.slack.person("Ada Admin", is_admin=True)
    nell = world.slack.person("Nell Next")
    await ada.types("/textbank role @nell organizer")
    await ada.types("/textbank role @priya none")
    await ada.types("/textbank role @olivia none")
    had = len(olivia.dm.messages)
    await sara.texts("Hello?")
    await world.a_while()
    await world.a_while()
    assert len(olivia.dm.messages) == had
    assert "> Hello?" in nell.threads[0].words


# ---------------------------------------------------------------------------------------------------------- strangers


async def test_words_from_a_stranger_are_one_item_and_show_no_number(
    world: World, inbox: Channel, olivia: Person, card: None
) -> None:
    await world.phone(STRANGER).texts("Who is <!channel> this?")
    await world.settles()
    [call] = inbox.top_level[1:]
    assert "A number that ends in 7788 wrote" in call.words
    assert "> Who is &lt;!channel&gt; this?" in call.words
    assert "555" not in call.words
    await olivia.presses("Take it", on=call)
    await world.drawn()
    assert call.buttons == ["Opt this number out", "Hand back", "Done"]

    world.slack.respond_next("chat.postMessage", retry_after=30)
    for words in ("Hello?", "& again"):
        await world.phone(STRANGER).texts(words)
        await world.settles()
    await olivia.presses("Done", on=call)
    await world.drawn()
    assert "Something more has come at this very moment" in olivia.ephemerals[-1].words
    await world.a_while(31)
    [more] = call.replies
    assert f"<@{olivia.id}>: They wrote again" in more.words
    assert "> Hello?" in more.words
    assert "> &amp; again" in more.words
    assert "Who is" not in more.words
    await olivia.presses("Done", on=call)
    await world.drawn()
    assert call.buttons == []

    await world.phone(STRANGER).texts("Are you there?")
    await world.settles()
    assert len(inbox.top_level) == 3
    assert "Hello?" not in inbox.top_level[-1].words


async def test_what_comes_while_slack_is_away_is_shown_with_the_item_and_not_twice(
    world: World, inbox: Channel, card: None
) -> None:
    world.slack.respond_next("chat.postMessage", retry_after=30)
    for words in ("Who is this?", "Hello?"):
        await world.phone(STRANGER).texts(words)
        await world.settles()
    await world.a_while(31)
    [call] = inbox.top_level[1:]
    assert "> Who is this?" in call.words
    assert "> Hello?" in call.words
    assert call.replies == []


@pytest.mark.parametrize("shown", [0, 1])
async def test_what_a_stranger_adds_while_slack_is_silent_is_said_once_below(
    world: World, inbox: Channel, card: None, shown: int
) -> None:
    """Slack has made their call, or what goes below it, without saying so; and then they write once more."""
    words = ("Who is this?", "Hello?", "Anybody?")[: 2 + shown]
    for number, each in enumerate(words):
        if number == shown:
            world.slack.respond_next("chat.postMessage", status=500, after=True)
        await world.phone(STRANGER).texts(each)
        await world.settles()
    for _ in range(3):
        await world.a_while(31)
    [call] = inbox.top_level[1:]
    assert "> Who is this?" in call.words
    said = "\n".join(reply.words for reply in call.replies)
    assert [said.count(f"> {each}") for each in words] == [0, 1, 1][: len(words)]


async def test_a_burst_of_a_stranger_s_is_one_post(world: World, inbox: Channel, card: None) -> None:
    for words in ("Who is this?", "Hello?"):
        await world.phone(STRANGER).texts(words)
    await world.settles()
    [call] = inbox.top_level[1:]
    assert "> Hello?" in call.words
    assert call.replies == []


async def test_a_stop_from_a_stranger_is_obeyed_in_silence(world: World, inbox: Channel, card: None) -> None:
    await world.phone(STRANGER).texts("STOP")
    await world.settles()
    assert len(inbox.messages) == 1
    assert len(await world.query("SELECT 1 FROM opt_out WHERE state = 'out'")) == 1


async def test_a_stranger_is_opted_out_by_a_press(
    world: World, inbox: Channel, olivia: Person, priya: Person, card: None
) -> None:
    await world.phone("+13135550102").texts("Who gave you my number?")  # Tom, whom nobody has texted yet
    await world.settles()
    call = inbox.messages[-1]
    await olivia.presses("Take it", on=call)
    await world.drawn()
    await olivia.presses("Opt this number out", on=call)
    await world.drawn()
    assert f"<@{olivia.id}> opted this number out" in call.words
    assert call.buttons == []
    await priya.presses("Send")
    await world.drawn()
    assert "*Ana Díaz*" in priya.card.words


async def test_doubtful_words_of_a_stranger_are_decided_in_the_inbox(
    world: World, inbox: Channel, olivia: Person, priya: Person, card: None
) -> None:
    await world.phone("+13135550102").texts("not interested")
    await world.settles()
    call = inbox.messages[-1]
    assert "Did they ask to be left alone?" in call.words
    await olivia.presses("Take it", on=call)
    await world.drawn()
    assert call.buttons == ["Opt this number out", "Hand back", "It was no opt-out"]
    await olivia.presses("It was no opt-out", on=call)
    await world.drawn()
    assert "read this as no opt-out" in call.words
    assert await world.query("SELECT 1 FROM opt_out") == []


async def test_a_stranger_reaches_somebody_while_no_campaign_is_live(world: World, olivia: Person) -> None:
    await world.phone(STRANGER).texts("Anybody?")
    await world.settles()
    assert olivia.dm.messages == []
    channel = world.slack.channel("#inbox", olivia)
    await olivia.types("/textbank inbox #inbox")
    await world.settles()
    assert "> Anybody?" in channel.messages[-1].words
    await olivia.types("/textbank inbox off")

    await world.new_campaign()
    await world.phone("+13135557799").texts("And now?")
    await world.settles()
    assert "> And now?" in olivia.dm.messages[-1].words


# ----------------------------------------------------------------------------------------------- doubts and alarms


async def test_texts_in_doubt_are_one_item_a_campaign(
    world: World, inbox: Channel, olivia: Person, priya: Person, card: None
) -> None:
    world.carrier.fail_next("500", times=2)
    for _ in range(2):
        await priya.presses("Send")
        await world.drawn()
    await world.a_while()
    for _ in range(17):
        await world.minute()
    [call] = inbox.top_level[1:]
    assert "Fall GOTV: the carrier never said whether it took 2 texts. Nothing is sent again by itself" in call.words
    await olivia.presses("Take it", on=call)
    await world.drawn()
    assert call.buttons == ["Send again", "Leave it", "Hand back"]


async def test_sending_that_is_stopped_is_one_item_an_hour(
    world: World, inbox: Channel, olivia: Person, priya: Person, card: None
) -> None:
    for _ in range(2):
        world.carrier.fail_next("401")
        await priya.presses("Send")
        await world.a_while()
        await world.a_while(40)
    alarms = [message for message in inbox.top_level if "No text leaves for now" in message.words]
    assert len(alarms) == 1
    await olivia.presses("Take it", on=alarms[0])
    await world.drawn()
    await olivia.presses("Done", on=alarms[0])
    await world.drawn()
    assert alarms[0].buttons == []


async def test_a_reply_that_its_volunteer_can_not_be_shown_is_answered_from_the_inbox(
    world: World, inbox: Channel, max_: Person, sara: Phone, thread: Message
) -> None:
    world.slack.respond_next("chat.postMessage", error="user_disabled")
    await sara.texts("Hello?")
    await world.settles()
    call = inbox.messages[-1]
    assert "Slack does not show it to Priya Shah (user_disabled)" in call.words
    assert "> Hello?" in call.words
    await max_.presses("Take it", on=call)
    await world.drawn()
    await max_.presses("Answer", on=call)
    await max_.submits({"Message": "We are here."})
    await world.a_while()
    assert world.carrier.texts_to(sara)[-1] == "We are here."


async def test_the_status_says_how_many_are_open_those_of_no_campaign_too(
    world: World, inbox: Channel, olivia: Person, call: Message
) -> None:
    await world.phone(STRANGER).texts("Who is this?")
    await world.settles()
    assert "2 calls are open in the inbox" in await said(olivia, "/textbank status")
    await olivia.presses("Take it", on=call)
    await world.drawn()
    await olivia.presses("Done", on=call)
    await world.drawn()
    assert "1 call is open in the inbox" in await said(olivia, "/textbank status")
    await world.new_campaign("Recount")
    assert "1 call is open in the inbox" in await said(olivia, "/textbank status Recount")


# -------------------------------------------------------------------------------------------------------- texted START


async def test_start_from_somebody_who_opted_out_asks_an_organizer_and_changes_nothing_by_itself(
    world: World, olivia: Person, max_: Person, inbox: Channel, priya: Person, sara: Phone
) -> None:
    await sara.texts("STOP")
    await sara.texts("YES")
    await sara.texts("START")
    await world.a_while()
    item = inbox.messages[-1]
    assert "*Sara Lopez* (Fall GOTV) had opted out, and has texted START." in item.words
    assert [row.state for row in await world.query("SELECT state FROM opt_out")] == ["out"]

    await max_.presses("Take it", on=item)
    await world.drawn()
    await max_.presses("They may be texted", on=item)
    await world.drawn()
    assert "Only an organizer can do that" in max_.ephemerals[-1].words
    await max_.presses("Hand back", on=item)
    await world.drawn()
    await olivia.presses("Take it", on=item)
    await world.drawn()
    await olivia.presses("They may be texted", on=item)
    await world.drawn()
    assert f"<@{olivia.id}> lets them be texted again." in item.words
    assert await world.query("SELECT * FROM opt_out") == []
    [row] = await world.query("SELECT who, words FROM audit JOIN audit_words ON audit_id = id WHERE what = 'opt-in'")
    assert row.who == olivia.id
    assert "they texted START" in row.words


async def test_a_stop_after_start_is_not_lifted_with_it(
    world: World, olivia: Person, inbox: Channel, sara: Phone
) -> None:
    for words in ("STOP", "START", "stop texting me"):
        await sara.texts(words)
    await world.a_while()
    item = inbox.messages[-1]
    await olivia.presses("Take it", on=item)
    await world.drawn()
    await olivia.presses("They may be texted", on=item)
    await world.drawn()
    assert "They have asked to be left alone again since." in olivia.ephemerals[-1].words
    await olivia.presses("Leave it", on=item)
    await world.drawn()
    assert "left it: they won't be texted again" in item.words
    assert [row.state for row in await world.query("SELECT state FROM opt_out")] == ["out"]


async def test_start_from_a_number_that_no_campaign_knows_is_asked_about_only_if_it_had_opted_out(
    world: World, olivia: Person, inbox: Channel
) -> None:
    await world.phone(STRANGER).texts("STOP")
    await world.phone(STRANGER).texts("Unstop")
    await world.a_while()
    item = inbox.messages[-1]
    assert "A number that ends in 7788 had opted out, and has texted START." in item.words
    await olivia.presses("Take it", on=item)
    await world.drawn()
    await olivia.presses("They may be texted", on=item)
    await world.drawn()
    assert await world.query("SELECT * FROM opt_out") == []
    await world.phone("+13135557799").texts("START")
    await world.a_while()
    assert "A number that ends in 7799 wrote." in inbox.messages[-1].words
