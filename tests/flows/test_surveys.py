"""Saved replies and survey questions: written with the campaign, used under **Reply**."""

import asyncio
from typing import Any

import pytest

from sandbox.carrier import Phone
from sandbox.slack import File, Message, Person, clicks
from sandbox.slack.nouns import Modal
from tests.flows.test_faster import submits_as_it_stands
from tests.world import CONSENT, LIST, SCRIPT, World

SARA = "+13135550101"
SAVED = "Where to vote: {first_name}, your place is in {city}.\nWhen: Polls are open from 7 AM to 8 PM."
QUESTIONS = "Will you vote on Nov 3? Yes* / No / Maybe\nSupport: Strong / Lean / None"


async def new_campaign(olivia: Person, **more: Any) -> None:
    """Olivia submits the modal "New campaign"."""
    file = File("list.csv", LIST.encode())
    await olivia.types("/textbank new")
    await olivia.submits({"Name": "Fall GOTV", "Script": SCRIPT, "Contacts (CSV)": file, "Consent": CONSENT, **more})


async def edit(olivia: Person, **more: Any) -> None:
    """Olivia changes what volunteers find under Reply."""
    await olivia.types("/textbank script Fall GOTV")
    await olivia.submits({label.replace("_", " "): words for label, words in more.items()})


@pytest.fixture
async def thread(world: World, olivia: Person, priya: Person) -> Message:
    """Sara has answered in a campaign with two saved replies and two questions, and Priya has the thread."""
    await new_campaign(olivia, **{"Saved replies": SAVED, "Questions": QUESTIONS})
    await world.settles()
    await olivia.types("/textbank start Fall GOTV")
    await world.texting(priya)
    await priya.presses("Send")
    await world.a_while()
    await world.phone(SARA).texts("Where do I vote?")
    await world.a_while()
    return priya.threads[0]


@pytest.fixture
def sara(world: World, thread: Message) -> Phone:
    """Sara's phone. She has the first text, and has asked where to vote."""
    return world.phone(SARA)


async def replies(world: World, priya: Person, thread: Message, **fields: Any) -> None:
    """Priya opens Reply, fills it in and submits it."""
    await priya.presses("Reply", on=thread)
    await priya.submits({label.replace("_", " "): given for label, given in fields.items()})
    await world.a_while()


async def conversions(world: World) -> int:
    [row] = await world.query("SELECT coalesce(sum(n), 0) AS n FROM tally WHERE metric = 'conversions'")
    return int(row.n)


async def answers(world: World) -> list[str]:
    return [row.choice for row in await world.query("SELECT choice FROM answer ORDER BY question_id")]


# ------------------------------------------------------------------------------------------------ for volunteers


async def test_one_submission_answers_records_and_closes(
    world: World, priya: Person, thread: Message, sara: Phone
) -> None:
    await priya.presses("Reply", on=thread)
    assert priya.modal.fields == ["Message", "Will you vote on Nov 3?", "Support:", "And then"]
    await priya.submits(
        {
            "Message": "At the library, Sara.",
            "Will you vote on Nov 3?": "Yes",
            "Support:": "Lean",
            "And then": "Done with this conversation",
        }
    )
    await world.a_while()

    assert priya.modal is None
    assert world.carrier.texts_to(SARA)[-1] == "At the library, Sara."
    assert await answers(world) == ["Yes", "Lean"]
    assert await conversions(world) == 1
    [row] = await world.query("SELECT state, closed_as FROM conversation WHERE closed_as IS NOT NULL")
    assert (row.state, row.closed_as) == ("done", "answered")


async def test_a_saved_reply_fills_the_message_with_the_voters_own_fields(
    world: World, priya: Person, thread: Message
) -> None:
    await priya.presses("Reply", on=thread)
    assert priya.modal.menu[:2] == ["Where to vote", "When"]
    await priya.chooses("Where to vote")
    assert priya.modal.inputs["Message"] == "Sara, your place is in Detroit."

    await priya.chooses("When")
    assert priya.modal.inputs["Message"] == "Polls are open from 7 AM to 8 PM."
    await priya.submits()
    await world.a_while()
    assert world.carrier.texts_to(SARA)[-1] == "Polls are open from 7 AM to 8 PM."


async def test_words_and_answers_begun_stay_when_a_saved_reply_is_chosen(
    world: World, priya: Person, thread: Message
) -> None:
    await priya.presses("Reply", on=thread)
    await priya.edits("Message", "Good question!")
    await priya.chooses("Maybe")
    await priya.chooses("Where to vote")

    assert priya.modal.inputs["Message"] == "Good question!\nSara, your place is in Detroit."
    assert priya.modal.inputs["Will you vote on Nov 3?"]["text"]["text"] == "Maybe"
    assert priya.lost_words == []


