"""Slack's blocks as a picture: an SVG that a guide can show, near enough to what somebody has on her screen."""

import html
import re
from collections.abc import Iterable
from typing import Any

from rich.cells import cell_len
from rich.emoji import Emoji

from sandbox.slack import Message

Json = dict[str, Any]
WIDTH, MARGIN, LINE, SIZE = 640, 64, 22, 15
_MARKS = re.compile(r"\*([^*\n]+)\*|(?<!\w)_([^_\n]+)_(?!\w)|`([^`\n]+)`|<@(\w+)>|<!date\^[^|]*\|([^>]*)>")
_STYLES = {1: "b", 2: "i", 3: "c", 4: "m", 5: ""}
_CSS = (
    "text{font:15px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#1d1c1d}"
    ".b{font-weight:700}.i{font-style:italic}.c{font-family:ui-monospace,monospace;font-size:13px}"
    ".m{fill:#1264a3}.s{font-size:13px;fill:#616061}.l{font-weight:700;font-size:15px}.w{fill:#fff;font-weight:700}"
)
_COLOURS = ("#457b9d", "#f4a261", "#2a9d8f", "#8d99ae")
Word = tuple[str, str]


def picture(message: Message, names: dict[str, str], *, replies: bool = False) -> str:
    """One message of the bot, with the newest replies of its thread; `names` are those of user ids."""
    sheet = _Sheet(names)
    sheet.message("textbank", message.blocks or [_plain(message.words)], bot=True)
    if replies:
        for reply in message.replies[-4:]:
            sheet.gap(6)
            author = "textbank" if reply.by_bot else names.get(reply.author.get("user", ""), "You")
            blocks = reply.blocks if reply.by_bot and reply.blocks else [_plain(reply.words)]
            sheet.message(author, blocks, bot=reply.by_bot)
    return sheet.svg()


def blocks_picture(blocks: Iterable[Json], names: dict[str, str]) -> str:
    """A Home or a modal."""
    sheet = _Sheet(names)
    sheet.x = 24
    for block in blocks:
        sheet.block(block)
    return sheet.svg()


