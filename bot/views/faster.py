"""Text faster: the card in a modal. Its buttons are choices here, since only a submission is answered with a view."""

from bot.services.cards import Card, Draft, Last
from bot.services.faster import HandOut
from bot.services.resting import Rest
from bot.views import ids
from bot.views.blocks import Block, actions, button, choice, context, field, modal, option, radio, section
from bot.views.cards import above, footer, progress, size, texted, who, why
from bot.views.text import clip, plain

TITLE = "Text faster"
SEND, SKIP, UNDO = "send", "skip", "undo"
CROWDED = (
    ":zap: Many people are texting right now, and this window is the quickest way. Close it if you prefer the card."
)
_NEVER_AGAIN = "They are never texted again."


def drawing(shown: Card, handed_out: HandOut, *, picture: str | None = None, crowded: bool = False) -> Block:
    """One drawing of the card: a contact, or the summary. `crowded` says why the volunteer was handed this one.

    `picture` is the address of the one that goes along. It is a link here: a picture that Slack cannot fetch would make
    it refuse the answer to a submission, and with it the next contact.
    """
    if isinstance(shown.next, Rest):
        return _summary(shown, shown.next, handed_out)
    # Names that no drawing before had, or Slack's clients keep what was typed into that one.
    name = f"{shown.version}.{handed_out.milliseconds}"
    lines = [context(CROWDED)] if crowded else []
    blocks = [
        *lines,
        *above(shown, buttons=False),
        section(who(shown.next)),
        _message(shown.next, name),
        *([context(f":frame_with_picture: <{picture}|This picture> goes with it.")] if picture else []),
        size(shown.next),
        *footer(shown.next),
        *texted(shown.next),
        _what_to_do(shown.last, name),
        progress(shown, shown.next),
        *_replies(shown),
    ]
    return _modal(blocks, handed_out, submit="Go")


def again(view: Block, handed_out: HandOut, words: str | None) -> Block:
    """A view as it came back, with the words in it, handed out anew."""
    kept = ("type", "callback_id", "title", "submit", "close", "notify_on_close")
    blocks = [_with_words(block, words) for block in view["blocks"]]
    return {
        **{name: view[name] for name in kept if view.get(name)},
        "blocks": blocks,
        "private_metadata": str(handed_out),
    }


def _with_words(block: Block, words: str | None) -> Block:
    if words is None or block.get("element", {}).get("type") != "plain_text_input":
        return block
    return {**block, "element": {**block["element"], "initial_value": words}}


def _message(draft: Draft, name: str) -> Block:
    hint = "Ctrl+Enter, or ⌘+Enter on a Mac, is as good as “Go”."
    return field("Message", "draft", block_id=f"message.{name}", initial=draft.text, multiline=True, hint=hint)


def _what_to_do(last: Last | None, name: str) -> Block:
    send = option("Send", SEND)
    options = [
        send,
        option("Skip", SKIP),
        option("Wrong number", ids.WRONG_NUMBER, _NEVER_AGAIN),
        option("Opt out", ids.OPT_OUT, _NEVER_AGAIN),
    ]
    if last is not None and last.undo is not None:
        options.append(option("Undo the last one", f"{UNDO}:{last.undo}", clip(plain(f"{last.did} {last.name}"), 75)))
    return choice("What to do", "choice", radio(options, chosen=send), block_id=f"what.{name}")


def _replies(shown: Card) -> list[Block]:
    if not shown.replies:
        return []
    count = "1 reply" if shown.replies == 1 else f"{shown.replies} replies"
    return [context(f":speech_balloon: {count} waiting — close this to answer")]


def _summary(shown: Card, rest: Rest, handed_out: HandOut) -> Block:
    undo = shown.last.undo if shown.last else None
    back = [actions(button("Undo", ids.FASTER_UNDO, f"{shown.version}:{undo}"))] if undo else []
    blocks = [*above(shown, buttons=False), section(why(shown, rest)), *back, *_replies(shown)]
    return _modal(blocks, handed_out, submit=f"Text {rest.more} more" if rest.more else None)


def _modal(blocks: list[Block], handed_out: HandOut, *, submit: str | None) -> Block:
    return modal(
        TITLE, ids.FASTER_MODAL, blocks, submit=submit, metadata=str(handed_out), close="Close", tell_when_closed=True
    )