async def test_an_answer_is_recorded_without_a_word_to_the_voter(world: World, priya: Person, thread: Message) -> None:
    texts = len(world.carrier.texts)
    await replies(world, priya, thread, Support="Strong", **{"Will you vote on Nov 3?": "No"})

    assert await answers(world) == ["No", "Strong"]
    assert await conversions(world) == 0
    assert len(world.carrier.texts) == texts
    await priya.presses("Reply", on=thread)
    assert priya.modal.inputs["Will you vote on Nov 3?"]["text"]["text"] == "No"


async def test_a_change_of_mind_is_recorded_and_counted(world: World, priya: Person, thread: Message) -> None:
    counted = []
    for choice in ("Yes", "Yes", "Maybe", "Yes", None):
        fields = {"Will you vote on Nov 3?": choice, "And then": "Done with this conversation"}
        await priya.presses("Reply", on=thread)
        await priya.submits({label: given for label, given in fields.items() if label in priya.modal.fields})
        counted.append(await conversions(world))

    assert counted == [1, 1, 0, 1, 0]
    assert await answers(world) == []
    noted = await world.query("SELECT 1 FROM audit WHERE what = 'answer recorded'")
    assert len(noted) == 4


async def test_a_submission_of_nothing_says_what_it_is_for(priya: Person, thread: Message) -> None:
    await priya.presses("Reply", on=thread)
    await priya.submits()
    assert (
        "nothing to send or to record yet. Write a message, choose an answer or tick “Done”"
        in priya.modal.errors["Message"]
    )


async def test_the_same_submission_twice_is_one_text_and_one_conversion(
    world: World, priya: Person, thread: Message
) -> None:
    await priya.presses("Reply", on=thread)
    await priya.edits("Message", "At the library")
    await priya.chooses("Yes")
    for _ in range(2):
        await submits_as_it_stands(priya)
    await world.a_while()

    assert world.carrier.texts_to(SARA).count("At the library") == 1
    assert await conversions(world) == 1


async def test_two_submissions_at_once_are_one_text_and_both_are_well(
    world: World, priya: Person, thread: Message
) -> None:
    await priya.presses("Reply", on=thread)
    await priya.edits("Message", "At the library")
    answers = await asyncio.gather(*(submits_as_it_stands(priya) for _ in range(2)))
    await world.a_while()

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"")] * 2
    assert world.carrier.texts_to(SARA).count("At the library") == 1


async def test_other_words_from_a_form_that_has_answered_are_given_back_unsent(
    world: World, priya: Person, thread: Message
) -> None:
    await priya.presses("Reply", on=thread)
    await priya.edits("Message", "At the library")
    await submits_as_it_stands(priya)  # Slack lost our answer: the form stays open
    await priya.submits({"Message": "At the library, until eight", "Will you vote on Nov 3?": "Yes"})
    await world.a_while()

    wrong = priya.modal.errors["Message"]
    assert "already answered with “At the library”. What stands here now was not sent." in wrong
    assert priya.modal.inputs["Message"] == "At the library, until eight"
    assert world.carrier.texts_to(SARA)[1:] == ["At the library"]


@pytest.mark.parametrize("saved_reply", [False, True])
async def test_a_form_opened_before_takes_no_answer_back_that_came_meanwhile(
    world: World, priya: Person, thread: Message, saved_reply: bool
) -> None:
    await priya.presses("Reply", on=thread)
    [old] = world.slack.workspace.modals[priya.id]
    await replies(world, priya, thread, **{"Will you vote on Nov 3?": "Yes"})
    world.slack.workspace.modals[priya.id] = [old]
    if saved_reply:
        await priya.chooses("When")
    await priya.submits({"Message": "At the library", "Support:": "Lean"})

    assert await answers(world) == ["Yes", "Lean"]
    assert await conversions(world) == 1


