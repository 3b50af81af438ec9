"""Block Kit in the few shapes that Textbank uses. Text given here as mrkdwn has been escaped by its view."""

from collections.abc import Iterable
from typing import Any

Block = dict[str, Any]
Message = dict[str, Any]

SECTION_LENGTH = 3000
TITLE_LENGTH = 24
INPUT_LENGTH = 3000


def plain(words: str) -> Block:
    """Plain text, in which Slack reads no formatting."""
    return {"type": "plain_text", "text": words, "emoji": True}


def mrkdwn(words: str) -> Block:
    """Text in which Slack's formatting counts."""
    return {"type": "mrkdwn", "text": words, "verbatim": True}


def header(words: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain(words)}


def section(words: str, *, accessory: Block | None = None) -> Block:
    """A paragraph, with a button or a menu at its side."""
    block = {"type": "section", "text": mrkdwn(words[:SECTION_LENGTH])}
    return {**block, "accessory": accessory} if accessory else block


def context(words: str) -> Block:
    """A small grey line."""
    return {"type": "context", "elements": [mrkdwn(words[:SECTION_LENGTH])]}


def actions(*elements: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def button(label: str, action_id: str, value: str, *, style: str | None = None, confirm: Block | None = None) -> Block:
    """A button; `style` is primary or danger."""
    block: Block = {"type": "button", "text": plain(label), "action_id": action_id, "value": value}
    if style:
        block["style"] = style
    return {**block, "confirm": confirm} if confirm else block


def confirm(title: str, words: str, yes: str, no: str = "Cancel") -> Block:
    """The question that is asked before a button counts."""
    return {"title": plain(title), "text": mrkdwn(words), "confirm": plain(yes), "deny": plain(no)}


def overflow(action_id: str, options: Iterable[tuple[str, str]], *, confirm: Block) -> Block:
    """The "…" menu: (label, value) pairs, five at the most. Slack asks the one question for all of them."""
    rows = [{"text": plain(label), "value": value} for label, value in options]
    return {"type": "overflow", "action_id": action_id, "options": rows, "confirm": confirm}


def field(
    label: str,
    name: str,
    *,
    initial: str | None = None,
    multiline: bool = False,
    most: int = INPUT_LENGTH,
    hint: str | None = None,
    placeholder: str | None = None,
    block_id: str | None = None,
    optional: bool = False,
) -> Block:
    """A labelled text field; its value comes back under `block_id` (by default the name) and the name."""
    element: Block = {"type": "plain_text_input", "action_id": name, "multiline": multiline, "max_length": most}
    if initial:
        element["initial_value"] = initial[:INPUT_LENGTH]
    if placeholder:
        element["placeholder"] = plain(placeholder)
    block: Block = {"type": "input", "block_id": block_id or name, "label": plain(label), "element": element}
    if optional:
        block["optional"] = True
    return {**block, "hint": plain(hint)} if hint else block


def option(label: str, value: str, more: str = "") -> Block:
    """One of several to choose from; `more` stands small below its label."""
    shown: Block = {"text": plain(label), "value": value}
    return {**shown, "description": plain(more)} if more else shown


def choice(label: str, name: str, element: Block, *, block_id: str | None = None, optional: bool = False) -> Block:
    """A labelled choice: `radio`, `select` or `boxes`."""
    block = {"type": "input", "block_id": block_id or name, "label": plain(label)}
    return {**block, "element": {**element, "action_id": name}, **({"optional": True} if optional else {})}


def radio(options: list[Block], *, chosen: Block | None = None) -> Block:
    """One of at most ten, all of them in sight."""
    element = {"type": "radio_buttons", "options": options}
    return {**element, "initial_option": chosen} if chosen else element


def select(options: list[Block], *, chosen: Block | None = None, placeholder: str | None = None) -> Block:
    """One of at most a hundred, in a list that opens."""
    element: Block = {"type": "static_select", "options": options}
    if placeholder:
        element["placeholder"] = plain(placeholder)
    return {**element, "initial_option": chosen} if chosen else element


def boxes(options: list[Block]) -> Block:
    """Boxes to tick, at most ten."""
    return {"type": "checkboxes", "options": options}


def moment_field(label: str, name: str, *, hint: str) -> Block:
    """A date and a time, by the clock of whoever fills it in; may be left empty, which Slack says beside the label."""
    block = {"type": "input", "block_id": name, "label": plain(label), "hint": plain(hint), "optional": True}
    return {**block, "element": {"type": "datetimepicker", "action_id": name}}


def file_field(label: str, name: str, *, types: list[str], hint: str, optional: bool = False) -> Block:
    """A file upload; modals only."""
    element = {"type": "file_input", "action_id": name, "filetypes": types, "max_files": 1}
    block = {"type": "input", "block_id": name, "label": plain(label), "element": element, "hint": plain(hint)}
    return {**block, "optional": True} if optional else block


def image(address: str, words: str) -> Block:
    """A picture at a section's side. Slack fetches it when the message is posted, and refuses the message if it cannot.

    `words` are for whoever cannot see it.
    """
    return {"type": "image", "image_url": address, "alt_text": words}


def modal(
    title: str,
    callback_id: str,
    blocks: list[Block],
    *,
    submit: str | None,
    metadata: str = "",
    close: str = "Cancel",
    tell_when_closed: bool = False,
) -> Block:
    """A modal. One with a field needs a submit button."""
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title[:TITLE_LENGTH]),
        "close": plain(close),
        "private_metadata": metadata,
        "blocks": blocks,
    }
    if submit is not None:
        view["submit"] = plain(submit)
    if tell_when_closed:
        view["notify_on_close"] = True
    return view


def notice(words: str) -> Block:
    """A modal that only says why something was not done."""
    return modal("Textbank", "notice", [section(f":warning: {words}")], submit=None, close="Close")


def message(words: str, *blocks: Block) -> Message:
    """A message: `words` for notifications and screen readers, `blocks` for the eye."""
    return {"text": words, "blocks": list(blocks) or [section(words)]}
