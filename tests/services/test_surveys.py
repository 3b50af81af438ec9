"""Questions and saved replies as an organizer writes them."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.errors import Refusal
from bot.services import saved_replies, surveys
from bot.services.surveys import Asked


def test_a_line_is_a_question_with_its_answers() -> None:
    written = "Will you vote on Nov 3?  Yes* / No/ Not  yet\n\nSupport: Strong / Lean\nReally? Sure? Yes"
    assert surveys.parse(written) == [
        Asked("Will you vote on Nov 3?", ("Yes", "No", "Not yet"), "Yes"),
        Asked("Support:", ("Strong", "Lean")),
        Asked("Really? Sure?", ("Yes",)),
    ]
    assert surveys.parse("") == []


@pytest.mark.parametrize(
    ("line", "question", "answers"),
    [
        ("Voted already? Or will you? Yes / No", "Voted already? Or will you?", ("Yes", "No")),
        ("Will you vote? Yes / No / Not sure?", "Will you vote?", ("Yes", "No", "Not sure?")),
        ("Will you vote? Unsure? / Yes", "Will you vote?", ("Unsure?", "Yes")),
        ("By mail/in person? Mail / Person", "By mail/in person?", ("Mail", "Person")),
        ("Question 2: will you vote? Yes / No", "Question 2: will you vote?", ("Yes", "No")),
        ("When will you vote? At 7:30 / At noon: then", "When will you vote?", ("At 7:30", "At noon: then")),
        ("Really?! Yes / No", "Really?!", ("Yes", "No")),
        ("Support: Strong / Lean? / None", "Support:", ("Strong", "Lean?", "None")),
        ("Will you vote?\nYes / No", "Will you vote?", ("Yes", "No")),
        ("Support: Strong / Lean / Undecided?", "Support:", ("Strong", "Lean", "Undecided?")),
        ("Votes at 7:30: Yes / No", "Votes at 7:30:", ("Yes", "No")),
        ("Support:Strong / Lean", "Support:", ("Strong", "Lean")),
    ],
)
def test_marks_in_questions_and_in_answers_part_nothing_else(
    line: str, question: str, answers: tuple[str, ...]
) -> None:
    assert surveys.parse(line) == [Asked(question, answers)]


def test_a_line_is_a_saved_reply_unless_empty_lines_part_them() -> None:
    assert saved_replies.parse("Where: at 5:30, here\nWhen : now") == [("Where", "at 5:30, here"), ("When", "now")]
    two = [("Where", "here\nor: there at 5:30"), ("When", "now")]
    assert saved_replies.parse("Where: here\n or: there at 5:30\n \n\nWhen: now\n") == two
    assert saved_replies.parse("  Where: here\n\tor: there at 5:30\n  When: now") == two
    assert saved_replies.parse("Where: here\nat https://vote.org, 5:30\n\nWhen: now") == [
        ("Where", "here\nat https://vote.org, 5:30"),
        ("When", "now"),
    ]
    assert saved_replies.parse(" \n") == []


@pytest.mark.parametrize(
    ("write", "parse", "words"),
    [
        (surveys.as_written, surveys.parse, "Will you vote? Yes* / No / Maybe\nSupport: Strong / Lean"),
        (saved_replies.as_written, saved_replies.parse, "Where: here\nWhen: now"),
        (saved_replies.as_written, saved_replies.parse, "Where: here\nor there\n\nWhen: now"),
        (saved_replies.as_written, saved_replies.parse, "Where: here\n or: there\n\nWhen: now"),
    ],
)
def test_what_was_written_reads_the_same_again(
    write: Callable[[Any], str], parse: Callable[[str], Any], words: str
) -> None:
    assert write(parse(words)) == words


@pytest.mark.parametrize(
    ("parse", "words", "wrong"),
    [
        (surveys.parse, "Will you vote?", "has no answers"),
        (surveys.parse, "Will you vote", "has no answers"),
        (surveys.parse, "? Yes / No", "no question before them"),
        (surveys.parse, "Vote? / Yes", "an empty answer"),
        (surveys.parse, "Vote? Yes, No, Maybe", "“Vote? Yes, No, Maybe” has only one answer. Put a / between"),
        (surveys.parse, "Vote? Yes // No", "an empty answer"),
        (surveys.parse, "Vote? Yes / no / NO", "has the answer “NO” twice"),
        (surveys.parse, "Vote? Yes / No\nvote? Si / No", "“vote?” is there twice"),
        (surveys.parse, "Vote? Yes* / No*", "Only one answer can have the star"),
        (surveys.parse, "Vote? Yes* / No\nRide? Yes* / No", "Only one answer can have the star"),
        (surveys.parse, f"Vote? {'y' * 76} / No", "longer than the 75 characters"),
        (surveys.parse, f"{'Vote ' * 50}? Yes / No", "longer than the 200 characters"),
        (surveys.parse, "Vote? " + " / ".join("abcdefghijk"), "has 11 answers; it can have 10"),
        (surveys.parse, "\n".join(f"Vote {n}? Yes" for n in range(11)), "can have 10 questions; these are 11"),
        (saved_replies.parse, "Look at https://vote.org", "needs a title and a colon"),
        (saved_replies.parse, "Just some words", "needs a title and a colon"),
        (
            saved_replies.parse,
            "Where: here\nWhen: now\n\nThanks: Thanks!",
            "“When: now” stands directly below “Where: here”",
        ),
        (saved_replies.parse, "Where: here\n\nat the library", "“at the library” needs a title and a colon"),
        (saved_replies.parse, "Where: here\nor there\nWhen: now", "“or there” needs a title and a colon"),
        (saved_replies.parse, "Where:", "needs a title and a colon"),
        (saved_replies.parse, "Where: Here\nwhere: There", "Two saved replies are called"),
        (saved_replies.parse, f"{'t' * 76}: Here", "longer than the 75 characters"),
        (saved_replies.parse, "Where: Hi {First Name}", "is not the name of a field"),
        (saved_replies.parse, "Where: " + "vote " * 330, "a text may have at most 1,600"),
        (
            saved_replies.parse,
            "\n".join(f"Title {n}: words" for n in range(21)),
            "can have 20 saved replies; these are 21",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_clear_words(parse: Callable[[str], Any], words: str, wrong: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(words)
    assert wrong in str(refused.value)
    assert refused.value.field in ("questions", "saved_replies")
