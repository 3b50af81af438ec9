"""Text faster: the card in a modal, which costs no call of Slack's for a text."""

import asyncio

import pytest

from bot.services import faster
from sandbox.carrier import Phone
from sandbox.slack import Message, Person, clicks
from sandbox.slack.delivery import Answer
from tests.world import World, people

SARA, TOM, ANA = "+13135550101", "+13135550102", "+13135550103"


def calls(world: World) -> int:
    """How often Slack has been called for anything."""
    return len(world.slack.calls)


async def texts_faster(world: World, who: Person) -> None:
    """She presses "Text faster" beside the card, and reads what opens."""
    await who.presses("Text faster")
    await world.drawn()
    world.time.passes(seconds=1)


async def goes_on(world: World, who: Person, choice: str | None = None, words: str | None = None) -> None:
    """She submits the modal, a second after she got it."""
    fields = {"Message": words, "What to do": choice}
    await who.submits({label: given for label, given in fields.items() if given is not None})
    world.time.passes(seconds=1)


async def submits_as_it_stands(who: Person) -> Answer:
    """Her client's submission, whatever it does with the answer."""
    return await who.slack.delivery.interact(clicks.submission(who, who.modal))


def said(world: World, phone: str) -> list[str]:
    return world.carrier.texts_to(phone)


@pytest.fixture
async def modal(world: World, priya: Person, card: None) -> None:
    """Priya has Sara in the modal."""
    await texts_faster(world, priya)


@pytest.mark.usefixtures("modal")
async def test_it_shows_what_the_card_shows(priya: Person) -> None:
    words = priya.modal.words
    assert priya.modal.title == "Text faster"
    assert "*Sara Lopez* · Detroit, Michigan" in words
    assert "until 8:00 PM there" in words
    assert "*1 of 3*" in words
    assert "1 segment · 72 characters" in words
    assert priya.modal.inputs["Message"] == "Hi Sara, it's Priya with Michigan Votes. Can we count on you in Detroit?"
    assert priya.modal.menu == ["Send", "Skip", "Wrong number", "Opt out"]
    assert priya.modal.inputs["What to do"]["text"]["text"] == "Send"


@pytest.mark.usefixtures("modal")
async def test_a_whole_batch_takes_no_call_of_slacks(world: World, priya: Person) -> None:
    before, events = calls(world), len(world.slack.events)
    await goes_on(world, priya)
    assert "Texted *Sara Lopez*" in priya.modal.words
    assert "*Tom Reed*" in priya.modal.words
    await goes_on(world, priya, words="Hi Tom, a word of my own")
    assert "*Ana Díaz*" in priya.modal.words
    await goes_on(world, priya, "Skip")

    assert calls(world) == before
    assert len(world.slack.events) == events
    assert "That was the last one. You have texted *2 people*" in priya.modal.words
    assert priya.modal.submit == ""
    assert priya.warnings == []
    await world.a_while()
    assert said(world, SARA) == ["Hi Sara, it's Priya with Michigan Votes. Can we count on you in Detroit?"]
    assert said(world, TOM) == ["Hi Tom, a word of my own"]
    assert said(world, ANA) == []


@pytest.mark.usefixtures("modal")
async def test_two_submissions_of_one_drawing_are_one_text(world: World, priya: Person) -> None:
    first, second = await asyncio.gather(submits_as_it_stands(priya), submits_as_it_stands(priya))
    for answer in (first, second):
        shown = answer.json()
        assert shown["response_action"] == "update" or "changed in this very moment" in str(shown["errors"])
    assert "*Tom Reed*" in str(first.json()) + str(second.json())

    await world.a_while()
    assert [len(said(world, phone)) for phone in (SARA, TOM, ANA)] == [1, 0, 0]


@pytest.mark.usefixtures("modal")
async def test_a_late_submission_of_an_old_drawing_shows_the_newest_and_sends_nothing(
    world: World, priya: Person
) -> None:
    old = clicks.submission(priya, priya.modal)
    await goes_on(world, priya)
    answer = await world.slack.delivery.interact(old)

    assert "*Tom Reed*" in str(answer.json()["view"])
    await world.a_while()
    assert [len(said(world, phone)) for phone in (SARA, TOM)] == [1, 0]


