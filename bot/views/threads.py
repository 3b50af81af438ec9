"""A conversation as a thread in a volunteer's direct message."""

from collections.abc import Sequence
from dataclasses import replace

from bot.services.conversations import Said, Talk
from bot.views import ids
from bot.views.blocks import (
    SECTION_LENGTH,
    Block,
    Message,
    actions,
    button,
    context,
    message,
    section,
)
from bot.views.cards import opt_out_question
from bot.views.text import clip, escape

_DOUBTFUL = {"unknown": "_it is not certain that this was sent_", "review": "_it is not certain that this was sent_"}
MOST_LINES = 40
"""Slack takes 50 blocks in a message."""
FOLDED = "(may be abusive, so it is folded)"
_LOST = {"undelivered": "_not delivered_", "failed": "_not delivered_"}


def root(talk: Talk) -> Message:
    """The thread's first message: who, which campaign, what was sent and what came back."""
    heading = f":speech_balloon: *{escape(talk.name)}* answered · {escape(talk.campaign)}"
    words = f"{talk.name} answered: {_words(talk.said[-1]) if talk.said else ''}"
    shown = [section(heading), *lines(talk.said, talk.name, show=talk.conversation_id)]
    newest = max((each.inbound_id or 0 for each in talk.said), default=0)
    buttons = _buttons(talk, f"{talk.conversation_id}::{newest}")
    return message(escape(words[:300]), *shown, *(_notice(talk) or _how_to(talk)), *buttons)


def later(talk: Talk, said: Sequence[Said]) -> Message:
    """What came in since, for the thread that is there, with the buttons where the volunteer's thumb is."""
    words = f"{talk.name} answered again: {_words(said[-1]) if said else ''}"
    shown = lines(said, talk.name, show=talk.conversation_id)
    value = f"{talk.conversation_id}:{','.join(str(each.inbound_id) for each in said[-MOST_LINES:])}"
    return message(escape(words[:300]), *shown, *_notice(talk), *_buttons(talk, value))


def lines(
    said: Sequence[Said], name: str, *, us: str = "*You*", show: int | None = None, most: int = SECTION_LENGTH
) -> list[Block]:
    """What was said, a block for each, so that a long text never cuts off the one after it.

    Pictures are never shown by themselves: they may be anything. With the conversation to `show` them of, there is a
    button for each text that brought some. Words that may be abusive wait behind a button of theirs.
    """
    left_out = [context(f"… and {len(said) - MOST_LINES} before these")] if len(said) > MOST_LINES else []
    shown = said[-MOST_LINES:]
    words = (clip(_line(each, name, us), most) for each in shown)
    return [*left_out, *(section(line, accessory=_show(each, show)) for each, line in zip(shown, words, strict=True))]


def unfolded(said: Said, conversation_id: int | None) -> list[Block]:
    """What was folded, for whoever pressed “Show”, and nobody else."""
    pictures = _show(replace(said, abusive=False), conversation_id)
    return [section(clip(quoted(said.body), SECTION_LENGTH), accessory=pictures)]


def _show(said: Said, conversation_id: int | None) -> Block | None:
    if said.abusive:
        return button("Show", ids.SHOW_WORDS, str(said.inbound_id))
    if not said.pictures or conversation_id is None:
        return None
    label = "Show picture" if said.pictures == 1 else "Show pictures"
    return button(label, ids.SHOW_PICTURE, f"{conversation_id}:{said.inbound_id}")


def shown_picture(name: str) -> str:
    """What stands above a voter's picture."""
    return f"From {escape(name)}"


def _words(said: Said) -> str:
    """What they wrote, as far as it is shown unasked; a picture may have come without a word."""
    if said.abusive:
        return FOLDED
    if said.body.strip() or not said.pictures:
        return said.body
    return "(a picture)" if said.pictures == 1 else f"({said.pictures} pictures)"


def _with_it(said: Said) -> str:
    """What came with their words."""
    count = "1 picture" if said.pictures == 1 else f"{said.pictures} pictures"
    named = [*([count] if said.pictures and said.body.strip() else []), *said.others]
    return f"\n> _{', '.join(named)}_" if named else ""


def _line(said: Said, name: str, us: str) -> str:
    doubt = _DOUBTFUL.get(said.state) or _LOST.get(said.state)
    ours = f"<@{said.by}>" if said.by else us
    who = f"*{escape(name)}*" if said.theirs else ours + (f" ({doubt})" if doubt else "")
    return f"{who}\n{quoted(_words(said))}{_with_it(said)}"


def quoted(words: str) -> str:
    """Anybody's words, marked as such."""
    return "\n".join(f"> {line}" for line in escape(words).splitlines() or [""])


def _notice(talk: Talk) -> list[Block]:
    if talk.opted_out:
        return [context(f":no_bell: {escape(talk.name)} opted out and won't be texted again.")]
    if talk.held:
        ask = f":warning: Did {escape(talk.name)} ask to be left alone? Nothing more goes to them until you decide."
        return [section(ask)]
    if talk.done:
        return [context("Done. If they write again, it comes back here.")]
    return []


def _how_to(talk: Talk) -> list[Block]:
    return [context(f"Type in this thread to answer: what you write is texted to {escape(talk.name)}.")]


def _buttons(talk: Talk, value: str) -> list[Block]:
    """Their value is the conversation, and the texts of the voter's that stand above them: each, or up to which."""
    out = button("Opt out", ids.THREAD_OPT_OUT, value, style="danger", confirm=opt_out_question(talk.name))
    ask = button("Ask for help", ids.THREAD_HELP, value)
    if talk.opted_out:
        return []
    if talk.held:
        return [actions(out, button("Keep texting", ids.THREAD_KEEP_TEXTING, value), ask)]
    reply = button("Reply", ids.THREAD_REPLY, value, style="primary")
    if talk.done:
        return [actions(reply, out, ask)]
    return [actions(reply, out, ask, button("Done", ids.THREAD_DONE, value))]
