"""From the claim to the carrier's last word, in every weather: a text leaves once, and its state is right at last."""

import aiohttp
import pytest

from bot.gateways import sms
from sandbox.slack import Person
from tests.flows.sending import SARA, clicks, one_text, people, posts, states
from tests.world import World

# ------------------------------------------------------------------------------------------- answers that prove nothing

DOUBTFUL = ("500", "503", "cut", "nonsense", "hang")


@pytest.mark.parametrize("weather", DOUBTFUL)
async def test_an_answer_that_proves_nothing_is_never_followed_by_a_second_post(
    world: World, priya: Person, olivia: Person, monkeypatch: pytest.MonkeyPatch, weather: str
) -> None:
    monkeypatch.setattr(sms._Http, "LIMITS", aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=0.3))
    await one_text(world, priya)
    world.carrier.fail_next(weather)
    await world.a_while()
    assert await states(world) == ["unknown"]

    for _ in range(5):
        await world.minute()
    assert len(posts(world)) == 1
    assert await states(world) == ["unknown"]
    status = await olivia.types("/textbank status")
    assert "1 text of which nobody can say whether they were sent" in status.text


@pytest.mark.parametrize("weather", ["500", "hang", "cut", "nonsense"])
async def test_a_text_that_left_all_the_same_is_found_by_the_carriers_own_callback(
    world: World, priya: Person, monkeypatch: pytest.MonkeyPatch, weather: str
) -> None:
    monkeypatch.setattr(sms._Http, "LIMITS", aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=0.3))
    await one_text(world, priya)
    world.carrier.delivery.delay = 1.0
    world.carrier.fail_next(f"accept_then_{weather}")
    await world.a_while()

    assert world.carrier.texts_to(SARA) == ["Are you voting, Sara?"]
    assert await states(world) == ["delivered"]
    await world.minute()
    assert len(posts(world)) == 1