@pytest.mark.usefixtures("modal")
async def test_a_held_key_sends_one(world: World, priya: Person) -> None:
    await priya.submits()
    for _ in range(20):  # the key repeats as soon as each answer is there
        world.time.passes(milliseconds=90)
        await priya.edits("Message", "Tom, I was only just")
        await priya.submits()
    assert "*Tom Reed*" in priya.modal.words
    assert priya.modal.inputs["Message"] == "Tom, I was only just"
    assert priya.warnings == []

    world.time.passes(milliseconds=410)
    await priya.submits()
    assert "*Ana Díaz*" in priya.modal.words
    await world.a_while()
    assert [len(said(world, phone)) for phone in (SARA, TOM, ANA)] == [1, 1, 0]
    assert said(world, TOM) == ["Tom, I was only just"]


@pytest.mark.usefixtures("card")
async def test_a_key_held_as_the_modal_opens_sends_nothing(world: World, priya: Person) -> None:
    await priya.presses("Text faster")
    await priya.submits()

    assert "*Sara Lopez*" in priya.modal.words
    await world.a_while()
    assert world.carrier.texts == []


# ------------------------------------------------------------------------------------------------ its choices


@pytest.mark.usefixtures("modal")
async def test_undo_is_there_once_there_is_something_to_undo(world: World, priya: Person) -> None:
    await goes_on(world, priya, words="See you Tuesday, Sara")
    assert priya.modal.menu[-1] == "Undo the last one"
    await goes_on(world, priya, "Undo the last one", words="Tom, I have begun")

    assert "*Sara Lopez*" in priya.modal.words
    assert priya.modal.inputs["Message"] == "See you Tuesday, Sara"
    assert "Undo the last one" not in priya.modal.menu
    await goes_on(world, priya)
    assert priya.modal.inputs["Message"] == "Tom, I have begun"
    await world.a_while()
    assert said(world, SARA) == ["See you Tuesday, Sara"]


@pytest.mark.usefixtures("modal")
async def test_an_undo_too_late_says_so_and_keeps_the_words(world: World, priya: Person) -> None:
    await goes_on(world, priya)
    await world.a_while()
    await goes_on(world, priya, "Undo the last one", words="Tom, I have begun")

    assert "already left" in priya.modal.errors["What to do"]
    assert priya.modal.inputs["Message"] == "Tom, I have begun"


@pytest.mark.usefixtures("modal")
async def test_the_last_text_of_all_can_be_undone_from_the_summary(world: World, priya: Person) -> None:
    for _ in range(3):
        await goes_on(world, priya)
    await priya.presses("Undo")
    assert "*Ana Díaz*" in priya.modal.words
    world.time.passes(seconds=1)
    await goes_on(world, priya, "Skip")
    await world.a_while()
    assert [len(said(world, phone)) for phone in (SARA, TOM, ANA)] == [1, 1, 0]


@pytest.mark.usefixtures("modal")
async def test_an_undo_too_late_from_the_summary_says_so(world: World, priya: Person) -> None:
    for _ in range(3):
        await goes_on(world, priya)
    await world.a_while()
    await priya.presses("Undo")
    await world.drawn()

    assert "already left" in priya.modal.words


@pytest.mark.usefixtures("modal")
async def test_a_wrong_number_and_an_opt_out_are_choices_too(world: World, priya: Person) -> None:
    await goes_on(world, priya, "Wrong number")
    assert "Wrong number noted for *Sara Lopez*" in priya.modal.words
    assert priya.modal.inputs["What to do"]["text"]["text"] == "Send"
    await goes_on(world, priya, "Opt out")
    assert "Opted out *Tom Reed*" in priya.modal.words
    assert "*Ana Díaz*" in priya.modal.words

    [person] = await world.query("SELECT unreachable FROM person WHERE phone = :phone", phone=SARA)
    assert person.unreachable == "wrong number"
    assert len(await world.query("SELECT 1 FROM opt_out WHERE state = 'out'")) == 1


@pytest.mark.usefixtures("modal")
async def test_what_cannot_be_sent_is_said_and_the_words_stay(world: World, priya: Person) -> None:
    await goes_on(world, priya, words="vote " * 400)
    assert "a text may have 1,600" in priya.modal.words
    assert priya.modal.inputs["Message"].startswith("vote vote")

    await goes_on(world, priya, words="Hi <!channel> everybody")
    assert "phone cannot show" in priya.modal.errors["Message"]
    assert priya.modal.inputs["Message"] == "Hi <!channel> everybody"
    await world.a_while()
    assert world.carrier.texts == []


@pytest.mark.usefixtures("modal")
async def test_somebody_who_opted_out_meanwhile_is_not_texted(world: World, priya: Person) -> None:
    await world.phone(SARA).texts("STOP")
    await world.drawn()
    await goes_on(world, priya, words="Sara, one more thing")

    assert "has opted out, so nothing was sent" in priya.modal.words
    assert "*Tom Reed*" in priya.modal.words
    await world.a_while()
    assert world.carrier.texts_to(SARA) == []


