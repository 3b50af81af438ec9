"""Survey questions: what a campaign wants to know of each voter, and what volunteers recorded.

A question that an organizer takes out is asked no more; its answers stay, and come back with it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, text, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, tallies
from bot.services.conversations import entry
from bot.services.tallies import Metric
from models import answer, question
from models.types import Moment

MOST_QUESTIONS, MOST_CHOICES = 10, 10
QUESTION_LENGTH, CHOICE_LENGTH = 200, 75
FIELD_LENGTH = 3000
_STAR = "*"
_ENDS = (re.compile(r"\?[?!]*"), re.compile(r":(?=\s|$)"), re.compile(r":"))
"""What a question may end with; the colon of "At 7:30" comes last."""
_OTHER_SIGNS = re.compile(r"[,;|]| or ")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as an organizer wrote it. `conversion` is the choice with the star."""

    words: str
    choices: tuple[str, ...]
    conversion: str | None = None

    @property
    def line(self) -> str:
        """As it is written."""
        starred = (each + _STAR if each == self.conversion else each for each in self.choices)
        return f"{self.words} {' / '.join(starred)}"


@dataclass(frozen=True, slots=True)
class Question:
    """A question to one voter, with the answer that was `recorded` before, if any."""

    id: int
    words: str
    choices: tuple[str, ...]
    recorded: str | None


