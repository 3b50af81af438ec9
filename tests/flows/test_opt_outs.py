"""Who says STOP is never texted again, whenever and however it is said."""

import pytest

from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from tests.world import LIST, World, open_world

SARA, TOM = "+13135550101", "+13135550102"


@pytest.fixture
async def sara(world: World, priya: Person, card: None) -> Phone:
    """Sara's phone. Priya has pressed Send for her a moment ago, and has Tom on her card."""
    await priya.presses("Send")
    await world.drawn()
    return world.phone(SARA)


@pytest.fixture
async def texted_sara(world: World, sara: Phone) -> Phone:
    """... and the text has arrived."""
    await world.a_while()
    return sara


def shown(priya: Person, words: str) -> Message:
    """The message of her direct message that says this."""
    [found] = [message for message in priya.dm.top_level if words in message.words]
    return found


async def outs(world: World) -> list[tuple[str, str]]:
    return [tuple(row) for row in await world.query("SELECT state, source FROM opt_out")]


async def test_a_stop_before_the_click_is_obeyed_by_the_card(world: World, priya: Person, sara: Phone) -> None:
    await world.phone(TOM).texts("STOP")
    await priya.edits("Message", "Hi Tom")
    await priya.presses("Send")
    await world.a_while()

    assert "Tom Reed has opted out, so nothing was sent." in priya.card.words
    assert "*Ana Díaz*" in priya.card.words
    assert "Hi Tom" not in priya.card.inputs["Message"]
    assert world.carrier.texts_to(TOM) == []


async def test_whoever_says_stop_more_than_once_is_one_opt_out(world: World, priya: Person, texted_sara: Phone) -> None:
    await texted_sara.texts("Who is this?")
    await world.a_while()
    [thread] = priya.threads
    await texted_sara.texts("STOP")
    await texted_sara.texts("STOP!!")
    await world.a_while()
    await priya.presses("Opt out", on=thread)
    await world.drawn()
    assert "Replies 1 · opt-outs 1 (100.0%) ·" in (await world.organizer.types("/textbank status")).text

    await priya.presses("Skip", on=priya.card)
    await world.drawn()
    assert priya.card.words.count("opted out and won't be texted again") == 1


async def test_an_opt_out_on_the_card_of_somebody_who_said_stop_before_is_not_counted_again(
    world: World, priya: Person, sara: Phone
) -> None:
    await world.phone(TOM).texts("STOP")
    await priya.chooses("Opt out")
    await world.drawn()
    await world.phone(TOM).texts("STOP")
    await world.a_while()
    rows = await world.query("SELECT coalesce(sum(n), 0) AS n FROM tally WHERE metric = 'opt_outs'")
    assert [row.n for row in rows] == [0]  # a stranger's STOP belongs to no campaign
    assert "*Ana Díaz*" in priya.card.words


@pytest.mark.parametrize("words", ["STOP", "Stop please", "S.T.O.P.", "take me off your list"])
async def test_a_stop_while_the_text_waits_for_its_undo_is_obeyed(
    world: World, priya: Person, sara: Phone, words: str
) -> None:
    await sara.texts(words)
    await world.a_while()
    assert world.carrier.texts == []

    await priya.presses("Undo")
    await world.drawn()
    assert "That text was never sent: the person opted out first." in priya.ephemerals[-1].words
    assert await outs(world) == [("out", "text")]


async def test_an_undo_after_a_doubtful_stop_says_that_it_is_doubtful(world: World, priya: Person, sara: Phone) -> None:
    await sara.texts("not interested")
    await world.a_while()
    assert world.carrier.texts == []

    await priya.presses("Undo")
    await world.drawn()
    assert "never sent: the person may have asked to be left alone" in priya.ephemerals[-1].words


@pytest.mark.usefixtures("card")
async def test_an_undo_after_a_wrong_number_elsewhere_says_so(world: World, priya: Person, sam: Person) -> None:
    await world.live_campaign("Recount")
    await world.texting(sam, name="Recount")
    await priya.presses("Send")
    await world.drawn()
    await sam.chooses("Wrong number")
    await priya.presses("Undo")
    await world.drawn()
    assert "never sent: this number can't be texted (wrong number)" in priya.ephemerals[-1].words


async def test_a_stop_while_texts_wait_for_a_pause_to_end_is_obeyed(
    world: World, olivia: Person, priya: Person, sara: Phone
) -> None:
    await olivia.types("/textbank pause")
    await world.a_while()
    await sara.texts("Unsubscribe")
    await olivia.types("/textbank resume fall")
    await world.a_while()
    assert world.carrier.texts == []


async def test_a_stop_opens_no_thread_and_the_next_card_says_it_once(
    world: World, priya: Person, texted_sara: Phone
) -> None:
    await texted_sara.texts("STOP")
    await world.a_while()
    assert priya.threads == []

    await priya.presses("Send")
    await world.drawn()
    assert "Sara Lopez opted out and won't be texted again." in priya.card.words
    assert "Replies (1)" not in priya.card.buttons
    await priya.presses("Skip")
    await world.drawn()
    assert "opted out" not in priya.dm.messages[-1].words


