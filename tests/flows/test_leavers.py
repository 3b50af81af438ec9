"""A volunteer leaves Slack, or the bot's token is taken away: nothing is lost, and somebody is told."""

import pytest

from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from tests.flows.test_metrics import figures
from tests.world import World


@pytest.mark.parametrize("told", [True, False])
async def test_what_a_volunteer_who_has_left_was_at_goes_to_others(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message, told: bool
) -> None:
    """... whether Slack tells of it or only refuses to show her a voter's words."""
    await world.a_while()
    if told:
        await priya.is_deactivated()
        await sara.texts("Hello?")
    else:
        priya.user.deleted = True
        world.slack.respond_next("chat.postMessage", error="user_disabled")
        await sara.texts("Hello?")
        await world.settles()
        await priya.is_deactivated()  # the event comes all the same, and finds nothing left to do
    await world.settles()
    await world.a_while()

    said = [message.words for message in olivia.dm.messages]
    assert sum("Priya Shah is no longer in this Slack. 2 contacts of Fall GOTV" in words for words in said) == 1
    assert sum("open conversations of Fall GOTV (1) are now with" in words for words in said) == 1
    [talk] = [message for message in olivia.dm.messages if "*Sara Lopez* answered" in message.words]
    assert "> Where do I vote?" in talk.words
    assert "> Hello?" in talk.words + "".join(reply.words for reply in talk.replies)
    assert (await world.query("SELECT count(*) AS n FROM conversation WHERE state = 'pool'"))[0].n == 2
    await olivia.writes("At the library", in_=talk)
    await world.a_while()
    assert world.carrier.texts_to(sara)[-1] == "At the library"
    assert not any("reaches nobody" in words or "user_disabled" in words for words in said)


async def test_a_volunteer_whose_profile_changes_keeps_everything(world: World, priya: Person, thread: Message) -> None:
    await priya._happens({"type": "user_change", "user": priya.user.as_json()})
    await world.a_while()
    assert (await world.query("SELECT count(*) AS n FROM conversation WHERE state = 'pool'"))[0].n == 0


async def test_a_card_that_was_deleted_comes_again(world: World, priya: Person, card: None) -> None:
    first = priya.card
    world.slack.workspace.delete(first)
    await priya.types("/text")
    await world.settles()
    assert "*Sara Lopez*" in priya.card.words
    await priya.presses("Send")
    await world.a_while()
    assert len(world.carrier.texts) == 1


async def test_a_press_whose_card_is_deleted_under_it_brings_the_next_one_all_the_same(
    world: World, priya: Person, card: None
) -> None:
    world.slack.respond_next("response_url", status=404)
    await priya.presses("Send")
    world.slack.workspace.delete(priya.card)
    for _ in range(3):
        await world.a_while()
    assert "*Tom Reed*" in priya.card.words


async def test_a_token_that_is_revoked_stops_what_needs_it_and_loses_nothing(
    world: World, olivia: Person, priya: Person, sara: Phone, thread: Message
) -> None:
    assert (await figures(world))["textbank_slack_token_lost"] == 0
    world.slack.respond_next("download", status=503)
    await world.new_campaign("Second")  # its file is to be fetched again
    world.slack.revoked = True
    await sara.texts("Hello?")
    for _ in range(30):
        await world.a_while(60)
    assert thread.replies == []
    assert (await figures(world))["textbank_slack_token_lost"] == 1
    await priya.presses("Send", on=priya.card)  # a card changes by its click's own address
    await world.a_while()
    assert "*Ana Díaz*" in priya.card.words
    assert len(world.carrier.texts) == 2

    world.slack.revoked = False
    for _ in range(3):
        await world.a_while(60)
    assert [reply.words.count("> Hello?") for reply in thread.replies] == [1]
    assert sum("*Second*: 3 contacts imported" in message.words for message in olivia.dm.messages) == 1
    assert (await figures(world))["textbank_slack_token_lost"] == 0