async def test_fields_that_slack_leaves_out_were_not_touched(
    world: World, priya: Person, thread: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    await replies(world, priya, thread, **{"Will you vote on Nov 3?": "Yes"})
    await priya.presses("Reply", on=thread)
    await priya.chooses("When")
    monkeypatch.setattr(Modal, "state", lambda self, viewer: {})
    await priya.submits()
    await world.a_while()

    assert world.carrier.texts_to(SARA)[1:] == ["Polls are open from 7 AM to 8 PM."]
    assert await answers(world) == ["Yes"]


async def test_a_saved_reply_chosen_too_late_in_the_day_says_that_it_is_too_late(
    world: World, priya: Person, thread: Message
) -> None:
    await priya.presses("Reply", on=thread)
    world.time.passes(hours=10)
    await priya.chooses("When")
    await world.drawn()
    assert "too late or too early to text Sara Lopez" in priya.modal.words


async def test_two_answers_at_once_are_never_counted_for_one_that_is_not_there(
    world: World, priya: Person, thread: Message
) -> None:
    submissions = []
    for choice in ("Yes", "No", "Yes"):
        await priya.presses("Reply", on=thread)
        await priya.chooses(choice)
        submissions.append(clicks.submission(priya, priya.modal))
    await asyncio.gather(*(world.slack.delivery.interact(each) for each in submissions))

    [choice] = await answers(world)
    assert await conversions(world) == (choice == "Yes")


async def test_what_may_not_be_texted_is_not_recorded_either_and_nothing_typed_is_lost(
    world: World, priya: Person, thread: Message, sara: Phone
) -> None:
    await priya.presses("Reply", on=thread)
    await sara.texts("STOP")
    await world.drawn()
    await priya.submits({"Message": "At the library", "Will you vote on Nov 3?": "Yes"})

    assert "has opted out" in " ".join(priya.modal.errors.values())
    assert priya.modal.inputs["Message"] == "At the library"
    assert await answers(world) == []


async def test_at_night_answers_can_be_recorded_and_nothing_can_be_sent(
    world: World, priya: Person, thread: Message
) -> None:
    world.time.passes(hours=10)
    await priya.presses("Reply", on=thread)
    assert "too late or too early to text Sara Lopez" in priya.modal.words
    assert "Message" not in priya.modal.fields
    await priya.submits({"Will you vote on Nov 3?": "Yes"})

    assert priya.modal is None
    assert await answers(world) == ["Yes"]


async def test_nobody_else_records_for_a_volunteers_voter(
    world: World, priya: Person, sam: Person, thread: Message
) -> None:
    await priya.presses("Reply", on=thread)
    world.slack.workspace.modals[sam.id] = [priya.modal]
    await sam.submits({"Will you vote on Nov 3?": "Yes"})

    assert "no longer yours" in " ".join(priya.modal.errors.values())
    assert await answers(world) == []


# ------------------------------------------------------------------------------------------------ for organizers


async def test_what_was_written_comes_back_to_be_edited(olivia: Person, thread: Message) -> None:
    await olivia.types("/textbank script Fall GOTV")

    assert olivia.modal.inputs["Saved replies"] == SAVED
    assert olivia.modal.inputs["Questions"] == QUESTIONS


async def test_a_saved_reply_may_have_several_lines(olivia: Person, priya: Person, thread: Message) -> None:
    await edit(olivia, Saved_replies="Where: In {city}.\n Bring an ID: any will do.\n\nWhen: From 7 AM.")
    await priya.presses("Reply", on=thread)
    await priya.chooses("Where")

    assert priya.modal.inputs["Message"] == "In Detroit.\nBring an ID: any will do."


async def test_an_edit_keeps_the_answers_to_what_stays_and_to_what_goes(
    world: World, olivia: Person, priya: Person, thread: Message
) -> None:
    await replies(world, priya, thread, **{"Will you vote on Nov 3?": "Yes", "Support:": "Lean"})
    before = await world.query("SELECT id FROM question ORDER BY id")
    await edit(olivia, Questions="Need a ride? Yes / No\nwill you  vote on Nov 3? Yes / No")

    await priya.presses("Reply", on=thread)
    assert priya.modal.fields == ["Message", "Need a ride?", "will you vote on Nov 3?", "And then"]
    assert priya.modal.inputs["will you vote on Nov 3?"]["text"]["text"] == "Yes"
    await priya.cancels()
    assert await answers(world) == ["Yes", "Lean"]

    await edit(olivia, Questions=QUESTIONS)
    after = await world.query("SELECT id FROM question WHERE dropped_at IS NULL ORDER BY id")
    assert [row.id for row in after] == [row.id for row in before]
    await priya.presses("Reply", on=thread)
    assert priya.modal.inputs["Support:"]["text"]["text"] == "Lean"


async def test_a_choice_that_is_gone_still_shows_where_it_was_recorded(
    world: World, olivia: Person, priya: Person, thread: Message
) -> None:
    await replies(world, priya, thread, **{"Support:": "Lean"})
    await edit(olivia, Questions="Support: Yes / No")
    await replies(world, priya, thread, Message="Thank you!")

    assert await answers(world) == ["Lean"]


async def test_a_star_that_moves_takes_off_only_what_it_had_counted(
    world: World, olivia: Person, priya: Person, thread: Message
) -> None:
    await replies(world, priya, thread, **{"Will you vote on Nov 3?": "Maybe"})
    await edit(olivia, Questions="Will you vote on Nov 3? Yes / No / Maybe*")
    assert await conversions(world) == 0
    await replies(world, priya, thread, **{"Will you vote on Nov 3?": "No"})
    assert await conversions(world) == 0
    await replies(world, priya, thread, **{"Will you vote on Nov 3?": "Maybe"})
    assert await conversions(world) == 1


@pytest.mark.parametrize("field", ["Saved replies", "Questions"])
async def test_what_is_wrong_stands_under_its_field(world: World, olivia: Person, field: str) -> None:
    await new_campaign(olivia, **{field: "Just some words"})

    assert "Just some words" in olivia.modal.errors[field]
    assert olivia.modal.inputs[field] == "Just some words"
    assert await world.query("SELECT 1 FROM campaign") == []
