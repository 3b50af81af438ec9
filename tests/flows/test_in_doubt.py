"""Texts that nobody can prove: found in the carrier's list if it can only be that one, or decided by a lead."""

import pytest

from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from tests.flows.sending import SARA, clicks, one_text, posts, states
from tests.flows.test_metrics import figures
from tests.world import World

BOTH = "It had been sent again meanwhile: both went."


async def in_doubt(world: World, priya: Person, weather: str = "accept_then_500") -> None:
    """Priya's text has left our hands, and the carrier never said what became of it."""
    await one_text(world, priya)
    world.carrier.lose_callbacks = True
    world.carrier.fail_next(weather)
    await world.a_while()
    assert await states(world) == ["unknown"]


async def call_about(world: World, olivia: Person) -> Message:
    """Fifteen minutes later Olivia has taken what came to her."""
    for _ in range(17):
        await world.minute()
    call = next(message for message in olivia.dm.messages if "never said whether it took" in message.words)
    await olivia.presses("Take it", on=call)
    await world.drawn()
    return call


async def proved(world: World, which: int = 0) -> None:
    """A status call of the carrier's, late."""
    text, lost = world.carrier.texts[which], world.carrier.lose_callbacks
    world.carrier.lose_callbacks = False
    told = {"MessageSid": text.sid, "MessageStatus": "delivered"}
    await world.carrier.hooks.post(text.status_callback or "", told)
    world.carrier.lose_callbacks = lost
    await world.settles()


def looks(world: World) -> int:
    """How often a number's texts were asked for."""
    return sum(call.method == "GET" and "To" in call.query for call in world.carrier.calls)


# ------------------------------------------------------------------------------------------------- found in the list


async def test_a_text_that_left_is_found_in_the_carriers_list(world: World, priya: Person, olivia: Person) -> None:
    await in_doubt(world, priya)
    await world.minute()
    assert await states(world) == ["delivered"]
    assert len(posts(world)) == 1
    status = (await olivia.types("/textbank status")).text
    assert "sent 1 · delivered 1" in status
    assert "nobody can say" not in status


async def test_the_list_lags_so_absence_proves_nothing_and_is_asked_less_and_less(world: World, priya: Person) -> None:
    world.carrier.list_lag = 12 * 60
    await in_doubt(world, priya)
    for _ in range(11):
        await world.minute()
    assert await states(world) == ["unknown"]
    assert looks(world) == 4  # after about 1, 2, 4 and 8 minutes
    for _ in range(4):
        await world.minute()
    assert await states(world) == ["delivered"]  # and once more before anybody is asked
    assert looks(world) == 5


async def test_a_text_that_never_left_is_not_found_and_not_sent(world: World, priya: Person) -> None:
    await in_doubt(world, priya, "500")
    for _ in range(20):
        await world.minute()
    assert await states(world) == ["review"]
    assert len(posts(world)) == 1


async def said_twice(world: World, priya: Person, weather: tuple[str, str], words: tuple[str, str]) -> list[str]:
    """Priya answers Sara twice, each into some weather; what becomes of the two in the next minutes."""
    await one_text(world, priya)
    await world.a_while()
    await world.phone(SARA).texts("Is it today?")
    await world.a_while()
    [thread] = priya.threads
    world.carrier.lose_callbacks = True
    for each, said in zip(weather, words, strict=True):
        if each:
            world.carrier.fail_next(each)
        await priya.writes(said, in_=thread)
        await world.a_while()
    for _ in range(4):
        await world.minute()
    return (await states(world))[1:]


async def test_one_listed_text_that_two_of_ours_may_be_is_neither(world: World, priya: Person) -> None:
    weather = ("accept_then_500", "500")
    assert await said_twice(world, priya, weather, ("Yes!", "Yes!")) == ["unknown", "unknown"]


async def test_a_listed_text_that_another_of_ours_is_known_to_be_is_not_this_one(world: World, priya: Person) -> None:
    assert await said_twice(world, priya, ("", "500"), ("Yes!", "Yes!")) == ["delivered", "unknown"]


async def test_a_text_just_like_one_that_is_known_is_found_beside_it(world: World, priya: Person) -> None:
    weather = ("", "accept_then_500")
    assert await said_twice(world, priya, weather, ("Yes!", "Yes!")) == ["delivered", "delivered"]


