"""The volunteer's card: what it shows, and what becomes of each press on it."""

import asyncio

import pytest

from sandbox.slack import Person
from tests.world import World, aims, people

SARA, TOM, ANA = "+13135550101", "+13135550102", "+13135550103"


@pytest.mark.usefixtures("card")
async def test_the_card_says_who_where_until_when_how_many_and_what_it_costs(world: World, priya: Person) -> None:
    words = priya.card.words
    assert "*Sara Lopez* · Detroit, Michigan" in words
    assert "until 8:00 PM there" in words
    assert "*1 of 3*" in words
    assert priya.card.inputs["Message"] == "Hi Sara, it's Priya with Michigan Votes. Can we count on you in Detroit?"
    assert "1 segment · 72 characters" in words
    assert priya.card.buttons == ["Send", "Skip", "Text faster"]
    assert priya.card.menu == ["Wrong number", "Opt out", "Ask for help", "About"]


async def test_the_cost_is_counted_after_merging_and_names_what_makes_it_dear(world: World, priya: Person) -> None:
    await world.live_campaign(
        contacts="First Name,Cell Phone\nZoé🌻,3135550101", script="Hi {first_name}" + " vote" * 13
    )
    await world.texting(priya)

    assert "2 segments · 73 characters · “🌻” makes it cost more" in priya.card.words


async def test_a_dear_character_in_a_text_of_one_segment_is_not_worth_a_word(world: World, priya: Person) -> None:
    await world.live_campaign(script="Hi {first_name} 🌻")
    await world.texting(priya)

    assert "1 segment · 10 characters\n" in priya.card.words
    assert "cost more" not in priya.card.words


@pytest.mark.usefixtures("card")
async def test_the_last_contact_ends_in_a_summary_that_says_what_to_do_next(world: World, priya: Person) -> None:
    for _ in range(3):
        await priya.presses("Send")
        await world.drawn()

    summary = priya.dm.messages[-1].words
    assert priya.card is None
    assert "That was the last one. You have texted *3 people*" in summary
    assert "just type in it to answer" in summary
    assert "an organizer can give you more" in summary
    await world.a_while()
    assert [len(world.carrier.texts_to(phone)) for phone in (SARA, TOM, ANA)] == [1, 1, 1]

    await priya.presses("Undo")
    await world.drawn()
    assert "already left" in priya.ephemerals[-1].words


@pytest.mark.usefixtures("card")
async def test_a_skipped_contact_is_not_texted_and_undo_brings_it_back(world: World, priya: Person) -> None:
    await priya.presses("Skip")
    await world.drawn()
    assert "Skipped *Sara Lopez*" in priya.card.words
    assert "*Tom Reed*" in priya.card.words

    await priya.presses("Undo")
    await world.drawn()
    assert "*Sara Lopez*" in priya.card.words
    assert "*1 of 3*" in priya.card.words
    await world.a_while()
    assert world.carrier.texts == []


@pytest.mark.usefixtures("card")
async def test_whoever_skipped_all_is_not_thanked_for_texting_nobody(world: World, priya: Person) -> None:
    for _ in range(3):
        await priya.presses("Skip")
        await world.drawn()

    summary = priya.dm.messages[-1].words
    assert "That was the last one on your list of *Fall GOTV*. There is nothing to send right now" in summary
    assert "thank you" not in summary
    assert "When somebody answers" not in summary


@pytest.mark.usefixtures("card")
async def test_a_wrong_number_is_never_texted_again_in_any_campaign(world: World, priya: Person, sam: Person) -> None:
    await world.live_campaign("Recount")
    await priya.chooses("Wrong number")
    await world.drawn()
    assert "Wrong number noted for *Sara Lopez*" in priya.card.words
    assert "*Tom Reed*" in priya.card.words

    await world.texting(sam, name="Recount")
    assert "*Tom Reed*" in sam.card.words
    assert "*1 of 2*" in sam.card.words


@pytest.mark.usefixtures("card")
async def test_a_call_for_help_reaches_the_organizer_and_the_card_stays(
    world: World, olivia: Person, priya: Person
) -> None:
    await priya.edits("Message", "What do I say about <b>parking</b>?")
    await priya.chooses("Ask for help")
    await world.settles()

    call = olivia.dm.messages[-1].words
    assert "asks for help with *Sara Lopez*" in call
    assert "> What do I say about &lt;b&gt;parking" in call
    assert "Help is on its way" in priya.ephemerals[-1].words
    assert priya.card.inputs["Message"] == "What do I say about <b>parking</b>?"