@pytest.mark.usefixtures("modal")
async def test_a_pause_shows_in_the_modal(world: World, olivia: Person, priya: Person) -> None:
    await olivia.types("/textbank pause Fall GOTV")
    await goes_on(world, priya, words="Sara, wait for it")
    assert "is paused for now" in priya.modal.words

    await olivia.types("/textbank resume Fall GOTV")
    await priya.cancels()
    await priya.types("/text")
    assert priya.card.inputs["Message"] == "Sara, wait for it"


async def test_whoever_was_invited_takes_more_from_the_summary(world: World, olivia: Person, priya: Person) -> None:
    await world.live_campaign(contacts=people(4))
    channel = world.slack.channel("field", olivia, priya)
    await olivia.types("/textbank invite Fall GOTV #field 2")
    await world.settles()
    await priya.presses("Start texting", on=channel.messages[-1])
    await world.drawn()
    await texts_faster(world, priya)
    for _ in range(2):
        await goes_on(world, priya)

    assert priya.modal.submit == "Text 2 more"
    await priya.submits()
    assert "*1 of 2*" in priya.modal.words
    assert "Voter102" in priya.modal.words


# --------------------------------------------------------------------------------- the card and the modal at once


@pytest.mark.usefixtures("card")
async def test_words_begun_on_the_card_go_on_in_the_modal(world: World, priya: Person) -> None:
    await priya.edits("Message", "Sara, I began this on the card")
    await texts_faster(world, priya)

    assert priya.modal.inputs["Message"] == "Sara, I began this on the card"


@pytest.fixture
async def elsewhere(world: World, priya: Person, card: None) -> Message:
    """Priya has texted Sara and gone on with another campaign, with words begun for Tom on the card left behind."""
    await priya.presses("Send")
    await world.drawn()
    left = priya.card
    await world.live_campaign("Winter", contacts=people(2))
    await world.organizer.types("/textbank assign Winter @priya 2")
    await world.a_while(1)
    world.time.passes(seconds=1)  # Slack takes one message a second for a channel
    await priya.types("/text winter")
    await priya.edits("Message", "Tom, I have begun", on=left)
    return left


@pytest.mark.parametrize("label", ["Undo", "Text faster", "Send", "Skip"])
async def test_words_begun_on_a_card_left_behind_are_kept_for_their_contact(
    world: World, priya: Person, elsewhere: Message, label: str
) -> None:
    await priya.presses(label, on=elsewhere)
    await world.drawn()
    if label == "Text faster":
        assert "Voter100" in priya.modal.words
        await priya.cancels()
    world.time.passes(seconds=1)
    await priya.types("/text fall")
    if label == "Undo":
        assert "*Sara Lopez*" in priya.card.words
        await priya.presses("Skip", on=priya.card)
        await world.drawn()

    assert "*Tom Reed*" in priya.card.words
    assert priya.card.inputs["Message"] == "Tom, I have begun"


@pytest.mark.parametrize("label", ["Undo", "Text faster"])
async def test_words_begun_for_somebody_who_was_handed_on_are_given_back(
    world: World, olivia: Person, priya: Person, sam: Person, elsewhere: Message, label: str
) -> None:
    await olivia.types("/textbank unassign Fall @priya")
    await priya.presses(label, on=elsewhere)
    await world.drawn()
    if label == "Text faster":
        await priya.cancels()
        world.time.passes(seconds=1)
        await priya.types("/text winter")

    shown = "".join(message.words for message in priya.dm.messages)
    assert "Tom Reed is no longer on your list" in shown
    assert "What stood in the field: “Tom, I have begun”" in shown


async def test_a_card_whose_modal_does_not_open_stays_a_message_that_works(
    world: World, priya: Person, sara: Phone
) -> None:
    on_card = priya.card
    await priya.edits("Message", "Tom, I have begun")
    world.slack.respond_next("views.open", error="expired_trigger_id")
    await priya.presses("Text faster")
    await world.drawn()
    assert priya.modal is None
    assert "(expired_trigger_id). Please try again" in priya.ephemerals[-1].words

    await sara.texts("Where do I vote?")
    for _ in range(2):
        await world.a_while()
    assert priya.card.ts > priya.threads[0].ts  # it has come again, as a card in a message does
    await priya.presses("Send", on=on_card)
    await world.a_while()
    assert said(world, TOM) == ["Tom, I have begun"]
    await texts_faster(world, priya)
    assert "*Ana Díaz*" in priya.modal.words