async def test_two_texts_to_one_number_are_told_apart_by_their_words(world: World, priya: Person) -> None:
    weather = ("accept_then_500", "500")
    assert await said_twice(world, priya, weather, ("Yes!", "Until eight.")) == ["delivered", "unknown"]


@pytest.mark.parametrize("what", ["an older text", "another sender"])
async def test_the_same_words_at_another_time_or_from_another_sender_are_not_it(
    world: World, priya: Person, what: str
) -> None:
    who = {"messaging_service_sid": world.carrier.messaging_service_sid}
    if what == "another sender":
        who = {"from_": world.carrier.numbers[0]}
    else:
        world.time.passes(minutes=-10)
    await world.kit.sms.client.messages.create_async(to=SARA, body="Are you voting, Sara?", **who)
    if what == "an older text":
        world.time.passes(minutes=10)
    await in_doubt(world, priya, "500")
    for _ in range(3):
        await world.minute()
    assert await states(world) == ["unknown"]


async def test_while_the_carrier_gives_no_list_nothing_is_concluded_and_it_is_asked_again(
    world: World, priya: Person
) -> None:
    await in_doubt(world, priya)
    world.carrier.outage = True
    for _ in range(3):
        await world.minute()
    assert await states(world) == ["unknown"]
    world.carrier.outage = False
    await world.minute()
    assert await states(world) == ["delivered"]


# ------------------------------------------------------------------------------------------------ what a lead decides


async def test_sending_again_is_a_new_text_of_the_lead_s(world: World, priya: Person, olivia: Person) -> None:
    await in_doubt(world, priya, "500")
    call = await call_about(world, olivia)
    assert call.buttons == ["Send again", "Leave it", "Hand back"]
    await olivia.presses("Send again", on=call)
    await world.a_while()

    assert "1 text sent again." in call.words
    assert call.buttons == []
    assert world.carrier.texts_to(SARA) == ["Are you voting, Sara?"]
    rows = await world.query("SELECT kind, volunteer_id, replaces_id, act_key FROM message ORDER BY id")
    assert (rows[1].kind, rows[1].volunteer_id, rows[1].replaces_id) == ("resend", olivia.id, 1)
    assert rows[1].act_key.startswith("again:")
    for _ in range(2):
        await world.minute()
    assert await states(world) == ["review", "delivered"]
    status = (await olivia.types("/textbank status")).text
    assert "Texted *1* of 3" in status
    assert "queued 0" in status
    assert "nobody can say" not in status


async def test_left_is_left(world: World, priya: Person, olivia: Person) -> None:
    await in_doubt(world, priya, "500")
    call = await call_about(world, olivia)
    assert "1 text of which nobody can say" in (await olivia.types("/textbank status")).text
    await olivia.presses("Leave it", on=call)
    await world.a_while(60)
    status = (await olivia.types("/textbank status")).text
    assert "nobody can say" not in status, "somebody has decided"
    assert "queued 0" in status
    assert (await figures(world))["textbank_texts_in_doubt"] == 0
    ops = world.slack.channel("#ops", olivia)
    await olivia.types("/textbank digest now #ops")
    await world.settles()
    assert "nobody can say" not in ops.messages[-1].words
    assert "left it: nothing is sent again" in call.words
    assert call.buttons == []
    assert len(posts(world)) == 1


async def test_two_presses_send_once(world: World, priya: Person, olivia: Person) -> None:
    await in_doubt(world, priya, "500")
    call = await call_about(world, olivia)
    for _ in range(2):
        await olivia.presses("Send again", on=call)
    await world.a_while()
    assert len(posts(world)) == 2


async def test_only_a_lead_decides(world: World, priya: Person, olivia: Person) -> None:
    max_ = world.slack.person("Max Manager")
    channel = world.slack.channel("#inbox", olivia, max_)
    await olivia.types("/textbank role @max manager")
    await olivia.types("/textbank inbox #inbox")
    await in_doubt(world, priya, "500")
    for _ in range(17):
        await world.minute()
    call = channel.messages[-1]
    await max_.presses("Take it", on=call)
    await world.drawn()
    for label in ("Send again", "Leave it"):
        await max_.presses(label, on=call)
        await world.drawn()
        assert "Only an organizer can do that" in max_.ephemerals[-1].words
    await world.a_while(60)
    assert len(posts(world)) == 1


STOPS = {
    "an opt-out": "Sara Lopez has opted out",
    "a pause": "Fall GOTV is paused",
    "a close": "Fall GOTV is closed",
    "the night": "too late or too early",
    "an answer": "has answered since, so the text has most likely arrived",
}