@pytest.mark.usefixtures("card")
async def test_a_call_for_help_with_an_untouched_draft_does_not_repeat_the_script(
    world: World, olivia: Person, priya: Person
) -> None:
    await priya.chooses("Ask for help")
    await world.settles()
    call = olivia.dm.messages[-1].words
    assert "asks for help with *Sara Lopez*" in call
    assert "Can we count on you" not in call


@pytest.mark.usefixtures("card")
async def test_the_menu_asks_before_it_does_what_cannot_be_undone(world: World, priya: Person) -> None:
    for label in ("Wrong number", "Opt out", "Ask for help"):
        await priya.chooses(label, confirm=False)
    await world.settles()
    assert "*Sara Lopez*" in priya.card.words
    assert await world.query("SELECT 1 FROM opt_out") == []


# ------------------------------------------------------------------------------------------------------- Undo


@pytest.mark.usefixtures("card")
async def test_undo_in_time_and_the_text_never_leaves(world: World, priya: Person) -> None:
    await priya.edits("Message", "Hi Sara, see you on Tuesday")
    await priya.presses("Send")
    await world.drawn()
    await priya.edits("Message", "Tom, a word about")
    await world.a_while(4)
    await priya.presses("Undo")
    await world.drawn()

    assert "*Sara Lopez*" in priya.card.words
    assert "*1 of 3*" in priya.card.words
    assert priya.card.inputs["Message"] == "Hi Sara, see you on Tuesday"
    await world.a_while(60)
    assert world.carrier.texts == []

    await priya.presses("Send")
    await world.drawn()
    assert "*Tom Reed*" in priya.card.words
    assert priya.card.inputs["Message"] == "Tom, a word about"
    await world.a_while()
    assert world.carrier.texts_to(SARA) == ["Hi Sara, see you on Tuesday"]
    assert priya.lost_words == []


@pytest.mark.usefixtures("card")
async def test_undo_too_late_says_so_and_loses_nothing(world: World, priya: Person) -> None:
    await priya.presses("Send")
    await world.a_while()
    await priya.edits("Message", "Tom, a word about")
    drawn = priya.card.edited
    redraws = world.slack.count("response_url")
    await priya.presses("Undo")
    await world.drawn()

    assert "Too late: that text has already left" in priya.ephemerals[-1].words
    assert world.slack.count("response_url") == redraws + 1
    assert priya.card.edited == drawn
    assert priya.card.inputs["Message"] == "Tom, a word about"
    assert priya.lost_words == []
    assert len(world.carrier.texts_to(SARA)) == 1


# ------------------------------------------------------------------------------- one press, one text


@pytest.mark.usefixtures("card")
async def test_a_double_click_is_one_text_and_keeps_the_undo(world: World, priya: Person) -> None:
    await asyncio.gather(priya.presses("Send"), priya.presses("Send"))
    await world.drawn()

    assert "Texted *Sara Lopez*" in priya.card.words
    assert "Undo" in priya.card.buttons
    assert "*Tom Reed*" in priya.card.words
    assert "out of date" not in priya.card.words
    await world.a_while()
    assert [len(world.carrier.texts_to(phone)) for phone in (SARA, TOM)] == [1, 0]
    assert priya.warnings == []


@pytest.mark.usefixtures("card")
async def test_a_double_click_on_skip_skips_one(world: World, priya: Person) -> None:
    await asyncio.gather(priya.presses("Skip"), priya.presses("Skip"))
    await world.drawn()

    assert "Skipped *Sara Lopez*" in priya.card.words
    assert "Undo" in priya.card.buttons
    assert "*Tom Reed*" in priya.card.words
    assert "out of date" not in priya.card.words


@pytest.mark.usefixtures("card")
async def test_a_phone_that_still_shows_the_last_contact_texts_nobody_twice(world: World, priya: Person) -> None:
    on_the_phone = aims(priya, "Send")
    await priya.presses("Send")
    await world.drawn()
    await priya.edits("Message", "Hi Tom, half a sent")
    await on_the_phone()
    await world.drawn()

    assert priya.card.inputs["Message"] == "Hi Tom, half a sent"
    assert "Undo" in priya.card.buttons
    await priya.presses("Send")
    await on_the_phone()
    await world.a_while()
    assert [len(world.carrier.texts_to(phone)) for phone in (SARA, TOM, ANA)] == [1, 1, 0]
    assert "*Ana Díaz*" in priya.card.words
    assert priya.lost_words == []