async def test_after_fifteen_minutes_a_person_is_asked_once_and_a_late_proof_still_wins(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    world.carrier.lose_callbacks, world.carrier.list_lag = True, 24 * 3600
    world.carrier.fail_next("accept_then_500")
    await world.a_while()
    for _ in range(15):
        await world.minute()
    assert await states(world) == ["unknown"]

    for _ in range(3):
        await world.minute()
    assert await states(world) == ["review"]
    told = [message.words for message in olivia.dm.messages if "never said whether it took 1 text" in message.words]
    assert len(told) == 1

    world.carrier.lose_callbacks = False
    [text] = world.carrier.texts
    await world.carrier.hooks.post(text.status_callback, {"MessageSid": text.sid, "MessageStatus": "delivered"})
    assert await states(world) == ["delivered"]


async def test_a_worker_that_starts_after_a_long_night_leaves_the_telling_to_the_clock(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    world.carrier.fail_next("500")
    await world.a_while()
    world.time.passes(minutes=40)
    await world.sender.begin()
    await world.minute()
    assert any("never said whether it took 1 text" in message.words for message in olivia.dm.messages)


async def test_a_claim_whose_process_died_is_a_riddle_and_not_a_second_chance(world: World, priya: Person) -> None:
    await one_text(world, priya)
    world.time.passes(seconds=6)
    [claimed] = await world.sender._claim()  # and here the process is killed
    assert claimed.to == SARA
    await world.a_while(30)
    assert await states(world) == ["posting"]

    await world.minute()
    assert await states(world) == ["unknown"]
    await world.minute()
    assert posts(world) == []


async def test_five_riddles_in_a_row_shut_the_door_until_the_carrier_answers_a_harmless_question(
    world: World, priya: Person, olivia: Person
) -> None:
    await world.live_campaign(contacts=people(20))
    await world.texting(priya)
    await clicks(world, priya)
    world.carrier.outage = True
    await world.a_while()
    await clicks(world, priya, times=11)
    for _ in range(10):
        await world.minute()

    assert len(posts(world)) == 5
    assert sorted(await states(world)) == ["queued"] * 7 + ["unknown"] * 5
    status = await olivia.types("/textbank status")
    assert "Nothing is being sent: the carrier's answers prove nothing" in status.text
    assert len([m for m in olivia.dm.messages if "No text leaves for now" in m.words]) == 1

    world.carrier.outage = False
    await world.minute()
    await world.minute()
    assert sorted(await states(world)) == ["delivered"] * 7 + ["unknown"] * 5
    assert "Nothing is being sent" not in (await olivia.types("/textbank status")).text


# ------------------------------------------------------------------------------ answers that prove it was not sent


async def test_a_carrier_that_cannot_be_reached_gets_the_text_later(world: World, priya: Person) -> None:
    await one_text(world, priya)
    base, world.kit.sms._http._base = (
        world.kit.sms._http._base,
        world.kit.sms._http._base._replace(netloc="127.0.0.1:9"),
    )
    await world.a_while()
    assert await states(world) == ["queued"]

    world.kit.sms._http._base = base
    await world.a_while()
    assert world.carrier.texts_to(SARA) == ["Are you voting, Sara?"]


async def test_too_many_requests_means_later_and_once(world: World, priya: Person) -> None:
    await one_text(world, priya)
    world.carrier.fail_next("429", times=2)
    for _ in range(4):
        await world.a_while()
    assert world.carrier.texts_to(SARA) == ["Are you voting, Sara?"]
    assert len(posts(world)) == 3


@pytest.mark.parametrize("weather", ["401", "403"])
async def test_a_carrier_that_refuses_our_account_stops_all_sending_until_it_knows_us_again(
    world: World, priya: Person, olivia: Person, weather: str
) -> None:
    await one_text(world, priya)
    world.carrier.fail_next(weather)
    await world.a_while()
    assert await states(world) == ["queued"]
    status = await olivia.types("/textbank status")
    assert "Nothing is being sent: the carrier refused our account" in status.text
    assert any("the carrier refused our account" in message.words for message in olivia.dm.messages)

    await world.a_while(10)
    assert len(posts(world)) == 1
    await world.a_while(60)
    assert world.carrier.texts_to(SARA) == ["Are you voting, Sara?"]


async def test_a_shut_door_opens_again_though_nothing_waits_behind_it(
    world: World, priya: Person, olivia: Person
) -> None:
    await one_text(world, priya)
    world.carrier.fail_next("401")
    await world.a_while()
    await priya.presses("Undo")
    await world.a_while(60)
    assert posts(world) == posts(world)[:1]
    assert "Nothing is being sent" not in (await olivia.types("/textbank status")).text


# --------------------------------------------------------------------------------------------------- what refusals mean

REFUSED = {
    "carrier:21211": ("rejected", "not a valid number"),
    "carrier:21614": ("rejected", "not a mobile number"),
    "carrier:21617": ("rejected", None),
    "carrier:30006": ("undelivered", "landline"),
    "carrier:30003": ("undelivered", None),
    "carrier:30007": ("undelivered", None),
}


@pytest.mark.parametrize("words", REFUSED)
async def test_what_the_carrier_says_of_a_number_is_remembered(
    world: World, priya: Person, olivia: Person, words: str
) -> None:
    state, unreachable = REFUSED[words]
    await one_text(world, priya, words)
    await world.a_while()
    assert await states(world) == [state]
    [person] = await world.query("SELECT unreachable FROM person WHERE phone = :phone", phone=SARA)
    assert person.unreachable == unreachable
    status = (await olivia.types("/textbank status")).text
    assert ("not sent 1" if state == "rejected" else "not delivered 1") in status
    await world.a_while(60)
    assert len(posts(world)) == 1


async def test_a_first_text_that_the_carrier_refuses_is_told_on_the_next_card_once(world: World, priya: Person) -> None:
    await one_text(world, priya, "carrier:21614")
    await world.a_while()
    told = "Your text to Sara Lopez was not sent: not a mobile number."
    await clicks(world, priya)
    assert told in priya.card.words
    await clicks(world, priya)
    assert told not in priya.dm.messages[-1].words


@pytest.mark.parametrize("late", [False, True], ids=["at-once", "by-callback"])
async def test_a_block_at_the_carrier_is_an_opt_out(world: World, priya: Person, late: bool) -> None:
    await one_text(world, priya)
    world.carrier.lose_inbound = True
    if late:
        world.carrier.delivery.delay = 0.5
        world.time.passes(seconds=6)
        await world.sender.step()
    await world.phone(SARA).texts("STOP")
    await world.a_while()
    await world.carrier.settle()
    assert await states(world) == ["failed" if late else "blocked"]
    [out] = await world.query("SELECT state, source FROM opt_out")
    assert (out.state, out.source) == ("out", "carrier")
    counted = "opt-outs 1 (100.0%) ·" if late else "opt-outs 1 ·"  # what was refused at once never went
    assert counted in (await world.organizer.types("/textbank status")).text
    await clicks(world, priya)
    assert "Sara Lopez opted out and won't be texted again." in priya.card.words


@pytest.mark.parametrize("code", [30034, 21606, 21408])
async def test_an_account_that_is_not_set_up_pauses_the_campaign_and_says_so(
    world: World, priya: Person, olivia: Person, code: int
) -> None:
    await one_text(world, priya, f"carrier:{code}")
    await clicks(world, priya)
    await world.a_while()
    await world.settles()
    assert any("Fall GOTV is paused: the carrier says" in message.words for message in olivia.dm.messages)
    assert "paused" in (await olivia.types("/textbank status Fall GOTV")).text


@pytest.mark.parametrize("code", [30034, 30022])
async def test_what_the_carrier_turns_away_for_a_fault_of_ours_can_be_texted_again(
    world: World, priya: Person, olivia: Person, code: int
) -> None:
    await one_text(world, priya, f"carrier:{code}")
    await world.a_while()
    await world.settles()
    assert await states(world) == ["rejected"]
    said = "is paused: the carrier says" if code == 30034 else "No text leaves for now: the carrier turns texts away"
    assert any(said in message.words for message in olivia.dm.messages)
    assert "sent 0" in (await olivia.types("/textbank status Fall GOTV")).text
    await olivia.types("/textbank resume Fall GOTV")
    world.time.passes(minutes=2)
    await world.settles()

    await priya.types("/text")
    await world.settles()
    assert "Your text to Sara Lopez was not sent" in priya.card.words
    await clicks(world, priya, words="Are you voting, Sara?")
    await world.a_while()
    assert world.carrier.texts_to(world.phone(SARA))[1:] == ["Are you voting, Sara?"]
    assert await states(world) == ["rejected", "delivered"]


async def test_a_number_in_a_region_that_is_not_ours_pauses_nobody_else(
    world: World, priya: Person, olivia: Person
) -> None:
    await world.live_campaign()
    await world.texting(priya)
    await clicks(world, priya)
    await world.a_while()
    await clicks(world, priya, words="carrier:21408")
    await world.a_while()
    await world.settles()
    assert "live" in (said := (await olivia.types("/textbank status Fall GOTV")).text)
    assert "our account may not text the region of that number" in said
    await clicks(world, priya)
    await world.a_while()
    assert await states(world) == ["delivered", "rejected", "delivered"]


async def test_an_answer_that_the_carrier_refuses_is_said_in_its_thread(world: World, priya: Person) -> None:
    await one_text(world, priya)
    await world.a_while()
    await world.phone(SARA).texts("Where do I vote?")
    await world.a_while()
    [thread] = priya.threads
    await priya.writes("carrier:21612", in_=thread)
    await world.a_while()
    assert "could not be delivered: the carrier has no way to that phone" in thread.replies[-1].words
    [row] = await world.query("SELECT state FROM conversation WHERE person_id = (SELECT person_id FROM inbound)")
    assert row.state == "needs_reply"


# ------------------------------------------------------------------------------------------ states that only rise


@pytest.mark.parametrize("order", ["normal", "reversed", "shuffled"])
@pytest.mark.parametrize("early", [False, True], ids=["after", "early"])
async def test_whatever_order_the_callbacks_come_in_the_state_is_right_in_the_end(
    world: World, priya: Person, olivia: Person, order: str, early: bool
) -> None:
    await world.live_campaign(contacts=people(5))
    await world.texting(priya)
    world.carrier.callback_order, world.carrier.early_callbacks = order, early
    world.carrier.duplicate_callbacks = True
    await clicks(world, priya, times=5)
    await world.a_while()
    await world.carrier.settle()
    assert await states(world) == ["delivered"] * 5
    status = (await olivia.types("/textbank status")).text
    assert "sent 5 · delivered 5 · not delivered 0 · not sent 0 · queued 0" in status
    assert len(posts(world)) == 5