@pytest.mark.parametrize("what", STOPS)
async def test_what_may_not_be_sent_is_not_sent_again_either(
    world: World, priya: Person, olivia: Person, what: str
) -> None:
    await in_doubt(world, priya, "500")
    call = await call_about(world, olivia)
    if what == "an opt-out":
        await world.phone(SARA).texts("please take me off your list")
    elif what == "an answer":
        await world.phone(SARA).texts("Who is this?")
    elif what == "the night":
        world.time.passes(hours=9)
    else:
        await olivia.types(f"/textbank {what.removeprefix('a ')} Fall GOTV")
    await olivia.presses("Send again", on=call)
    await world.a_while()
    assert STOPS[what] in olivia.ephemerals[-1].words
    assert "Send again" in call.buttons
    assert len(posts(world)) == 1


async def test_what_comes_to_review_later_joins_what_nobody_has_decided(
    world: World, priya: Person, olivia: Person
) -> None:
    await in_doubt(world, priya, "500")
    for _ in range(2):
        await world.minute()
    world.carrier.fail_next("500")
    await clicks(world, priya)
    await world.a_while()
    call = await call_about(world, olivia)
    assert len([message for message in olivia.dm.messages if "never said whether" in message.words]) == 1
    assert "There are more: 2 texts by now." in call.replies[-1].words
    await olivia.presses("Send again", on=call)
    await world.a_while()
    assert "2 texts sent again." in call.words
    assert len(posts(world)) == 4


# --------------------------------------------------------------------------------------------------- the late proof


async def test_a_proof_after_it_was_sent_again_says_that_both_went(world: World, priya: Person, olivia: Person) -> None:
    world.carrier.list_lag = 3600 * 24
    await in_doubt(world, priya)
    call = await call_about(world, olivia)
    await olivia.presses("Send again", on=call)
    await world.a_while()
    assert await states(world) == ["review", "accepted"]

    await proved(world)
    await proved(world)
    assert await states(world) == ["delivered", "accepted"]
    assert len([message for message in olivia.dm.messages if BOTH in message.words]) == 1
    await clicks(world, priya)
    assert BOTH in priya.card.words
    assert "queued 1" in (await olivia.types("/textbank status")).text


async def test_a_proof_in_time_stops_what_was_to_be_sent_again(world: World, priya: Person, olivia: Person) -> None:
    world.carrier.list_lag = 3600 * 24
    await in_doubt(world, priya)
    call = await call_about(world, olivia)
    await olivia.presses("Send again", on=call)
    await proved(world)
    await world.a_while()
    assert await states(world) == ["delivered", "taken_back"]
    assert world.carrier.texts_to(SARA) == ["Are you voting, Sara?"]
    assert "Sending it again was stopped in time: it went once." in olivia.dm.messages[-1].words
    assert "queued 0" in (await olivia.types("/textbank status")).text


async def test_what_was_found_meanwhile_is_not_sent_again(world: World, priya: Person, olivia: Person) -> None:
    world.carrier.list_lag = 3600 * 24
    await in_doubt(world, priya)
    call = await call_about(world, olivia)
    await proved(world)
    await olivia.presses("Send again", on=call)
    await world.a_while()
    assert len(posts(world)) == 1
    assert "found at the carrier meanwhile" in call.words


# -------------------------------------------------------------------------------------- what was on its way at a STOP


@pytest.mark.parametrize("thread_open", [False, True], ids=["on-the-card", "in-the-thread"])
async def test_what_was_on_its_way_when_somebody_opted_out_is_said(
    world: World, priya: Person, sara: Phone, thread_open: bool
) -> None:
    if not thread_open:
        await clicks(world, priya)
        world.time.passes(seconds=6)
        await world.sender._claim()  # Tom's text is with a worker
        await world.phone("+13135550102").texts("please take me off your list")
        await world.settles()
        await clicks(world, priya)
        assert "One text was already on its way to Tom Reed." in priya.dm.messages[-1].words
        return
    await sara.texts("Who is this?")
    await world.a_while()
    [thread] = priya.threads
    await priya.writes("It is Priya", in_=thread)
    world.time.passes(seconds=6)
    await world.sender._claim()
    await sara.texts("STOP")
    await world.settles()
    said = [reply.words for reply in thread.replies]
    assert any("One text was already on its way when they asked to be left alone." in words for words in said)
