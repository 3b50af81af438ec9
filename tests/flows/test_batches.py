"""Batches, pauses, hours and Slack's weather, as a volunteer's card lives through them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.slack import Person
from tests.world import LIST, World, people

SARA, TOM = "+13135550101", "+13135550102"


NOT_YOURS = "You have no contacts in a campaign named “{}”. Ask an organizer for some."


async def test_somebody_invited_takes_batch_after_batch_until_nobody_is_left(
    world: World, olivia: Person, priya: Person
) -> None:
    await world.live_campaign(contacts=people(3))
    field = world.slack.channel("#field", olivia, priya)
    await olivia.types("/textbank invite Fall GOTV #field 2")
    await priya.presses("Start texting", on=field.messages[-1])
    await world.settles()
    assert "*1 of 2*" in priya.card.words
    assert "waiting in your direct messages" in priya.ephemerals[-1].words

    for _ in range(2):
        await priya.presses("Send")
        await world.drawn()
    await asyncio.gather(priya.presses("Text 2 more"), priya.presses("Text 2 more"))
    await world.drawn()
    assert "*1 of 1*" in priya.card.words
    await priya.presses("Send")
    await world.a_while()
    assert len(world.carrier.texts) == 3
    assert priya.dm.messages[-1].buttons == ["Undo"]  # and no offer of more


async def test_an_invitation_keeps_its_word_about_the_size_of_a_batch_whatever_a_later_one_says(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.live_campaign(contacts=people(10))
    field = world.slack.channel("#field", olivia, priya, sam)
    await olivia.types("/textbank invite Fall GOTV #field 2")
    said = await olivia.types("/textbank invite Fall GOTV #field 1")
    assert said.text.endswith("is invited to text for Fall GOTV, 1 person at a time.")
    two, one = field.messages
    await priya.presses("Start texting", on=two)
    await sam.presses("Start texting", on=one)
    await world.settles()
    assert "*1 of 2*" in priya.card.words
    assert "*1 of 1*" in sam.card.words

    for somebody, clicks, more in ((priya, 2, "Text 2 more"), (sam, 1, "Text 1 more")):
        for _ in range(clicks):
            await somebody.presses("Skip")
            await world.drawn()
        assert more in somebody.dm.messages[-1].buttons


async def test_whoever_comes_too_late_for_another_batch_is_told_so(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.live_campaign(contacts=people(3))
    field = world.slack.channel("#field", olivia, priya, sam)
    await olivia.types("/textbank invite Fall GOTV #field 2")
    await priya.presses("Start texting", on=field.messages[-1])
    for _ in range(2):
        await priya.presses("Skip")
        await world.drawn()
    assert "Text 2 more" in priya.dm.messages[-1].buttons
    await sam.presses("Start texting", on=field.messages[-1])
    await priya.presses("Text 2 more")
    await world.drawn()

    assert "There is nothing to send right now" in priya.dm.messages[-1].words
    assert priya.dm.messages[-1].buttons == []
    assert "*1 of 1*" in sam.card.words


async def test_before_the_start_whoever_hands_out_and_whoever_gets_some_is_told_that_it_has_not_started(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.new_campaign(contacts=people(3))
    field = world.slack.channel("#field", olivia, priya, sam)
    not_yet = "It has not started yet, so nobody can text before `/textbank start Fall GOTV`."
    assert not_yet in (await olivia.types("/textbank assign Fall GOTV @priya 1")).text
    assert not_yet in (await olivia.types("/textbank invite Fall GOTV #field 2")).text

    await priya.types("/text", in_=field)
    await sam.presses("Start texting", on=field.messages[-1])
    await world.settles()
    for somebody in (priya, sam):
        assert "*Fall GOTV* has not started yet" in somebody.ephemerals[-1].words
    await olivia.types("/textbank start Fall GOTV")
    await world.settles()
    for line in ("pause", "resume"):
        await olivia.types(f"/textbank {line} Fall GOTV")
        await world.a_while()
    for somebody, has_some in ((priya, True), (sam, False)):
        begun = [each for each in somebody.dm.messages if "*Fall GOTV* has begun" in each.words]
        assert len(begun) == has_some, "whoever holds contacts hears of it, once"
    await priya.presses("Start texting", on=priya.dm.messages[-1])
    await world.drawn()
    assert "Message" in priya.card.inputs
    for somebody in (priya, sam):
        await somebody.types("/text")
        await world.settles()
        assert "Message" in somebody.card.inputs


async def test_an_invitation_with_nobody_left_says_so_to_both(
    world: World, olivia: Person, priya: Person, sam: Person
) -> None:
    await world.live_campaign()
    field = world.slack.channel("#field", olivia, sam)
    await world.texting(priya)
    assert "All its contacts are handed out" in (await olivia.types("/textbank invite Fall GOTV #field")).text
    await sam.presses("Start texting", on=field.messages[-1])
    await world.settles()
    assert sam.ephemerals[-1].words == "All contacts of Fall GOTV are handed out. An organizer can add more."
    assert sam.dm.messages == []


async def test_whoever_was_given_nothing_is_told_so(world: World, priya: Person) -> None:
    await world.live_campaign()

    assert "no contacts in hand and no open invitation" in (await priya.types("/text")).text
    assert (await priya.types("/text fall")).text == NOT_YOURS.format("fall")
    assert priya.dm.messages == []


async def test_what_others_text_is_nobody_s_business(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign()
    await world.new_campaign("Fall recount")
    await world.live_campaign("Spring")
    await olivia.types("/textbank pause Spring")

    for words in ("fall", "spring", "fall recount", "no such thing"):
        assert (await priya.types(f"/text {words}")).text == NOT_YOURS.format(words)
    await world.texting(priya, 1)
    await priya.types("/text fall")
    assert "*Sara Lopez*" in priya.card.words
    await olivia.types("/textbank pause Fall GOTV")
    await priya.types("/text fall")
    assert "*Fall GOTV* is paused" in priya.dm.messages[-1].words


@pytest.mark.usefixtures("card")
async def test_a_press_after_a_pause_keeps_the_words_until_it_goes_on(
    world: World, olivia: Person, priya: Person
) -> None:
    await olivia.types("/textbank pause")
    await priya.edits("Message", "My own words")
    await priya.presses("Send")
    await world.a_while()
    shown = priya.dm.messages[-1].words
    assert "Fall GOTV is paused, so nothing was sent to Sara Lopez." in shown
    assert "Your contacts wait for you; type `/text` when it goes on." in shown

    await priya.types("/text")
    assert "is paused for now" in priya.dm.messages[-1].words
    await olivia.types("/textbank resume fall")
    await priya.types("/text")
    assert priya.card.inputs["Message"] == "My own words"
    await priya.presses("Send")
    await world.a_while()
    assert world.carrier.texts_to(SARA) == ["My own words"]


@pytest.mark.usefixtures("card")
async def test_a_closed_campaign_texts_nobody(world: World, olivia: Person, priya: Person) -> None:
    await olivia.types("/textbank close fall")
    await priya.presses("Send")
    await world.a_while()

    assert (
        "is closed: nobody new is texted. Thank you for your help! Whoever still writes" in priya.dm.messages[-1].words
    )
    assert world.carrier.texts == []


@pytest.mark.usefixtures("card")
async def test_after_hours_nobody_is_texted_and_the_card_says_when(world: World, priya: Person) -> None:
    world.time.passes(hours=8)
    await world.settles()
    await priya.presses("Send")
    await world.a_while()
    shown = priya.dm.messages[-1].words
    assert "It is too late or too early to text Sara Lopez now, so nothing was sent." in shown
    ten_in_detroit = int(datetime(2026, 10, 21, 14, 0, tzinfo=UTC).timestamp())
    assert "out of their texting hours. They may be texted again from " in shown
    assert (
        f"<!date^{ten_in_detroit}^{{date_short_pretty}} at {{time}}|Oct 21, 2:00 PM UTC> your time; type `/text`"
        in shown
    )
    assert world.carrier.texts == []

    world.time.passes(hours=14)
    await world.settles()
    await priya.types("/text")
    assert "*Sara Lopez*" in priya.card.words


async def test_those_whose_evening_comes_first_are_texted_first(world: World, priya: Person) -> None:
    west = "Lou,Lee,(213) 555-0109,Los Angeles,CA\n"
    await world.live_campaign(contacts=LIST.replace("Sara", west + "Sara", 1))
    await world.texting(priya)
    assert "*Sara Lopez*" in priya.card.words

    world.time.passes(hours=8)
    await world.settles()
    await priya.types("/text")
    assert "*Lou Lee*" in priya.card.words
    assert "until 8:00 PM there" in priya.card.words


# ------------------------------------------------------------------------------------------- Slack's weather


async def test_a_hundred_texts_are_a_hundred_posts_to_response_urls_and_nothing_else(
    world: World, priya: Person
) -> None:
    await world.live_campaign(contacts=people(101))
    await world.texting(priya, 101)
    world.slack.calls.clear()

    for _ in range(100):
        await priya.presses("Send")
        await world.drawn()
    await world.a_while()

    assert [call.method for call in world.slack.calls] == ["response_url"] * 100
    assert len(world.carrier.texts) == 100
    assert "*101 of 101*" in priya.card.words


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("weather", [{"retry_after": 1}, {"status": 500}, {"cut": True}])
async def test_a_response_url_that_fails_once_is_tried_again(
    world: World, priya: Person, weather: dict[str, Any]
) -> None:
    world.slack.respond_next("response_url", **weather)
    await priya.presses("Send")
    await world.drawn()

    assert "Texted *Sara Lopez*" in priya.card.words
    assert "*Tom Reed*" in priya.card.words


@pytest.mark.usefixtures("card")
async def test_a_card_that_slack_will_not_redraw_comes_again_below(world: World, priya: Person) -> None:
    world.slack.respond_next("response_url", status=404, error="expired_url")
    old = priya.card
    await priya.presses("Send")
    await world.a_while(1)

    assert "*Sara Lopez*" in old.words
    assert priya.card is not old
    assert "Texted *Sara Lopez*" in priya.card.words
    assert "*Tom Reed*" in priya.card.words
    await priya.presses("Send", on=old)
    await world.a_while()
    assert [len(world.carrier.texts_to(phone)) for phone in (SARA, TOM)] == [1, 0]
    assert "*Tom Reed*" in old.words
