"""The modal behind **Reply**: saved replies, the answer, the survey questions, and "done"."""

from bot.services.replying import Form
from bot.services.segments import MAX_CHARACTERS
from bot.services.surveys import Question
from bot.views import ids
from bot.views.blocks import Block, actions, boxes, choice, field, modal, option, section, select
from bot.views.text import clip, escape, plain
from bot.views.threads import lines

OPTION_LENGTH = 75
DONE = "done"


def reply_modal(form: Form, *, metadata: str, words: str | None = None, drawing: str = "1") -> Block:
    """`words` stand in the field; `drawing` tells this one from those before it."""
    blocks = lines(form.talk.said[-4:], form.talk.name)
    blocks += [section(f":warning: {escape(form.silent)}")] if form.silent else _answer(form, words, drawing)
    blocks += [_question(each) for each in form.questions]
    if not form.talk.done:
        done = boxes([option("Done with this conversation", DONE, "If they write again, it comes back to you.")])
        blocks.append(choice("And then", "then", done, optional=True))
    title = plain(f"Reply to {form.talk.name}")
    return modal(title, ids.REPLY, blocks, submit="Save" if form.silent else "Send", metadata=metadata)


def _answer(form: Form, words: str | None, drawing: str) -> list[Block]:
    """Both under names of their own in each drawing: under an old one Slack's clients keep what stood there."""
    typed = field(
        "Message",
        "message",
        block_id=f"message.{drawing}",
        initial=words,
        multiline=True,
        most=MAX_CHARACTERS,
        placeholder=clip(plain(f"Your answer to {form.talk.name}"), 150),
        optional=True,
    )
    if not form.saved:
        return [typed]
    options = [option(clip(plain(each.title), OPTION_LENGTH), str(each.id)) for each in form.saved]
    saved = select(options, placeholder="Start from a saved reply")
    return [{**actions({**saved, "action_id": ids.SAVED_REPLY}), "block_id": f"saved.{drawing}"}, typed]


def _question(question: Question) -> Block:
    options = {each: option(clip(plain(each), OPTION_LENGTH), each) for each in question.choices}
    chosen = options.get(question.recorded) if question.recorded is not None else None
    answers = select(list(options.values()), chosen=chosen, placeholder="Not asked yet")
    return choice(plain(question.words), f"question.{question.id}", answers, optional=True)
