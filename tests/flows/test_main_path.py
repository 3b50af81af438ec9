"""The main job: from a CSV to a text, and from a voter's answer to a thread."""

from sandbox.slack import Person
from tests.world import World


async def test_from_a_file_to_a_text_and_from_an_answer_to_a_thread(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.new_campaign()
    assert "3 contacts imported from list.csv" in olivia.dm.messages[-1].words

    started = await olivia.types("/textbank start fall")
    assert "Fall GOTV is live" in started.text
    await olivia.types("/textbank assign Fall GOTV @priya 50")
    await world.settles()
    assert "gave you 3 contacts" in priya.dm.messages[-1].words

    await priya.presses("Start texting")
    await world.settles()
    assert "*Sara Lopez*" in priya.card.words
    assert "until 8:00 PM there" in priya.card.words
    assert "*1 of 3*" in priya.card.words
    assert priya.card.inputs["Message"].startswith("Hi Sara, it's Priya with Michigan Votes.")

    await priya.edits("Message", "Hi Sara! Are you voting on Tuesday?")
    await priya.presses("Send")
    await world.drawn()
    assert "Texted *Sara Lopez*" in priya.card.words
    assert "*Tom Reed*" in priya.card.words
    await world.a_while()
    sara = world.phone("+13135550101")
    assert world.carrier.texts_to(sara) == ["Hi Sara! Are you voting on Tuesday?"]

    await sara.texts("Yes! Where do I vote?")
    await world.a_while()
    [thread] = priya.threads
    assert "*Sara Lopez* answered" in thread.words
    assert "Are you voting on Tuesday?" in thread.words
    assert "Where do I vote?" in thread.words

    await priya.writes("At the library on Main St :blush:", in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(sara)[-1] == "At the library on Main St 😊"
    assert priya.warnings == []
