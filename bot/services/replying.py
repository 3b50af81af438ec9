"""What **Reply** offers, and its one submission: answers the voter, records what they said, closes the conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.database import Session
from bot.errors import Refusal
from bot.services import conversations, saved_replies, segments, surveys
from bot.services.conversations import Talk
from bot.services.saved_replies import SavedReply
from bot.services.surveys import Question
from bot.services.terms import Terms


@dataclass(frozen=True, slots=True)
class Form:
    """The conversation, and what may be done with it. `silent` says why no answer may be texted now."""

    talk: Talk
    saved: tuple[SavedReply, ...]
    questions: tuple[Question, ...]
    silent: str | None

    def with_saved(self, reply_id: int, typed: str) -> str:
        """The words of this saved reply. What the volunteer typed stays before them; another saved reply goes."""
        if self.silent:
            raise Refusal(self.silent)
        words = {each.id: each.words for each in self.saved}
        if reply_id not in words:
            raise Refusal("That saved reply is gone. Close this and press Reply again.")
        begun = typed.strip()
        for other in words.values():
            begun = begun.removesuffix(other.strip()).rstrip()
        filled = f"{begun}\n{words[reply_id]}".strip()
        if len(filled) > segments.MAX_CHARACTERS:
            raise Refusal("With what you have typed that is too long for one text. Shorten your words first.")
        return filled

    def as_opened(self, recorded: Mapping[int, str | None]) -> "Form":
        """The same, with the answers that the modal was opened with: what is changed here is told by them."""
        questions = (replace(each, recorded=recorded.get(each.id, each.recorded)) for each in self.questions)
        return replace(self, questions=tuple(questions))


@dataclass(frozen=True, slots=True)
class Reply:
    """A submission: the words, the answers that were changed by question (None: taken back), and whether that was all.

    What somebody else recorded while the form was open stays, unless it was changed here too.
    """

    view_id: str
    words: str
    answers: Mapping[int, str | None]
    is_done: bool


async def form(session: Session, conversation_id: int, *, by: str, terms: Terms, now: datetime) -> Form:
    """What the modal shows.

    Raises Forbidden for anybody else, Refusal if no answer may go now and there is nothing to record: nobody types for
    nothing.
    """
    found = await conversations.for_its_volunteer(session, conversation_id, by=by)
    questions = await surveys.for_voter(session, found.campaign_id, conversation_id)
    silent = await conversations.why_silent(session, found, terms=terms, now=now)
    if silent and not questions:
        raise Refusal(silent)
    saved = () if silent else await saved_replies.for_voter(session, found.campaign_id, conversation_id, by=by)
    return Form(await conversations.talk(session, conversation_id), saved, questions, silent)


async def submit(
    session: Session, conversation_id: int, reply: Reply, *, by: str, now: datetime, terms: Terms
) -> Talk | None:
    """All of it or nothing; the conversation, if it is done now. The same modal twice is one text.

    Raises Refusal if there is nothing to do.
    """
    found = await conversations.for_its_volunteer(session, conversation_id, by=by)
    if reply.words:
        key = f"modal:{reply.view_id}"
        await conversations.answer(session, conversation_id, reply.words, by=by, act_key=key, now=now, terms=terms)
        await conversations.echo(session, conversation_id, view_id=reply.view_id, words=reply.words, by=by, now=now)
    is_recorded = await surveys.record(session, found, reply.answers, by=by, now=now)
    if not (reply.words or is_recorded or reply.is_done):
        raise Refusal(
            "There is nothing to send or to record yet. Write a message, choose an answer or tick “Done”.",
            field="message",
        )
    return await conversations.done(session, conversation_id, by=by) if reply.is_done else None