_OF_CAMPAIGN = select(question).where(question.c.campaign_id == bindparam("campaign_id")).order_by(question.c.position)
_OF_CONVERSATION = select(answer).where(answer.c.conversation_id == bindparam("conversation_id"))
_ADD = insert(question)
_CHANGE = (
    update(question)
    .where(question.c.id == bindparam("which"))
    .values(
        position=bindparam("place"),
        words=bindparam("said"),
        choices=bindparam("offered"),
        conversion=bindparam("counts"),
        dropped_at=bindparam("gone_at", type_=Moment),
    )
)
_FIRST = text(
    "INSERT INTO answer (question_id, conversation_id, choice, converted, by, at)"
    " VALUES (:question_id, :conversation_id, :choice, :converted, :by, :at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=Moment))
_AS_IT_WAS = (
    (answer.c.question_id == bindparam("which"))
    & (answer.c.conversation_id == bindparam("whose"))
    & (answer.c.choice == bindparam("before"))
)
_ANOTHER = (
    update(answer)
    .where(_AS_IT_WAS)
    .values(choice=bindparam("new"), converted=bindparam("counts"), by=bindparam("who"), at=bindparam("now"))
)
_NONE = delete(answer).where(_AS_IT_WAS)


def parse(words: str) -> list[Asked]:
    """The questions, one a line: "Will you vote? Yes* / No / Maybe".

    Raises Refusal, in words for the organizer, for the first line that cannot be one.
    """
    lines = _lines(words)
    if len(lines) > MOST_QUESTIONS:
        raise _refusal(f"A campaign can have {MOST_QUESTIONS} questions; these are {len(lines)}.")
    asked = [_parse_line(line) for line in lines]
    if repeated := _repeated(each.words for each in asked):
        raise _refusal(f"“{repeated}” is there twice.")
    if sum(each.conversion is not None for each in asked) > 1:
        raise _refusal("Only one answer can have the star: it is the one that the campaign counts.")
    if len(as_written(asked)) > FIELD_LENGTH:
        raise _refusal(f"All questions together can have {FIELD_LENGTH:,} characters. Shorten some.")
    return asked


def as_written(asked: Iterable[Asked]) -> str:
    """The questions as an organizer would write them."""
    return "\n".join(each.line for each in asked)


def _lines(words: str) -> list[str]:
    """The lines that say something. Answers on a line of their own belong to the question above."""
    lines: list[str] = []
    for line in (" ".join(each.split()) for each in words.splitlines() if each.strip()):
        if lines and "/" in line and not _parted(line)[1] and not _parted(lines[-1])[1]:
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return lines


def _parse_line(line: str) -> Asked:
    said, written = _parted(line)
    if not written.strip(" /*"):
        raise _refusal(f"“{line}” has no answers. Write them after the question: Will you vote? Yes / No / Maybe")
    if "/" not in written and _OTHER_SIGNS.search(written):
        raise _refusal(f"“{line}” has only one answer. Put a / between answers: Will you vote? Yes / No / Maybe")
    choices: list[str] = []
    conversion = None
    for each in written.split("/"):
        choice = each.strip()
        if choice.endswith(_STAR):
            choice = choice.rstrip("* ")
            if conversion is not None:
                raise _refusal("Only one answer can have the star: it is the one that the campaign counts.")
            conversion = choice
        choices.append(choice)
    _check(said, choices)
    return Asked(said, tuple(choices), conversion)


def _parted(line: str) -> tuple[str, str]:
    """(the question, its answers). A question may have two question marks, and so may an answer: "Yes / Not sure?".

    It ends with the last question mark that an answer follows, or else with a colon; "" for answers that are not there.
    """
    marks, spaced, colons = ([mark.end() for mark in kind.finditer(line)] for kind in _ENDS)
    ends = [*reversed(marks), *spaced[:1], *colons[:1]]
    for end in ends:
        if line[end:].partition("/")[0].strip(" *"):
            return line[:end].strip(), line[end:].strip()
    end = next((end for end in ends if line[end:].strip(" /*")), len(line))
    return line[:end].strip(), line[end:].strip()


def _check(said: str, choices: list[str]) -> None:
    if not said.strip("?: "):
        raise _refusal("There is a line with answers and no question before them.")
    if len(said) > QUESTION_LENGTH:
        raise _refusal(f"“{said[:40]}…” is longer than the {QUESTION_LENGTH} characters that a question can have.")
    if not all(choices):
        raise _refusal(f"“{said}” has an empty answer: there is a / too many.")
    if len(choices) > MOST_CHOICES:
        raise _refusal(f"“{said}” has {len(choices)} answers; it can have {MOST_CHOICES}.")
    if long := next((choice for choice in choices if len(choice) > CHOICE_LENGTH), None):
        raise _refusal(f"The answer “{long[:40]}…” is longer than the {CHOICE_LENGTH} characters that Slack shows.")
    if repeated := _repeated(choices):
        raise _refusal(f"“{said}” has the answer “{repeated}” twice.")


def _repeated(words: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for each in words:
        if each.casefold() in seen:
            return each
        seen.add(each.casefold())
    return None


def _refusal(sentence: str) -> Refusal:
    return Refusal(sentence, field="questions")


async def write(session: Session, campaign_id: int, words: str, *, by: str, now: datetime) -> None:
    """Make these the campaign's questions. One whose words are as before keeps its answers, and so does one dropped.

    A star that moves counts from now on; what was recorded before is not counted again.
    """
    asked = parse(words)
    if as_written(asked) == await written(session, campaign_id):
        return
    await audit.note(session, who=by, what="questions", subject=str(campaign_id), now=now, count=len(asked))
    known = {row.words.casefold(): row for row in await _rows(session, campaign_id)}
    for place, each in enumerate(asked, 1):
        values = {"place": place, "said": each.words, "offered": list(each.choices), "counts": each.conversion}
        if row := known.pop(each.words.casefold(), None):
            await session.execute(_CHANGE, {**values, "which": row.id, "gone_at": None})
        else:
            new = {"campaign_id": campaign_id, "position": place, "words": each.words, "choices": list(each.choices)}
            await session.execute(_ADD, {**new, "conversion": each.conversion})
    for row in known.values():
        values = {"place": row.position, "said": row.words, "offered": row.choices, "counts": row.conversion}
        await session.execute(_CHANGE, {**values, "which": row.id, "gone_at": row.dropped_at or now})


async def written(session: Session, campaign_id: int) -> str:
    """The campaign's questions, to be edited."""
    rows = [row for row in await _rows(session, campaign_id) if row.dropped_at is None]
    return as_written(Asked(row.words, tuple(row.choices), row.conversion) for row in rows)


async def for_voter(session: Session, campaign_id: int, conversation_id: int) -> tuple[Question, ...]:
    """The questions to this voter. An answer that is no choice any more is still one of theirs."""
    recorded = await _recorded(session, conversation_id)
    questions = []
    for row in await _rows(session, campaign_id):
        if row.dropped_at is None:
            before = recorded[row.id].choice if row.id in recorded else None
            choices = tuple(row.choices)
            gone = (before,) if before is not None and before not in choices else ()
            questions.append(Question(row.id, row.words, choices + gone, before))
    return tuple(questions)


async def record(session: Session, found: Any, given: Mapping[int, str | None], *, by: str, now: datetime) -> bool:
    """Record what this conversation's voter answered, by question; None takes an answer back. Whether any changed.

    What an organizer dropped while the modal was open is recorded all the same. Raises Refusal if somebody else
    recorded another answer at this very moment.
    """
    recorded = await _recorded(session, found.contact_id)
    changed, conversions = False, 0
    for row in await _rows(session, found.campaign_id):
        before = recorded.get(row.id)
        choice = given.get(row.id, before.choice if before else None)
        if choice == (before.choice if before else None):
            continue
        counts = choice is not None and choice == row.conversion
        await _replace(session, row.id, found.contact_id, before, choice, counts=counts, by=by, now=now)
        about = {"question": row.id, "choice": choice, "before": before.choice if before else None}
        await audit.note(session, who=by, what="answer recorded", subject=str(found.contact_id), now=now, **about)
        changed, conversions = True, conversions + counts - bool(before and before.converted)
    if conversions:
        await tallies.bump(session, [entry(Metric.CONVERSIONS, found, now, n=conversions)])
    return changed


async def _replace(
    session: Session,
    question_id: int,
    conversation_id: int,
    before: Any | None,
    choice: str | None,
    *,
    counts: bool,
    by: str,
    now: datetime,
) -> None:
    """A compare-and-set on what was there, so that of two volunteers' answers none is counted twice."""
    which = {"which": question_id, "whose": conversation_id, "before": before.choice if before else None}
    if before is None:
        new = {"question_id": question_id, "conversation_id": conversation_id, "choice": choice, "converted": counts}
        done: Any = await session.execute(_FIRST, {**new, "by": by, "at": now})
    elif choice is None:
        done = await session.execute(_NONE, which)
    else:
        done = await session.execute(_ANOTHER, {**which, "new": choice, "counts": counts, "who": by, "now": now})
    if done.rowcount != 1:
        raise Refusal(
            "Somebody recorded another answer at this very moment, so nothing was done. Press again if yours holds."
        )


async def _rows(session: Session, campaign_id: int) -> list[Any]:
    return list((await session.execute(_OF_CAMPAIGN, {"campaign_id": campaign_id})).all())


async def _recorded(session: Session, conversation_id: int) -> dict[int, Any]:
    rows = (await session.execute(_OF_CONVERSATION, {"conversation_id": conversation_id})).all()
    return {row.question_id: row for row in rows}