async def test_a_stop_in_an_open_thread_is_said_there_and_ends_it(
    world: World, priya: Person, texted_sara: Phone
) -> None:
    await texted_sara.texts("Who is this?")
    await world.a_while()
    [thread] = priya.threads
    await priya.writes("Priya, with Michigan Votes", in_=thread)
    await texted_sara.texts("Stop please")
    await world.a_while()
    assert "> Stop please" in thread.replies[-1].words
    assert "opted out and won't be texted again" in thread.replies[-1].words
    assert thread.replies[-1].buttons == []

    await priya.writes("Sorry!", in_=thread)
    await world.a_while()
    assert "Sara Lopez has opted out, so nothing was sent." in thread.replies[-1].words
    await priya.presses("Reply", on=thread)
    await world.drawn()
    assert priya.modal is None
    assert "Sara Lopez has opted out, so nothing was sent." in priya.ephemerals[-1].words
    assert len(world.carrier.texts_to(SARA)) == 1


async def test_words_after_a_stop_are_shown_but_wait_for_no_answer(
    world: World, priya: Person, texted_sara: Phone
) -> None:
    await texted_sara.texts("STOP")
    await texted_sara.texts("and my husband says hi")
    await world.a_while()
    thread = shown(priya, "> and my husband says hi")
    assert "opted out and won't be texted again" in thread.words

    await priya.presses("Send", on=priya.card)
    await world.drawn()
    assert not [label for label in priya.card.buttons if label.startswith("Replies")]


async def test_doubtful_words_hold_everything_until_the_volunteer_decides(
    world: World, priya: Person, texted_sara: Phone
) -> None:
    await texted_sara.texts("Hm?")
    await world.a_while()
    [thread] = priya.threads
    await texted_sara.texts("not interested")
    await world.a_while()
    asked = thread.replies[-1]
    assert "Did Sara Lopez ask to be left alone?" in asked.words
    assert asked.buttons == ["Opt out", "Keep texting", "Ask for help"]
    await priya.writes("OK!", in_=thread)
    await world.a_while()
    assert "Decide first: press “Opt out” or “Keep texting”." in thread.replies[-1].words
    assert len(world.carrier.texts_to(SARA)) == 1

    await priya.presses("Keep texting", on=asked)
    await world.drawn()
    assert "> not interested" in asked.words
    await priya.writes("OK! Thanks for telling me", in_=thread)
    await world.a_while()
    assert world.carrier.texts_to(SARA)[1:] == ["OK! Thanks for telling me"]
    assert await outs(world) == []


async def test_the_volunteer_decides_for_an_opt_out(world: World, priya: Person, texted_sara: Phone) -> None:
    await texted_sara.texts("not interested")
    await world.a_while()
    thread = shown(priya, "> not interested")
    assert thread.buttons == ["Opt out", "Keep texting", "Ask for help"]
    await priya.presses("Opt out", on=thread)
    await world.drawn()

    assert "Sara Lopez opted out and won't be texted again." in thread.words
    assert thread.buttons == []
    assert await outs(world) == [("out", "volunteer")]


async def test_somebody_held_in_one_campaign_keeps_their_place_in_another(
    world: World, priya: Person, sam: Person, texted_sara: Phone
) -> None:
    await world.live_campaign("Recount")
    await world.next_day()
    await world.texting(sam, name="Recount")
    await texted_sara.texts("not interested")
    await world.a_while()
    await sam.edits("Message", "My words for Sara")
    await sam.presses("Send")
    await world.drawn()
    assert "Sara Lopez may have asked to be left alone, so nothing was sent." in sam.card.words
    assert "*Tom Reed*" in sam.card.words
    for _ in range(2):
        await sam.presses("Send")
        await world.drawn()
    assert "That was the last one" in sam.dm.messages[-1].words

    await priya.presses("Keep texting")
    await world.drawn()
    await sam.types("/text")
    assert "*Sara Lopez*" in sam.card.words
    assert sam.card.inputs["Message"] == "My words for Sara"


async def test_opted_out_in_one_campaign_is_opted_out_in_all(
    world: World, olivia: Person, sam: Person, texted_sara: Phone
) -> None:
    await world.live_campaign("Before")
    await texted_sara.texts("STOP")
    await world.live_campaign("After")
    await world.a_while()
    assert "2 contacts imported" in olivia.dm.messages[-2].words
    for name in ("Before", "After"):
        await world.next_day()
        await world.texting(sam, name=name)
        assert "*1 of 2*" in sam.card.words
        for _ in range(2):
            await sam.presses("Send")
            await world.drawn()
    await world.a_while()

    assert len(world.carrier.texts_to(SARA)) == 1
    assert len(world.carrier.texts) == 5


