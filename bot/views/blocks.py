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
) -> Block:
    """A labelled text field; its value comes back under `block_id` (by default the name) and the name."""
    element: Block = {"type": "plain_text_input", "action_id": name, "multiline": multiline, "max_length": most}
    if initial:
        element["initial_value"] = initial[:INPUT_LENGTH]
    if placeholder:
        element["placeholder"] = plain(placeholder)
    block = {"type": "input", "block_id": block_id or name, "label": plain(label), "element": element}
    return {**block, "hint": plain(hint)} if hint else block


def file_field(label: str, name: str, *, types: list[str], hint: str) -> Block:
    """A file upload; modals only."""
    element = {"type": "file_input", "action_id": name, "filetypes": types, "max_files": 1}
    return {"type": "input", "block_id": name, "label": plain(label), "element": element, "hint": plain(hint)}


def modal(title: str, callback_id: str, blocks: list[Block], *, submit: str, metadata: str = "") -> Block:
    """A modal with a submit button."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title[:TITLE_LENGTH]),
        "submit": plain(submit),
        "close": plain("Cancel"),
        "private_metadata": metadata,
        "blocks": blocks,
    }


def message(words: str, *blocks: Block) -> Message:
    """A message: `words` for notifications and screen readers, `blocks` for the eye."""
    return {"text": words, "blocks": list(blocks) or [section(words)]}