@pytest.mark.usefixtures("card")
async def test_a_new_card_makes_the_old_one_out_of_date_but_keeps_what_was_typed(world: World, priya: Person) -> None:
    old = priya.card
    await priya.types("/text")
    await world.settles()
    assert priya.card is not old

    await priya.edits("Message", "My own words", on=old)
    await priya.presses("Send", on=old)
    await world.a_while()
    assert world.carrier.texts == []
    assert "out of date, so nothing was sent" in old.words
    assert old.inputs["Message"] == "My own words"

    await priya.presses("Send", on=old)
    await world.a_while()
    assert world.carrier.texts_to(SARA) == ["My own words"]


@pytest.mark.usefixtures("card")
async def test_words_typed_on_an_old_card_never_go_to_somebody_else(world: World, priya: Person) -> None:
    old = priya.card
    await priya.types("/text")
    await priya.chooses("Wrong number")
    await world.settles()
    await priya.edits("Message", "Only for Sara", on=old)
    await priya.presses("Send", on=old)
    await world.a_while()

    assert world.carrier.texts == []
    assert "out of date, so nothing was sent" in old.words
    assert "*Tom Reed*" in old.words
    assert old.inputs["Message"].startswith("Hi Tom")


@pytest.mark.usefixtures("card")
async def test_nobody_can_press_somebody_elses_card(world: World, priya: Person, sam: Person) -> None:
    await sam.presses("Send", on=priya.card)
    await world.drawn()
    assert "You have no contacts in hand" in sam.ephemerals[-1].words

    await world.live_campaign("Recount", people(2))
    await world.texting(sam, name="Recount")
    await sam.presses("Send", on=priya.card)
    await sam.presses("Skip", on=priya.card)
    await world.a_while()
    assert world.carrier.texts == []
    assert await world.query("SELECT 1 FROM message") == []
    for somebody, first in ((priya, "*Sara Lopez*"), (sam, "*Voter100 Vale*")):
        await somebody.types("/text")
        assert first in somebody.dm.messages[-1].words


# ------------------------------------------------------------------------------------------- drafts


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("nothing", ["   ", None])
async def test_an_empty_draft_is_not_sent_and_the_draft_comes_back(
    world: World, priya: Person, nothing: str | None
) -> None:
    await (priya.edits("Message", nothing) if nothing else priya.clears("Message"))
    await priya.presses("Send")
    await world.a_while()

    assert "The message was empty, so nothing was sent." in priya.card.words
    assert priya.card.inputs["Message"].startswith("Hi Sara")
    assert world.carrier.texts == []


@pytest.mark.usefixtures("card")
async def test_a_draft_that_is_too_long_is_kept_to_be_shortened(world: World, priya: Person) -> None:
    essay = "vote " * 340
    await priya.edits("Message", essay)
    await priya.presses("Send")
    await world.a_while()

    assert "That is 1,699 characters; a text may have 1,600. Nothing was sent: shorten it." in priya.card.words
    assert priya.card.inputs["Message"].strip() == essay.strip()
    assert "12 segments" in priya.card.words
    assert world.carrier.texts == []


@pytest.mark.usefixtures("card")
async def test_emoji_leave_as_emoji_and_a_teams_own_emoji_is_refused(world: World, priya: Person) -> None:
    await priya.edits("Message", "Hi Sara :partyparrot:")
    await priya.presses("Send")
    await world.drawn()
    assert ":partyparrot: exists only in this Slack" in priya.ephemerals[-1].words
    assert priya.card.inputs["Message"] == "Hi Sara :partyparrot:"

    await priya.edits("Message", "Hi Sara 🗳️ :tada: 5:30 at A&B <3")
    await priya.presses("Send")
    await world.a_while()
    assert world.carrier.texts_to(SARA) == ["Hi Sara 🗳️ 🎉 5:30 at A&B <3"]


async def test_a_script_that_needs_no_edit_is_recorded_as_it_went(world: World, priya: Person) -> None:
    await world.live_campaign(script="Hi {first_name} 🎉, R&B night?")
    await world.texting(priya)
    await priya.presses("Send")
    await world.a_while()

    assert world.carrier.texts_to(SARA) == ["Hi Sara 🎉, R&B night?"]
    assert await world.query("SELECT draft FROM message") == [(None,)]