async def test_a_stop_from_somebody_we_never_texted_counts_when_they_are_imported(
    world: World, olivia: Person, priya: Person
) -> None:
    statuses = await world.phone(SARA).texts("STOP")
    assert statuses == [204]
    await world.live_campaign(contacts=LIST)
    await world.texting(priya)

    assert "*Tom Reed*" in priya.card.words
    assert "*1 of 2*" in priya.card.words


async def test_the_same_text_five_times_at_once_is_one_row_and_one_post(
    world: World, priya: Person, texted_sara: Phone
) -> None:
    await texted_sara.texts("Who is this?", times=5, at_once=True)
    await world.a_while()
    await texted_sara.texts("Hello?", times=5, at_once=True)
    await world.a_while()

    assert len(await world.query("SELECT 1 FROM inbound")) == 2
    [thread] = priya.threads
    assert thread.words.count("> Who is this?") == 1
    assert len(thread.replies) == 1
    status = await world.organizer.types("/textbank status")
    assert "Replies 2" in status.text


async def test_the_carriers_own_block_is_an_opt_out(world: World, priya: Person, sam: Person, sara: Phone) -> None:
    world.carrier.lose_inbound = True
    await sara.texts("STOP")
    await world.a_while()

    assert await outs(world) == [("out", "carrier")]
    assert world.carrier.texts == []
    assert "opt-outs 1 ·" in (await world.organizer.types("/textbank status")).text
    await priya.presses("Skip")
    await world.drawn()
    assert "Sara Lopez opted out and won't be texted again." in priya.card.words
    world.carrier.lose_inbound = False
    await world.live_campaign("Recount")
    await world.texting(sam, name="Recount")
    assert "*1 of 2*" in sam.card.words


async def test_opt_out_on_the_card_is_for_ever(world: World, priya: Person, sam: Person, sara: Phone) -> None:
    await world.live_campaign("Recount")
    await priya.chooses("Opt out")
    await world.drawn()
    assert "Opted out *Tom Reed*" in priya.card.words
    assert "*Ana Díaz*" in priya.card.words
    assert await outs(world) == [("out", "volunteer")]

    await world.texting(sam, name="Recount")
    assert "*1 of 2*" in sam.card.words


# ------------------------------------------------------------------------------------- clear, doubtful, and not meant


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("pls lose my number", "out"),
        ("ya no me escriban", "out"),
        ("NE M'ÉCRIVEZ PLUS!!", "out"),
        ("Cancela mi suscripción", "out"),
        ("stop lying to people", "held"),
        ("I'll stop by the polls at 5", None),
        ("can't stop thinking about the candidate", None),
        ("don't stop fighting!", None),
    ],
)
async def test_a_reply_is_an_opt_out_a_doubt_or_neither(
    world: World, priya: Person, texted_sara: Phone, words: str, state: str | None
) -> None:
    await texted_sara.texts(words)
    assert await outs(world) == ([(state, "text")] if state else [])
    await world.a_while()
    assert [words in message.words for message in priya.dm.top_level].count(True) == (state != "out")


async def test_doubt_stops_what_waits_and_what_is_clicked_in_every_campaign_until_one_button(
    world: World, priya: Person, sam: Person, sara: Phone
) -> None:
    await world.live_campaign("Recount")
    await world.texting(sam, name="Recount")
    await sara.texts("stop lying to people")
    await sam.presses("Send")
    await world.a_while()
    assert world.carrier.texts_to(SARA) == []

    await priya.presses("Keep texting", on=shown(priya, "> stop lying to people"))
    await world.drawn()
    assert await outs(world) == []


async def test_an_organization_has_keywords_of_its_own(database_url: str) -> None:
    async with open_world(database_url, opt_out_keywords="Adiós, no más campaña") as world:
        for number, words in enumerate(["ADIOS!", "Por favor no mas  campaña", "adiós amigos del partido", "campaña"]):
            await world.phone(f"+1313555010{number}").texts(words)
        assert len(await outs(world)) == 2


# ------------------------------------------------------------------------------------------------------------- folded


async def test_an_abusive_reply_is_folded_until_somebody_wants_to_read_it(
    world: World, priya: Person, sam: Person, texted_sara: Phone
) -> None:
    await texted_sara.texts("Fuck you <!channel> and your mother")
    await world.a_while()
    thread = shown(priya, "may be abusive")
    assert "mother" not in str(thread.blocks) + thread.text
    await priya.presses("Show", on=thread)
    await world.drawn()
    assert "> Fuck you &lt;!channel&gt; and your mother" in str(priya.ephemerals[-1].blocks)
    assert "mother" not in str(thread.blocks)

    await priya.presses("Keep texting", on=thread)
    await world.drawn()
    await priya.presses("Reply", on=thread)
    await world.drawn()
    assert priya.modal
    assert "mother" not in str(priya.modal.content)
    await priya.presses("Show")
    await world.drawn()
    assert priya.modal
    assert "and your mother" in str(priya.modal.content)