@pytest.mark.usefixtures("modal")
async def test_a_press_on_the_card_and_one_on_the_modal_are_one_text(world: World, priya: Person) -> None:
    on_card = priya.card
    await priya.presses("Send", on=on_card)
    await world.drawn()
    assert "*Tom Reed*" in on_card.words

    await goes_on(world, priya)
    assert "*Tom Reed*" in priya.modal.words
    await world.a_while()
    assert [len(said(world, phone)) for phone in (SARA, TOM)] == [1, 0]


@pytest.mark.usefixtures("modal")
async def test_the_card_left_behind_is_out_of_date_and_shows_the_newest(world: World, priya: Person) -> None:
    on_card = priya.card
    await goes_on(world, priya)
    await priya.presses("Send", on=on_card)
    await world.drawn()

    assert "*Tom Reed*" in on_card.words
    await world.a_while()
    assert [len(said(world, phone)) for phone in (SARA, TOM)] == [1, 0]


@pytest.mark.usefixtures("modal")
async def test_closing_it_brings_the_card_back_with_the_words(world: World, priya: Person) -> None:
    left_behind, posts = priya.card, world.slack.count("chat.postMessage")
    await goes_on(world, priya)
    await priya.edits("Message", "Tom, I have begun")
    await priya.cancels()
    await world.a_while()

    assert priya.modal is None
    assert priya.card is not left_behind
    assert "*Tom Reed*" in priya.card.words
    assert priya.card.inputs["Message"] == "Tom, I have begun"
    assert world.slack.count("chat.postMessage") == posts + 1


@pytest.mark.usefixtures("modal")
async def test_closing_it_untouched_leaves_the_card_where_it_is(world: World, priya: Person) -> None:
    left_behind, posts = priya.card, world.slack.count("chat.postMessage")
    await priya.cancels()
    await world.a_while()

    assert priya.card is left_behind
    assert world.slack.count("chat.postMessage") == posts


@pytest.mark.usefixtures("modal")
async def test_replies_that_come_meanwhile_are_said_and_come_when_it_is_closed(world: World, priya: Person) -> None:
    await goes_on(world, priya)
    await world.a_while()
    await world.phone(SARA).texts("Where do I vote?")
    await world.drawn()
    await goes_on(world, priya)
    assert "1 reply waiting — close this to answer" in priya.modal.words
    assert priya.threads == []

    await priya.cancels()
    await world.settles()
    assert "Where do I vote?" in priya.threads[0].words
    await world.a_while()
    assert "*Ana Díaz*" in priya.card.words
    cards = [message for message in priya.dm.messages if "*Ana Díaz*" in message.words]
    assert len(cards) == 1
    assert cards[0].ts > priya.threads[0].ts


@pytest.mark.usefixtures("modal")
async def test_the_card_comes_once_even_if_slack_makes_the_thread_wait(world: World, priya: Person) -> None:
    await goes_on(world, priya)
    await world.a_while()
    await world.phone(SARA).texts("Where do I vote?")
    await world.drawn()
    world.slack.respond_next("chat.postMessage", retry_after=1)
    await priya.cancels()
    for _ in range(3):
        await world.a_while(2)

    assert "Where do I vote?" in priya.threads[0].words
    [card] = [message for message in priya.dm.messages if "until 8:00 PM there" in message.words][1:]
    assert card.ts > priya.threads[0].ts


@pytest.mark.usefixtures("modal")
async def test_a_thread_that_opens_meanwhile_brings_no_card_below_it(world: World, priya: Person) -> None:
    await goes_on(world, priya)
    await world.a_while()
    cards = len(priya.dm.messages)
    await world.phone(SARA).texts("Where do I vote?")
    await world.a_while(10)
    await world.a_while()

    assert len(priya.dm.messages) == cards + 1
    assert "Where do I vote?" in priya.dm.messages[-1].words


@pytest.mark.usefixtures("sara")
async def test_a_modal_that_was_only_opened_brings_no_card_below_a_thread_either(world: World, priya: Person) -> None:
    await texts_faster(world, priya)
    await world.phone(SARA).texts("Where do I vote?")
    for _ in range(2):
        await world.a_while()
    assert "Where do I vote?" in priya.dm.messages[-1].words