def _plain(words: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": words}}


class _Sheet:
    """What has been drawn, from the top down."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names, self._y, self.x = names, 14.0, MARGIN
        self._parts: list[str] = []

    def svg(self) -> str:
        height = self._y + 10
        frame = f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="8" fill="#fff" stroke="#ddd"/>'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {WIDTH} {height:.0f}"><style>{_CSS}</style>{frame}{"".join(self._parts)}</svg>\n'
        )

    def gap(self, pixels: float) -> None:
        self._y += pixels

    def message(self, author: str, blocks: Iterable[Json], *, bot: bool) -> None:
        colour = "#1d3557" if bot else "#e0a84c"
        self._parts.append(f'<rect x="16" y="{self._y:.0f}" width="36" height="36" rx="6" fill="{colour}"/>')
        self._put(27, self._y + 23, author[0].upper(), "w")
        self._put(MARGIN, self._y + 13, author, "b")
        if bot:
            self._put(MARGIN + 12 + _wide(author, "b"), self._y + 13, "APP", "s")
        self.gap(20)
        for block in blocks:
            self.block(block)
        self.gap(8)

    def block(self, block: Json) -> None:
        match block["type"]:
            case "header":
                self._lines([(word, "b") for word in _split(block["text"]["text"])], "b")
            case "section":
                aside = block.get("accessory")
                top = self._y
                if text := block.get("text"):
                    self._lines(self._words(text["text"]), right=120 if aside else 0)
                for one in block.get("fields", ()):
                    self._lines(self._words(one["text"]))
                if aside:
                    self._button(aside, WIDTH - 24 - _button_width(aside), top)
                    self._y = max(self._y, top + 36)
            case "context":
                words = " ".join(one.get("text", "") for one in block["elements"])
                self._lines([(word, "s") for word, _ in self._words(words)], "s")
            case "input":
                self._field(block)
            case "actions":
                x = float(self.x)
                for element in block["elements"]:
                    self._button(element, x, self._y)
                    x += _button_width(element) + 10
                self.gap(38)
            case "divider":
                self._parts.append(f'<path d="M{self.x} {self._y + 6:.0f}H{WIDTH - 24}" stroke="#ddd"/>')
                self.gap(14)
            case "data_visualization":
                self._chart(block)
        self.gap(6)

    def _field(self, block: Json) -> None:
        self._put(self.x, self._y + 14, block["label"]["text"], "l")
        self.gap(22)
        element = block["element"]
        value = element.get("initial_value") or (element.get("placeholder") or {}).get("text", "")
        top = self._y
        self.gap(8)
        self._lines([(word, "") for word in _split(value)], left=10, right=10)
        self.gap(6)
        box = f'<rect x="{self.x}" y="{top:.0f}" width="{WIDTH - 24 - self.x}" height="{self._y - top:.0f}"'
        self._parts.insert(0, f'{box} rx="6" fill="#fff" stroke="#868686"/>')
        self.gap(2)

    def _chart(self, block: Json) -> None:
        """Bars, a group of them for each label; the first and the last label, and what each colour is."""
        series = block.get("chart", block).get("series", ())
        labels = [str(point["label"]) for one in series[:1] for point in one["data"]]
        most = max((float(point["value"]) for one in series for point in one["data"]), default=0) or 1
        self._put(self.x, self._y + 14, block.get("title", ""), "l")
        self.gap(24)
        wide = 26 / max(len(series), 1)
        for which, one in enumerate(series):
            for number, point in enumerate(one["data"]):
                tall = 70 * float(point["value"]) / most
                x, y = self.x + number * 36 + which * wide, self._y + 70 - tall
                bar = f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{tall:.0f}" fill="{_COLOURS[which]}"/>'
                self._parts.append(bar)
        self.gap(88)
        for number in sorted({0, len(labels) - 1}) if labels else ():
            self._put(self.x + number * 36, self._y, labels[number], "s")
        self.gap(22)
        x = float(self.x)
        for which, one in enumerate(series):
            self._parts.append(
                f'<rect x="{x:.0f}" y="{self._y - 10:.0f}" width="11" height="11" fill="{_COLOURS[which]}"/>'
            )
            self._put(x + 17, self._y, one["name"], "s")
            x += 40 + _wide(one["name"], "s")

    def _button(self, element: Json, x: float, y: float) -> None:
        label = _label(element)
        fill, style = ("#007a5a", "w") if element.get("style") == "primary" else ("#fff", "b")
        wide = _button_width(element)
        self._parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="32" rx="6" fill="{fill}" stroke="#bbb"/>'
        )
        at = f'x="{x + wide / 2:.0f}" y="{y + 21:.0f}" text-anchor="middle"'
        self._parts.append(f'<text class="{style}" {at}>{html.escape(_clean(label))}</text>')

    def _words(self, mrkdwn: str) -> list[Word]:
        plain, words, end = Emoji.replace(mrkdwn.replace(":large_", ":")), [], 0
        for found in _MARKS.finditer(plain):
            words += [(word, "") for word in _split(plain[end : found.start()])]
            kind = found.lastindex or 1
            inside = f"@{self._names.get(found[4], found[4])}" if kind == 4 else found[kind]
            words += [(word, _STYLES[kind]) for word in _split(inside)]
            end = found.end()
        return words + [(word, "") for word in _split(plain[end:])]

    def _lines(self, words: list[Word], style: str = "", *, left: float = 0, right: float = 0) -> None:
        """Set words in lines; "\\n" ends one."""
        x, room = self.x + left, WIDTH - 24 - right
        line: list[Word] = []
        at = x
        for word, marked in [*words, ("\n", "")]:
            wide = _wide(word, marked or style)
            if word == "\n" or (at + wide > room and line):
                self._set(line, x)
                line, at = [], x
            if word == "&gt;" or word == ">":
                word = "▏" if not line else word
            if word != "\n" and (line or word != " "):
                line.append((word, marked or style))
                at += wide

    def _set(self, line: list[Word], x: float) -> None:
        spans = "".join(f'<tspan class="{style}">{html.escape(_clean(word))}</tspan>' for word, style in line)
        self._parts.append(f'<text x="{x:.0f}" y="{self._y + 15:.0f}" xml:space="preserve">{spans}</text>')
        self.gap(LINE)

    def _put(self, x: float, y: float, words: str, style: str) -> None:
        self._parts.append(f'<text class="{style}" x="{x:.0f}" y="{y:.0f}">{html.escape(_clean(words))}</text>')


def _split(words: str) -> list[str]:
    """Words, spaces and line ends."""
    return [part for part in re.split(r"(\n| +)", words) if part]


def _clean(words: str) -> str:
    return html.unescape(words)


def _wide(word: str, style: str) -> float:
    """Pixels, more or less."""
    each = {"b": 8.6, "c": 7.9, "s": 6.6}.get(style, 7.5)
    return cell_len(_clean(word)) * each


def _label(element: Json) -> str:
    if element["type"] == "overflow":
        return "⋯"
    words = element.get("text") or element.get("placeholder") or {}
    return Emoji.replace(str(words.get("text", "")))


def _button_width(element: Json) -> float:
    return _wide(_label(element), "b") + 24
