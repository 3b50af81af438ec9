"""A conversation as a thread in a volunteer's direct message."""

from collections.abc import Iterable

from bot.services.conversations import Said, Talk
from bot.services.segments import MAX_CHARACTERS
from bot.views import ids
from bot.views.blocks import Block, Message, actions, button, context, field, message, modal, section
from bot.views.cards import opt_out_question
from bot.views.text import escape

_DOUBTFUL = {"unknown": "_it is not certain that this was sent_", "review": "_it is not certain that this was sent_"}
_LOST = {"undelivered": "_not delivered_", "failed": "_not delivered_"}


def root(talk: Talk) -> Message:
    """The thread's first message: who, which campaign, what was sent and what came back."""
    heading = f":speech_balloon: *{escape(talk.name)}* answered · {escape(talk.campaign)}"
    words = f"{talk.name} answered: {talk.said[-1].body if talk.said else ''}"
    lines = "\n".join(_line(said, talk.name) for said in talk.said)
    return message(escape(words[:300]), section(heading), section(lines or "…"), *_notice(talk), *_buttons(talk))


def later(talk: Talk, said: Iterable[Said]) -> Message:
    """What came in since, for the thread that is there."""
    lines = "\n".join(_line(each, talk.name) for each in said)
    return message(f"{escape(talk.name)} answered again", section(lines or "…"), *_notice(talk))


def settled(talk: Talk) -> Message:
    """The first message after somebody opted out or the conversation was done."""
    return root(talk)


def reply_modal(talk: Talk) -> Block:
    """The modal behind **Reply**."""
    history = "\n".join(_line(said, talk.name) for said in talk.said[-4:])
    typed = field(
        "Message", "message", multiline=True, most=MAX_CHARACTERS, placeholder=f"Your answer to {talk.name}"[:150]
    )
    blocks = [section(history or "…"), typed]
    return modal(f"Reply to {talk.name}", ids.REPLY, blocks, submit="Send", metadata=str(talk.conversation_id))


def _line(said: Said, name: str) -> str:
    quoted = "\n".join(f"> {line}" for line in escape(said.body).splitlines() or [""])
    pictures = f"\n> _{said.media} picture{'s' if said.media > 1 else ''}_" if said.media else ""
    doubt = _DOUBTFUL.get(said.state) or _LOST.get(said.state)
    who = f"*{escape(name)}*" if said.theirs else "*You*" + (f" ({doubt})" if doubt else "")
    return f"{who}\n{quoted}{pictures}"


def _notice(talk: Talk) -> list[Block]:
    if talk.opted_out:
        return [context(f":no_bell: {escape(talk.name)} opted out and won't be texted again.")]
    if talk.held:
        ask = f":warning: Did {escape(talk.name)} ask to be left alone? Nothing more goes to them until you decide."
        return [section(ask)]
    if talk.done:
        return [context("Done. If they write again, it comes back here.")]
    return [context(f"Type in this thread to answer: what you write is texted to {escape(talk.name)}.")]


def _buttons(talk: Talk) -> list[Block]:
    value = str(talk.conversation_id)
    out = button("Opt out", ids.THREAD_OPT_OUT, value, style="danger", confirm=opt_out_question(talk.name))
    ask = button("Ask for help", ids.THREAD_HELP, value)
    if talk.opted_out:
        return []
    if talk.held:
        return [actions(out, button("Keep talking", ids.THREAD_KEEP_TALKING, value), ask)]
    reply = button("Reply", ids.THREAD_REPLY, value, style="primary")
    if talk.done:
        return [actions(reply, out, ask)]
    return [actions(reply, out, ask, button("Done", ids.THREAD_DONE, value))]
