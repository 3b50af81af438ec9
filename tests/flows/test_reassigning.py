"""Contacts taken back and handed on, and conversations that somebody else goes on with."""

import pytest

from sandbox.slack import Message, Person
from tests.world import World, people

SARA = "+13135550101"


async def said(person: Person, line: str) -> str:
    """What a command answers."""
    shown = await person.types(line)
    return shown.text if shown else ""


async def reassigned(world: World, olivia: Person, line: str) -> str:
    """What is said once it is done."""
    assert "I'll say here when it is done" in await said(olivia, f"/textbank reassign {line}")
    await world.settles()
    return olivia.ephemerals[-1].words


async def holders(world: World, state: str = "held") -> dict[str | None, int]:
    """How many conversations in this state each volunteer has."""
    asked = "SELECT volunteer_id, count(*) AS n FROM conversation WHERE state = :state GROUP BY volunteer_id"
    return {row.volunteer_id: row.n for row in await world.query(asked, state=state)}


# ------------------------------------------------------------------------------------------------------- taking back


async def test_what_is_not_yet_texted_is_taken_back_and_handed_out_again(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.live_campaign(contacts=people(700))
    await world.texting(priya, 700)
    await priya.presses("Send")
    await world.a_while()

    answer = await said(olivia, "/textbank unassign Fall @priya")
    assert answer == f"699 contacts of Fall GOTV are back from <@{priya.id}>, to be handed out again."
    assert "699 not handed out yet" in await said(olivia, "/textbank status")
    assert f"<@{priya.id}> has no contacts of Fall GOTV that are not" in await said(
        olivia, "/textbank unassign Fall @priya"
    )
    assert "Texted *1* of 700" in await said(olivia, "/textbank status")
    await world.texting(sam, 699)
    assert "*1 of 699*" in sam.card.words
    assert await holders(world) == {sam.id: 699}


@pytest.mark.parametrize("command", ["unassign", "reassign"])
async def test_whoever_was_invited_does_not_take_the_same_people_again_by_themselves(
    world: World, olivia: Person, priya: Person, command: str
) -> None:
    channel = world.slack.channel("#volunteers", olivia, priya)
    await world.live_campaign()
    await olivia.types("/textbank invite Fall #volunteers 2")
    await priya.presses("Start texting", on=channel.messages[-1])
    await world.settles()
    answer = await said(olivia, f"/textbank {command} Fall @priya")
    await world.settles()
    assert "They were invited, and take no more by themselves" in (olivia.ephemerals[-1].words or answer)
    await priya.types("/text")
    assert "You have no contacts in hand and no open invitation." in priya.ephemerals[-1].words
    assert await holders(world) == {}

    await priya.presses("Start texting", on=channel.messages[-1])
    await world.settles()
    assert await holders(world) == {priya.id: 2}


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("label", ["Send", "Skip"])
async def test_a_press_on_the_card_of_a_contact_who_was_taken_back_is_refused_with_the_words_kept(
    world: World, olivia: Person, priya: Person, sam: Person, label: str
) -> None:
    await olivia.types("/textbank unassign Fall @priya")
    await world.texting(sam, 1)
    await priya.edits("Message", "My own words for Sara")
    await priya.presses(label)
    await world.a_while()

    shown = priya.dm.messages[-1].words
    assert "Sara Lopez is no longer on your list, so nothing was sent." in shown
    assert "What stood in the field: “My own words for Sara”" in shown
    assert "gave contacts that you had not texted yet to somebody else" in shown
    assert world.carrier.texts == []
    assert await holders(world) == {sam.id: 1}
    assert "My own words" not in sam.card.inputs["Message"]
    await sam.presses("Send")
    await world.a_while()
    assert len(world.carrier.texts_to(SARA)) == 1


@pytest.mark.usefixtures("card")
async def test_words_begun_by_one_volunteer_do_not_go_out_in_anothers_name(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await priya.edits("Message", "It's Priya, are you voting?")
    await priya.presses("Send")
    await world.drawn()
    await priya.presses("Undo")
    await world.drawn()
    assert priya.card.inputs["Message"] == "It's Priya, are you voting?"
    await reassigned(world, olivia, "Fall @priya @sam")
    await sam.types("/text")

    assert "it's Sam with Michigan Votes" in sam.card.inputs["Message"]


@pytest.mark.usefixtures("card")
async def test_words_on_a_card_whose_contact_is_gone_never_become_anothers_draft(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await reassigned(world, olivia, "Fall @priya @sam")
    await olivia.types("/textbank pause Fall")
    await priya.edits("Message", "It's Priya, are you voting?")
    await priya.presses("Send")
    await world.drawn()
    await olivia.types("/textbank resume Fall")
    await sam.types("/text")
    assert "it's Sam with Michigan Votes" in sam.card.inputs["Message"]


# --------------------------------------------------------------------------------------------------------- handing on


@pytest.mark.usefixtures("thread")
async def test_a_volunteers_contacts_and_conversations_go_to_somebody_else(
    world: World, olivia: Person, priya: Person, sam: Person, thread: Message
) -> None:
    answer = await reassigned(world, olivia, "Fall @priya @sam")
    assert f"2 contacts of Fall GOTV are now with <@{sam.id}>." in answer
    assert f"1 open conversation is now with <@{sam.id}>" in answer
    await world.a_while()
    assert "gave you 2 contacts and 1 conversation of *Fall GOTV*" in "".join(m.words for m in sam.dm.messages)

    [root] = sam.threads
    assert "Where do I vote?" in root.words
    assert "Can we count on you in Detroit?" in root.words
    await sam.writes("At the library, until eight", in_=root)
    await world.a_while()
    assert world.carrier.texts_to(SARA)[-1] == "At the library, until eight"
    await world.phone(SARA).texts("Thank you!")
    await world.a_while()
    assert "Thank you!" in root.replies[-1].words
    assert all("Thank you!" not in reply.words for reply in thread.replies)

    await priya.writes("I know it too", in_=thread)
    await world.a_while()
    assert "no longer yours" in thread.replies[-1].words
    assert len(world.carrier.texts_to(SARA)) == 2
    await sam.types("/text")
    assert "*1 of 2*" in sam.card.words
    assert "*Tom Reed*" in sam.card.words


async def test_who_was_texted_and_answers_later_answers_whoever_has_the_conversation_now(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.live_campaign()
    await world.texting(priya, 2)
    for _ in range(2):
        await priya.presses("Send")
        await world.drawn()
    await world.a_while()
    await reassigned(world, olivia, "Fall @priya @sam")
    assert sam.threads == []
    await world.phone(SARA).texts("Who is this?")
    await world.a_while()

    [root] = sam.threads
    assert "Who is this?" in root.words
    assert priya.threads == []


async def test_a_text_undone_after_its_contact_was_handed_on_is_back_in_the_new_hand(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.live_campaign()
    await world.texting(priya, 3)
    await priya.presses("Send")
    await world.drawn()
    await reassigned(world, olivia, "Fall @priya @sam")
    await priya.presses("Undo")
    await world.a_while()

    assert world.carrier.texts == []
    assert await holders(world) == {sam.id: 3}
    await sam.types("/text")
    assert "*Sara Lopez*" in sam.card.words
    assert "*1 of 2*" in sam.card.words
    assert "it's Sam" in sam.card.inputs["Message"]


async def test_a_conversation_that_was_handed_on_shows_who_of_us_wrote_what(
    world: World, olivia: Person, priya: Person, sam: Person, thread: Message
) -> None:
    await priya.writes("I'll find out", in_=thread)
    await world.a_while()
    await reassigned(world, olivia, "Fall @priya @sam")
    await world.phone(SARA).texts("Well?")
    await world.a_while()
    [root] = sam.threads
    assert f"<@{priya.id}>\n> I'll find out" in root.words
    assert "*You*" not in root.words
    await sam.writes("At the library", in_=root)
    await world.a_while()
    await sam.presses("Reply", on=root)
    assert f"<@{priya.id}>\n> I'll find out" in sam.modal.words
    assert "*You*\n> At the library" in sam.modal.words


async def test_with_nobody_named_contacts_go_back_and_conversations_to_those_who_text_now(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    lee, gone = world.slack.person("Lee Wong"), world.slack.person("Gus Gone")
    await world.live_campaign(contacts=people(16))
    for somebody in (priya, sam, lee, gone):
        await world.texting(somebody, 4)
    for somebody in (priya, sam, lee, gone):
        for _ in range(2):
            await somebody.presses("Send")
            await world.drawn()
    await world.a_while()
    for number in (100, 101):
        await world.phone(f"+1313555{number:04}").texts("Who is this?")
    await world.a_while()
    assert len(priya.threads) == 2
    await olivia.types("/textbank role @priya none")
    await olivia.types("/textbank role @gus none")

    world.time.passes(minutes=14)
    answer = await reassigned(world, olivia, "Fall @priya")
    assert "2 contacts of Fall GOTV are to be handed out again." in answer
    assert "2 open conversations are now with 2 people who texted within the last 15 minutes" in answer
    await world.a_while()
    assert [len(somebody.threads) for somebody in (sam, lee, olivia)] == [1, 1, 0]
    assert await holders(world, "needs_reply") == {sam.id: 1, lee.id: 1}
    assert await holders(world, "pool") == {None: 2}


@pytest.mark.usefixtures("thread")
async def test_with_nobody_named_and_nobody_texting_conversations_come_to_whoever_asks(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.texting(sam, 1)
    world.time.passes(minutes=16)
    assert f"1 open conversation is now with <@{olivia.id}>" in await reassigned(world, olivia, "Fall @priya")
    await world.a_while()
    [root] = olivia.threads
    assert "Where do I vote?" in root.words
    assert f"<@{priya.id}> has nothing of Fall GOTV to hand on" in await reassigned(world, olivia, "Fall @priya")


async def test_what_was_written_wrongly_is_said(world: World, olivia: Person, priya: Person, sam: Person) -> None:
    await world.live_campaign()
    for line, why in {
        "unassign Fall": "`/textbank unassign CAMPAIGN @somebody`",
        "unassign Fall @priya @sam": "`/textbank unassign CAMPAIGN @somebody`",
        "unassign Fall @priya 5": "`/textbank unassign CAMPAIGN @somebody`",
        "reassign Fall": "`/textbank reassign CAMPAIGN @from [@to]`",
        "reassign Fall @priya @sam @olivia": "`/textbank reassign CAMPAIGN @from [@to]`",
        "reassign Fall @priya @priya": "the same person twice",
        "reassign Winter @priya @sam": "no campaign named “Winter”",
    }.items():
        assert why in await said(olivia, f"/textbank {line}"), line
    await olivia.types("/textbank role @sam none")
    assert f"<@{sam.id}> can't text: choose somebody else." in await reassigned(world, olivia, "Fall @priya @sam")
