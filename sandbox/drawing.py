"""Slack's blocks as text in a terminal: what somebody has on her screen, for those who watch."""

import html
import re
from collections.abc import Iterator
from typing import Any

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.emoji import Emoji
from rich.panel import Panel
from rich.text import Text

from sandbox.slack import Message

Json = dict[str, Any]
_MARKS = re.compile(r"\*([^*\n]+)\*|(?<!\w)_([^_\n]+)_(?!\w)|`([^`\n]+)`")
STYLES = {1: "bold", 2: "italic", 3: "cyan"}


def mrkdwn(words: str, style: str = "") -> Text:
    """Slack's markup, and nothing that a voter wrote taken for the terminal's."""
    plain = Emoji.replace(words)
    drawn, end = Text(style=style), 0
    for found in _MARKS.finditer(plain):
        drawn.append(_readable(plain[end : found.start()]))
        drawn.append(_readable(found[found.lastindex or 0]), STYLES[found.lastindex or 1])
        end = found.end()
    drawn.append(_readable(plain[end:]))
    return drawn


def _readable(words: str) -> str:
    """Without control characters: a voter's text must not move the cursor."""
    quoted = re.sub(r"^> ?", "▏ ", html.unescape(words), flags=re.MULTILINE)
    return "".join(letter for letter in quoted if letter.isprintable() or letter == "\n")


def draw(message: Message) -> Group:
    """One message, its fields and its buttons."""
    if not message.blocks or not message.by_bot:
        return Group(mrkdwn(message.words))
    return Group(*(part for block in message.blocks for part in _block(message, block)))


def draw_thread(root: Message, most: int = 6) -> Group:
    """A thread: its first message, and the newest answers."""
    parts: list[RenderableType] = [draw(root)]
    for reply in root.replies[-most:]:
        if reply.by_bot:
            parts.append(draw(reply))
        else:
            parts.append(Text.assemble(("You type: ", "green"), mrkdwn(reply.words)))
    return Group(*parts)


def _block(message: Message, block: Json) -> Iterator[RenderableType]:
    match block["type"]:
        case "section":
            words = mrkdwn((block.get("text") or {}).get("text", ""))
            if accessory := block.get("accessory"):
                words = Text.assemble(words, "   ", _element(accessory))
            yield words
        case "context":
            yield mrkdwn(" ".join(one.get("text", "") for one in block["elements"]), "dim")
        case "input":
            value = message.value(message.viewer, block, block["element"])
            label = block["label"]["text"]
            yield Panel(
                Text(_readable(str(value or ""))), title=label, title_align="left", box=ROUNDED, border_style="dim"
            )
        case "actions":
            yield Text("  ").join(_element(one) for one in block["elements"])
        case "divider":
            yield Text("─" * 20, "dim")


def _element(element: Json) -> Text:
    if element["type"] == "overflow":
        return Text(" ⋯ ", "reverse dim")
    label = mrkdwn((element.get("text") or {}).get("text", "")).plain
    colour = {"primary": "white on green", "danger": "white on red"}.get(element.get("style", ""), "reverse dim")
    return Text(f" {label} ", colour)