@pytest.mark.usefixtures("modal")
async def test_a_modal_that_is_gone_without_a_word_keeps_no_card_away(world: World, priya: Person) -> None:
    await goes_on(world, priya)
    priya.world.modals[priya.id].clear()  # her phone ran out of power
    for _ in range(2):
        await priya.presses("Send")  # the card that is there is out of date, and then it is not
        await world.drawn()
    await world.a_while()
    await world.phone(SARA).texts("Where do I vote?")
    for _ in range(2):
        await world.a_while()
    assert "Where do I vote?" in priya.threads[0].words
    assert priya.card.ts > priya.threads[0].ts


@pytest.mark.usefixtures("modal")
async def test_a_suspended_volunteer_is_told_in_the_modal(world: World, olivia: Person, priya: Person) -> None:
    await olivia.types("/textbank role @priya none")
    await goes_on(world, priya)

    assert "taken away" in priya.modal.errors["What to do"]
    await world.a_while()
    assert world.carrier.texts == []


# ------------------------------------------------------------------------------------------------ chosen first


@pytest.fixture
async def crowded(world: World, sam: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sam has sent as many texts within this minute as this workspace takes for many."""
    monkeypatch.setattr(faster, "A_SECOND", 3 / 60)
    await world.live_campaign(contacts=people(12))
    await world.texting(sam, 6)
    for _ in range(3):
        await sam.presses("Send")
        await world.drawn()


@pytest.mark.usefixtures("crowded")
async def test_three_hundred_texts_a_minute_are_not_yet_too_many(world: World, sam: Person) -> None:
    await sam.types("/text")
    assert sam.modal is None
    await sam.presses("Send")
    await world.drawn()

    await sam.types("/text")
    assert sam.modal.title == "Text faster"


@pytest.fixture
async def more_crowded(world: World, sam: Person, crowded: None) -> None:
    """... and one more."""
    await sam.presses("Send")
    await world.drawn()


@pytest.mark.usefixtures("more_crowded")
async def test_while_many_are_texting_the_modal_comes_first_and_says_why(
    world: World, olivia: Person, priya: Person
) -> None:
    await olivia.types("/textbank assign Fall GOTV @priya 3")
    await world.settles()
    posts = world.slack.count("chat.postMessage")
    await priya.types("/text")
    assert "Many people are texting right now" in priya.modal.words
    assert "*1 of 3*" in priya.modal.words

    world.time.passes(seconds=1)
    await goes_on(world, priya)
    assert "Many people are texting" not in priya.modal.words
    assert world.slack.count("chat.postMessage") == posts
    await priya.cancels()
    await world.a_while()
    assert "*2 of 3*" in priya.card.words


@pytest.mark.usefixtures("more_crowded")
async def test_start_texting_opens_the_modal_too(world: World, olivia: Person, priya: Person) -> None:
    channel = world.slack.channel("field", olivia, priya)
    await olivia.types("/textbank invite Fall GOTV #field 2")
    await world.settles()
    await priya.presses("Start texting", on=channel.messages[-1])

    assert "Many people are texting right now" in priya.modal.words
    assert priya.dm.messages == []


@pytest.mark.usefixtures("more_crowded")
async def test_if_slack_opens_no_modal_the_card_is_posted(world: World, olivia: Person, priya: Person) -> None:
    await olivia.types("/textbank assign Fall GOTV @priya 3")
    world.slack.respond_next("views.open", error="expired_trigger_id")
    await priya.types("/text")

    assert priya.modal is None
    assert "*1 of 3*" in priya.card.words


@pytest.mark.usefixtures("more_crowded")
@pytest.mark.parametrize("place", ["an invitation", "the direct message"])
async def test_if_slack_opens_no_modal_start_texting_brings_the_card(
    world: World, olivia: Person, priya: Person, place: str
) -> None:
    channel = world.slack.channel("field", olivia, priya)
    command = "invite Fall GOTV #field 2" if place == "an invitation" else "assign Fall GOTV @priya 2"
    await olivia.types(f"/textbank {command}")
    await world.settles()
    world.slack.respond_next("views.open", error="expired_trigger_id")
    await priya.presses("Start texting", on=(channel if place == "an invitation" else priya.dm).messages[-1])
    await world.drawn()

    assert priya.modal is None
    await priya.edits("Message", "Hello from the card")
    await priya.presses("Send")
    await world.a_while()
    assert "Hello from the card" in [text.body for text in world.carrier.texts]


@pytest.mark.usefixtures("more_crowded")
async def test_a_minute_later_the_card_comes_first_again(world: World, olivia: Person, priya: Person) -> None:
    await olivia.types("/textbank assign Fall GOTV @priya 3")
    world.time.passes(seconds=61)
    await priya.types("/text")

    assert priya.modal is None
    assert "*1 of 3*" in priya.card.words
