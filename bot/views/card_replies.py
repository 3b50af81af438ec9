"""Voters who wait, in the place of the volunteer's card: their words, a field for each, and the way back."""

from collections.abc import Mapping

from bot.services.card_replies import Waiting
from bot.services.conversations import Talk
from bot.views import ids
from bot.views.blocks import Block, Message, actions, button, context, field, message, section
from bot.views.cards import opt_out_question
from bot.views.erasing import mark
from bot.views.text import escape
from bot.views.threads import lines

LINE = 500
"""Characters of each line: with four voters a message is nearly as long as Slack takes."""
FIELD = "answer"


def waiting(found: Waiting, drawing: int, typed: Mapping[int, str]) -> Message:
    """`drawing` tells the drawings apart; `typed` is what stands in the fields, by conversation."""
    count = len(found.talks) + found.more
    words = f"{count} {'reply' if count == 1 else 'replies'} waiting"
    shown = [block for talk in found.talks for block in _voter(talk, drawing, typed.get(talk.conversation_id))]
    more = [context(f"… and {found.more} more, who come as you answer these.")] if found.more else []
    back = actions(button("Back to my contacts", ids.WAITING_BACK, str(drawing)))
    return message(words, section(f":speech_balloon: *{words}*"), *shown, *more, back)


def _voter(talk: Talk, drawing: int, typed: str | None) -> list[Block]:
    read = max((said.inbound_id or 0 for said in talk.said), default=0)
    value, name = f"{talk.conversation_id}:{read},{drawing}", f"{FIELD}.{talk.conversation_id}.{drawing}"
    head = mark(section(f"*{escape(talk.name)}* · {escape(talk.campaign)}"), talk.conversation_id, "waits")
    shown = [head, *lines(talk.said, talk.name, most=LINE)]
    out = button("Opt out", ids.WAITING_OPT_OUT, value, style="danger", confirm=opt_out_question(talk.name))
    if talk.held:
        ask = f":warning: Did {escape(talk.name)} ask to be left alone? Nothing more goes to them until you decide."
        return [*shown, section(ask), actions(out, button("Keep texting", ids.WAITING_KEEP, value))]
    buttons = [
        button("Send answer", ids.WAITING_ANSWER, value, style="primary"),
        button("Reply", ids.THREAD_REPLY, str(talk.conversation_id)),
        button("Done", ids.WAITING_DONE, value),
        out,
    ]
    typing = field(f"Answer to {talk.name}", name, block_id=name, initial=typed, multiline=True, optional=True)
    return [*shown, typing, actions(*buttons)]
