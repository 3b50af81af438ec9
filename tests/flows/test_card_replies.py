"""More voters answer than Slack takes posts: the volunteer reads and answers them on the card itself."""

import asyncio

import pytest

from sandbox.carrier import Phone
from sandbox.slack import Person
from tests.world import World

TOM = "+13135550102"


@pytest.fixture
async def flood(world: World, priya: Person, sara: Phone) -> None:
    """Sara and Tom have answered; Slack takes no post for an hour; Ana is on Priya's card."""
    await priya.presses("Send")
    await world.a_while()
    world.slack.respond_next("chat.postMessage", retry_after=3600)
    await sara.texts("Where do I vote?")
    await world.phone(TOM).texts("Who are you?")
    await world.a_while(6)
    await priya.types("/text")
    await world.a_while(20)
    await priya.edits("Message", "Ana, a word about")


def posts(world: World) -> int:
    return world.slack.count("chat.postMessage")


@pytest.mark.usefixtures("flood")
async def test_a_press_brings_who_waits_into_the_same_message_and_answers_go_from_there(
    world: World, priya: Person, sara: Phone
) -> None:
    before, card = posts(world), priya.card
    await priya.presses("Replies (2)")
    await world.drawn()
    assert "*2 replies waiting*" in card.words
    for words in ("*Sara Lopez* · Fall GOTV", "> Where do I vote?", "*Tom Reed* · Fall GOTV", "> Who are you?"):
        assert words in card.words

    await priya.edits("Answer to Tom Reed", "It is Priya", on=card)
    await priya.edits("Answer to Sara Lopez", "At the library :tada:", on=card)
    await asyncio.gather(priya.presses("Send answer", on=card), priya.presses("Send answer", on=card))
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == ["At the library 🎉"]
    assert "*1 reply waiting*" in card.words
    assert card.inputs["Answer to Tom Reed"] == "It is Priya"

    await priya.presses("Send answer", on=card)
    await world.a_while()
    assert world.carrier.texts_to(TOM)[1:] == ["It is Priya"]
    assert priya.card is card
    assert "*Ana Díaz*" in card.words
    assert card.inputs["Message"] == "Ana, a word about"
    assert posts(world) == before
    assert priya.lost_words == []

    for _ in range(3):
        await world.a_while(3600)
    assert priya.threads == [], "what was read and answered needs no thread"
    await sara.texts("Thanks!")
    await world.a_while()
    assert "> At the library" in priya.threads[0].words


@pytest.mark.usefixtures("flood")
async def test_the_way_back_the_modal_and_what_else_a_thread_has(world: World, priya: Person, sara: Phone) -> None:
    await world.phone(TOM).texts("Go away")
    await priya.presses("Replies (2)")
    await world.drawn()
    card = priya.dm.top_level[-1]
    assert "Did Tom Reed ask to be left alone?" in card.words
    await priya.presses("Keep texting", on=card)
    await world.drawn()
    assert "Answer to Tom Reed" in card.inputs
    await priya.presses("Reply", on=card)
    assert priya.modal.title == "Reply to Sara Lopez"
    await priya.cancels()
    await priya.edits("Answer to Sara Lopez", "   ", on=card)
    await priya.presses("Send answer", on=card)
    await world.drawn()
    assert "The message was empty" in priya.ephemerals[-1].words
    await priya.presses("Done", on=card)
    await world.drawn()
    assert "*1 reply waiting*" in card.words

    await priya.presses("Back to my contacts", on=card)
    await world.drawn()
    assert card.inputs["Message"] == "Ana, a word about"
    await priya.presses("Send", on=card)
    await world.a_while()
    assert world.carrier.texts[-1].body == "Ana, a word about"
    assert "Replies (1)" in card.buttons


@pytest.mark.usefixtures("flood")
async def test_nobody_else_answers_from_there(world: World, priya: Person, sam: Person, sara: Phone) -> None:
    await priya.presses("Replies (2)")
    await world.drawn()
    card = priya.dm.top_level[-1]
    for label in ("Send answer", "Done", "Opt out"):
        await sam.presses(label, on=card)
        await world.drawn()
    assert "no longer yours" in sam.ephemerals[-1].words
    await world.a_while()
    assert world.carrier.texts_to(sara)[1:] == []
